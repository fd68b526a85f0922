"""Commands: what we asked of CPOs, and what they said."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from ocpi.admin import statuses
from ocpi.admin.console import console
from ocpi.admin.console_actions import CANCEL
from ocpi.admin.objects import evse_link
from ocpi.models import Command, Message
from partners.admin.kit.finding import ids_starting_with
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    DANGER,
    INFO,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    at,
    code,
    duration,
    json_block,
    partner_link,
    state_badge,
    url_of,
)
from sessions_adhoc.models import AdHocSession

State = Command.State
ACCEPTED = "ACCEPTED"
RESULT_TIME = timedelta(minutes=2)


def is_refused(row: Command) -> bool:
    """They answered, and not with ACCEPTED: nothing more comes."""
    return row.state == State.ANSWERED and row.response != ACCEPTED


def quote(text: str) -> str:
    """What they add in words."""
    return f"They say: “{text}”. " if text else ""


@admin.register(Command)
class CommandAdmin(HugeMixin, ReadOnlyAdmin):
    """The CommandResponse acknowledges; the CommandResult informs; the Session decides (G5.1)."""

    change_form_template = "admin/ocpi/command/page.html"
    list_display = (
        "shown_kind",
        "about",
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
    page_actions = (CANCEL,)
    list_before_template = "admin/ocpi/command/to_console.html"
    search_fields = ("reference",)
    search_help_text = "Beginning of the command's ID, or an ad-hoc session ID"
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
        return 2 if young and not row.result and row.state != State.UNDELIVERED and not is_refused(row) else 0

    def standing(self, row: Command) -> Standing:
        if is_refused(row):
            text = f"They refused it: {row.response}. {quote(row.response_text)}No result follows."
            return Standing("Refused", text, DANGER, "If it keeps happening, send them the exchange.")
        if row.state == State.ANSWERED:
            said = f"They answered {row.response}. {self.result_so_far(row)}"
            good = row.result in ("", ACCEPTED)
            return Standing("Answered", f"{said} What counts is the Session.", SUCCESS if good else WARNING)
        if row.state in (State.UNANSWERED, State.UNDELIVERED):
            text = f"{row.get_state_display()}. {row.failure}"
            return Standing("No answer", text, DANGER, "Look at the exchange; ask the CPO if it keeps happening.")
        return Standing(row.get_state_display(), "Waiting for us: it is about to be sent.", INFO)

    def result_so_far(self, row: Command) -> str:
        if row.result:
            return f"The result was {row.result}. {quote(row.result_text)}".strip()
        young = row.created_at > timezone.now() - RESULT_TIME
        return "We wait for the asynchronous result." if young else "The asynchronous result never came."

    def panels(self, request: HttpRequest, row: Command) -> dict[str, Any]:
        location, uid = str(row.request.get("location_id") or ""), str(row.request.get("evse_uid") or "")
        return {
            "facts": {
                "Command": code(row.pk),
                "Partner": self.shown_partner(row),
                "OCPI version": row.version,
                "Ad-hoc session": self.ad_hoc_session(row),
                "EVSE": evse_link(row.partner_id, location, uid) if uid else "",
                "Session ID": code(row.request.get("session_id")) if row.request.get("session_id") else "",
                "Exchange": self.shown_message(row),
                "Created": at(row.created_at),
                "Sent": at(row.sent_at) if row.sent_at else "not yet",
                "Tries": row.tries,
            },
            "answer": {
                "Response": self.shown_response(row),
                "They say": row.response_text,
                "Answered": at(row.answered_at) if row.answered_at else "not yet",
                "Result within": duration(row.timeout) if row.timeout else "",
                "No answer because": row.failure,
            },
            "outcome": {
                "Result": self.shown_result(row),
                "They say": row.result_text,
                "Came": at(row.result_at)
                if row.result_at
                else ("none follows a refusal" if is_refused(row) else "not yet"),
            },
            "request_json": json_block(row.request, "Arguments", is_open=True),
        }

    @admin.display(description="command")
    def shown_kind(self, row: Command) -> str:
        """As it is written everywhere else: START_SESSION."""
        return row.kind

    @admin.display(description="for")
    def about(self, row: Command) -> str:
        return str(row.request.get("evse_uid") or row.request.get("session_id") or "-")

    @admin.display(description="state")
    def shown_state(self, row: Command) -> SafeString:
        return state_badge(row)

    @admin.display(description="response")
    def shown_response(self, row: Command) -> SafeString | str:
        return statuses.answer_badge(row.response)

    @admin.display(description="result")
    def shown_result(self, row: Command) -> SafeString | str:
        return statuses.answer_badge(row.result)

    @admin.display(description="partner")
    def shown_partner(self, row: Command) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="created")
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
