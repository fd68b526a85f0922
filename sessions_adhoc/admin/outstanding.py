"""Claims and receivables: what CDRs ask for beyond what drivers paid (rules 32, 33)."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from billing import outstanding
from billing.admin.amounts import amount
from billing.models import OutstandingAmount, PaymentAuthorization
from partners.admin.kit.actions import DANGER as DANGEROUS
from partners.admin.kit.actions import PageAction, Refused
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.reasons import ReasonForm
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, badge, link, nowrap, partner_link
from sessions_adhoc import staff

State = OutstandingAmount.State
SETTLE = "billing.settle_outstanding"


def settle(request: HttpRequest, row: OutstandingAmount, data: dict[str, Any]) -> str:
    return _close(request, row, State.SETTLED, data)


def write_off(request: HttpRequest, row: OutstandingAmount, data: dict[str, Any]) -> str:
    return _close(request, row, State.WRITTEN_OFF, data)


def _close(request: HttpRequest, row: OutstandingAmount, state: str, data: dict[str, Any]) -> str:
    try:
        staff.close_outstanding(row.pk, state, request.user.get_username(), data["reason"])
    except (outstanding.AlreadyClosed, staff.NotPossible) as refused:
        raise Refused(str(refused)) from refused
    return f"{State(state).label}: {data['reason'].strip()}"


def _in_words(one: dict[str, Any]) -> str:
    """One of the totals: `claims open: 36.98 EUR (2)`."""
    total = amount(one["total"], one["currency"])
    return f"{one['kind']}s {State(one['state']).label.lower()}: {total} ({one['count']})"


def is_open(row: OutstandingAmount) -> bool:
    return row.state == State.OPEN


@admin.register(OutstandingAmount)
class OutstandingAmountAdmin(ReadOnlyAdmin):
    """Newest first. A month is a filter on `created`; the totals above the list are of what it shows."""

    list_display = (
        "shown_kind",
        "shown_state",
        "shown_amount",
        "shown_partner",
        "shown_cdr",
        "shown_payment",
        "opened",
    )
    list_filter = (
        ("partner", RelatedDropdownFilter),
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    )
    quick_filters = (
        ("All", ""),
        ("Open", "state__exact=open"),
        ("Paid", "state__exact=collected"),
        ("Written off", "state__exact=written_off"),
    )
    list_select_related = ("partner", "cdr", "authorization")
    date_hierarchy = "created_at"
    search_fields = ("authorization__reference", "cdr__ocpi_id")
    search_help_text = "Ad-hoc session, or CDR ID"
    readonly_fields = (
        *("shown_kind", "shown_amount", "shown_collected", "shown_partner", "shown_cdr", "shown_payment"),
        *("closed_by", "note"),
    )
    fields = readonly_fields
    empty_title = "Nothing is outstanding"
    empty_text = "A row appears when a CDR asks for more than the price shown to the driver, or than was reserved."
    page_actions = (
        PageAction(
            "settle",
            "Settle",
            SETTLE,
            "It was paid elsewhere, or agreed on with the CPO. The driver is not charged, and can pay it no more.",
            settle,
            icon="task_alt",
            form=ReasonForm,
            possible=is_open,
        ),
        PageAction(
            "write-off",
            "Write off",
            SETTLE,
            "Nobody will pay it. The driver is not charged, and can pay it no more.",
            write_off,
            icon="block",
            tone=DANGEROUS,
            form=ReasonForm,
            possible=is_open,
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """With the totals of what the list shows, by kind, state and currency."""
        answer = super().changelist_view(request, extra_context)
        context = getattr(answer, "context_data", None)
        if context and "cl" in context:
            context["subtitle"] = self.totals(context["cl"].queryset)
        return answer

    def totals(self, rows: Any) -> str:
        sums = rows.order_by().values("kind", "state", "currency").annotate(total=Sum("amount"), count=Count("pk"))
        return "; ".join(_in_words(one) for one in sums.order_by("kind", "state", "currency"))

    def standing(self, row: OutstandingAmount) -> Standing:
        if row.state == State.OPEN:
            about = "is between us and the CPO: the driver paid the price that was shown"
            if row.kind == OutstandingAmount.Kind.RECEIVABLE:
                about = (
                    "is what the driver's reservation did not cover. Nothing takes it by itself; the driver may pay it"
                )
            text = f"{amount(row.left, row.currency)} {about}."
            return Standing("Open", text, WARNING, "Settle it, or write it off, with a note.", since=row.created_at)
        if row.state == State.COLLECTED:
            text = f"The driver paid {amount(row.collected, row.currency)} of it afterwards."
            return Standing(row.get_state_display(), text, SUCCESS, since=row.closed_at)
        by = f" by {row.closed_by}" if row.closed_by else ""
        return Standing(row.get_state_display(), f"Closed{by}: {row.note}", NEUTRAL, since=row.closed_at)

    @admin.display(description="kind", ordering="kind")
    def shown_kind(self, row: OutstandingAmount) -> str:
        return row.get_kind_display()

    @admin.display(description="state", ordering="state")
    def shown_state(self, row: OutstandingAmount) -> SafeString:
        return badge(row.get_state_display(), WARNING if row.state == State.OPEN else NEUTRAL)

    @admin.display(description="amount", ordering="amount")
    def shown_amount(self, row: OutstandingAmount) -> SafeString:
        return nowrap(amount(row.amount, row.currency))

    @admin.display(description="paid by the driver since")
    def shown_collected(self, row: OutstandingAmount) -> SafeString | str:
        """How much, and with which payment."""
        if not row.collected:
            return "-"
        payments = PaymentAuthorization.objects.filter(main=row.authorization_id, collects=row).order_by("created_at")
        links = [link(payment, payment.gateway_reference or "Payment") for payment in payments]
        return format_html(
            "{} {}", amount(row.collected, row.currency), format_html_join(", ", "{}", ((one,) for one in links))
        )

    @admin.display(description="partner")
    def shown_partner(self, row: OutstandingAmount) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="CDR")
    def shown_cdr(self, row: OutstandingAmount) -> SafeString | str:
        return link(row.cdr, row.cdr.ocpi_id)

    @admin.display(description="payment")
    def shown_payment(self, row: OutstandingAmount) -> SafeString | str:
        return link(row.authorization, row.authorization.reference[:8])

    @admin.display(description="created", ordering="created_at")
    def opened(self, row: OutstandingAmount) -> SafeString | str:
        return ago(row.created_at)
