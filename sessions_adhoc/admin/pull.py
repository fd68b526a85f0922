"""Fallback pulls: GET /sessions and GET /cdrs that sessions wait for."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import DANGER, INFO, SUCCESS, ago, badge, countdown, partner_link
from sessions_adhoc.models import FallbackPull


@admin.register(FallbackPull)
class FallbackPullAdmin(ReadOnlyAdmin):
    """One per partner and module, shared by all sessions that wait for it."""

    list_display = ("shown_partner", "module", "shown_state", "due", "last_ok", "last_error")
    list_display_links = ("module",)
    list_filter = (("partner", RelatedDropdownFilter), ("module", ChoicesDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("partner__name", "last_error")
    search_help_text = "Partner or error"
    fields = ("shown_partner", "module", "date_from", "next_check_at", "last_ok_at", "last_error")
    readonly_fields = ("shown_partner",)
    empty_title = "No fallback pulls yet"
    empty_text = "When a CPO does not push in time, we ask with GET /sessions or GET /cdrs."

    def standing(self, row: FallbackPull) -> Standing:
        if row.last_error:
            advice = "Look at the exchange in the message log and tell the CPO."
            return Standing("Failing", row.last_error, DANGER, advice, next_at=row.next_check_at, next_text="next try")
        if row.next_check_at:
            return Standing("Due", "A session waits for it.", INFO, next_at=row.next_check_at, next_text="next try")
        return Standing("Idle", "No session waits for it.", SUCCESS)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: FallbackPull) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="state")
    def shown_state(self, row: FallbackPull) -> SafeString:
        if row.last_error:
            return badge("Failing", DANGER)
        return badge("Due", INFO) if row.next_check_at else badge("Idle")

    @admin.display(description="next", ordering="next_check_at")
    def due(self, row: FallbackPull) -> SafeString | str:
        return countdown(row.next_check_at)

    @admin.display(description="last success", ordering="last_ok_at")
    def last_ok(self, row: FallbackPull) -> SafeString | str:
        return ago(row.last_ok_at)
