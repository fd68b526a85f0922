"""EVSEs: the status that decides sessions, and the driver's page."""

from typing import Any

import segno
from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, RelatedDropdownFilter

from ocpi.admin import statuses
from ocpi.models import Evse, Message
from partners.admin.pages import ReadOnlyAdmin, Standing
from partners.admin.showing import ago, anchor, json_block, link, list_url, partner_link
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.pages import charger
from sessions_adhoc.services import OUT_OF_SERVICE
from sessions_adhoc.states import TERMINAL


def qr_code(url: str) -> SafeString:
    """The address as a picture to put on a sticker."""
    return SafeString(segno.make_qr(url, error="m").svg_inline(scale=4, border=2))


@admin.register(Evse)
class EvseAdmin(ReadOnlyAdmin):
    """Charging positions."""

    change_form_template = "admin/ocpi/evse/page.html"
    list_display = ("shown_id", "uid", "shown_status", "shown_location", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter), ("status", AllValuesCheckboxFilter))
    list_select_related = ("partner", "location")
    search_fields = ("evse_id", "uid", "location__name", "location__ocpi_id", "location__city")
    search_help_text = "EVSE ID, UID, location or city"
    empty_title = "No EVSEs yet"
    empty_text = "They come with locations: press “Sync locations” on the partner's page."

    def standing(self, row: Evse) -> Standing:
        tone = statuses.EVSE.get(row.status, "neutral")
        if row.status in OUT_OF_SERVICE:
            text = "Waiting for the CPO: drivers cannot start here while it says so."
            return Standing(row.status, text, tone, since=row.last_updated)
        text = "Drivers can start here. The status is what the partner last said."
        return Standing(row.status, text, tone, since=row.last_updated)

    def panels(self, request: HttpRequest, row: Evse) -> dict[str, Any]:
        live = AdHocSession.objects.filter(evse=row).exclude(state__in=TERMINAL)
        return {
            "facts": {
                "EVSE ID": row.evse_id or "none sent",
                "UID": row.uid,
                "Location": link(row.location, row.location.name or row.location.ocpi_id),
                "Partner": link(row.partner),
                "Status received": row.status_received or row.status,
                "Last updated": ago(row.last_updated),
                "Traffic": anchor(
                    list_url(Message, q=row.uid, partner__id__exact=row.partner_id), "Messages that name it"
                ),
                "Ad-hoc sessions": anchor(
                    list_url(AdHocSession, q=row.evse_id or row.uid), f"{live.count()} live, see all"
                ),
            },
            "connectors": row.connectors.all(),
            "driver_url": charger.public_url(row),
            "qr": qr_code(charger.public_url(row)),
            "raw": json_block(row.raw),
        }

    @admin.display(description="EVSE ID", ordering="evse_id")
    def shown_id(self, row: Evse) -> str:
        return row.evse_id or row.uid

    @admin.display(description="status", ordering="status")
    def shown_status(self, row: Evse) -> SafeString:
        return statuses.evse_badge(row)

    @admin.display(description="location", ordering="location__name")
    def shown_location(self, row: Evse) -> SafeString | str:
        return link(row.location, row.location.name or row.location.ocpi_id)

    @admin.display(description="partner", ordering="partner__name")
    def shown_partner(self, row: Evse) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="last updated", ordering="last_updated")
    def updated(self, row: Evse) -> SafeString | str:
        return ago(row.last_updated)
