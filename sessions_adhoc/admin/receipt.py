"""Receipts and credit notes: found by number, and shown as the driver sees them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from billing.admin.amounts import amount
from billing.models import Receipt
from billing.receipts.looking import look_of
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import SUCCESS, WARNING, anchor, at, lines, link, nowrap, partner_link, url_of
from sessions_adhoc.models import AdHocSession


@admin.register(Receipt)
class ReceiptAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first. A number that is not here was never given."""

    list_display = ("number", "kind", "shown_total", "shown_partner", "shown_session", "issued")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
        ("issued_at", RangeDateTimeFilter),
    )
    quick_filters = (("All", ""), ("Receipts", "kind__exact=receipt"), ("Credit notes", "kind__exact=credit_note"))
    list_select_related = ("partner",)
    moment = "issued_at"
    search_fields = ("number",)
    search_help_text = "The whole number, for example SFP-2026-000001, or the ad-hoc session's ID"
    ordering = ("-issued_at",)
    readonly_fields = (
        "number",
        "kind",
        "shown_total",
        "issued",
        "shown_corrects",
        "shown_notes",
        "shown_partner",
        "shown_session",
        "shown_lines",
        "shown_vat",
        "shown_pages",
    )
    fields = readonly_fields
    empty_title = "No receipt yet"
    empty_text = "One is issued when a session is settled with something to pay."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        by_number = queryset.filter(number__iexact=term) if not term.isupper() else queryset.filter(number=term)
        return (by_number if "-" in term and len(term) <= 32 else queryset.filter(reference=term.lower())), False

    def standing(self, row: Receipt) -> Standing:
        if row.corrects:
            return Standing("Credit note", f"It takes back a part of {row.corrects.number}, or all of it.", SUCCESS)
        back = sum(note.total for note in row.credit_notes.all())
        if back:
            text = f"{amount(-back, row.currency)} of it was taken back by credit notes."
            return Standing("Corrected", text, WARNING)
        return Standing("Stands", "It is what the driver paid.", SUCCESS)

    @admin.display(description="total")
    def shown_total(self, row: Receipt) -> SafeString:
        return nowrap(amount(row.total, row.currency))

    @admin.display(description="issued")
    def issued(self, row: Receipt) -> SafeString | str:
        return at(row.issued_at)

    @admin.display(description="corrects")
    def shown_corrects(self, row: Receipt) -> SafeString | str:
        return link(row.corrects)

    @admin.display(description="credit notes")
    def shown_notes(self, row: Receipt) -> SafeString | str:
        return lines(link(note) for note in row.credit_notes.order_by("ordinal"))

    @admin.display(description="partner")
    def shown_partner(self, row: Receipt) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="session")
    def shown_session(self, row: Receipt) -> SafeString:
        return anchor(url_of(AdHocSession, row.reference), row.reference[:8])

    @admin.display(description="lines")
    def shown_lines(self, row: Receipt) -> SafeString | str:
        return lines(" · ".join(filter(None, line)) for line in look_of(row).lines)

    @admin.display(description="VAT")
    def shown_vat(self, row: Receipt) -> SafeString | str:
        return lines(f"{rate}: {net} + {vat} = {gross}" for rate, net, vat, gross in look_of(row).vat)

    @admin.display(description="as the driver sees it")
    def shown_pages(self, row: Receipt) -> SafeString | str:
        pages = (("Page", "driver:receipt"), ("PDF", "driver:receipt-pdf"))
        return lines(anchor(reverse(name, args=[row.pk]), title) for title, name in pages)
