"""What the pages of requests of ours share that a worker sends: how far it got, and why not further."""

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from ocpi.admin import statuses
from ocpi.models import Message
from ocpi.models.outgoing import Outgoing
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, INFO, SUCCESS, ago, anchor, json_block, partner_link, state_badge, url_of

State = Outgoing.State
FILTERS = (
    ("partner", RelatedDropdownFilter),
    ("state", ChoicesDropdownFilter),
    ("created_at", RangeDateTimeFilter),
)
SENDING = (
    "Sending",
    {"fields": (("tries", "created_at"), ("sent_at", "answered_at"), ("next_check_at", "shown_message"))},
)


class OutgoingAdmin(HugeMixin, ReadOnlyAdmin):
    """A request with its answer."""

    list_filter: Any = FILTERS
    list_select_related: Any = ("partner",)
    readonly_fields: tuple[str, ...] = ("shown_partner", "shown_request", "shown_message", "shown_response")

    def refresh(self, row: Any) -> int:
        return 3 if row.state in (State.CREATED, State.SENDING) else 0

    def standing(self, row: Any) -> Standing:
        if row.state == State.ANSWERED:
            good = row.response in ("", "ACCEPTED") and not row.failure
            text = f"{row.partner.name} answered {row.response or 'that it has it'}. {row.failure}".strip()
            return Standing("Answered", text, SUCCESS if good else DANGER, since=row.answered_at)
        if row.state in (State.UNANSWERED, State.UNDELIVERED):
            text = f"{row.get_state_display()}. {row.failure}"
            again = "the next try" if row.next_check_at else ""
            advice = "" if again else "Look at the exchange; nobody tries again by itself."
            return Standing("No answer", text, DANGER, advice, next_at=row.next_check_at, next_text=again)
        return Standing(row.get_state_display(), "Waiting for a worker to send it.", INFO)

    @admin.display(description="partner")
    def shown_partner(self, row: Any) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state")
    def shown_state(self, row: Any) -> SafeString:
        return state_badge(row)

    @admin.display(description="response")
    def shown_response(self, row: Any) -> SafeString | str:
        return statuses.answer_badge(row.response)

    @admin.display(description="created")
    def created(self, row: Any) -> SafeString | str:
        return ago(row.created_at)

    @admin.display(description="arguments")
    def shown_request(self, row: Any) -> SafeString | str:
        return json_block(row.request, "Arguments", is_open=True)

    @admin.display(description="exchange")
    def shown_message(self, row: Any) -> SafeString | str:
        return anchor(url_of(Message, row.message_id), f"Message {row.message_id}") if row.message_id else "none yet"
