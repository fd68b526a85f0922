"""Ad-hoc sessions: what state, who is awaited, what to press."""

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import (
    ChoicesDropdownFilter,
    RadioFilter,
    RangeDateTimeFilter,
    RelatedDropdownFilter,
)

from partners.admin.actions import DANGER, PageAction, Refused
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import ago, amount, badge, countdown
from sessions_adhoc import lifecycle, services
from sessions_adhoc.admin import words
from sessions_adhoc.admin.session_panels import panels
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State

CHANGE = "sessions_adhoc.change_adhocsession"
STOPPABLE = (State.STARTING, State.VALIDATING, State.CHARGING)


def stop(request: HttpRequest, session: AdHocSession, _data: dict[str, Any]) -> str:
    try:
        now = services.stop_session(session.pk, actor=request.user.get_username())
    except services.CannotStop as refused:
        raise Refused(str(refused)) from refused
    return f"A stop was asked for. The session is now: {State(now.state).label.lower()}."


def check_again(_request: HttpRequest, session: AdHocSession, _data: dict[str, Any]) -> str:
    state = lifecycle.advance(session.pk)
    return f"Looked at everything that is known. The session is now: {state.label.lower()}."


class LiveFilter(RadioFilter):
    """The queue, the live ones, or those that are over."""

    title = "queue"
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("escalated", "Escalated: waits for us"), ("live", "Live"), ("over", "Over")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AdHocSession]) -> QuerySet[AdHocSession]:
        if self.value() == "escalated":
            return queryset.filter(state=State.ESCALATED)
        if self.value() == "live":
            return queryset.exclude(state__in=TERMINAL)
        return queryset.filter(state__in=TERMINAL) if self.value() == "over" else queryset


@admin.register(AdHocSession)
class AdHocSessionAdmin(ReadOnlyAdmin):
    """Drivers' sessions. Only the lifecycle moves them; the buttons ask it to."""

    change_form_template = "admin/sessions_adhoc/adhocsession/page.html"
    list_display = (
        "short_id",
        "shown_state",
        "shown_evse",
        "shown_partner",
        "shown_amount",
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
        ("Live", "queue=live"),
        ("Over", "queue=over"),
    )
    list_select_related = ("partner", "evse")
    search_fields = ("evse__evse_id",)
    search_help_text = "Session, token, authorization reference, EVSE or OCPI session ID"
    empty_title = "No ad-hoc sessions yet"
    empty_text = "A driver starts one with the QR code on a charger; the code is on the page of each EVSE."
    page_actions = (
        PageAction(
            "check-again",
            "Check again",
            CHANGE,
            "We look at all that is known now and do what follows from it, as the clock would. Nothing is sent twice.",
            check_again,
            icon="refresh",
            possible=lambda session: session.state not in TERMINAL,
        ),
        PageAction(
            "stop",
            "Stop charging",
            CHANGE,
            "The CPO is asked with STOP_SESSION. Charging is over when its Session ends; energy delivered is billed.",
            stop,
            icon="stop_circle",
            tone=DANGER,
            possible=lambda session: session.state in STOPPABLE and session.stop_requested_at is None,
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AdHocSession]:
        rows: QuerySet[AdHocSession] = super().get_queryset(request)
        match = request.resolver_match
        if match and match.url_name == "sessions_adhoc_adhocsession_changelist":
            return rows
        return rows.select_related("partner", "evse__location", "token", "authorization", "client", "previous__evse")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AdHocSession], search_term: str
    ) -> tuple[QuerySet[AdHocSession], bool]:
        """By any id that support may be told."""
        term = search_term.strip()
        if not term:
            return queryset, False
        attempts = ChargingAttempt.objects.filter(session=OuterRef("pk"), authorization_reference__iexact=term)
        ties = AttemptSession.objects.filter(attempt__session=OuterRef("pk"), ocpi_session__ocpi_key=term.lower())
        found = (
            Q(token__uid__iexact=term)
            | Q(evse__evse_id__icontains=term)
            | Q(evse__uid_key=term.lower())
            | Exists(attempts)
            | Exists(ties)
        )
        with suppress(ValueError):
            found |= Q(pk=UUID(term))
        return queryset.filter(found), False

    def refresh(self, row: AdHocSession) -> int:
        return 0 if row.state in WITHOUT_CLOCK else 3

    def standing(self, row: AdHocSession) -> Standing:
        return words.standing_of(row)

    def panels(self, request: HttpRequest, row: AdHocSession) -> dict[str, Any]:
        return panels(row)

    @admin.display(description="session", ordering="id")
    def short_id(self, row: AdHocSession) -> str:
        return str(row.pk)[:8]

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: AdHocSession) -> SafeString:
        state = State(row.state)
        return badge(state.label, words.TONES[state])

    @admin.display(description="EVSE", ordering="evse__evse_id")
    def shown_evse(self, row: AdHocSession) -> str:
        return str(row.evse)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: AdHocSession) -> str:
        return row.partner.name

    @admin.display(description="amount", ordering="amount")
    def shown_amount(self, row: AdHocSession) -> str:
        return amount(row.amount, row.currency)

    @admin.display(description="started", ordering="created_at")
    def age(self, row: AdHocSession) -> SafeString | str:
        return ago(row.created_at)

    @admin.display(description="next check", ordering="next_check_at")
    def next_check(self, row: AdHocSession) -> SafeString | str:
        return countdown(row.next_check_at)

    @admin.display(description="reason", ordering="reason")
    def shown_reason(self, row: AdHocSession) -> str:
        return words.reason_in_words(row.reason) or "-"
