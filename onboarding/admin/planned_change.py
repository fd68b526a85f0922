"""What CPOs are told on their pages before it changes."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from onboarding.models import PlannedChange
from partners.admin.kit.pages import SupportAdmin
from partners.admin.kit.showing import partner_link


@admin.register(PlannedChange)
class PlannedChangeAdmin(SupportAdmin):
    """Shown on the pages of those whom it concerns, until it is over."""

    list_display = ("title", "told_to", "starts_at", "ends_at")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("title", "text", "partner__name")
    search_help_text = "Title, text or partner"
    fields = ("title", "text", "partner", "starts_at", "ends_at")
    empty_title = "Nothing is planned"
    empty_text = "What you add here stands on the pages of all CPOs, or of one, until it is over."

    @admin.display(description="told to", ordering="partner__name")
    def told_to(self, row: PlannedChange) -> SafeString | str:
        return partner_link(row) if row.partner else "everybody"
