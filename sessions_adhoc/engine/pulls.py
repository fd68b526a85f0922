"""Fallback pulls: GET /sessions and GET /cdrs when pushes do not come (G5.4, rules 8, 17).

One at a time per partner and module, for all sessions that wait together. The wish is a row with a deadline column.
"""

from collections import defaultdict
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Min, Q, QuerySet
from django.utils import timezone

from ocpi.sync import PullResult
from ocpi.sync import pull_cdrs as get_cdrs
from ocpi.sync import pull_sessions as get_sessions
from partners import clocks
from partners.ground.deadlines import claim_due
from sessions_adhoc.decide.start import MAX_PULLS
from sessions_adhoc.engine.queueing import pull_after_commit, wake
from sessions_adhoc.models import AdHocSession, ChargingAttempt, FallbackPull
from sessions_adhoc.states import TERMINAL, State

STORING_MARGIN = timedelta(seconds=30)
MARGIN = timedelta(minutes=5)
"""How far before the START we ask from: `date_from` is compared with `last_updated`."""

MISSING_AGAIN = timedelta(seconds=30)
"""How often changes of a Session that is not known make us ask for it."""

Module = FallbackPull.Module


def ask_sessions(session: AdHocSession, attempt: ChargingAttempt, now: datetime) -> None:
    """Have GET /sessions called for this attempt; its three tries begin anew."""
    attempt.pull_asked_at, attempt.pull_failures = now, 0
    attempt.save(update_fields=["pull_asked_at", "pull_failures"])
    _ask(session.partner_id, Module.SESSIONS, now)


def ask_about_missing(partner_id: int) -> None:
    """Have GET /sessions called for the attempts that wait for their first Session, once in a while: the partner just
    changed one that we do not know (rules 6, 8)."""
    now = timezone.now()
    unheard = ChargingAttempt.objects.filter(
        _not_asked_since(now - MISSING_AGAIN),
        ended_at=None,
        session_links=None,
        session__partner_id=partner_id,
        session__state=State.STARTING,
    )
    ids = list(unheard.values_list("pk", flat=True))
    if not ids:
        return
    with transaction.atomic():
        ChargingAttempt.objects.filter(pk__in=ids).update(pull_asked_at=now, pull_failures=0)
        _ask(partner_id, Module.SESSIONS, now)


def _not_asked_since(moment: datetime) -> Q:
    """Asked long enough ago, and answered: whoever waits for an answer has tries that are counted."""
    return Q(pull_asked_at=None) | Q(pull_asked_at__lt=moment, pull_answered_at__gte=F("pull_asked_at"))


def ask_cdrs(session: AdHocSession, attempt: ChargingAttempt, now: datetime) -> None:
    """Have GET /cdrs called; the next time will be twice as far away."""
    attempt.cdr_pulls += 1
    attempt.save(update_fields=["cdr_pulls"])
    _ask(session.partner_id, Module.CDRS, now)


def _ask(partner_id: int, module: str, now: datetime) -> None:
    row, _created = FallbackPull.objects.get_or_create(partner_id=partner_id, module=module)
    # Only an idle row is made due: one that a worker holds, or that waits for its next try, comes anyway.
    FallbackPull.objects.filter(pk=row.pk, next_check_at=None).update(next_check_at=now)
    pull_after_commit(row.pk)


def lease() -> timedelta:
    """How long one page can take to be read and stored. After a dead worker a driver's money waits no longer."""
    return timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + STORING_MARGIN


def run(pull_id: int) -> bool:
    """Do the pull if it is due and nobody else does; return whether this call did it."""
    now = timezone.now()
    if not claim_due(FallbackPull, now=now, lease=lease(), limit=1, where=Q(pk=pull_id)):
        return False
    row = FallbackPull.objects.get(pk=pull_id)
    result = _get(row, _date_from(row, now))
    with transaction.atomic():
        again_in = _tell_sessions(row, result, now) if row.module == Module.SESSIONS else None
        FallbackPull.objects.filter(pk=row.pk).update(
            next_check_at=None if again_in is None else timezone.now() + again_in,
            last_ok_at=now if result.ok else row.last_ok_at,
            last_error="" if result.ok else result.error,
        )
    return True


def _get(row: FallbackPull, date_from: datetime) -> PullResult:
    """Call the partner. A Session of somebody who waits that cannot be read is no answer (rule 8)."""

    def renew() -> None:
        FallbackPull.objects.filter(pk=row.pk).update(next_check_at=timezone.now() + lease())

    if row.module == Module.CDRS:
        return get_cdrs(row.partner_id, date_from, on_page=renew)
    names = _waiting(row.partner_id).values_list(
        "session__token__uid", "session__token__contract_id", "authorization_reference"
    )
    waiting = defaultdict[str, set[str]](set)
    for uid, *others in names:
        waiting[uid] |= {uid, *others}
    result = get_sessions(row.partner_id, date_from, waiting, on_page=renew)
    unheard = _waiting(row.partner_id).filter(session_links=None, session__token__uid__in=result.missing)
    if not result.ok or not unheard.exists():
        return result
    # It may be stamped by a clock that is behind by more than is known of, and money is released next (rules 8, 31).
    further = get_sessions(row.partner_id, date_from - clocks.FURTHEST, waiting, on_page=renew)
    return further if further.ok or further.count else result


def _date_from(row: FallbackPull, now: datetime) -> datetime:
    """Before the oldest START that may be waiting."""
    attempts = ChargingAttempt.objects.filter(session__partner_id=row.partner_id).exclude(session__state__in=TERMINAL)
    oldest: datetime | None = attempts.aggregate(oldest=Min("created_at"))["oldest"]
    return clocks.asked_from(row.partner_id, (oldest or now) - MARGIN)


def _waiting(partner_id: int) -> "QuerySet[ChargingAttempt]":
    """The attempts whose last wish for GET /sessions was not answered yet: open ones, and those whose CDR says more
    than was metered so far (rule 32)."""
    asked = ChargingAttempt.objects.filter(
        Q(ended_at__isnull=True) | Q(session__state=State.AWAITING_CDR),
        session__partner_id=partner_id,
        pull_asked_at__isnull=False,
    )
    return asked.filter(Q(pull_answered_at=None) | Q(pull_answered_at__lt=F("pull_asked_at")))


def _tell_sessions(row: FallbackPull, result: PullResult, started: datetime) -> timedelta | None:
    """Write the outcome to the waiting attempts, wake their sessions; return when to pull again, if at all."""
    waiting = list(_waiting(row.partner_id).select_related("session"))
    wake([attempt.session_id for attempt in waiting], timezone.now())
    attempts = ChargingAttempt.objects.filter(pk__in=[attempt.pk for attempt in waiting])
    if result.ok:
        attempts.filter(pull_asked_at__lte=started).update(pull_answered_at=started, pull_failures=0)
        return timedelta(0) if attempts.filter(pull_asked_at__gt=started).exists() else None
    attempts.update(pull_failures=F("pull_failures") + 1 if result.offered else MAX_PULLS)
    if not attempts.filter(pull_failures__lt=MAX_PULLS).exists():
        return None
    return timedelta(seconds=min(attempt.session.policy["pull_retry"] for attempt in waiting))
