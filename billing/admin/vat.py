"""Rates of VAT, to be looked up and amended by finance (rule 34)."""

from django.contrib import admin

from billing.models import VatRate
from partners.admin.kit.pages import SupportAdmin


@admin.register(VatRate)
class VatRateAdmin(SupportAdmin):
    """The standard rate of each country, from a day on until a later row. What was shown to a driver stays."""

    list_display = ("country", "percent", "valid_from", "note")
    list_filter = ("country",)
    search_fields = ("country",)
    search_help_text = "Country, two letters"
    ordering = ("country", "-valid_from")
    fields = (("country", "percent"), "valid_from", "note")
    empty_title = "No rates"
    empty_text = "They are filled in with each migration. Add one for a country that is missing, or for a day to come."
