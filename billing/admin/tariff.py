"""Tariffs, each in one sentence."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from billing.admin.tariff_calculator import calculator
from billing.pricing import NOT_READABLE, describe
from billing.stored import tariff_of
from ocpi.admin.mirrored import MirroredAdmin
from ocpi.models import Tariff
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, NEUTRAL, SUCCESS, ago, badge


class DeletedFilter(DropdownFilter):
    """In use, or deleted by the partner."""

    title = "state"
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("no", "In use"), ("yes", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Tariff]) -> QuerySet[Tariff]:
        if self.value() in ("yes", "no"):
            return queryset.filter(deleted_at__isnull=self.value() == "no")
        return queryset


def in_words(tariff: Tariff) -> str:
    """The tariff as a driver reads it, before the VAT of the place; with what we do not understand, where there is."""
    read = tariff_of(tariff)
    if read is None or read.unreadable:
        return f"{NOT_READABLE}{': ' + ', '.join(read.unreadable) if read else ''}"
    return describe(read)


@admin.register(Tariff)
class TariffAdmin(MirroredAdmin):
    """The partners' price lists."""

    list_display = ("ocpi_id", "sentence", "currency", "shown_partner", "updated", "shown_state")
    list_filter = (("partner", RelatedDropdownFilter), DeletedFilter)
    change_form_template = "admin/ocpi/tariff/page.html"
    search_fields = ("ocpi_key__startswith", "partner__name__istartswith")
    search_help_text = "Tariff ID or partner"
    empty_title = "No tariffs yet"
    empty_text = "Tariffs are optional for partners. To read them now, press “Sync tariffs” on the partner's page."

    def standing(self, row: Tariff) -> Standing:
        if row.deleted_at:
            text = "The partner deleted it. It is kept for open sessions and old CDRs."
            return Standing("Deleted", text, NEUTRAL, since=row.deleted_at)
        words = in_words(row)
        if words.startswith(NOT_READABLE):
            advice = "Send the partner the message that it came with."
            return Standing("Unreadable", "Drivers see no price at its connectors.", DANGER, advice)
        return Standing("In use", f"{capfirst(words)}.", SUCCESS)

    def panels(self, request: HttpRequest, row: Tariff) -> dict[str, Any]:
        return {
            "calculator": calculator(row, request.GET),
            "facts": {
                "Tariff ID": row.ocpi_id,
                "Partner": self.shown_partner(row),
                "Party": self.party(row),
                "Currency": row.currency,
                "Last updated": ago(row.last_updated),
                "Traffic": self.shown_messages(row),
            },
            "raw": self.shown_raw(row),
        }

    @admin.display(description="in words")
    def sentence(self, row: Tariff) -> str:
        return in_words(row)

    @admin.display(description="state", ordering="deleted_at")
    def shown_state(self, row: Tariff) -> SafeString:
        return badge("deleted") if row.deleted_at else badge("in use", SUCCESS)
