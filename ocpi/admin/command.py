"""Commands: what we asked of CPOs, and what they said."""

from datetime import timedelta
from functools import partial
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.paginator import InfinitePaginator

from ocpi.admin import statuses
from ocpi.admin.console import console
from ocpi.admin.console_actions import CANCEL
from ocpi.models import Command, Message
from partners.admin.finding import ids_starting_with
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import DANGER, INFO, SUCCESS, ago, anchor, json_block, partner_link, state_badge, url_of
from sessions_adhoc.models import AdHocSession

State = Command.State
RESULT_TIME = timedelta(minutes=2)


@admin.register(Command)
class CommandAdmin(ReadOnlyAdmin):
    """The CommandResponse acknowledges; the CommandResult informs; the Session decides (G5.1)."""

    list_display = (
        "kind",
        "shown_state",
        "shown_response",
        "shown_result",
        "ad_hoc_session",
        "shown_partner",
        "created",
    )
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_select_related = ("partner",)
    paginator = InfinitePaginator
    sortable_by = ()
    page_actions = (CANCEL,)
    list_before_template = "admin/ocpi/command/to_console.html"
    search_fields = ("reference",)
    search_help_text = "Beginning of the command's ID, or an ad-hoc session ID"
    fieldsets = (
        (
            "Command",
            {"fields": ("kind", ("shown_partner", "version"), "ad_hoc_session", "shown_message", "shown_request")},
        ),
        ("Their answer", {"fields": (("shown_response", "response_text"), "timeout", "answered_at", "failure")}),
        ("The result", {"fields": (("shown_result", "result_text"), "result_at")}),
        ("Sending", {"fields": (("tries", "created_at", "sent_at"),)}),
    )
    readonly_fields = (
        "shown_partner",
        "ad_hoc_session",
        "shown_message",
        "shown_request",
        "shown_response",
        "shown_result",
    )
    empty_title = "No commands yet"
    empty_text = "START_SESSION and STOP_SESSION appear here when drivers charge."

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(partial(console, self))
        return [path("console/", page, name="ocpi_command_console"), *super().get_urls()]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Command], search_term: str
    ) -> tuple[QuerySet[Command], bool]:
        """By what has an index."""
        term = search_term.strip()
        return (queryset.filter(ids_starting_with(term) | Q(reference=term.lower())) if term else queryset), False

    def refresh(self, row: Command) -> int:
        """While something may still come: the asynchronous result follows within a minute or never."""
        young = row.created_at > timezone.now() - RESULT_TIME
        return 2 if young and not row.result and row.state != State.UNDELIVERED else 0

    def standing(self, row: Command) -> Standing:
        if row.state == State.ANSWERED:
            waiting = "" if row.result else " The asynchronous result has not come."
            text = f"They answered {row.response}.{waiting} What counts is the Session."
            return Standing("Answered", text, SUCCESS if row.response == "ACCEPTED" else DANGER)
        if row.state in (State.UNANSWERED, State.UNDELIVERED):
            text = f"{row.get_state_display()}. {row.failure}"
            return Standing("No answer", text, DANGER, "Look at the exchange; ask the CPO if it keeps happening.")
        return Standing(row.get_state_display(), "Waiting for us: it is about to be sent.", INFO)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: Command) -> SafeString:
        return state_badge(row)

    @admin.display(description="response", ordering="response")
    def shown_response(self, row: Command) -> SafeString | str:
        return statuses.answer_badge(row.response)

    @admin.display(description="result", ordering="result")
    def shown_result(self, row: Command) -> SafeString | str:
        return statuses.answer_badge(row.result)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Command) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="created", ordering="created_at")
    def created(self, row: Command) -> SafeString | str:
        return ago(row.created_at)

    @admin.display(description="ad-hoc session")
    def ad_hoc_session(self, row: Command) -> SafeString | str:
        try:
            return anchor(url_of(AdHocSession, UUID(row.reference)), row.reference[:8])
        except ValueError:
            return row.reference or "-"

    @admin.display(description="exchange")
    def shown_message(self, row: Command) -> SafeString | str:
        return anchor(url_of(Message, row.message_id), f"Message {row.message_id}") if row.message_id else "none yet"

    @admin.display(description="arguments")
    def shown_request(self, row: Command) -> SafeString | str:
        return json_block(row.request, "Arguments", is_open=True)
