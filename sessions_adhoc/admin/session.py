"""Ad-hoc sessions: what state, who is awaited, what to press."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower, Upper
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RadioFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)

from ocpi.models import Evse, Token
from partners.admin.kit.finding import ids_starting_with
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import ago, badge, countdown, nowrap
from sessions_adhoc.admin import state_words
from sessions_adhoc.admin.session_actions import ACTIONS
from sessions_adhoc.admin.session_panels import panels
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State

MOST = 100
# A row is due for a moment before a worker takes it; beyond this nobody does.
BEHIND = timedelta(minutes=1)


class LiveFilter(RadioFilter):
    """The queue, the live ones, or those that are over."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("escalated", "Escalated: waits for us"),
            ("overdue", "Overdue: nobody looks"),
            ("live", "Live"),
            ("over", "Over"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdHocSession]) -> QuerySet[AdHocSession]:
        if self.value() == "escalated":
            return queryset.filter(state=State.ESCALATED)
        if self.value() == "overdue":
            return queryset.filter(next_check_at__lt=timezone.now() - BEHIND)
        if self.value() == "live":
            return queryset.filter(state__in=sorted(set(State) - TERMINAL))
        return queryset.filter(state__in=TERMINAL) if self.value() == "over" else queryset


@admin.register(AdHocSession)
class AdHocSessionAdmin(HugeMixin, ReadOnlyAdmin):
    """Drivers' sessions. Only the lifecycle moves them; the buttons ask it to."""

    change_form_template = "admin/sessions_adhoc/adhocsession/page.html"
    list_display = (
        "short_id",
        "shown_state",
        "shown_evse",
        "shown_partner",
        "shown_money",
        "age",
        "next_check",
        "shown_reason",
    )
    list_filter = (
        LiveFilter,
        ("partner", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    quick_filters = (
        ("All", ""),
        ("Escalated", "queue=escalated"),
        ("Overdue", "queue=overdue"),
        ("Live", "queue=live"),
        ("Over", "queue=over"),
    )
    list_select_related = ("partner", "evse", "authorization")
    search_fields = ("evse__evse_id",)
    search_help_text = "Session, token, authorization reference, EVSE or OCPI session ID"
    empty_title = "No ad-hoc sessions yet"
    empty_text = "A driver starts one with the QR code on a charger; the code is on the page of each EVSE."
    page_actions = ACTIONS

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdHocSession]:
        rows: QuerySet[AdHocSession] = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "sessions_adhoc_adhocsession_changelist":
            return rows.prefetch_related("authorization__further")
        return rows.select_related("partner", "evse__location", "token", "authorization", "client", "previous__evse")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AdHocSession], search_term: str
    ) -> tuple[QuerySet[AdHocSession], bool]:
        """By any id that support may be told; each of them has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        attempts = ChargingAttempt.objects.filter(authorization_reference=term.lower())
        ties = AttemptSession.objects.filter(ocpi_session__ocpi_key=term.lower())
        evses = Evse.objects.annotate(sticker=Upper("evse_id")).filter(
            Q(sticker=term.upper()) | Q(uid_key=term.lower())
        )
        tokens = Token.objects.annotate(key=Lower("uid")).filter(key=term.lower())
        found = (
            Q(token__in=list(tokens.values_list("pk", flat=True)[:MOST]))
            | Q(evse__in=list(evses.values_list("pk", flat=True)[:MOST]))
            | Q(pk__in=list(attempts.values_list("session", flat=True)[:MOST]))
            | Q(pk__in=list(ties.values_list("attempt__session", flat=True)[:MOST]))
            | ids_starting_with(term)
        )
        return queryset.filter(found), False

    def refresh(self, row: AdHocSession) -> int:
        return 0 if row.state in WITHOUT_CLOCK else 3

    def standing(self, row: AdHocSession) -> Standing:
        return state_words.standing_of(row)

    def panels(self, request: HttpRequest, row: AdHocSession) -> dict[str, Any]:
        shown = panels(row)
        if then := shown["foreseen"]:
            shown["standing"] = replace(self.standing(row), next_at=then.at, next_text=then.text)
        return shown

    @admin.display(description="session")
    def short_id(self, row: AdHocSession) -> str:
        return str(row.pk)[:8]

    @admin.display(description="state")
    def shown_state(self, row: AdHocSession) -> SafeString:
        state = State(row.state)
        return badge(state.label, state_words.TONES[state])

    @admin.display(description="EVSE")
    def shown_evse(self, row: AdHocSession) -> str:
        return str(row.evse)

    @admin.display(description="partner")
    def shown_partner(self, row: AdHocSession) -> str:
        return row.partner.label

    @admin.display(description="money")
    def shown_money(self, row: AdHocSession) -> SafeString:
        return nowrap(state_words.money_of(row))

    @admin.display(description="started")
    def age(self, row: AdHocSession) -> SafeString | str:
        return ago(row.created_at)

    @admin.display(description="next check")
    def next_check(self, row: AdHocSession) -> SafeString | str:
        return countdown(row.next_check_at)

    @admin.display(description="reason")
    def shown_reason(self, row: AdHocSession) -> str:
        return state_words.reason_in_words(row.reason) or "-"
