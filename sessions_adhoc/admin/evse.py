"""EVSEs: the status that decides sessions, and the driver's page."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from ocpi.admin import statuses
from ocpi.admin.console_actions import ON_EVSE
from ocpi.charger_codes import group, plain
from ocpi.models import Evse, Location, Message
from ocpi.versions.enums import EvseStatus
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import ReadOnlyAdmin, Standing
from partners.admin.kit.showing import WARNING, ago, anchor, code, json_block, link, list_url, partner_link
from partners.agreed.policies import effective_policy
from partners.models import Partner
from sessions_adhoc.admin.display import display_words
from sessions_adhoc.admin.policy import in_words
from sessions_adhoc.admin.price_here import prices_at
from sessions_adhoc.driver.pages import charger
from sessions_adhoc.driver.refusals import OUT_OF_SERVICE
from sessions_adhoc.driver.stickers import write_stickers
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL

MOST_PLACES = 50
# Such a status may be out of date, so a driver may try all the same: the CPO has the last word.
TAKEN = {
    "CHARGING": "A car charges here. If it is a driver of ours, nobody else can start; if not, another driver is let "
    "try, and the CPO decides.",
    "BLOCKED": "A cable is plugged in, or the place is blocked. Drivers can start here.",
    "RESERVED": "It is reserved for somebody. Another driver is let try, and the CPO decides.",
}


def qr_code(url: str) -> SafeString:
    """The address as a picture to put on a sticker."""
    import segno

    return SafeString(segno.make_qr(url, error="m").svg_inline(scale=4, border=2))


class StatusFilter(DropdownFilter):
    """One status. A fixed list: asking the table for its statuses would read all of it."""

    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(status.value, status.value) for status in EvseStatus]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Evse]) -> QuerySet[Evse]:
        return queryset.filter(status=self.value()) if self.value() in EvseStatus.__members__ else queryset


@admin.register(Evse)
class EvseAdmin(HugeMixin, ReadOnlyAdmin):
    """Charging positions."""

    change_form_template = "admin/ocpi/evse/page.html"
    list_display = ("shown_id", "uid", "shown_status", "shown_location", "shown_partner", "updated")
    list_filter = (("partner", RelatedDropdownFilter), StatusFilter)
    list_select_related = ("partner", "location")
    page_actions = ON_EVSE
    search_fields = ("uid_key",)
    search_help_text = "EVSE ID, code, beginning of the UID, location ID or beginning of the location's name"
    empty_title = "No EVSEs yet"
    empty_text = "They come with locations: press “Sync locations” on the partner's page."

    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.stickers)
        return [path("<path:object_id>/qr-codes.pdf", page, name="ocpi_evse_qr_codes"), *super().get_urls()]

    def stickers(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The QR codes of the EVSE's whole location, to print."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        written = write_stickers(row.location)
        named = {"Content-Disposition": f'inline; filename="{written.name}"'}
        return HttpResponse(written.content, content_type="application/pdf", headers=named)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Evse], search_term: str
    ) -> tuple[QuerySet[Evse], bool]:
        """By what has an index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        places = Location.objects.filter(Q(ocpi_key=term.lower()) | Q(name__startswith=term))
        found = Q(location__in=list(places.values_list("pk", flat=True)[:MOST_PLACES]))
        found |= Q(sticker=term.upper()) | Q(uid_key__startswith=term.lower()) | Q(code=plain(term))
        return queryset.annotate(sticker=Upper("evse_id")).filter(found), False

    def standing(self, row: Evse) -> Standing:
        tone = statuses.EVSE.get(row.status, "neutral")
        if row.partner.connection != Partner.Connection.CONNECTED:
            text = f"{row.partner.name} is not connected, so drivers cannot start here."
            return Standing(row.status, text, WARNING, "Look at the partner.", since=row.last_updated)
        if row.location.missing_since:
            text = "Its location was missing from the partner's last full sync: drivers cannot start here any more."
            return Standing(row.status, text, WARNING, "Look at the location.", since=row.last_updated)
        if row.status in OUT_OF_SERVICE:
            text = "Waiting for the CPO: drivers cannot start here while it says so."
            return Standing(row.status, text, tone, since=row.last_updated)
        text = TAKEN.get(row.status, "Drivers can start here.")
        return Standing(row.status, f"{text} The status is what the partner last said.", tone, since=row.last_updated)

    def panels(self, request: HttpRequest, row: Evse) -> dict[str, Any]:
        live = AdHocSession.objects.filter(evse=row, ended_at=None).exclude(state__in=TERMINAL)
        applies = effective_policy(row.partner_id, row.location.ocpi_id, row.uid)
        return {
            "policy": in_words(applies.values, applies.sources, settings.RESERVATION_CURRENCY),
            "facts": {
                "EVSE ID": row.evse_id or "none sent",
                "Code": code(group(row.code)),
                "QR codes": anchor(
                    reverse("admin:ocpi_evse_qr_codes", args=[row.pk]), "Those of this location, to print"
                ),
                "Dynamic codes": display_words(row),
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
            "prices": prices_at(row, applies.values),
            "driver_url": charger.public_url(row),
            "qr": qr_code(charger.public_url(row)),
            "raw": json_block(row.raw),
        }

    @admin.display(description="EVSE ID")
    def shown_id(self, row: Evse) -> str:
        return row.evse_id or row.uid

    @admin.display(description="status")
    def shown_status(self, row: Evse) -> SafeString:
        return statuses.evse_badge(row)

    @admin.display(description="location")
    def shown_location(self, row: Evse) -> SafeString | str:
        return link(row.location, row.location.name or row.location.ocpi_id)

    @admin.display(description="partner")
    def shown_partner(self, row: Evse) -> SafeString | str:
        return partner_link(row)

    @admin.display(description="last updated")
    def updated(self, row: Evse) -> SafeString | str:
        return ago(row.last_updated)
