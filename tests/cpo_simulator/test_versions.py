"""The same charge in all four versions: transport and shapes differ, the story does not."""

import asyncio
import re
from typing import Any

import pytest

from tests.cpo_simulator.emsp import connected

DC = "ION-BTS01-3"


def charge(version: str) -> Any:
    """Everything one charge of 5 kWh leaves behind in a version."""

    async def play() -> Any:
        async with connected({"knobs": {"car_kwh": 5}}, version=version) as (_, one):
            reply = await one.start(DC)
            cdr = await one.cdr()
            location = (await one.call("GET", f"{one.endpoints['locations']}/ION-BTS01"))[1]["data"]
            tariff = (await one.call("GET", one.endpoints["tariffs"]))[1]["data"][1]
            details = (await one.call("GET", one.endpoints["credentials"].rsplit("/", 1)[0]))[1]["data"]
            session = (await one.session("COMPLETED"), await one.session("ACTIVE"))
            return one, reply, session[0], cdr, location, tariff, details

    return asyncio.run(play())


def test_2_1_1_uses_its_own_names_and_one_price() -> None:
    one, reply, session, cdr, location, tariff, details = charge("2.1.1")
    assert reply["data"] == {"result": "ACCEPTED"}
    assert {"start_datetime", "end_datetime", "auth_id", "location"} <= set(session)
    assert not {"cdr_token", "location_id", "country_code", "authorization_reference"} & set(session)
    assert [evse["uid"] for evse in session["location"]["evses"]] == [DC]
    assert (session["total_cost"], cdr["total_cost"]) == (3.45, 3.45)
    assert (session["auth_id"], session["auth_method"]) == ("SK-SFP-C1", "AUTH_REQUEST")
    assert {"start_date_time", "stop_date_time", "location"} <= set(cdr)
    assert not {"session_id", "cdr_location", "total_energy_cost"} & set(cdr)
    kinds = {d["type"] for p in session["charging_periods"] + cdr["charging_periods"] for d in p["dimensions"]}
    assert kinds == {"ENERGY", "TIME"}
    connector = location["evses"][2]["connectors"][0]
    assert (connector["voltage"], connector["amperage"], connector["tariff_id"]) == (920, 350, "ION-DC")
    assert location["type"] == "PARKING_LOT"
    assert not {"country_code", "party_id", "publish", "parking_type", "state"} & set(location)
    assert not {"country_code", "type"} & set(tariff)
    assert all("role" not in endpoint for endpoint in details["endpoints"])
    assert "chargingprofiles" not in [endpoint["identifier"] for endpoint in details["endpoints"]]
    assert all("X-Request-ID" not in h.headers and "OCPI-from-party-id" not in h.headers for h in one.heard)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", session["last_updated"])
    assert str(location).isascii()


def test_2_2_has_no_owner_in_its_tokens() -> None:
    _, _, session, cdr, _, _, _ = charge("2.2")
    assert set(session["cdr_token"]) == {"uid", "type", "contract_id"}
    assert "state" not in cdr["cdr_location"]
    assert cdr["total_cost"] == {"excl_vat": 3.45, "incl_vat": 4.24}


def test_2_2_1_has_everything_in_its_place() -> None:
    one, _, session, cdr, location, tariff, details = charge("2.2.1")
    assert set(session["cdr_token"]) == {"uid", "type", "contract_id", "country_code", "party_id"}
    assert cdr["cdr_location"]["state"] == "Bratislavský kraj"
    assert cdr["total_cost"] == {"excl_vat": 3.45, "incl_vat": 4.24}
    assert not {"place", "help_phone"} & (set(session) | set(cdr) | set(location))
    assert tariff["type"] == "REGULAR"
    roles = {endpoint["identifier"]: endpoint["role"] for endpoint in details["endpoints"]}
    assert (roles["locations"], roles["commands"]) == ("SENDER", "RECEIVER")
    headers = one.heard[0].headers
    assert (headers["OCPI-from-party-id"], headers["OCPI-to-party-id"]) == ("ION", "SFP")
    assert headers["X-Request-ID"]
    assert headers["X-Correlation-ID"]


def test_2_3_0_says_taxes_apart() -> None:
    _, _, session, cdr, location, tariff, _ = charge("2.3.0")
    price = {"before_taxes": 3.45, "taxes": [{"name": "VAT", "percentage": 23, "amount": 0.79}]}
    assert cdr["total_cost"] == session["total_cost"] == price
    assert tariff["tax_included"] == cdr["tariffs"][0]["tax_included"] == "NO"
    assert location["help_phone"]
    assert location["evses"][2]["connectors"][0]["capabilities"] == ["ISO_15118_2_PLUG_AND_CHARGE"]


@pytest.mark.parametrize(
    ("version", "word"), [("2.1.1", "REJECTED"), ("2.2", "EVSE_OCCUPIED"), ("2.3.0", "EVSE_OCCUPIED")]
)
def test_results_use_the_words_of_the_version(version: str, word: str) -> None:
    async def play() -> Any:
        async with connected(version=version) as (_, one):
            await one.start(DC)
            await one.session("ACTIVE")
            one.heard.clear()
            await one.start(DC)
            return (await one.wait(lambda h: h.path.startswith("/results"))).body

    assert asyncio.run(play()) == {"result": word}


def test_2_1_1_has_no_cancel_reservation_and_patches_tokens_without_a_time() -> None:
    async def play() -> tuple[Any, Any, Any]:
        async with connected(version="2.1.1") as (_, one):
            url = f"{one.endpoints['commands']}/CANCEL_RESERVATION"
            cancel = (await one.call("POST", url, {"response_url": one.url, "reservation_id": "1"}))[0]
            token = f"{one.endpoints['tokens']}/SK/SFP/abc"
            missing = (await one.call("GET", token))[1]["status_code"]
            await one.call("PUT", token, {"uid": "abc"})
            patched = (await one.call("PATCH", token, {"valid": False}))[1]["status_code"]
            return cancel, missing, patched

    assert asyncio.run(play()) == (404, 2001, 1000)
