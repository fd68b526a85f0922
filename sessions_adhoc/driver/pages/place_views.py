"""Finding a charger: by its code, by a place, or near where the driver is."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from partners.ground import languages
from partners.ground.privacy import private
from sessions_adhoc.driver import driver_words, finding, nearby
from sessions_adhoc.driver.nearby import Station
from sessions_adhoc.driver.pages.speaking import show
from sessions_adhoc.driver.real_money import money_is_real

FAR = 30_000
"""Metres around the driver in which chargers are looked for."""

MOST = 20
LONGEST = 255


@private
@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """A list of stations; who enters a charger's own code goes to it."""
    text, point = request.GET.get("q", "").strip()[:LONGEST], nearby.point_of(request.GET.get("near", ""))
    evse = finding.evse_of(text) if text else None
    if evse is not None:
        return redirect("driver:charger", evse=evse.code)
    stations = _stations(text, point)
    context = {
        "q": text,
        "asked": bool(text or point),
        "stations": [_as_shown(one) for one in stations],
    }
    return show(request, "driver/find.html", context)


def _stations(text: str, point: nearby.Point | None) -> list[Station]:
    """Of real connections only, where real money moves."""
    known = nearby.usable(tests=False if money_is_real() else None)
    if point is not None:
        return nearby.told(nearby.near(known, point, FAR)[:MOST], point)
    return nearby.told(nearby.in_place(known, text)[:MOST])


def _as_shown(station: Station) -> dict[str, Any]:
    place = station.location
    count, kw = len(station.chargers), station.kw
    return {
        "name": place.name or place.ocpi_id,
        "address": ", ".join(part for part in (place.address, place.city) if part),
        "far": _distance(station.metres),
        "power": f"{languages.number(kw, 0, 1)}{driver_words.NO_BREAK}kW" if kw else "",
        "free": gettext("{free} of {count} free").format(free=station.free, count=count),
        "is_free": station.free > 0,
        "chargers": [
            {"code": one.evse.code, "name": str(one.evse), "is_free": one.is_free} for one in station.chargers
        ],
    }


def _distance(metres: int | None) -> str:
    """`350 m`, `2.4 km`."""
    if metres is None:
        return ""
    if metres < 1000:
        return f"{round(metres, -1)}{driver_words.NO_BREAK}m"
    return f"{languages.number(Decimal(metres) / 1000, 1)}{driver_words.NO_BREAK}km"
