"""The simulated gateway's own books, to hold against what we believe."""

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from billing.admin.readonly import ReadOnlyMixin, amount
from billing.models import SimulatedCharge, SimulatedOperation


class SimulatedOperationInline(ReadOnlyMixin, TabularInline):
    """Every request that reached the simulated gateway for this charge."""

    model = SimulatedOperation
    verbose_name_plural = "Requests"
    fields = ["created_at", "verb", "outcome", "code", "message", "calls", "ready_at", "key"]
    readonly_fields = fields
    extra = 0
    show_change_link = False


@admin.register(SimulatedCharge)
class SimulatedChargeAdmin(ReadOnlyMixin, ModelAdmin):
    """One line per reservation at the simulated gateway."""

    list_display = ["id", "reference", "status_badge", "reserved", "captured", "released", "created_at"]
    list_filter = ["status"]
    paginator = InfinitePaginator
    sortable_by = ()
    search_fields = ["reference"]
    search_help_text = "The charge's id, or the session's"
    ordering = ["-created_at"]
    show_full_result_count = False
    inlines = [SimulatedOperationInline]
    fields = [
        "id",
        "reference",
        "payment_method",
        "status_badge",
        "reserved",
        "captured",
        "released",
        "expires_at",
        "created_at",
    ]
    readonly_fields = fields

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SimulatedCharge], search_term: str
    ) -> tuple[QuerySet[SimulatedCharge], bool]:
        """By what has an index."""
        term = search_term.strip()
        return (queryset.filter(Q(pk=term) | Q(reference=term)) if term else queryset), False

    @display(
        description="Status",
        ordering="status",
        label={
            "Pending": "warning",
            "Reserved": "primary",
            "Captured": "success",
            "Released": "info",
            "Declined": "danger",
            "Expired": "danger",
        },
    )
    def status_badge(self, charge: SimulatedCharge) -> str:
        return charge.get_status_display()

    @display(description="Reserved", ordering="amount")
    def reserved(self, charge: SimulatedCharge) -> str:
        return amount(charge.amount, charge.currency)

    @display(description="Captured", ordering="captured_amount")
    def captured(self, charge: SimulatedCharge) -> str:
        return amount(charge.captured_amount or None, charge.currency)

    @display(description="Released", ordering="released_amount")
    def released(self, charge: SimulatedCharge) -> str:
        return amount(charge.released_amount or None, charge.currency)
