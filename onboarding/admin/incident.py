"""Incidents: what went wrong, why, what to do, and the exchanges that prove it."""

from typing import Any

from django.contrib import admin
from django.db.models import CharField, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    DropdownFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)

from onboarding.admin.incident_actions import ACTIONS, close_several
from onboarding.admin.incident_evidence import evidence_list, session_link, traffic_link
from onboarding.admin.ticket_actions import OF_INCIDENT
from onboarding.admin.ticket_panel import ticket_panel
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, NEUTRAL, WARNING, ago, badge, clock_time, in_our_zone, partner_link
from partners.ground.persons import to_you
from partners.models import Incident, Ticket

LONGEST_CAUSE = 160
TONES = {Incident.Severity.URGENT: DANGER, Incident.Severity.PROBLEM: WARNING, Incident.Severity.NOTE: NEUTRAL}


def what_it_is(row: Incident) -> SafeString:
    """Symptom, place, and the first sentence of the cause."""
    place = f": {in_our_zone(row.place)}" if row.place else ""
    cause = in_our_zone(row.cause_for_staff)
    short = cause if len(cause) <= LONGEST_CAUSE else f"{cause[:LONGEST_CAUSE]}…"
    return format_html('{}{}<div class="sfp-quiet">{}</div>', row.name_for_staff, place, short)


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

    list_display = ("shown_state", "what", "shown_partner", "shown_session", "opened", "seen", "occurrences", "whose")
    list_display_links = ("what",)
    actions = ("close_selected",)
    list_filter = (
        OpenFilter,
        ("partner", RelatedDropdownFilter),
        ("severity", ChoicesDropdownFilter),
        ("opened_at", RangeDateTimeFilter),
    )
    quick_filters = (("All", ""), ("Open", "state=open"), ("Closed", "state=closed"))
    list_select_related = ("partner", "closed_by")
    search_fields = ("symptom", "place", "reference", "key", "partner__name")
    search_help_text = "Symptom, EVSE, address, ad-hoc session or partner"
    empty_title = "No incidents"
    empty_text = "When something needs a person, it appears here with its cause, what to do, and the evidence."
    readonly_fields = (
        "shown_cause",
        "shown_to_do",
        "shown_resolution",
        "shown_evidence",
        "shown_span",
        "shown_traffic",
        "shown_partner",
        "shown_place",
        "shown_session",
        "shown_letter",
        "shown_mail",
    )
    page_actions = (*ACTIONS, *OF_INCIDENT)
    in_panel = frozenset(action.name for action in OF_INCIDENT)
    change_form_outer_after_template = "admin/support/ticket.html"

    def get_fieldsets(self, request: HttpRequest, obj: Incident | None = None) -> Any:
        """What the top of the page says already is not said again."""
        where = ["shown_place"] if obj and obj.place else []
        about = ["shown_partner", *where, *(["shown_session"] if obj and obj.reference else [])]
        evidence = ("Evidence", {"fields": (*about, "shown_span", "shown_evidence", "shown_traffic")})
        cpo = ("For the CPO", {"fields": ("shown_letter", "shown_mail")})
        if obj is None or obj.closed_at is None:
            return [evidence, cpo]
        return [("What it was", {"fields": ("shown_cause", "shown_to_do", "shown_resolution")}), evidence, cpo]

    def buttons(self, request: HttpRequest, row: Incident) -> list[dict[str, Any]]:
        return [one for one in super().buttons(request, row) if one["action"].name not in self.in_panel]

    def panels(self, request: HttpRequest, row: Incident) -> dict[str, Any]:
        own = [one for one in super().buttons(request, row) if one["action"].name in self.in_panel]
        return ticket_panel(row, own)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Incident]:
        key = Concat(Value("incident:"), Cast(OuterRef("pk"), CharField()))
        taken_by = Ticket.objects.filter(key=key).values("assignee__username")[:1]
        rows: QuerySet[Incident] = super().get_queryset(request)
        return rows.annotate(taken_by=Subquery(taken_by))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Incident], search_term: str
    ) -> tuple[QuerySet[Incident], bool]:
        """Also by the symptom as it is shown: it is stored in the guide's words, which speak to the CPO."""
        found, several = super().get_search_results(request, queryset, search_term)
        told = search_term.strip()
        return (found | queryset.filter(symptom__icontains=to_you(told)) if told else found), several

    def has_close_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("partners.close_incident"))

    @admin.action(description="Close these incidents", permissions=["close"])
    def close_selected(self, request: HttpRequest, queryset: QuerySet[Incident]) -> HttpResponse | None:
        return close_several(self, request, queryset)

    def get_ordering(self, request: HttpRequest) -> Any:
        return (F("closed_at").desc(nulls_first=True), "-severity", "-opened_at")

    def standing(self, row: Incident) -> Standing:
        if row.closed_at:
            by = f" by {row.closed_by}" if row.closed_by else " by itself"
            return Standing("Closed", f"Closed{by}: {row.close_reason}", NEUTRAL, since=row.closed_at)
        watched = "It closes by itself when the cause is gone" if row.detector else "It stays open until it is settled"
        text = f"{in_our_zone(row.cause_for_staff)} {watched}, or when somebody closes it with a reason."
        tone = TONES.get(Incident.Severity(row.severity), WARNING)
        to_do = in_our_zone(row.for_staff)
        return Standing(f"Open: {row.get_severity_display().lower()}", text, tone, to_do, since=row.opened_at)

    @admin.display(description="state", ordering="severity")
    def shown_state(self, row: Incident) -> SafeString:
        if row.closed_at:
            return badge("Closed")
        return badge(row.get_severity_display(), TONES.get(Incident.Severity(row.severity), WARNING))

    @admin.display(description="what", ordering="symptom")
    def what(self, row: Incident) -> SafeString:
        """Symptom, place and cause: two of them never look the same."""
        return what_it_is(row)

    @admin.display(description="whose work")
    def whose(self, row: Any) -> str:
        return str(row.closed_by or row.taken_by or "")

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Incident) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="where")
    def shown_place(self, row: Incident) -> str:
        return in_our_zone(row.place)

    @admin.display(description="opened", ordering="opened_at")
    def opened(self, row: Incident) -> SafeString | str:
        return ago(row.opened_at)

    @admin.display(description="last seen", ordering="last_seen_at")
    def seen(self, row: Incident) -> SafeString | str:
        return ago(row.last_seen_at)

    @admin.display(description="cause")
    def shown_cause(self, row: Incident) -> str:
        return in_our_zone(row.cause_for_staff)

    @admin.display(description="what we do")
    def shown_to_do(self, row: Incident) -> str:
        return in_our_zone(row.for_staff)

    @admin.display(description="what the guide says")
    def shown_resolution(self, row: Incident) -> str:
        return row.resolution

    @admin.display(description="seen")
    def shown_span(self, row: Incident) -> str:
        if row.occurrences == 1:
            return f"once, on {clock_time(row.last_seen_at)}"
        return f"{row.occurrences} times, from {clock_time(row.first_seen_at)} to {clock_time(row.last_seen_at)}"

    @admin.display(description="more")
    def shown_traffic(self, row: Incident) -> SafeString | str:
        return traffic_link(row)

    @admin.display(description="ad-hoc session")
    def shown_session(self, row: Incident) -> SafeString | str:
        return session_link(row.reference, row.reference[:8]) if row.reference else ""

    @admin.display(description="evidence")
    def shown_evidence(self, row: Incident) -> SafeString | str:
        return evidence_list(row)

    @admin.display(description="ready to send")
    def shown_letter(self, row: Incident) -> SafeString | str:
        if not row.letter:
            return "-"
        return format_html(
            '<p id="letter">{}</p><p class="sfp-gap"><button type="button" class="sfp-button sfp-button-default" '
            'data-copy="letter"><span class="material-symbols-outlined">content_copy</span>'
            "<span data-said>Copy</span></button></p>",
            row.letter,
        )

    @admin.display(description="mail")
    def shown_mail(self, row: Incident) -> str:
        whom = "the CPO's technical contact" if row.tell_cpo else "support only; the CPO was not told"
        mail = row.mails.first()
        if row.mailed_at is None and mail is not None and mail.error:
            return f"{mail.get_state_display().lower()}: the mail server did not take it ({mail.error})"
        if row.mailed_at is None:
            return f"not sent yet; it goes to {whom}" if row.closed_at is None else "none: it was over before"
        return f"sent on {clock_time(row.mailed_at)} to {whom}"
