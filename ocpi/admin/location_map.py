"""Locations on a map, each in the colour of what its EVSEs say, as data for the page's script."""

from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse

from ocpi.models import Location
from partners.admin.kit.showing import url_of

# More than a map can show at once; whoever needs one of them filters by partner.
MOST = 5000
GONE = ("INOPERATIVE", "OUTOFORDER", "PLANNED", "REMOVED")
BUSY = ("CHARGING", "BLOCKED", "RESERVED")


def page(admin: Any, request: HttpRequest) -> HttpResponse:
    """The map. Its places are read by the script, again every few seconds."""
    context = {
        **admin.admin_site.each_context(request),
        "opts": admin.opts,
        "title": "Map of locations",
        "tiles": settings.MAP_TILES_URL,
        "attribution": settings.MAP_ATTRIBUTION,
        "query": request.GET.urlencode(),
        "most": MOST,
    }
    return TemplateResponse(request, "admin/ocpi/location/map.html", context)


def data(_admin: Any, request: HttpRequest) -> HttpResponse:
    """`[[latitude, longitude, name, url, free, busy, broken], ...]`, of one partner with `?partner=`. One query."""
    rows = Location.objects.filter(latitude__isnull=False, longitude__isnull=False, missing_since=None)
    partner = request.GET.get("partner", "")
    if partner.isascii() and partner.isdigit():
        rows = rows.filter(partner=int(partner))
    return JsonResponse([_place(row) for row in _count(rows)[:MOST]], safe=False)


def _count(rows: QuerySet[Location]) -> QuerySet[Location, tuple[Any, ...]]:
    free = Count("evses", filter=Q(evses__status="AVAILABLE"))
    busy = Count("evses", filter=Q(evses__status__in=BUSY))
    broken = Count("evses", filter=Q(evses__status__in=GONE))
    counted = rows.order_by("-pk").annotate(free=free, busy=busy, broken=broken)
    return counted.values_list("latitude", "longitude", "name", "ocpi_id", "pk", "free", "busy", "broken")


def _place(row: tuple[Any, ...]) -> list[Any]:
    latitude, longitude, name, ocpi_id, pk, *counts = row
    return [float(latitude), float(longitude), name or ocpi_id, url_of(Location, pk), *counts]
