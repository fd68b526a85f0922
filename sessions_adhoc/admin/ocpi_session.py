"""OCPI sessions: the charging process as the CPO tells it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from ocpi.admin import statuses
from ocpi.admin.console_actions import STOP
from ocpi.admin.mirrored import MirroredAdmin, kilowatt_hours
from ocpi.admin.objects import evse_link
from ocpi.models import Cdr, OcpiSession, Refresh
from ocpi.versions.enums import SessionStatus
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import WARNING, ago, anchor, at, badge, code, lines, link, list_url, nowrap, url_of
from sessions_adhoc.models import AdHocSession, AttemptSession

OVER = ("COMPLETED", "INVALID")


def link_of(row: OcpiSession) -> AttemptSession | None:
    """How the session is tied to an ad-hoc session, if it is."""
    try:
        found: AttemptSession = row.attempt_link
    except ObjectDoesNotExist:
        return None
    return found


class StatusFilter(DropdownFilter):
    """One status. A fixed list: asking the table for its statuses would read all of it."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.value) for status in SessionStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[OcpiSession]) -> QuerySet[OcpiSession]:
        if self.value() not in SessionStatus.__members__:
            return queryset
        rows = queryset.filter(status=self.value())
        # The index is of those that are not over.
        return rows if self.value() in OVER else rows.exclude(status__in=OVER)


@admin.register(OcpiSession)
class OcpiSessionAdmin(HugeMixin, MirroredAdmin):
    """What it means for a driver is on the page of the ad-hoc session."""

    list_display = ("ocpi_id", "shown_status", "energy", "ad_hoc_session", "evse_uid", "shown_partner", "news")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        StatusFilter,
        ("first_seen_at", RangeDateTimeFilter),
    )
    list_select_related = ("partner", "attempt_link__attempt__session__evse")
    moment = "first_seen_at"
    search_fields = ("ocpi_key",)
    search_help_text = "Beginning of the session ID; token UID or authorization reference"
    page_actions = (STOP,)
    change_form_template = "admin/ocpi/ocpisession/page.html"
    quick_filters = (
        ("All", ""),
        ("Active", "status=ACTIVE"),
        ("Pending", "status=PENDING"),
        ("Invalid", "status=INVALID"),
    )
    empty_title = "No OCPI sessions yet"
    empty_text = "A CPO pushes one when charging starts."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[OcpiSession], search_term: str
    ) -> tuple[QuerySet[OcpiSession], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(ocpi_key__startswith=term.lower()) | Q(token_key=term.upper()) | Q(authorization_reference=term)
        return queryset.annotate(token_key=Upper("token_uid")).filter(found), False

    def standing(self, row: OcpiSession) -> Standing:
        tie = link_of(row)
        tone = statuses.SESSION.get(row.status, "neutral")
        if tie is None:
            text = "It belongs to no ad-hoc session of ours: it is never billed."
            return Standing(row.status, text, WARNING, "Compare its token UID and authorization reference.")
        if tie.validity != AttemptSession.Validity.VALID:
            text = f"{tie.get_validity_display()}: it does not count for the driver and is never billed by itself."
            return Standing(row.status, text, WARNING, "The CPO was asked to stop it. See the ad-hoc session.")
        return Standing(row.status, f"It counts for attempt {tie.attempt.number} of its ad-hoc session.", tone)

    def panels(self, request: HttpRequest, row: OcpiSession) -> dict[str, Any]:
        tie = link_of(row)
        return {
            "shortcuts": [(f"Ad-hoc session {tie.attempt.session}", url_of(AdHocSession, tie.attempt.session_id))]
            if tie
            else [],
            "facts": {
                "Session ID": code(row.ocpi_id),
                "Partner": self.shown_partner(row),
                "Party": self.party(row),
                "Ad-hoc session": self.ad_hoc_session(row),
                "EVSE": evse_link(row.partner_id, row.location_id, row.evse_uid),
                "Connector": row.connector_id,
                "Token UID": code(row.token_uid),
                "Authorization reference": code(row.authorization_reference),
                "CDRs": self.cdrs(row),
                "Traffic": self.shown_messages(row),
            },
            "told": {
                "Energy": self.energy(row),
                "At first": kilowatt_hours(row.first_kwh),
                "Currency": row.currency,
                "Began": at(row.start_at),
                "Ended": at(row.end_at) if row.end_at else "not yet",
                "Last updated": at(row.last_updated),
            },
            "heard": {
                "First heard of": at(row.first_seen_at),
                "First ACTIVE": at(row.first_active_at) if row.first_active_at else "never",
                "Last heard of": at(row.news_at),
                "Copy": anchor(list_url(Refresh, q=row.ocpi_id), "a PATCH came out of order: it is read anew")
                if row.needs_pull
                else "complete",
            },
            "raw": self.shown_raw(row),
        }

    @admin.display(description="energy")
    def energy(self, row: OcpiSession) -> SafeString:
        return nowrap(kilowatt_hours(row.kwh))

    @admin.display(description="status")
    def shown_status(self, row: OcpiSession) -> SafeString:
        return statuses.session_badge(row.status)

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: OcpiSession) -> SafeString | str:
        tie = link_of(row)
        if tie is None:
            return badge("none of ours", WARNING)
        valid = tie.validity == AttemptSession.Validity.VALID
        return link(tie.attempt.session, str(tie.attempt.session) + ("" if valid else f" ({tie.validity})"))

    @admin.display(description="last news")
    def news(self, row: OcpiSession) -> SafeString | str:
        return ago(row.news_at)

    @admin.display(description="CDRs")
    def cdrs(self, row: OcpiSession) -> SafeString | str:
        found = Cdr.objects.filter(partner_id=row.partner_id, session_key=row.ocpi_key)
        return lines(link(cdr) for cdr in found) if found else anchor(list_url(Cdr, q=row.token_uid), "none yet")
