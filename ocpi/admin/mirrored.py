"""What the pages of mirrored objects share: whose it is, when it changed, and the JSON as received."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from ocpi.models import Message
from partners.admin.kit.pages import ReadOnlyAdmin
from partners.admin.kit.showing import NOTHING, ago, anchor, code, json_block, list_url, partner_link


def kilowatt_hours(value: Decimal | None) -> str:
    """`11.58 kWh`, or a dash."""
    return NOTHING if value is None else f"{value:.2f} kWh"


class MirroredAdmin(ReadOnlyAdmin):
    """A copy of a partner's object."""

    list_select_related: tuple[str, ...] = ("partner",)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Any) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="party")
    def party(self, row: Any) -> SafeString | str:
        return code(f"{row.country_code}*{row.party_id}")

    @admin.display(description="last updated", ordering="last_updated")
    def updated(self, row: Any) -> SafeString | str:
        return ago(row.last_updated)

    @admin.display(description="as received")
    def shown_raw(self, row: Any) -> SafeString | str:
        return json_block(row.raw, f"JSON in the form of OCPI {row.version}")

    @admin.display(description="messages")
    def shown_messages(self, row: Any) -> SafeString | str:
        return anchor(list_url(Message, q=row.ocpi_id, partner__id__exact=row.partner_id), "Messages that name it")
