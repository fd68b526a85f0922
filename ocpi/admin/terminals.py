"""Payments (OCPI 2.3.0): our terminals at CPOs, and what was really captured there."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter

from ocpi.admin.outgoing import FILTERS, SENDING, OutgoingAdmin
from ocpi.models import FinancialAdvice, Terminal, TerminalRequest
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import INFO, NEUTRAL, SUCCESS, ago, json_block, lines, link, partner_link, state_badge

State = Terminal.State


@admin.register(Terminal)
class TerminalAdmin(ReadOnlyAdmin):
    """The CPO says which locations and EVSEs each serves."""

    list_display = ("terminal_id", "shown_state", "serves", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter), ("state", ChoicesDropdownFilter))
    list_select_related = ("partner",)
    search_fields = ("terminal_id__iexact",)
    search_help_text = "Terminal ID"
    fieldsets = (
        ("Terminal", {"fields": (("terminal_id", "shown_partner"), ("version", "last_updated"))}),
        ("Where", {"fields": ("location_ids", "evse_uids")}),
        ("As OCPI has it", {"fields": ("shown_raw", "requests")}),
    )
    readonly_fields = ("shown_partner", "shown_raw", "requests")
    empty_title = "No payment terminals yet"
    empty_text = "They appear when a partner that speaks OCPI 2.3.0 with payments activates one."

    def standing(self, row: Terminal) -> Standing:
        if row.state == State.ACTIVE:
            return Standing("Active", f"It serves {self.serves(row)}.", SUCCESS)
        if row.state == State.REQUESTED:
            return Standing("Requested", f"Waiting for {row.partner.name} to take it.", INFO)
        return Standing("Deactivated", "Nobody can pay there.", NEUTRAL)

    @admin.display(description="state")
    def shown_state(self, row: Terminal) -> SafeString:
        return state_badge(row)

    @admin.display(description="serves")
    def serves(self, row: Terminal) -> str:
        locations, evses = len(row.location_ids), len(row.evse_uids)
        return f"{locations} location{'s'[: locations != 1]}, {evses} EVSE{'s'[: evses != 1]}"

    @admin.display(description="partner")
    def shown_partner(self, row: Terminal) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="last updated")
    def updated(self, row: Terminal) -> SafeString | str:
        return ago(row.last_updated)

    @admin.display(description="terminal")
    def shown_raw(self, row: Terminal) -> SafeString | str:
        return json_block(row.raw, "JSON")

    @admin.display(description="our requests")
    def requests(self, row: Terminal) -> SafeString | str:
        return lines(link(request) for request in row.requests.all()[:20])


@admin.register(TerminalRequest)
class TerminalRequestAdmin(OutgoingAdmin):
    """Making a terminal known in the CPO's system; sent until it has it."""

    list_display = ("terminal", "shown_state", "shown_response", "shown_partner", "created")
    list_select_related = ("partner", "terminal")
    search_fields = ("terminal__terminal_id__iexact",)
    search_help_text = "Terminal ID"
    fieldsets = (
        ("Request", {"fields": (("shown_terminal", "shown_partner"), "shown_request")}),
        ("Answer", {"fields": ("shown_response", "failure")}),
        SENDING,
    )
    readonly_fields = (*OutgoingAdmin.readonly_fields, "shown_terminal")
    empty_title = "No terminal requests yet"
    empty_text = "One is made when a terminal of ours is to be known at a CPO."

    @admin.display(description="terminal")
    def shown_terminal(self, row: TerminalRequest) -> SafeString | str:
        return link(row.terminal)


@admin.register(FinancialAdvice)
class FinancialAdviceAdmin(OutgoingAdmin):
    """One per authorization; a correction updates it. Sent until the CPO has it."""

    list_display = ("authorization_reference", "shown_state", "shown_response", "shown_partner", "created")
    list_filter = FILTERS
    search_fields = ("authorization_reference__iexact",)
    search_help_text = "Authorization reference"
    fieldsets = (
        ("Confirmation", {"fields": (("authorization_reference", "shown_partner"), "advice_id", "shown_raw")}),
        ("Answer", {"fields": ("shown_response", "failure")}),
        SENDING,
    )
    readonly_fields = (*OutgoingAdmin.readonly_fields, "shown_raw")
    empty_title = "No payment confirmations yet"
    empty_text = "One is sent for each session that was paid at a terminal, once the money was captured."

    @admin.display(description="confirmation")
    def shown_raw(self, row: FinancialAdvice) -> SafeString | str:
        return json_block(row.raw, "JSON", is_open=True)
