"""The tabs that list what belongs to a partner: the newest rows, and the way to all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from ocpi.admin.mirrored import kilowatt_hours
from ocpi.models import Cdr, Location, Message
from onboarding.models import Onboarding
from partners import history
from partners.admin.kit.showing import (
    DANGER,
    NEUTRAL,
    SUCCESS,
    TONES,
    ago,
    anchor,
    at,
    badge,
    in_our_zone,
    link,
    list_url,
    partner_link,
    url_of,
)
from partners.models import Incident, Partner
from sessions_adhoc.admin.cdr import total
from sessions_adhoc.admin.state_words import TONES as SESSION_TONES
from sessions_adhoc.admin.state_words import money_of, reason_in_words
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

MOST = 25


@dataclass(frozen=True)
class Table:
    """A list on a tab. `empty` says what to do where there is nothing."""

    title: str
    head: Sequence[str]
    rows: list[list[Any]]
    empty: str
    all_url: str = ""
    note: str = field(default="")


def of_partner(model: Any, partner: Partner, **more: Any) -> str:
    return list_url(model, partner__id__exact=partner.pk, **more)


def locations(partner: Partner) -> list[Table]:
    found = Location.objects.filter(partner=partner).annotate(evse_count=Count("evses")).order_by("name")[:MOST]
    rows = [
        [
            link(row, row.name or row.ocpi_id),
            f"{row.address}, {row.city}",
            row.evse_count,
            badge("missing", DANGER) if row.missing_since else badge("present", SUCCESS),
            ago(row.updated_at),
        ]
        for row in found
    ]
    empty = "Locations not pushed or push failing. Press “Sync locations”, and check that they push."
    head = ("Location", "Address", "EVSEs", "State", "Last news")
    return [Table("Locations", head, rows, empty, of_partner(Location, partner))]


def sessions(partner: Partner) -> list[Table]:
    found = (
        AdHocSession.objects.filter(partner=partner)
        .select_related("evse", "authorization")
        .prefetch_related("authorization__further")
        .order_by("-created_at")[:MOST]
    )
    rows = [
        [
            link(row, str(row.pk)[:8]),
            str(row.evse),
            badge(row.get_state_display(), SESSION_TONES[State(row.state)]),
            reason_in_words(row.reason),
            money_of(row),
            ago(row.created_at),
        ]
        for row in found
    ]
    head = ("Session", "Charger", "State", "Reason", "Money", "Began")
    empty = "Nobody charged there yet. Start a test charge from the tests."
    return [Table("Ad-hoc sessions", head, rows, empty, of_partner(AdHocSession, partner))]


def cdrs(partner: Partner) -> list[Table]:
    rows = [
        [
            link(row),
            kilowatt_hours(row.total_energy),
            total(row),
            row.session_id,
            ago(row.created_at),
        ]
        for row in Cdr.objects.filter(partner=partner).order_by("-id")[:MOST]
    ]
    empty = "A CDR must be sent as POST immediately after the session ends."
    return [Table("CDRs", ("CDR", "Energy", "Total", "Session", "Received"), rows, empty, of_partner(Cdr, partner))]


def messages(partner: Partner) -> list[Table]:
    found = Message.objects.filter(partner=partner).defer("request_body", "response_body").order_by("-id")[:MOST]
    rows = [
        [
            at(row.at),
            row.get_direction_display(),
            link(row, f"{row.method} {row.module}"),
            badge(row.http_status or "none", SUCCESS if row.ok else DANGER),
            f"{row.duration_ms} ms" if row.duration_ms is not None else "",
        ]
        for row in found
    ]
    head = ("When", "Direction", "Request", "HTTP", "Took")
    empty = "Nothing was exchanged yet: start the handshake."
    return [Table("Messages", head, rows, empty, of_partner(Message, partner)), *strangers(partner)]


def strangers(partner: Partner) -> list[Table]:
    """Calls at the partner's host with no token or a wrong one: perhaps the partner's (guide 8, HTTP 401)."""
    found = Message.objects.filter(entrance=partner).defer("request_body", "response_body").order_by("-id")[:MOST]
    rows = [
        [
            at(row.at),
            row.source_address,
            link(row, f"{row.method} {row.module}"),
            badge(row.http_status or "none", DANGER),
        ]
        for row in found
    ]
    all_of_them = list_url(Message, entrance__id__exact=partner.pk)
    head = ("When", "From", "Request", "HTTP")
    return [Table("Calls with a wrong token at this host", head, rows, "", all_of_them)] if rows else []


def incidents(partner: Partner) -> list[Table]:
    """Those of both connections of its integration: the page counts them together."""
    begun = Onboarding.objects.filter(Q(partner=partner) | Q(production=partner)).order_by("-id")
    both = begun.values_list("partner", "production").first() or (partner.pk,)
    open_ones = Incident.objects.filter(partner__in=[pk for pk in both if pk], closed_at=None)
    found = open_ones.select_related("partner").order_by("-opened_at")[:MOST]
    rows = [
        [
            badge("Open", DANGER),
            partner_link(row),
            link(row, f"{row}: {row.place}" if row.place else str(row)),
            in_our_zone(row.cause_for_staff),
            in_our_zone(row.for_staff),
            row.occurrences,
            ago(row.opened_at),
        ]
        for row in found
    ]
    head = ("State", "Connection", "What", "Likely cause", "What we do", "Times", "Opened")
    return [Table("Open incidents", head, rows, "Nothing is wrong that we know of.", of_partner(Incident, partner))]


def changes(partner: Partner) -> list[Table]:
    rows = [
        [at(line.when), line.who, anchor(line.link, line.what), line.why, line.result] for line in history.of(partner)
    ]
    head = ("When", "Who", "What", "Why", "Outcome")
    return [Table("History", head, rows, "Nothing was changed or done yet.")]


def connection_badge(partner: Partner) -> Any:
    return badge(partner.get_connection_display(), TONES.get(partner.connection, NEUTRAL))


def both_connections(rows: Iterable[Partner | None]) -> list[dict[str, Any]]:
    """Test and production beside each other."""
    return [
        {
            "environment": row.get_environment_display(),
            "link": anchor(url_of(Partner, row.pk), row.code),
            "state": connection_badge(row),
        }
        for row in rows
        if row is not None
    ]
