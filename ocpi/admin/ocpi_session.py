"""OCPI sessions: the charging process as the CPO tells it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.paginator import InfinitePaginator

from ocpi.admin import statuses
from ocpi.admin.console_actions import STOP
from ocpi.admin.mirrored import MirroredAdmin
from ocpi.models import Cdr, OcpiSession
from ocpi.versions.enums import SessionStatus
from partners.admin.pages import Standing
from partners.admin.showing import WARNING, ago, anchor, badge, lines, link, list_url
from sessions_adhoc.models import AttemptSession

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
class OcpiSessionAdmin(MirroredAdmin):
    """What it means for a driver is on the page of the ad-hoc session."""

    list_display = ("ocpi_id", "shown_status", "kwh", "ad_hoc_session", "evse_uid", "shown_partner", "news")
    list_filter = (
        ("partner", RelatedDropdownFilter),
        StatusFilter,
        ("first_seen_at", RangeDateTimeFilter),
    )
    list_select_related = ("partner", "attempt_link__attempt__session__evse")
    moment = "first_seen_at"
    paginator = InfinitePaginator
    sortable_by = ()
    search_fields = ("ocpi_key",)
    search_help_text = "Beginning of the session ID; token UID or authorization reference"
    page_actions = (STOP,)
    empty_title = "No OCPI sessions yet"
    empty_text = "A CPO pushes one when charging starts."
    fieldsets = (
        (
            "Session",
            {
                "fields": (
                    "ocpi_id",
                    ("shown_partner", "party"),
                    ("kwh", "first_kwh", "currency"),
                    ("start_at", "end_at"),
                )
            },
        ),
        ("Whose it is", {"fields": ("ad_hoc_session", "token_uid", "authorization_reference", "cdrs")}),
        ("Where", {"fields": (("location_id", "evse_uid", "connector_id"),)}),
        ("News", {"fields": (("first_seen_at", "first_active_at"), ("news_at", "last_updated"), "needs_pull")}),
        ("As received", {"fields": ("shown_raw", "shown_messages")}),
    )
    readonly_fields = ("shown_partner", "party", "ad_hoc_session", "cdrs", "shown_raw", "shown_messages")

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

    @admin.display(description="status", ordering="status")
    def shown_status(self, row: OcpiSession) -> SafeString:
        return statuses.session_badge(row.status)

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: OcpiSession) -> SafeString | str:
        tie = link_of(row)
        if tie is None:
            return badge("none of ours", WARNING)
        valid = tie.validity == AttemptSession.Validity.VALID
        return link(tie.attempt.session, str(tie.attempt.session) + ("" if valid else f" ({tie.validity})"))

    @admin.display(description="last news", ordering="news_at")
    def news(self, row: OcpiSession) -> SafeString | str:
        return ago(row.news_at)

    @admin.display(description="CDRs")
    def cdrs(self, row: OcpiSession) -> SafeString | str:
        found = Cdr.objects.filter(partner_id=row.partner_id, session_key=row.ocpi_key)
        return lines(link(cdr) for cdr in found) if found else anchor(list_url(Cdr, q=row.token_uid), "none yet")
