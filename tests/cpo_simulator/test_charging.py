"""START to CDR, with exact values."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.cpo_simulator.emsp import connected

DC = "ION-BTS01-3"
AC = "ION-BTS01-4"


def money(amount: Decimal) -> float:
    return float(Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def volume(period: Any, kind: str) -> Any:
    return next((one["volume"] for one in period["dimensions"] if one["type"] == kind), None)


def test_a_charge_that_the_driver_stops_from_start_to_cdr() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            reply = await one.start(DC, reference="ref-77")
            active = await one.session("ACTIVE")
            await one.wait(lambda h: h.method == "PATCH" and "/sessions/" in h.path and h.body["kwh"] > 8)
            stop = await one.command("STOP_SESSION", session_id=active["id"])
            cdr = await one.cdr()
            await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
            served = await one.call("GET", f"{one.endpoints['sessions']}?date_from=2020-01-01T00:00:00Z")
            served_cdr = await one.call("GET", one.endpoints["cdrs"])
            return (
                one,
                reply,
                stop,
                cdr,
                await one.session("COMPLETED"),
                served,
                served_cdr,
                sim.store.books.summary(),
            )

    one, reply, stop, cdr, done, (_, sessions, _), (_, cdrs, _), books = asyncio.run(play())
    assert reply["data"] == {"result": "ACCEPTED", "timeout": 30}
    assert stop["data"]["result"] == "ACCEPTED"
    results = [h.body for h in one.heard if h.path.startswith("/results/")]
    assert results == [{"result": "ACCEPTED"}, {"result": "ACCEPTED"}]

    puts = [h.body["status"] for h in one.heard if h.method == "PUT" and "/sessions/" in h.path]
    assert puts == ["PENDING", "ACTIVE", "COMPLETED"]
    assert one.statuses(DC) == ["BLOCKED", "CHARGING", "BLOCKED", "AVAILABLE"]
    assert done["authorization_reference"] == cdr["authorization_reference"] == "ref-77"
    assert done["cdr_token"]["uid"] == cdr["cdr_token"]["uid"] == "one-off-1"

    patches = [h.body for h in one.heard if h.method == "PATCH" and "/sessions/" in h.path]
    assert [p["kwh"] for p in patches] == sorted(p["kwh"] for p in patches)
    assert all(len(p["charging_periods"]) == 1 for p in patches)
    energy = [volume(period, "ENERGY") for period in done["charging_periods"]]
    assert round(sum(energy), 3) == done["kwh"] == cdr["total_energy"]
    assert volume(done["charging_periods"][0], "POWER") == 150
    assert 40 < volume(done["charging_periods"][0], "STATE_OF_CHARGE") <= 80

    net = Decimal(str(cdr["total_energy"])) * Decimal("0.49") + 1
    expected = {"excl_vat": money(net), "incl_vat": money(net * Decimal("1.23"))}
    assert cdr["total_cost"] == done["total_cost"] == expected
    assert cdr["session_id"] == done["id"]
    assert cdr["cdr_location"]["evse_id"] == "SK*ION*E0103"
    assert cdr["tariffs"][0]["id"] == "ION-DC"
    assert cdr["end_date_time"] == done["end_date_time"] > done["start_date_time"]
    assert (sessions["data"], cdrs["data"]) == ([done], [cdr])
    assert books["starts_by_authorization_reference"] == {"ref-77": 1}
    assert books["commands"] == {"START_SESSION": 1, "STOP_SESSION": 1}


def test_a_full_battery_ends_the_charge_at_exactly_what_the_car_needed() -> None:
    async def play() -> tuple[Any, Any]:
        async with connected({"knobs": {"car_kwh": 2.5}}) as (_, one):
            await one.start(AC)
            return await one.cdr(), await one.session("COMPLETED")

    cdr, done = asyncio.run(play())
    assert cdr["total_energy"] == done["kwh"] == 2.5
    assert cdr["total_cost"] == {"excl_vat": 0.98, "incl_vat": 1.2}  # 0.975 and 1.19925
    assert {volume(period, "POWER") for period in done["charging_periods"]} == {22}
    assert {volume(period, "STATE_OF_CHARGE") for period in done["charging_periods"]} == {None}


def test_dc_power_tapers_as_the_battery_fills() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            await one.start(DC)
            return await one.session("COMPLETED")

    done = asyncio.run(play())
    powers = [volume(period, "POWER") for period in done["charging_periods"]]
    socs = [volume(period, "STATE_OF_CHARGE") for period in done["charging_periods"]]
    assert powers == sorted(powers, reverse=True)
    assert powers[0] == 150
    assert powers[-1] < 100
    assert socs == sorted(socs)
    assert (done["kwh"], socs[-1]) == (25, 80)


def test_timestamps_are_wall_clock_time_whatever_the_speed() -> None:
    async def play() -> tuple[datetime, Any, datetime]:
        async with connected({"knobs": {"car_kwh": 5}}) as (_, one):
            before = datetime.now(UTC)
            await one.start(DC)
            cdr = await one.cdr()
            return before, cdr, datetime.now(UTC)

    before, cdr, after = asyncio.run(play())
    start, end = (datetime.fromisoformat(cdr[name]) for name in ("start_date_time", "end_date_time"))
    assert before - timedelta(milliseconds=1) <= start < end <= after
    assert cdr["total_time"] == round((end - start).total_seconds() / 3600, 4)


def test_a_cable_that_is_in_already_is_not_plugged_in_again() -> None:
    async def play() -> Any:
        async with connected({"knobs": {"car_kwh": 1}}) as (sim, one):
            await one.control(sim, f"evses/{DC}/plug")
            await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "BLOCKED")
            await one.start(DC)
            await one.cdr()
            return one.statuses(DC)

    assert asyncio.run(play())[:3] == ["BLOCKED", "CHARGING", "BLOCKED"]


def test_a_cable_pulled_while_charging_ends_the_session_at_once() -> None:
    async def play() -> Any:
        async with connected({"driver": "manual"}) as (sim, one):
            await one.start(DC)
            await one.control(sim, f"evses/{DC}/plug")
            await one.session("ACTIVE")
            await one.wait(lambda h: h.method == "PATCH" and "/sessions/" in h.path)
            await one.control(sim, f"evses/{DC}/unplug")
            await one.cdr()
            return one.statuses(DC), (await one.session("COMPLETED"))["kwh"]

    statuses, kwh = asyncio.run(play())
    assert statuses == ["BLOCKED", "CHARGING", "AVAILABLE"]
    assert kwh > 0


def test_a_charger_gives_up_when_nobody_plugs_in() -> None:
    async def play() -> Any:
        async with connected({"driver": "manual", "knobs": {"connection_timeout": 50}}) as (sim, one):
            await one.start(DC)
            await one.wait(lambda h: h.path.startswith("/results/"))
            while sim.bays[DC].run is not None:
                await asyncio.sleep(0.01)
            return one.statuses(DC), len(sim.store.sessions)

    assert asyncio.run(play()) == ([], 0)


def test_a_session_stopped_before_any_energy_is_invalid_and_has_no_cdr() -> None:
    async def play() -> Any:
        async with connected({"knobs": {"energise": 200}}) as (sim, one):
            await one.start(DC)
            pending = await one.session("PENDING")
            await one.command("STOP_SESSION", session_id=pending["id"])
            done = await one.session("INVALID")
            await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
            return done, len(sim.store.cdrs)

    done, cdrs = asyncio.run(play())
    assert (done["kwh"], done["charging_periods"], "total_cost" in done, cdrs) == (0, [], False, 0)


def test_failed_pushes_are_not_repeated_and_get_serves_the_truth() -> None:
    async def play() -> tuple[Any, Any, Any]:
        async with connected({"knobs": {"car_kwh": 1}}) as (sim, one):
            one.token = "something-else-so-that-pushes-get-401"
            await one.start(DC)
            while not len(sim.store.cdrs):
                await asyncio.sleep(0.02)
            await sim.pusher.flush(DC)
            cdrs = (await one.call("GET", one.endpoints["cdrs"]))[1]["data"]
            return cdrs, one.heard, sim.store.books.summary()["pushes"]

    cdrs, heard, pushes = asyncio.run(play())
    assert [one["total_energy"] for one in cdrs] == [1]
    assert heard == []
    assert pushes["POST cdrs failed"] == 1
    assert pushes["PUT sessions failed"] == 3


def test_a_charging_profile_limits_the_power() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            await one.start(DC)
            session = await one.session("ACTIVE")
            url = f"{one.endpoints['chargingprofiles']}/{session['id']}"
            profile = {
                "charging_rate_unit": "W",
                "charging_profile_period": [{"start_period": 0, "limit": 60000}],
            }
            body = {"charging_profile": profile, "response_url": f"{one.url}/results/profile"}
            put = (await one.call("PUT", url, body))[1]
            await one.wait(lambda h: h.path == "/results/profile")
            await one.wait(lambda h: h.method == "PATCH" and "sessions" in h.path
                           and volume(h.body["charging_periods"][0], "POWER") == 60)  # fmt: skip
            unknown = (await one.call("PUT", f"{one.endpoints['chargingprofiles']}/x", body))[1]
            preferences = await one.call(
                "PUT",
                f"{one.endpoints['sessions']}/{session['id']}/charging_preferences",
                {"profile_type": "FAST"},
            )
            return put["data"]["result"], unknown["data"]["result"], preferences[1]["data"]

    assert asyncio.run(play()) == ("ACCEPTED", "UNKNOWN_SESSION", "ACCEPTED")
