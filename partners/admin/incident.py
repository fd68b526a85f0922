"""Incidents: what went wrong, why, what to do, and the exchanges that prove it."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.widgets import UnfoldAdminTextareaWidget

from ocpi.models import Message
from partners import incidents
from partners.admin.actions import PRIMARY, PageAction, Refused
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import DANGER, NEUTRAL, ago, anchor, badge, json_text, lines, partner_link, url_of
from partners.models import Incident
from sessions_adhoc.models import AdHocSession


class CloseForm(forms.Form):
    """Why."""

    reason = forms.CharField(
        label="Reason",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="What was done, or why nothing needs to be. It stays with the incident.",
    )


def close(request: HttpRequest, incident: Incident, data: dict[str, Any]) -> str:
    if not incidents.close_by_staff(incident.pk, request.user, data["reason"]):
        raise Refused("This incident was closed already.")
    return f"Closed: {data['reason'].strip()}"


class OpenFilter(DropdownFilter):
    """Open ones, or closed ones."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("closed", "Closed")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Incident]) -> QuerySet[Incident]:
        if self.value() in ("open", "closed"):
            return queryset.filter(closed_at__isnull=self.value() == "open")
        return queryset


@admin.register(Incident)
class IncidentAdmin(ReadOnlyAdmin):
    """Open ones first: they are a queue."""

    list_display = ("shown_state", "symptom", "shown_partner", "opened", "seen", "occurrences", "closed_by")
    list_display_links = ("symptom",)
    list_filter = (OpenFilter, ("partner", RelatedDropdownFilter), ("opened_at", RangeDateTimeFilter))
    quick_filters = (("All", ""), ("Open", "state=open"), ("Closed", "state=closed"))
    list_select_related = ("partner", "closed_by")
    search_fields = ("symptom", "reference", "key", "partner__name")
    search_help_text = "Symptom, ad-hoc session or partner"
    empty_title = "No incidents"
    empty_text = "When something needs a person, it appears here with its cause, what to do, and the evidence."
    fieldsets = (
        ("What happened", {"fields": ("symptom", "cause", "resolution", "shown_evidence")}),
        ("Where", {"fields": ("shown_partner", "shown_session")}),
        ("When", {"fields": (("opened_at", "last_seen_at", "occurrences"), "mailed_at")}),
        ("How it ended", {"fields": (("closed_at", "closed_by"), "close_reason")}),
    )
    readonly_fields = ("shown_evidence", "shown_partner", "shown_session")
    page_actions = (
        PageAction(
            "close",
            "Close incident",
            "partners.change_incident",
            "It leaves the queue. If the same thing happens again, a new incident opens.",
            close,
            icon="task_alt",
            tone=PRIMARY,
            form=CloseForm,
            possible=lambda incident: incident.closed_at is None,
        ),
    )

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("closed_at").desc(nulls_first=True), "-opened_at")

    def standing(self, row: Incident) -> Standing:
        if row.closed_at:
            by = f" by {row.closed_by}" if row.closed_by else " by itself"
            return Standing("Closed", f"Closed{by}: {row.close_reason}", NEUTRAL, since=row.closed_at)
        told = "The CPO's technical contact was mailed" if row.mailed_at else "The CPO is being told by mail"
        text = f"{row.symptom}. {told}; it stays open until the cause is gone or somebody closes it with a reason."
        return Standing("Open", text, DANGER, row.resolution, since=row.opened_at)

    @admin.display(description="state")
    def shown_state(self, row: Incident) -> SafeString:
        return badge("Closed") if row.closed_at else badge("Open", DANGER)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Incident) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="opened", ordering="opened_at")
    def opened(self, row: Incident) -> SafeString | str:
        return ago(row.opened_at)

    @admin.display(description="last seen", ordering="last_seen_at")
    def seen(self, row: Incident) -> SafeString | str:
        return ago(row.last_seen_at)

    @admin.display(description="ad-hoc session")
    def shown_session(self, row: Incident) -> SafeString | str:
        try:
            return anchor(url_of(AdHocSession, UUID(row.reference)), row.reference)
        except ValueError:
            return row.reference or "-"

    @admin.display(description="evidence")
    def shown_evidence(self, row: Incident) -> SafeString | str:
        return lines(_evidence(item) for item in row.evidence)


def _evidence(item: Any) -> SafeString | str:
    """One piece of evidence, linked to the exchange where it names one."""
    if not isinstance(item, dict):
        return str(item)
    text = item.get("text") or json_text(item)
    return anchor(url_of(Message, item["message"]), text) if item.get("message") else str(text)
