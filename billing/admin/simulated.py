"""The simulated gateway's own books, to hold against what we believe."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from billing.admin.amounts import amount
from billing.models import PaymentAuthorization, SimulatedCharge
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import INFO, NEUTRAL, SUCCESS, WARNING, ago, at, badge, code, link, nowrap

Status = SimulatedCharge.Status
TONES = {
    Status.PENDING: INFO,
    Status.RESERVED: INFO,
    Status.CAPTURED: SUCCESS,
    Status.RELEASED: NEUTRAL,
    Status.DECLINED: WARNING,
    Status.EXPIRED: WARNING,
}


@admin.register(SimulatedCharge)
class SimulatedChargeAdmin(HugeMixin, ReadOnlyAdmin):
    """One line per reservation at the simulated gateway."""

    change_form_template = "admin/billing/simulatedcharge/page.html"
    list_display = ("shown_id", "shown_status", "reserved", "captured", "released", "shown_reference", "created")
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("reference",)
    search_help_text = "The charge's ID, or the session's"
    ordering = ("-created_at",)
    empty_title = "Nothing was asked of the simulated gateway"
    empty_text = "It stands in for a real one where PAYMENT_GATEWAY is “simulated”. No real money moves."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SimulatedCharge], search_term: str
    ) -> tuple[QuerySet[SimulatedCharge], bool]:
        """By what has an index."""
        term = search_term.strip()
        return (queryset.filter(Q(pk=term) | Q(reference=term)) if term else queryset), False

    def standing(self, row: SimulatedCharge) -> Standing:
        held = amount(row.held_amount, row.currency)
        text = f"The simulated gateway holds {held} of the driver's money. No real money moves."
        return Standing(str(row.get_status_display()), text, TONES[Status(row.status)])

    def panels(self, request: HttpRequest, row: SimulatedCharge) -> dict[str, Any]:
        payment = PaymentAuthorization.objects.filter(gateway_reference=row.pk).first()
        return {
            "facts": {
                "Charge": code(row.pk),
                "Our payment": link(payment) if payment else "none that names it",
                "Payment method": code(row.payment_method),
                "Reserved": amount(row.amount, row.currency),
                "Captured": amount(row.captured_amount or None, row.currency),
                "Released": amount(row.released_amount or None, row.currency),
                "Given back": amount(row.refunded_amount or None, row.currency),
                "Expires": at(row.expires_at),
                "Created": at(row.created_at),
            },
            "operations": row.operations.all(),
        }

    @admin.display(description="ID")
    def shown_id(self, row: SimulatedCharge) -> str:
        return str(row.pk)

    @admin.display(description="status")
    def shown_status(self, row: SimulatedCharge) -> SafeString:
        return badge(row.get_status_display(), TONES[Status(row.status)])

    @admin.display(description="reserved")
    def reserved(self, row: SimulatedCharge) -> SafeString:
        return nowrap(amount(row.amount, row.currency))

    @admin.display(description="captured")
    def captured(self, row: SimulatedCharge) -> SafeString:
        return nowrap(amount(row.captured_amount or None, row.currency))

    @admin.display(description="released")
    def released(self, row: SimulatedCharge) -> SafeString:
        return nowrap(amount(row.released_amount or None, row.currency))

    @admin.display(description="session")
    def shown_reference(self, row: SimulatedCharge) -> SafeString | str:
        return code(row.reference)

    @admin.display(description="created")
    def created(self, row: SimulatedCharge) -> SafeString | str:
        return ago(row.created_at)
