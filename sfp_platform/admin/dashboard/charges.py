"""What of charges and their money needs somebody."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from billing.models import PaymentAuthorization, RestoreFinding
from partners.admin.kit.showing import in_our_zone, list_url, url_of
from sessions_adhoc.admin.session import BEHIND
from sessions_adhoc.admin.state_words import reason_in_words
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from sfp_platform.admin.dashboard.item import Item, item_of

MOST = 100
STUCK = timedelta(minutes=10)


def overdue(now: datetime) -> Iterable[Item]:
    rows = AdHocSession.objects.filter(next_check_at__lt=now - BEHIND).select_related("partner", "evse")
    for row in rows.order_by("next_check_at")[:MOST]:
        yield item_of(
            row,
            110,
            "Overdue",
            f"Nobody looks at the session at {row.evse}: it was due long ago",
            row.next_check_at,
            key=f"session:{row.pk}",
            state="overdue",
            press="Check again",
            advice="Are the engine's workers running? See the queues below.",
        )


HELD = "Money", "Ask the CPO, check again; then capture or release."
GONE = "Nothing", "Ask the CPO for its CDR; then have the driver pay it, or release, which ends the session."


def escalated(_now: datetime) -> Iterable[Item]:
    rows = AdHocSession.objects.filter(state=State.ESCALATED).select_related("partner", "evse", "authorization")
    for row in rows.order_by("created_at")[:MOST]:
        what, advice = GONE if row.authorization.is_terminal else HELD
        yield item_of(
            row,
            100,
            "Escalated",
            f"{what} is held for the session at {row.evse}: {reason_in_words(row.reason) or 'somebody has to decide'}",
            row.state_since,
            key=f"session:{row.pk}",
            state=f"escalated:{row.reason}",
            press="Decide",
            advice=advice,
            about=frozenset({f"session:{row.pk}"}),
        )


def stuck_payments(now: datetime) -> Iterable[Item]:
    states = (PaymentAuthorization.State.CAPTURING, PaymentAuthorization.State.RELEASING)
    rows = PaymentAuthorization.objects.filter(state__in=states, state_since__lt=now - STUCK)
    for row in rows.order_by("created_at")[:MOST]:
        yield Item(
            90,
            "Payment",
            f"The gateway does not finish: {row.get_state_display().lower()}",
            url_of(PaymentAuthorization, row.pk),
            "",
            row.state_since,
            key=f"payment:{row.pk}",
            state=row.state,
            press="Look at the payment",
            advice=f"{row.failure_message or row.failure_code or 'Look at what the gateway says.'}",
            about=frozenset({f"session:{row.reference}"}),
        )


def after_a_restore(_now: datetime) -> Iterable[Item]:
    """What a restore left to decide: one row, since it is worked through as one list."""
    rows = RestoreFinding.objects.filter(decided_at=None).order_by("id")
    found = list(rows[:MOST])
    if found:
        oldest, several = found[0], len(found) > 1
        text = in_our_zone(oldest.text)
        yield Item(
            80,
            "Restore",
            f"{len(found)} things are to be decided after a restore, the first: {text}" if several else text,
            url_of(RestoreFinding, oldest.pk),
            "",
            oldest.created_at,
            key="restore",
            state=str(found[-1].pk),
            press="Decide",
            press_url=list_url(RestoreFinding, decided_at__isnull=1) if several else "",
            advice=oldest.advice,
        )
