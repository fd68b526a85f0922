"""Each night the server of every live partner is looked at, read-only; who is told of it is told what changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from onboarding.connection_check import runs
from onboarding.connection_check.case import FAILED, PASSED, WARNING
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners import outbox
from partners.models import Partner
from partners.outbox import Letter

BEGINS, ENDS = 1, 5
"""Hours of the platform's time zone between which checks begin."""
APART = timedelta(hours=20)
MOST_AT_ONCE = 20
WORDS = {FAILED: "failed", WARNING: "to look at", PASSED: "in order"}
TOLD = frozenset(WORDS)


def begin_due(now: datetime) -> int:
    """Begin the checks of this night that were not begun yet, a few at a time; return how many."""
    if not BEGINS <= timezone.localtime(now).hour < ENDS:
        return 0
    begun = ConnectionCheck.objects.filter(nightly=True, created_at__gt=now - APART).values("partner_id")
    live = Partner.objects.filter(
        connection=Partner.Connection.CONNECTED, environment=Partner.Environment.PRODUCTION
    ).exclude(pk__in=begun)
    started = 0
    for partner in live.order_by("pk").iterator(chunk_size=MOST_AT_ONCE):
        # Who cannot be looked at now keeps nobody else out.
        started += _begin(partner)
        if started == MOST_AT_ONCE:
            break
    return started


def _begin(partner: Partner) -> bool:
    """One that cannot be looked at now (staff have a check under way) is looked at later in the night."""
    try:
        runs.start(partner, nightly=True)
    except runs.CheckRefusedError:
        return False
    return True


@dataclass(frozen=True)
class Change:
    """A case whose verdict is not that of the check before."""

    case: ConnectionCheckCase
    before: str


def tell_changes(run: ConnectionCheck) -> list[Change]:
    """Have the CPO and support mailed what is otherwise than in the check before; inside the transaction that ends it.

    A case that says nothing, now or then, is no change. A first check tells what is wrong.
    """
    changes = changes_of(run)
    if changes:
        outbox.write(run.partner, _letter(run, changes))
    return changes


def changes_of(run: ConnectionCheck) -> list[Change]:
    """Compared case by case with the newest nightly check before, that came to its end."""
    earlier = ConnectionCheck.objects.filter(
        partner=run.partner, nightly=True, state=runs.State.FINISHED, pk__lt=run.pk
    ).first()
    before = dict(earlier.cases.values_list("key", "verdict")) if earlier else {}
    cases = [case for case in run.cases.all() if case.verdict in TOLD]
    if earlier is None:
        return [Change(case, "") for case in cases if case.verdict != PASSED]
    known = [(case, before.get(case.key, "")) for case in cases]
    return [Change(case, was) for case, was in known if was in TOLD and was != case.verdict]


def _letter(run: ConnectionCheck, changes: Sequence[Change]) -> Letter:
    worse = sum(change.case.verdict != PASSED for change in changes)
    what = f"{worse} thing{'s'[: worse != 1]} to look at" if worse else "in order again"
    to = [contact.email for contact in run.partner.contacts.all()]
    return Letter(
        subject=f"[Smart Fuel Pass] {run.partner.name}: the nightly connection check, {what}",
        body="\n".join(_lines(run, changes)),
        to=to or [settings.SUPPORT_EMAIL],
        cc=[settings.SUPPORT_EMAIL] if to else [],
        reply_to=[settings.SUPPORT_EMAIL],
    )


def _lines(run: ConnectionCheck, changes: Iterable[Change]) -> list[str]:
    said = [f"Each night we look at the OCPI server of {run.partner}, without changing anything.", ""]
    for change in changes:
        was = f" (before: {WORDS[change.before]})" if change.before else ""
        said += [f"{change.case.title}: {WORDS[change.case.verdict]}{was}", f"  {change.case.seen}"]
        said += [f"  What to change: {change.case.change}"] if change.case.change else []
        said += [f"  {change.case.section}"] if change.case.section else []
        said.append("")
    return [*said, "What is as it was the night before is not told."]
