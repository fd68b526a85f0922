"""What gateways tell by themselves: each event as it was kept, and the payment that it had looked into."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter

from billing.events.inbox import TRIES, payment_of
from billing.gateways import gateway_names
from billing.models import GatewayEvent, PaymentAuthorization, PaymentEvent, WaitingEvent
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import INFO, NEUTRAL, SUCCESS, ago, at, badge, code, link
from sessions_adhoc.admin.authorization import GatewayFilter, session_of

HANDLED = "The payment that it is about was looked into. What is true the gateway was asked; the event decides nothing."
NOT_OURS = "It is about nothing of ours: the same account at the gateway is used for other things too, or was."


class HandledFilter(DropdownFilter):
    """Whether somebody has looked into it yet."""

    title = "handled"
    parameter_name = "handled"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "Not yet"), ("yes", "Handled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[GatewayEvent]) -> QuerySet[GatewayEvent]:
        chosen = self.value()
        return queryset.filter(waiting__isnull=chosen == "yes") if chosen in ("yes", "no") else queryset


@admin.register(GatewayEvent)
class GatewayEventAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first, each once however often it was delivered."""

    change_form_template = "admin/billing/gatewayevent/page.html"
    list_display = ("event_id", "kind", "gateway", "shown_handled", "happened", "received")
    list_filter = (GatewayFilter, HandledFilter, ("received_at", RangeDateTimeFilter))
    list_select_related = ("waiting",)
    quick_filters = (("All", ""), ("Not handled yet", "handled=no"))
    search_fields = ("event_id",)
    search_help_text = "The gateway's ID of the event, in whole"
    ordering = ("-received_at",)
    empty_title = "No gateway has told anything"
    empty_text = "Events arrive at /webhooks/ and the gateway's name, where a gateway sends any."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[GatewayEvent], search_term: str
    ) -> tuple[QuerySet[GatewayEvent], bool]:
        """By what has an index."""
        term = search_term.strip()
        return (queryset.filter(gateway__in=gateway_names(), event_id=term) if term else queryset), False

    def standing(self, row: GatewayEvent) -> Standing:
        waiting = waiting_of(row)
        if waiting is not None:
            text = f"Nobody has looked into it yet; it was tried {waiting.tries} of {TRIES} times."
            return Standing("Not handled yet", text, INFO, next_at=waiting.next_check_at, next_text="it is tried again")
        if told(row):
            return Standing("Handled", HANDLED, SUCCESS)
        return Standing("Not ours", NOT_OURS, NEUTRAL)

    def panels(self, request: HttpRequest, row: GatewayEvent) -> dict[str, Any]:
        about = payment_of(row)
        payment = PaymentAuthorization.objects.get(pk=about) if about else None
        session = session_of(payment) if payment else None
        return {
            "facts": {
                "Event": code(row.event_id),
                "Kind": row.kind,
                "Gateway": row.gateway,
                "Payment": link(payment) if payment else "none that it names",
                "Session": link(session) if session else "",
                "About": ", ".join(row.about),
                "Happened": at(row.at),
                "Received": at(row.received_at),
            },
            "body": json.dumps(row.body, indent=2, ensure_ascii=False, sort_keys=True),
        }

    @admin.display(description="handled")
    def shown_handled(self, row: GatewayEvent) -> SafeString:
        return badge("Not yet", INFO) if waiting_of(row) else badge("Handled", SUCCESS)

    @admin.display(description="happened")
    def happened(self, row: GatewayEvent) -> SafeString | str:
        return at(row.at)

    @admin.display(description="received")
    def received(self, row: GatewayEvent) -> SafeString | str:
        return ago(row.received_at)


def waiting_of(row: GatewayEvent) -> WaitingEvent | None:
    """Its place in the queue, while nobody has looked into it."""
    found: WaitingEvent | None = getattr(row, "waiting", None)
    return found


def told(row: GatewayEvent) -> bool:
    """Whether a payment was told of it."""
    payment = payment_of(row)
    steps = PaymentEvent.objects.filter(authorization=payment, action=PaymentEvent.Action.TOLD, key=row.event_id[:80])
    return payment is not None and steps.exists()
