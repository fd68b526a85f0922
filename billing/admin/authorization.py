"""Payment authorizations: where the money is, who is awaited, and how it came about."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from billing.admin.readonly import ReadOnlyMixin, amount
from billing.gateways import gateway_names
from billing.models import PaymentAuthorization, PaymentEvent
from billing.services import is_stuck
from partners.admin.finding import ids_starting_with

State = PaymentAuthorization.State
BADGES = {
    State.CREATED: "info",
    State.RESERVING: "warning",
    State.RESERVED: "primary",
    State.CAPTURING: "warning",
    State.CAPTURED: "success",
    State.REFUNDING: "warning",
    State.RELEASING: "warning",
    State.RELEASED: "info",
    State.DECLINED: "danger",
    State.FAILED: "danger",
    State.EXPIRED: "danger",
}
NAMES = dict(State.choices)
AWAITED = {
    State.CREATED: "The session: nothing was asked of the gateway yet.",
    State.RESERVING: "The gateway: it is asked to reserve.",
    State.RESERVED: "The session: the money is held until it is captured or released.",
    State.CAPTURING: "The gateway: it is asked to capture.",
    State.RELEASING: "The gateway: it is asked to release.",
    State.REFUNDING: "The gateway: it is asked to give money back.",
}


class GatewayFilter(admin.SimpleListFilter):
    """One gateway, of those that there are: asking the table for its gateways would read all of it."""

    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in gateway_names()]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[PaymentAuthorization]
    ) -> QuerySet[PaymentAuthorization]:
        return queryset.filter(gateway=self.value()) if self.value() in gateway_names() else queryset


class PaymentEventInline(ReadOnlyMixin, TabularInline):
    """The history, oldest first."""

    model = PaymentEvent
    verbose_name_plural = "History"
    fields = ["at", "action", "change", "outcome", "code", "message", "money", "key"]
    readonly_fields = fields
    extra = 0
    show_change_link = False
    ordering = ["at", "id"]

    @display(description="State")
    def change(self, event: PaymentEvent) -> str:
        after = event.get_to_state_display()
        if event.from_state == event.to_state or not event.from_state:
            return after
        return f"{event.get_from_state_display()} → {after}"

    @display(description="Amount")
    def money(self, event: PaymentEvent) -> str:
        return amount(event.amount, event.authorization.currency)


@admin.register(PaymentAuthorization)
class PaymentAuthorizationAdmin(ReadOnlyMixin, ModelAdmin):
    """Newest first; a detail page answers what state, who is awaited, and what the gateway said."""

    list_display = [
        "reference",
        "state_badge",
        "amount_text",
        "captured_text",
        "gateway",
        "gateway_reference",
        "next_check_at",
        "created_at",
    ]
    list_filter = ["state", GatewayFilter, ("created_at", RangeDateTimeFilter)]
    list_filter_submit = True
    paginator = InfinitePaginator
    sortable_by = ()
    search_fields = ["reference"]
    search_help_text = "Authorization id, session id or the gateway's reference"
    ordering = ["-created_at"]
    show_full_result_count = False
    inlines = [PaymentEventInline]
    list_fullwidth = True
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "reference",
                    "state_badge",
                    "awaited",
                    "amount_text",
                    "asked_text",
                    "captured_text",
                    "refunded_text",
                    "kept_text",
                ]
            },
        ),
        (
            "Gateway",
            {
                "fields": [
                    "gateway",
                    "gateway_reference",
                    "payment_method",
                    "failure_code",
                    "failure_message",
                    "expires_at",
                    "expiry_warned_at",
                ]
            },
        ),
        (
            "Clock",
            {
                "fields": [
                    "next_check_at",
                    "attempts",
                    "called_at",
                    "leased_until",
                    "state_since",
                    "created_at",
                    "updated_at",
                    "id",
                ]
            },
        ),
    ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[PaymentAuthorization], search_term: str
    ) -> tuple[QuerySet[PaymentAuthorization], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = ids_starting_with(term) | Q(reference=term.lower()) | Q(gateway_reference=term)
        return queryset.filter(found), False

    def get_readonly_fields(self, _request: HttpRequest, _obj: PaymentAuthorization | None = None) -> list[str]:
        return [name for _, options in self.fieldsets for name in options["fields"]]

    @display(description="State", ordering="state", label={NAMES[s]: color for s, color in BADGES.items()})
    def state_badge(self, row: PaymentAuthorization) -> str:
        return str(NAMES[State(row.state)])

    @display(description="Waiting for")
    def awaited(self, row: PaymentAuthorization) -> str:
        if is_stuck(row):
            return f"People: the gateway was asked {row.attempts} times and does not finish."
        if row.state == State.RESERVED and row.failure_code:
            return f"People: the gateway refused ({row.failure_code}); the money is still held."
        return AWAITED.get(State(row.state), "Nobody: this is over.")

    @display(description="Reserve", ordering="amount")
    def amount_text(self, row: PaymentAuthorization) -> str:
        return amount(row.amount, row.currency)

    @display(description="To capture")
    def asked_text(self, row: PaymentAuthorization) -> str:
        return amount(row.capture_amount, row.currency)

    @display(description="Captured", ordering="captured_amount")
    def captured_text(self, row: PaymentAuthorization) -> str:
        return amount(row.captured_amount or None, row.currency)

    @display(description="Given back")
    def refunded_text(self, row: PaymentAuthorization) -> str:
        done = amount(row.refunded_amount or None, row.currency)
        return f"{done}; {amount(row.refund_amount, row.currency)} is under way" if row.refund_amount else done

    @display(description="Driver pays")
    def kept_text(self, row: PaymentAuthorization) -> str:
        """Captured less given back."""
        return amount(row.kept_amount if row.captured_amount else None, row.currency)
