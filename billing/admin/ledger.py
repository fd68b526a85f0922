"""The ledger, to be read: transactions with their entries."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter

from billing.admin.amounts import amount
from billing.models import LedgerEntry, LedgerTransaction
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin
from partners.admin.kit.showing import at, code, lines, link, partner_link


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(HugeMixin, ReadOnlyAdmin):
    """Newest first, by when it happened. Nothing here can be changed, by anybody."""

    list_display = ("shown_key", "kind", "happened", "entries_in_words", "shown_partner")
    list_filter = (
        ("kind", ChoicesDropdownFilter),
        ("partner", RelatedDropdownFilter),
        ("at", RangeDateTimeFilter),
    )
    moment = "at"
    search_fields = ("key",)
    search_help_text = "The whole key, for example receipt:SFP-2026-000001"
    ordering = ("-at", "-id")
    readonly_fields = (
        "shown_key",
        "kind",
        "happened",
        "posted",
        "text",
        "shown_partner",
        "shown_payment",
        "entries_in_words",
    )
    fields = readonly_fields
    empty_title = "Nothing was posted yet"
    empty_text = "The worker posts what happens to money within seconds."

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("authorization", "partner").prefetch_related("entries")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """By the key, which has an index."""
        return (queryset.filter(key=search_term.strip()) if search_term.strip() else queryset), False

    @admin.display(description="key")
    def shown_key(self, row: LedgerTransaction) -> SafeString | str:
        return code(row.key)

    @admin.display(description="happened")
    def happened(self, row: LedgerTransaction) -> SafeString | str:
        return at(row.at)

    @admin.display(description="posted")
    def posted(self, row: LedgerTransaction) -> SafeString | str:
        return at(row.posted_at)

    @admin.display(description="entries")
    def entries_in_words(self, row: LedgerTransaction) -> SafeString | str:
        return lines(_entry(entry) for entry in row.entries.all())

    @admin.display(description="partner")
    def shown_partner(self, row: LedgerTransaction) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="payment")
    def shown_payment(self, row: LedgerTransaction) -> SafeString | str:
        return link(row.authorization, row.authorization.reference[:8]) if row.authorization else "-"


def _entry(entry: LedgerEntry) -> str:
    place = f" {entry.country} {entry.rate.normalize():f} %" if entry.rate is not None else ""
    return f"{entry.get_account_display()}{place}: {amount(entry.amount, entry.currency)}"
