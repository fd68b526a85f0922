"""Stations near a point or in a place, page by page."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from partners.ground import limiting
from sessions_adhoc.driver import nearby
from sessions_adhoc.driver.api.views import ClientView, let_through
from sessions_adhoc.driver.nearby import Charger, Station
from sessions_adhoc.driver.pages.charger import public_url
from sessions_adhoc.driver.quoting import operator_of
from sessions_adhoc.driver.real_money import money_is_real
from sessions_adhoc.models import ClientKey

FARTHEST, MOST = 50_000, 100


class StationsAskedSerializer(serializers.Serializer[Any]):
    """Near a point, or in a place."""

    near = serializers.CharField(max_length=60, required=False, help_text="`latitude,longitude` in degrees of WGS 84.")
    radius = serializers.IntegerField(min_value=1, max_value=FARTHEST, default=5000, help_text="Metres.")
    place = serializers.CharField(
        max_length=100, required=False, help_text="Beginning of a town or of a station's name; without `near`."
    )
    limit = serializers.IntegerField(min_value=1, max_value=MOST, default=20)
    offset = serializers.IntegerField(min_value=0, max_value=10_000, default=0)

    def validate_near(self, value: str) -> nearby.Point:
        point = nearby.point_of(value)
        if point is None:
            raise ValidationError("No point of the earth: latitude,longitude in degrees.", "invalid")
        return point

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("near" in attrs) == ("place" in attrs):
            raise ValidationError({"near": ["Say near which point, or in which place."]}, "required")
        return attrs


class ConnectorSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    standard = serializers.CharField(help_text="As OCPI names it.")
    power_type = serializers.CharField(allow_blank=True)
    kw = serializers.FloatField(allow_null=True, help_text="The most that it gives.")


class ChargerSerializer(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="What START and quotes take as `evse`.")
    evse = serializers.CharField(help_text="EVSE ID on the sticker.")
    status = serializers.CharField(help_text="As OCPI names it.")
    free = serializers.BooleanField(help_text="It says so, and no driver of ours has it.")
    url = serializers.CharField(help_text="The driver's page, as in its QR code.")
    connectors = ConnectorSerializer(many=True)


class StationSerializer(serializers.Serializer[Any]):
    """A station with its chargers."""

    name = serializers.CharField(allow_blank=True)
    address = serializers.CharField(allow_blank=True)
    city = serializers.CharField(allow_blank=True)
    country = serializers.CharField(allow_blank=True, help_text="Alpha-3, as the operator names it.")
    latitude = serializers.FloatField(allow_null=True)
    longitude = serializers.FloatField(allow_null=True)
    distance = serializers.IntegerField(allow_null=True, help_text="Metres from the point that was asked for.")
    operator = serializers.CharField(allow_blank=True)
    chargers = ChargerSerializer(many=True)


class StationsSerializer(serializers.Serializer[Any]):
    """A page of stations, nearest first, else by name."""

    next = serializers.CharField(allow_null=True, help_text="The address of the next page; null: this is the last.")
    results = StationSerializer(many=True)


class StationsView(ClientView):
    """Where one can charge."""

    def get(self, request: Request) -> Response:
        asked = StationsAskedSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        client = self.client(request)
        let_through(limiting.hit(limiting.CLIENTS, str(client.pk)))
        wish = asked.validated_data
        first, after = wish["offset"], wish["offset"] + wish["limit"]
        rows = list(_asked_for(client, wish)[first : after + 1])
        page = nearby.told(rows[: wish["limit"]], wish.get("near"))
        return Response({"next": _next(request, rows, wish), "results": [_as_told(one) for one in page]})


def _asked_for(client: ClientKey, wish: dict[str, Any]) -> Any:
    """A key for tests sees test partners' stations only; others see those too where no money is real."""
    known = nearby.usable(tests=True if client.is_test else False if money_is_real() else None)
    if "near" in wish:
        return nearby.near(known, wish["near"], wish["radius"])
    return nearby.in_place(known, wish["place"])


def _next(request: Request, rows: list[Any], wish: dict[str, Any]) -> str | None:
    if len(rows) <= wish["limit"]:
        return None
    query = request.query_params.copy()
    query["offset"] = str(wish["offset"] + wish["limit"])
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _as_told(station: Station) -> dict[str, Any]:
    place = station.location
    return {
        "name": place.name,
        "address": place.address,
        "city": place.city,
        "country": place.country,
        "latitude": None if place.latitude is None else float(place.latitude),
        "longitude": None if place.longitude is None else float(place.longitude),
        "distance": station.metres,
        "operator": operator_of(place),
        "chargers": [_charger(one) for one in station.chargers],
    }


def _charger(one: Charger) -> dict[str, Any]:
    return {
        "code": one.evse.code,
        "evse": str(one.evse),
        "status": one.evse.status,
        "free": one.is_free,
        "url": public_url(one.evse),
        "connectors": [
            {
                "id": connector.connector_id,
                "standard": connector.standard,
                "power_type": connector.power_type,
                "kw": None if connector.max_kw is None else float(connector.max_kw),
            }
            for connector in one.evse.connectors.all()
        ],
    }
