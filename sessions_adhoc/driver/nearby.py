"""Where else one can charge: stations near a point, in a place, and the free chargers of one station.

A station is a Location with its EVSEs as a driver meets them. Only what may be used is told: published by its operator,
connected, not removed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from math import asin, cos, radians, sin, sqrt

from django.db.models import ExpressionWrapper, F, FloatField, Q, QuerySet

from ocpi.models import Evse, Location
from partners.models import Partner
from sessions_adhoc.models import AdHocSession

EARTH = 6_371_000
"""Mean radius in metres."""

METRES_PER_DEGREE = EARTH * radians(1)
NEAREST_POLE = 89.0
"""Degrees of latitude beyond which a degree of longitude is no measure of anything."""

POINT = re.compile(r"\s*(-?\d{1,2}(?:\.\d{1,10})?)\s*,\s*(-?\d{1,3}(?:\.\d{1,10})?)\s*")
GONE = "REMOVED"
FREE = frozenset({"AVAILABLE", "BLOCKED"})


@dataclass(frozen=True)
class Point:
    """Degrees of WGS 84."""

    latitude: float
    longitude: float


@dataclass(frozen=True)
class Charger:
    """An EVSE; `is_free`: it says so, and no driver of ours has it."""

    evse: Evse
    is_free: bool


@dataclass(frozen=True)
class Station:
    """A Location with its chargers; `metres` from the point that was asked for, None where it was a place."""

    location: Location
    chargers: tuple[Charger, ...]
    metres: int | None = None

    @property
    def free(self) -> int:
        return sum(charger.is_free for charger in self.chargers)

    @property
    def kw(self) -> Decimal | None:
        """The largest power of its connectors, where any tells it."""
        powers = (one.max_kw for charger in self.chargers for one in charger.evse.connectors.all())
        return max((power for power in powers if power), default=None)


def point_of(text: str) -> Point | None:
    """Return the point of `48.1486,17.1077`; None where it is no point of the earth."""
    found = POINT.fullmatch(text)
    if found is None:
        return None
    latitude, longitude = float(found[1]), float(found[2])
    return Point(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def usable(*, tests: bool | None) -> QuerySet[Location]:
    """The stations that drivers may be led to; `tests`: those of test connections, or not, or (None) both."""
    found = Location.objects.filter(
        publish=True, missing_since=None, partner__connection=Partner.Connection.CONNECTED
    ).select_related("partner")
    if tests is None:
        return found
    mine = Q(partner__environment=Partner.Environment.TEST)
    return found.filter(mine if tests else ~mine)


def near(stations: QuerySet[Location], point: Point, metres: int) -> QuerySet[Location]:
    """Those within `metres`, nearest first. The square around it is read by its index, and sorted as on a plane."""
    narrowing = cos(radians(min(abs(point.latitude), NEAREST_POLE)))
    high = metres / METRES_PER_DEGREE
    wide = high / narrowing
    north, east = F("latitude") - point.latitude, (F("longitude") - point.longitude) * narrowing
    square = ExpressionWrapper(north * north + east * east, output_field=FloatField())
    inside = stations.filter(
        latitude__range=(point.latitude - high, point.latitude + high),
        longitude__range=(point.longitude - wide, point.longitude + wide),
    )
    return inside.annotate(squared=square).filter(squared__lte=high * high).order_by("squared", "pk")


def in_place(stations: QuerySet[Location], text: str) -> QuerySet[Location]:
    """Those in a town, or of a name, that begins with `text`."""
    words = text.strip()[:100]
    if not words:
        return stations.none()
    return stations.filter(Q(city__istartswith=words) | Q(name__istartswith=words)).order_by("name", "pk")


def told(locations: Iterable[Location], point: Point | None = None) -> list[Station]:
    """Return these locations with their chargers, in two queries for all of them and one for who is charging."""
    evses = Evse.objects.exclude(status=GONE).prefetch_related("connectors").order_by("evse_id", "pk")
    rows = list(locations)
    found: dict[int, list[Evse]] = {row.pk: [] for row in rows}
    for evse in evses.filter(location__in=list(found)):
        found[evse.location_id].append(evse)
    taken = _taken(one.pk for several in found.values() for one in several)
    return [
        Station(
            row,
            tuple(Charger(evse, evse.status in FREE and evse.pk not in taken) for evse in found[row.pk]),
            _metres(row, point) if point else None,
        )
        for row in rows
    ]


def free_beside(evse: Evse, most: int) -> list[Evse]:
    """The other chargers of its station that are free, as far as they tell; at most so many."""
    others = Evse.objects.filter(location=evse.location_id, status="AVAILABLE").exclude(pk=evse.pk)
    rows = list(others.prefetch_related("connectors").order_by("evse_id", "pk")[: 2 * most])
    taken = _taken(row.pk for row in rows)
    return [row for row in rows if row.pk not in taken][:most]


def _taken(evses: Iterable[int]) -> set[int]:
    occupied = AdHocSession.objects.filter(occupies__in=list(evses)).values_list("occupies_id", flat=True)
    return {pk for pk in occupied if pk is not None}


def _metres(row: Location, point: Point) -> int:
    """The way as the crow flies."""
    assert row.latitude is not None
    assert row.longitude is not None
    here, there = radians(point.latitude), radians(row.latitude)
    east = radians(float(row.longitude) - point.longitude)
    half = sin((there - here) / 2) ** 2 + cos(here) * cos(there) * sin(east / 2) ** 2
    return round(2 * EARTH * asin(sqrt(min(half, 1))))
