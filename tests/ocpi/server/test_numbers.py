"""No number that a CPO writes breaks anything: it is kept, left out, or refused with its path."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import count
from typing import Any, NamedTuple

import pytest

from ocpi.models import ProfileRequest
from ocpi.versions import VERSIONS
from tests.factories import CommandFactory, OcpiSessionFactory, PartnerFactory
from tests.ocpi.server.conftest import Cpo
from tests.ocpi.versions import vectors as v
from tests.ocpi.versions import vectors_2_3_0 as v3

NO_JSON = ("NaN", "Infinity")
NUMBERS = (*("1e9", "9e99", "1e400", "-1e12", "1" + "0" * 30, "0.123456789012345678901234567890", '"1e9"', "true"),)
FEW = ("1e9", "1e400", "-1e12")
ELSEWHERE = ("evses", "connectors", "tariffs", "calendars")  # parts that are sent on their own too
ALSO_NUMBERS = ("latitude", "longitude")  # written as strings
Path = tuple[str | int, ...]

IMAGE = {"url": "https://ion.test/1.png", "category": "CHARGER", "type": "png", "width": 100, "height": 80}
PLACE = {"latitude": "48.716386", "longitude": "21.261074"}
HOURS = {
    "twentyfourseven": False,
    "regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}],
}
RESTRICTIONS = {
    "min_kwh": 1,
    "max_kwh": 50,
    "min_power": 1,
    "max_power": 50,
    "min_duration": 60,
    "max_duration": 3600,
}
LATER_RESTRICTIONS = {"min_current": 1, "max_current": 50}


def energy_mix(impact: str) -> dict[str, Any]:
    return {
        "is_green_energy": True,
        "energy_sources": [{"source": "SOLAR", "percentage": 80}],
        "environ_impact": [{impact: "CARBON_DIOXIDE", "amount": 12.5}],
    }


def location(base: dict[str, Any], version: str) -> dict[str, Any]:
    """With every number that a Location can have."""
    whole = v.make(base, {"opening_times": HOURS, "images": [IMAGE], "related_locations": [PLACE], "vendors_own": 1})
    whole["energy_mix"] = energy_mix("source" if version == "2.1.1" else "category")
    whole["evses"][0] |= {"coordinates": PLACE, "images": [IMAGE], "vendors_own": 1}
    for place in whole.get("parking_places", ()):
        sizes = ("max_vehicle_weight", "max_vehicle_height", "parking_space_length", "time_limit")
        place |= dict.fromkeys(sizes, 250)
    return whole


def tariff(base: dict[str, Any], version: str) -> dict[str, Any]:
    """With every number that a Tariff can have."""
    whole = v.make(base, {"vendors_own": 1})
    part = whole["elements"][0]
    part["restrictions"] = {**RESTRICTIONS, **(LATER_RESTRICTIONS if version != "2.1.1" else {})}
    if version != "2.1.1":
        whole["max_price"] = deepcopy(whole["min_price"])
    return whole


def cdr(base: dict[str, Any], version: str) -> dict[str, Any]:
    """With every number that a CDR can have."""
    whole = v.make(base, {"total_parking_time": 0.5, "vendors_own": 1, "remark": "", "last_updated": v.LATER})
    whole["tariffs"] = [tariff(v.TARIFF_211 if version == "2.1.1" else base["tariffs"][0], version)]
    if version != "2.1.1":
        parts = ("fixed", "energy", "time", "parking", "reservation")
        whole |= {f"total_{part}_cost": deepcopy(whole["total_cost"]) for part in parts}
        signed = {"nature": "Start", "plain_data": "x", "signed_data": "x"}
        whole["signed_data"] = {
            "encoding_method": "OCMF",
            "encoding_method_version": 1,
            "signed_values": [signed],
        }
    return whole


PROFILE = {
    "start_date_time": v.THEN,
    "charging_profile": {
        "charging_rate_unit": "W",
        "duration": 900,
        "min_charging_rate": 1000,
        "charging_profile_period": [{"start_period": 0, "limit": 11000}],
    },
    "vendors_own": 1,
}
CLIENT = {
    "country_code": "AT",
    "party_id": "VIE",
    "role": "CPO",
    "status": "CONNECTED",
    "last_updated": v.THEN,
    "vendors_own": 1,
}
CDR_230 = v.make(v.CDR, {"total_cost": v3.PRICE_230, "tariffs": [v3.TARIFF_230]})
OPTION = dict.fromkeys(("max_vehicle_weight", "max_vehicle_height", "min_parking_space_length"), 250)
TERMS = {**v3.TERMS, "early_start_time": 5, "noshow_timeout": 20, "max_booking_duration": 120}
BOOKING_PLACE = v.make(v3.BOOKING_LOCATION, {"booking_option": OPTION, "booking_terms": TERMS, "vendors_own": 1})
BOOKING = v.make(v3.BOOKING, {"booking_option": OPTION, "vendors_own": 1})
BASES = {
    "2.1.1": (v.LOCATION_211, v.TARIFF_211, v.CDR_211),
    "2.2.1": (v.LOCATION, v.TARIFF, v.CDR),
    "2.3.0": (v3.LOCATION_230, v3.TARIFF_230, CDR_230),
}


class Target(NamedTuple):
    """Something that a CPO sends: how, where to, and what is good there."""

    name: str
    version: str
    method: str
    path: str
    good: dict[str, Any]
    before: tuple[str, dict[str, Any]] | None = None
    """What has to be PUT first, and where."""


def targets_of(version: str) -> Iterator[Target]:
    place, price, bill = BASES[version]
    whole = location(place, version)
    evse = whole["evses"][0]
    connector = evse["connectors"][0]
    at = f"locations/SK/ION/{whole['id']}"
    evse_at = f"{at}/{evse['uid']}"
    first = (at, whole)
    prices = tariff(price, version)
    prices_at = f"tariffs/SK/ION/{prices['id']}"
    for method in ("PUT", "PATCH"):
        yield Target(f"location-{method}", version, method, at, whole, first)
        yield Target(f"evse-{method}", version, method, evse_at, evse, first)
        yield Target(f"connector-{method}", version, method, f"{evse_at}/{connector['id']}", connector, first)
    yield Target("tariff-PUT", version, "PUT", prices_at, prices)
    if VERSIONS[version].tariffs_patchable:
        yield Target("tariff-PATCH", version, "PATCH", prices_at, prices, (prices_at, prices))
    yield Target("cdr-POST", version, "POST", "cdrs", cdr(bill, version))
    yield Target("command-POST", version, "POST", "{command}", {"result": "ACCEPTED", "vendors_own": 1})
    if version != "2.1.1":
        yield Target("client-PUT", version, "PUT", "hubclientinfo/AT/VIE", CLIENT)
        yield Target("profile-PUT", version, "PUT", "chargingprofiles/S-1", PROFILE)
        yield Target("profile-POST", version, "POST", "{profile}", {"result": "ACCEPTED", "profile": PROFILE})
    if version == "2.3.0":
        yield from bookings()


def bookings() -> Iterator[Target]:
    at, booking_at = "bookings/SK/ION/booking_locations/B-1", "bookings/SK/ION/BK-1"
    calendar = deepcopy(v3.CALENDAR)
    calendar["available_timeslots"] = [{**v3.SLOT, "min_power": 1}]
    terminal = {key: value for key, value in v3.TERMINAL.items() if key != "terminal_id"} | {"vendors_own": 1}
    for method in ("PUT", "PATCH"):
        yield Target(f"place-{method}", "2.3.0", method, at, BOOKING_PLACE, (at, BOOKING_PLACE))
        yield Target(f"calendar-{method}", "2.3.0", method, f"{at}/CAL-1", calendar, (at, BOOKING_PLACE))
        yield Target(f"booking-{method}", "2.3.0", method, booking_at, BOOKING, (booking_at, BOOKING))
    yield Target("terminal-POST", "2.3.0", "POST", "payments/terminals/activate", {"terminal_id": "T-1", **terminal})


TARGETS = [target for version in BASES for target in targets_of(version)]


def numeric_fields(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where an object has numbers, however deep."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from numeric_fields(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from numeric_fields(item, (*path, index))
    elif (isinstance(value, int | float) and not isinstance(value, bool)) or (path[-1:] and path[-1] in ALSO_NUMBERS):
        yield path


def written(good: dict[str, Any], path: Path, number: str) -> str:
    """The object in JSON with `number`, as it stands there, in the place of a field."""
    changed: Any = deepcopy(good)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = "\x01"
    return json.dumps(changed).replace(json.dumps("\x01"), number)


def words(path: Path) -> str:
    """The path as an answer writes it: `evses[0].coordinates.latitude`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")


def numbers_for(target: Target, field: Path, *, first: bool) -> tuple[str, ...]:
    """What to put there. What is no JSON is told before any field is looked at; a PATCH is read as a PUT is."""
    if target.method == "PATCH" or field[0] in ELSEWHERE:
        return FEW
    return (*NUMBERS, *NO_JSON) if first else NUMBERS


def totals(path: Path) -> str:
    """How an answer names a part of a CDR's total, which one column holds with its taxes."""
    return "total_cost: is no number of any real quantity" if path[0] == "total_cost" else words(path)


def sender(target: Target) -> Any:
    """Sends to the target; each CDR has an id of its own, and each result a request."""
    partner = PartnerFactory.create(
        code="ion",
        country_code="SK",
        party_id="ION",
        hub_party_id="DEHUB",
        version=target.version,
        enabled_versions=["2.3.0"],
    )
    cpo, numbers = Cpo(partner, target.version), count(1)
    session = OcpiSessionFactory.create(partner=partner, ocpi_id="S-1")

    def path() -> str:
        if target.path == "{command}":
            row = CommandFactory.create(partner=partner, version=target.version)
            return f"commands/{row.kind}/{row.pk}"
        if target.path == "{profile}":
            asked = ProfileRequest.objects.create(partner=partner, session=session, version=target.version, kind="GET")
            return f"chargingprofiles/{asked.kind}/{asked.pk}"
        return target.path

    def send(body: str) -> tuple[int, int, str]:
        if target.path == "cdrs":
            body = re.sub(r'"id": "(C-9001|CDR-1)"', f'"id": "C-{next(numbers)}"', body)
        answer = cpo.call(target.method, path(), body)
        envelope = answer.json()
        return answer.status_code, envelope["status_code"], envelope["status_message"]

    if target.before:
        at, first = target.before
        answer = cpo.put(at, first)
        assert answer.json()["status_code"] == 1000, answer.json()
    return send


@pytest.mark.django_db
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.version}-{target.name}")
def test_whatever_number_stands_there_it_is_answered(target: Target) -> None:
    send, good = sender(target), json.dumps(target.good)
    found = list(numeric_fields(target.good))
    assert found
    wrong = []
    for field in found:
        for number in numbers_for(target, field, first=field == found[0]):
            http, code, message = send(written(target.good, field, number))
            if number in NO_JSON:
                right = (http, code) == (400, 2001) and f"{number} is no JSON number" in message
            elif code == 1000:
                right = http in (200, 201) and (message == "Success" or words(field) in message)
            else:
                right = (http, code) == (200, 2001) and (words(field) in message or totals(field) in message)
            if not right:
                wrong.append((words(field), number, http, code, message[:300]))
        http, code, message = send(good)
        if (http in (200, 201), code, message) != (True, 1000, "Success"):
            wrong.append((words(field), "good", http, code, message[:300]))
    assert wrong == []
