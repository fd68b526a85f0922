"""Events that were sent to clients: what each said, and what was answered."""

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from partners.admin.kit.actions import DANGER as DANGEROUS
from partners.admin.kit.actions import PRIMARY, PageAction, Refused
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, ago, at, badge, code, json_text, link
from sessions_adhoc.admin.webhook import OPERATE
from sessions_adhoc.models import WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks import delivering

State = WebhookDelivery.State
TONES = {State.WAITING: INFO, State.TAKEN: SUCCESS, State.GIVEN_UP: DANGER, State.LEFT_OUT: NEUTRAL}
HELD = "A worker is sending it at this moment. Reload the page to see what came of it."


def send_again(_request: HttpRequest, row: WebhookDelivery, _data: dict[str, Any]) -> str:
    if not delivering.send_again(row.pk):
        raise Refused(HELD)
    return "It is sent within seconds, with the same webhook-id. Reload this page to see what was answered."


def leave_out(_request: HttpRequest, row: WebhookDelivery, _data: dict[str, Any]) -> str:
    if not delivering.leave_out(row.pk):
        raise Refused(HELD)
    return "It is not sent. What waited behind it goes out."


class EndpointFilter(RelatedDropdownFilter):
    """By endpoint; its name has its client's, which is read with it."""

    def field_choices(self, _field: Any, _request: HttpRequest, _model_admin: Any) -> list[tuple[int, str]]:
        return [(row.pk, str(row)) for row in WebhookEndpoint.objects.select_related("client")]


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first."""

    change_form_template = "admin/sessions_adhoc/webhookdelivery/page.html"
    list_display = ("kind", "subject", "shown_endpoint", "shown_state", "answered", "tries", "written")
    list_filter = (
        ("endpoint", EndpointFilter),
        ("state", ChoicesDropdownFilter),
        ("written_at", RangeDateTimeFilter),
    )
    list_select_related = ("endpoint__client",)
    quick_filters = (("All", ""), ("Not taken", "state__exact=given_up"))
    search_fields = ("subject", "message_id")
    search_help_text = "Session, contract or webhook-id, in whole"
    moment = "written_at"
    empty_title = "Nothing was sent yet"
    empty_text = "Each move of a session is told to its client, where that has a webhook."
    page_actions = (
        PageAction(
            "again",
            "Send again",
            OPERATE,
            "It is sent once more with the same webhook-id, before those of the same subject that wait.",
            send_again,
            icon="replay",
            tone=lambda row: PRIMARY if row.state == State.GIVEN_UP else "default",
        ),
        PageAction(
            "leave-out",
            "Leave out",
            OPERATE,
            "It is not sent any more, and what waits behind it goes out. The client does not learn of it.",
            leave_out,
            icon="block",
            tone=DANGEROUS,
            form=ReasonForm,
            possible=lambda row: row.state in delivering.OPEN,
        ),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        """By what has an index."""
        term = search_term.strip()
        subjects = [term, f"session:{term.lower()}", f"contract:{term.upper()}"]
        return (queryset.filter(Q(message_id=term) | Q(subject__in=subjects)) if term else queryset), False

    def standing(self, row: WebhookDelivery) -> Standing:
        last = row.answers[-1]["text"] if row.answers else ""
        if row.state == State.TAKEN:
            return Standing("Taken", "The client answered that it has it.", SUCCESS, since=row.taken_at)
        if row.state == State.GIVEN_UP:
            advice = "Press Send again once they can take it, or Leave out: what is behind it goes out."
            return Standing("Not taken", f"It was tried {row.tries} times. {last}", DANGER, advice)
        if row.state == State.LEFT_OUT:
            return Standing("Left out", "Staff decided that it is not sent.", NEUTRAL)
        if row.next_check_at is None:
            return Standing("Waiting", "An earlier event of the same subject goes first.", INFO)
        if row.tries:
            text = f"The last try was not taken: {last}"
            return Standing("Waiting", text, WARNING, next_at=row.next_check_at, next_text="it is tried again")
        return Standing("Waiting", "A worker sends it within seconds.", INFO, since=row.written_at)

    def panels(self, request: HttpRequest, row: WebhookDelivery) -> dict[str, Any]:
        return {
            "facts": {
                "Event": row.kind,
                "webhook-id": code(row.message_id),
                "About": row.subject,
                "Webhook": link(row.endpoint),
                "Written": at(row.written_at),
                "Taken": at(row.taken_at),
                "Tries": row.tries,
            },
            "answers": [
                {**one, "at": datetime.fromisoformat(one["at"]), "is_taken": 200 <= one["status"] < 300}
                for one in reversed(row.answers)
            ],
            "body": json_text(row.body),
        }

    @admin.display(description="webhook", ordering="endpoint")
    def shown_endpoint(self, row: WebhookDelivery) -> str:
        return str(row.endpoint)

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: WebhookDelivery) -> SafeString:
        return badge(row.get_state_display(), TONES[State(row.state)])

    @admin.display(description="answer")
    def answered(self, row: WebhookDelivery) -> str:
        if not row.answers:
            return "-"
        return f"HTTP {row.answers[-1]['status']}" if row.answers[-1]["status"] else "no answer"

    @admin.display(description="written", ordering="written_at")
    def written(self, row: WebhookDelivery) -> SafeString | str:
        return ago(row.written_at)
