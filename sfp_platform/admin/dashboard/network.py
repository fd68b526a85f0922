"""What of connections, messages and objects needs somebody."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from ocpi.detectors import habits, handshakes, locations, objects
from ocpi.models import HandshakeRun, SyncRun, TokenPush
from onboarding.models import Alert, AlertChannel
from partners.admin.kit.showing import url_of
from partners.models import Incident, Partner, PartnerRole
from partners.work.tickets import incident_key
from sessions_adhoc.symptoms import ENDED_BY_NEWS
from sessions_adhoc.webhooks.trouble import OF_WEBHOOK
from sfp_platform.admin.dashboard.item import Item, first_of_each, item_of

MOST = 100
RECENT = timedelta(hours=24)
MANY_TRIES = 5
Connection = Partner.Connection


def incidents(_now: datetime) -> Iterable[Item]:
    weights = {Incident.Severity.URGENT: 95, Incident.Severity.PROBLEM: 60, Incident.Severity.NOTE: 20}
    rows = Incident.objects.filter(closed_at=None).select_related("partner")
    for row in rows.order_by("-severity", "opened_at")[:MOST]:
        severity = Incident.Severity(row.severity)
        yield item_of(
            row,
            weights[severity],
            "Incident",
            f"{row}: {row.place}" if row.place else str(row),
            row.opened_at,
            key=incident_key(row.pk),
            state=severity.label,
            press="Acknowledge",
            advice=row.for_staff,
            tone="info" if severity == Incident.Severity.NOTE else "danger",
            about=_about(row),
        )


def _about(row: Incident) -> frozenset[str]:
    """Its cause; its session, where the session's own state says the same; a webhook, which is no partner's."""
    of_session = {f"session:{row.reference}"} if row.reference and row.symptom in ENDED_BY_NEWS else set()
    of_webhook = {row.key} if row.key.startswith(OF_WEBHOOK) else set()
    return frozenset({f"{row.partner_id}:{row.key}", *of_session, *of_webhook})


def failing_alerts(now: datetime) -> Iterable[Item]:
    """Channels that gave up telling of an incident in the last day."""
    given_up = Alert.objects.filter(state=Alert.State.GIVEN_UP, written_at__gt=now - RECENT).select_related("channel")
    for row in first_of_each(given_up.order_by("-written_at")[:MOST], lambda one: one.channel_id):
        yield Item(
            65,
            "Alerts",
            f"“{row.channel}” does not take what it is told: {row.error}",
            url_of(AlertChannel, row.channel_id),
            "",
            row.written_at,
            key=f"alerts:{row.channel_id}",
            state=str(row.pk),
            press="Send a test",
            advice="Your people do not hear of incidents there: mend it, then send a test.",
        )


def parties_to_decide(_now: datetime) -> Iterable[Item]:
    rows = PartnerRole.objects.filter(state=PartnerRole.State.PENDING).select_related("partner")
    for row in rows.order_by("id")[:MOST]:
        yield item_of(
            row,
            45,
            "Party",
            f"Its credentials name {row}, which nobody has approved",
            row.created_at,
            key=f"party:{row.pk}",
            press="Approve or refuse",
            advice="Ask the partner whether it operates this party; then approve or refuse.",
            tone="warning",
        )


def failed_handshakes(_now: datetime) -> Iterable[Item]:
    """Partners whose newest handshake failed and who are not connected."""
    newest = HandshakeRun.objects.filter(partner=OuterRef("partner")).order_by("-id").values("pk")[:1]
    rows = HandshakeRun.objects.filter(pk=Subquery(newest), state=HandshakeRun.State.FAILED)
    waiting = rows.filter(partner__connection=Connection.NOT_CONNECTED).select_related("partner")
    for row in waiting.order_by("-ended_at")[:MOST]:
        yield item_of(
            row,
            70,
            "Handshake",
            row.cause,
            row.ended_at,
            key=f"partner:{row.partner_id}",
            state=f"handshake:{row.pk}",
            press="Try again",
            advice=row.advice,
            about=frozenset({f"{row.partner_id}:{handshakes.HANDSHAKE}", f"{row.partner_id}:turn"}),
        )


def failed_syncs(now: datetime) -> Iterable[Item]:
    rows = SyncRun.objects.filter(state=SyncRun.State.FAILED, created_at__gt=now - RECENT).select_related("partner")
    for row in first_of_each(rows.order_by("-id")[:MOST], lambda one: (one.partner_id, one.module)):
        yield item_of(
            row,
            40,
            "Sync",
            f"{row.module.capitalize()} could not be read: {row.error or 'it did not come to an end'}",
            row.ended_at,
            key=f"sync:{row.partner_id}:{row.module}",
            state=str(row.pk),
            press="Pull again",
            advice="Look at it, then pull again.",
            tone="warning",
            about=frozenset({f"{row.partner_id}:{locations.PULL}:{row.module}"}),
        )


def refused_locations(_now: datetime) -> Iterable[Item]:
    """Partners of whose locations the newest pull that went through could not take some."""
    pulls = SyncRun.objects.filter(module="locations", state=SyncRun.State.SUCCEEDED)
    newest = pulls.filter(partner=OuterRef("pk")).order_by("-id").values("pk")[:1]
    connected = Partner.objects.filter(connection=Connection.CONNECTED)
    rows = pulls.filter(pk__in=connected.annotate(newest=Subquery(newest)).values("newest"), refused__gt=0)
    for row in rows.select_related("partner").order_by("ended_at")[:MOST]:
        yield item_of(
            row,
            50,
            "Location",
            f"{row.refused} location{'s' if row.refused > 1 else ''} cannot be taken: drivers do not see "
            f"{'them' if row.refused > 1 else 'it'}",
            row.ended_at,
            key=f"locations:{row.partner_id}",
            state=str(row.refused),
            press="Look at the faults",
            advice="Send the CPO what was found; when it is mended, sync their locations.",
            tone="warning",
            about=frozenset({f"{row.partner_id}:{objects.REFUSED}:locations"}),
        )


def failing_pushes(_now: datetime) -> Iterable[Item]:
    rows = TokenPush.objects.exclude(error="").filter(tries__gte=MANY_TRIES).select_related("partner")
    for row in first_of_each(rows.order_by("-id")[:MOST], lambda one: one.partner_id):
        yield item_of(
            row,
            35,
            "Token push",
            f"A token cannot be pushed: {row.error}",
            row.created_at,
            key=f"tokens:{row.partner_id}",
            press="Push again",
            tone="warning",
            about=frozenset({f"{row.partner_id}:{habits.TOKENS}"}),
        )
