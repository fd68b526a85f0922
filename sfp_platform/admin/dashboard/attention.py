"""What needs somebody, worst first. Each kind brings its worst few; nothing is counted."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery

from billing.models import PaymentAuthorization
from ocpi.models import HandshakeRun, SyncRun, TokenPush
from partners.admin.kit.showing import url_of
from partners.models import Incident, Partner, PartnerRole
from sessions_adhoc.admin.session import BEHIND
from sessions_adhoc.admin.state_words import reason_in_words
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

MOST = 15
STUCK = timedelta(minutes=10)
RECENT = timedelta(hours=24)
MANY_TRIES = 5


@dataclass(frozen=True)
class Item:
    """One thing to do: `weight` sorts (more is worse), `since` when it began."""

    weight: int
    kind: str
    title: str
    url: str
    partner: str
    since: datetime | None
    advice: str = ""
    tone: str = "danger"


def attention(user: Any, now: datetime) -> list[Item]:
    """The queue, as far as `user` may see it. One query per kind."""
    found = [item for permission, look in LOOKS if user.has_perm(permission) for item in look(now)]
    return sorted(found, key=lambda item: (-item.weight, item.since or now))[:MOST]


def overdue(now: datetime) -> Iterable[Item]:
    rows = AdHocSession.objects.filter(next_check_at__lt=now - BEHIND).select_related("partner", "evse")
    for row in rows.order_by("next_check_at")[:MOST]:
        yield Item(
            110,
            "Overdue",
            f"Nobody looks at the session at {row.evse}: it was due long ago",
            url_of(AdHocSession, row.pk),
            row.partner.label,
            row.next_check_at,
            "Are the engine's workers running? See the queues below.",
        )


def escalated(_now: datetime) -> Iterable[Item]:
    rows = AdHocSession.objects.filter(state=State.ESCALATED).select_related("partner", "evse")
    for row in rows.order_by("created_at")[:MOST]:
        yield Item(
            100,
            "Escalated",
            f"Money is held for the session at {row.evse}: {reason_in_words(row.reason) or 'somebody has to decide'}",
            url_of(AdHocSession, row.pk),
            row.partner.label,
            row.state_since,
            "Ask the CPO, check again; then capture or release.",
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
            f"{row.failure_message or row.failure_code or 'Look at what the gateway says.'}",
        )


def incidents(_now: datetime) -> Iterable[Item]:
    weights = {Incident.Severity.URGENT: 95, Incident.Severity.PROBLEM: 60, Incident.Severity.NOTE: 20}
    rows = Incident.objects.filter(closed_at=None).select_related("partner")
    for row in rows.order_by("-severity", "opened_at")[:MOST]:
        tone = "info" if row.severity == Incident.Severity.NOTE else "danger"
        yield Item(
            weights.get(Incident.Severity(row.severity), 60),
            "Incident",
            row.symptom,
            url_of(Incident, row.pk),
            row.partner.label,
            row.opened_at,
            row.resolution,
            tone,
        )


def parties_to_decide(_now: datetime) -> Iterable[Item]:
    rows = PartnerRole.objects.filter(state=PartnerRole.State.PENDING).select_related("partner")
    for row in rows.order_by("id")[:MOST]:
        yield Item(
            45,
            "Party",
            f"Its credentials name {row}, which nobody has approved",
            url_of(PartnerRole, row.pk),
            row.partner.label,
            row.created_at,
            "Ask the partner whether it operates this party; then approve or refuse.",
            "warning",
        )


def failed_handshakes(_now: datetime) -> Iterable[Item]:
    """Partners whose newest handshake failed and who are not connected."""
    newest = HandshakeRun.objects.filter(partner=OuterRef("partner")).order_by("-id").values("pk")[:1]
    rows = HandshakeRun.objects.filter(pk=Subquery(newest), state=HandshakeRun.State.FAILED)
    waiting = rows.filter(partner__connection=Partner.Connection.NOT_CONNECTED).select_related("partner")
    for row in waiting.order_by("-ended_at")[:MOST]:
        yield Item(
            70, "Handshake", row.cause, url_of(HandshakeRun, row.pk), row.partner.label, row.ended_at, row.advice
        )


def failed_syncs(now: datetime) -> Iterable[Item]:
    rows = SyncRun.objects.filter(state=SyncRun.State.FAILED, created_at__gt=now - RECENT).select_related("partner")
    newest: dict[tuple[int, str], SyncRun] = {}
    for row in rows.order_by("-id")[:MOST]:
        newest.setdefault((row.partner_id, row.module), row)
    for row in newest.values():
        title = f"{row.module.capitalize()} could not be read: {row.error or 'it did not come to an end'}"
        url = url_of(SyncRun, row.pk)
        yield Item(40, "Sync", title, url, row.partner.label, row.ended_at, "Look at it, then pull again.", "warning")


def failing_pushes(_now: datetime) -> Iterable[Item]:
    rows = TokenPush.objects.exclude(error="").filter(tries__gte=MANY_TRIES).select_related("partner")
    worst: dict[int, TokenPush] = {}
    for row in rows.order_by("-id")[:MOST]:
        worst.setdefault(row.partner_id, row)
    for row in worst.values():
        title = f"A token cannot be pushed: {row.error}"
        yield Item(
            35, "Token push", title, url_of(TokenPush, row.pk), row.partner.label, row.created_at, tone="warning"
        )


LOOKS: tuple[tuple[str, Callable[[datetime], Iterable[Item]]], ...] = (
    ("sessions_adhoc.view_adhocsession", overdue),
    ("sessions_adhoc.view_adhocsession", escalated),
    ("billing.view_paymentauthorization", stuck_payments),
    ("partners.view_incident", incidents),
    ("partners.view_partnerrole", parties_to_decide),
    ("partners.view_partner", failed_handshakes),
    ("ocpi.view_syncrun", failed_syncs),
    ("ocpi.view_tokenpush", failing_pushes),
)
