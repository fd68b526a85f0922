"""How partners depart from the specification, and the parties that hubs speak for."""

from django.contrib import admin
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import RelatedDropdownFilter

from ocpi.models import ClientInfo, Message, PartnerQuirk
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import (
    NEUTRAL,
    SUCCESS,
    WARNING,
    ago,
    anchor,
    badge,
    json_block,
    list_url,
    partner_link,
    url_of,
)


@admin.register(PartnerQuirk)
class PartnerQuirkAdmin(ReadOnlyAdmin):
    """What had to be overlooked in a partner's messages, counted."""

    list_display = ("kind", "module", "version", "shown_partner", "count", "seen", "example")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    ordering = ("-last_seen",)
    search_fields = ("kind", "module", "partner__name")
    search_help_text = "Kind, module or partner"
    fieldsets = (
        ("Quirk", {"fields": (("kind", "shown_partner"), ("module", "version"), "example")}),
        ("Seen", {"fields": (("count", "first_seen", "last_seen"), "shown_message", "shown_messages")}),
    )
    readonly_fields = ("shown_partner", "shown_message", "shown_messages")
    empty_title = "No quirks yet"
    empty_text = "A partner whose messages break the specification in a way that can be overlooked appears here."

    def standing(self, row: PartnerQuirk) -> Standing:
        count = f"{row.count} message{'s'[: row.count != 1]}"
        text = f"{count} of {row.partner.name} needed it, and could be read all the same."
        return Standing("Overlooked", text, WARNING, "Tell the partner: other peers will not be so patient.")

    @admin.display(description="partner")
    def shown_partner(self, row: PartnerQuirk) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="last seen", ordering="last_seen")
    def seen(self, row: PartnerQuirk) -> SafeString | str:
        return ago(row.last_seen)

    @admin.display(description="the last of them")
    def shown_message(self, row: PartnerQuirk) -> SafeString | str:
        number = row.last_message_id
        return anchor(url_of(Message, number), f"Message {number}") if number else "not kept"

    @admin.display(description="all of them")
    def shown_messages(self, row: PartnerQuirk) -> SafeString | str:
        return anchor(list_url(Message, partner__id__exact=row.partner_id, outcome="odd"), "Leniently read messages")


@admin.register(ClientInfo)
class ClientInfoAdmin(ReadOnlyAdmin):
    """A hub may speak for these, and nobody else on its word."""

    list_display = ("party", "role", "shown_status", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter),)
    list_select_related = ("partner",)
    search_fields = ("party_id", "partner__name")
    search_help_text = "Party ID or hub"
    fields = (("country_code", "party_id", "role"), ("shown_partner", "version"), "last_updated", "shown_raw")
    readonly_fields = ("shown_partner", "shown_raw")
    empty_title = "No parties behind hubs yet"
    empty_text = "A hub names them with hubclientinfo. Pull that module of a hub to read them now."

    def standing(self, row: ClientInfo) -> Standing:
        tone = SUCCESS if row.status == ClientInfo.Status.CONNECTED else WARNING
        return Standing(row.status, f"As {row.partner.name} last said.", tone, since=row.last_updated)

    @admin.display(description="party")
    def party(self, row: ClientInfo) -> str:
        return f"{row.country_code}*{row.party_id}"

    @admin.display(description="status")
    def shown_status(self, row: ClientInfo) -> SafeString:
        return badge(row.status, SUCCESS if row.status == ClientInfo.Status.CONNECTED else NEUTRAL)

    @admin.display(description="hub")
    def shown_partner(self, row: ClientInfo) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="last updated")
    def updated(self, row: ClientInfo) -> SafeString | str:
        return ago(row.last_updated)

    @admin.display(description="as received")
    def shown_raw(self, row: ClientInfo) -> SafeString | str:
        return json_block(row.raw, "JSON")
