"""Locations: what drivers can find, as the partner sent it."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import DropdownFilter, RelatedDropdownFilter

from ocpi.admin import location_map, statuses
from ocpi.admin.mirrored import MirroredAdmin
from ocpi.models import Evse, Location
from partners.admin.kit.huge import HugeMixin
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import NEUTRAL, SUCCESS, WARNING, ago, badge
from partners.models import Partner

MOST_FOUND = 50


class MissingFilter(DropdownFilter):
    """Those that the partner no longer sends."""

    title = "missing"
    parameter_name = "missing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Missing from the last full sync"), ("no", "Present")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Location]) -> QuerySet[Location]:
        if self.value() in ("yes", "no"):
            return queryset.filter(missing_since__isnull=self.value() == "no")
        return queryset


@admin.register(Location)
class LocationAdmin(HugeMixin, MirroredAdmin):
    """Sites, with their EVSEs and connectors."""

    change_form_template = "admin/ocpi/location/page.html"
    list_display = (
        "shown_name",
        "ocpi_id",
        "city",
        "evse_count",
        "evse_statuses",
        "shown_partner",
        "updated",
        "missing",
    )
    list_filter = (("partner", RelatedDropdownFilter), MissingFilter)
    list_before_template = "admin/ocpi/location/to_map.html"
    search_fields = ("ocpi_key",)
    search_help_text = "Name, city, beginning of the location ID, EVSE ID or UID"
    empty_title = "No locations yet"
    empty_text = (
        "They arrive when a partner pushes them. To read them now, press “Sync locations” on the partner's page."
    )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("map/", view(partial(self.for_viewers, location_map.page)), name="ocpi_location_map"),
            path("places/", view(partial(self.for_viewers, location_map.data)), name="ocpi_location_places"),
            *super().get_urls(),
        ]

    def for_viewers(self, page: Callable[[Any, HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
        """A page of its own, for those who may see locations."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return page(self, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Location], search_term: str
    ) -> tuple[QuerySet[Location], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        evses = Evse.objects.annotate(sticker=Upper("evse_id"))
        named = evses.filter(Q(sticker=term.upper()) | Q(uid_key__startswith=term.lower()))
        found = Q(pk__in=list(named.values_list("location", flat=True)[:MOST_FOUND]))
        found |= Q(ocpi_key__startswith=term.lower()) | Q(name__icontains=term) | Q(city__icontains=term)
        return queryset.filter(found), False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Location]:
        rows: QuerySet[Location] = super().get_queryset(request)
        return rows.prefetch_related("evses")

    def standing(self, row: Location) -> Standing:
        if row.missing_since:
            text = "The partner did not send it in its last full sync: drivers cannot start here any more."
            advice = "If it exists, ask the partner to send it again, then sync their locations."
            return Standing("Missing", text, WARNING, advice, since=row.missing_since)
        if row.partner.connection != Partner.Connection.CONNECTED:
            text = f"{row.partner.name} is not connected, so drivers cannot start here."
            return Standing("Not usable", text, WARNING, "Look at the partner.")
        if not row.publish:
            return Standing("Private", "Not published: it must not be shown to drivers on a map.", NEUTRAL)
        return Standing("Published", f"{self.shown_name(row)}. Drivers can start here.", SUCCESS)

    def panels(self, request: HttpRequest, row: Location) -> dict[str, Any]:
        evses = list(row.evses.prefetch_related("connectors").order_by("uid"))
        return {
            "facts": {
                "Location ID": row.ocpi_id,
                "Partner": self.shown_partner(row),
                "Party": self.party(row),
                "Address": ", ".join(filter(None, [row.address, row.city, row.country])),
                "Coordinates": f"{row.latitude}, {row.longitude}" if row.latitude is not None else "none sent",
                "Time zone": row.time_zone or "none sent",
                "Last updated": ago(row.last_updated),
                "Traffic": self.shown_messages(row),
            },
            "evses": [{"evse": evse, "badge": statuses.evse_badge(evse)} for evse in evses],
            "left_out": self.left_out(row, evses),
            "raw": self.shown_raw(row),
        }

    def left_out(self, row: Location, evses: list[Evse]) -> list[dict[str, str]]:
        """What could not be read of it, and of EVSEs that were sent by themselves."""
        own = [{**fault, "path": f"EVSE {evse.uid}: {fault['path']}"} for evse in evses for fault in evse.left_out]
        return [*row.left_out, *own]

    @admin.display(description="name")
    def shown_name(self, row: Location) -> str:
        return row.name or row.address or row.ocpi_id

    @admin.display(description="EVSEs")
    def evse_count(self, row: Location) -> int:
        return len(row.evses.all())

    @admin.display(description="statuses")
    def evse_statuses(self, row: Location) -> SafeString | str:
        counted = Counter(evse.status for evse in row.evses.all())
        shown = ((badge(f"{n} {status}", statuses.EVSE.get(status, NEUTRAL)),) for status, n in counted.most_common())
        return format_html_join(" ", "{}", shown) or "-"

    @admin.display(description="missing")
    def missing(self, row: Location) -> SafeString | str:
        return badge("missing", WARNING) if row.missing_since else "-"
