"""Scenarios in which charger or CPO do what no eMSP would wish for: each does what its summary says."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.cpo_simulator.emsp import connected

DC = "ION-BTS01-3"
QUICK = {"car_kwh": 2, "patience": 0.1, "linger": 100, "silence": 200, "cdr": 50, "between_cdrs": 50}


def run(scenario: str, until: Any, version: str = "2.2.1", **knobs: Any) -> Any:
    """Play a scenario at one EVSE, with knobs for this EVSE alone; what ``until`` found."""

    async def play() -> Any:
        behaviour = {"evses": {DC: scenario}, "evse_knobs": {DC: {**QUICK, **knobs}}}
        async with connected(behaviour, version) as (sim, one):
            return await until(sim, one)

    return asyncio.run(play())


def started(until: Any) -> Any:
    async def play(sim: Any, one: Any) -> Any:
        await one.start(DC)
        return await until(sim, one)

    return play


def told(one: Any, module: str) -> list[Any]:
    return [h.body for h in one.heard if h.path.startswith(f"/{module}")]


def test_knobs_of_one_evse_leave_the_others_alone() -> None:
    async def until(sim: Any, one: Any) -> tuple[Any, Any]:
        return sim.behaviour.knobs_at(DC).car_kwh, sim.behaviour.knobs_at("ION-BTS01-1").car_kwh

    assert run("happy", until, car_kwh=3) == (3, 25)


def test_session_before_response() -> None:
    async def until(sim: Any, one: Any) -> tuple[bool, Any]:
        waiting = asyncio.ensure_future(one.start(DC))
        await one.session("ACTIVE")
        overtaken = not waiting.done()
        return overtaken, (await waiting)["data"]["result"]

    assert run("session-before-response", until, late_response=400) == (True, "ACCEPTED")


def test_cpo_500_at_start_is_counted_and_nothing_happens() -> None:
    async def until(sim: Any, one: Any) -> tuple[Any, Any, int]:
        body = {"response_url": f"{one.url}/results/x", "location_id": "ION-BTS01", "evse_uid": DC}
        token = {"uid": "t-1", "contract_id": "c-1", "type": "AD_HOC_USER"}
        url = f"{one.endpoints['commands']}/START_SESSION"
        http, _, _ = await one.call("POST", url, {**body, "token": token, "authorization_reference": "ref-9"})
        return http, sim.store.books.starts, len(sim.runs)

    assert run("cpo-500-at-start", until) == (500, {"ref-9": 1}, 0)


def test_a_twin_runs_until_it_is_stopped_and_the_first_goes_on() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.session("ACTIVE")
        twin = await one.wait(lambda h: h.method == "PUT" and "/sessions/" in h.path and h.body["id"] != first(one))
        await one.command("STOP_SESSION", session_id=twin.body["id"])
        await one.session("INVALID")
        cdr = await one.cdr()
        return cdr["session_id"] == first(one), sim.store.books.stops == {twin.body["id"]: 1}

    def first(one: Any) -> Any:
        return next(h.body["id"] for h in one.heard if h.method == "PUT" and "/sessions/" in h.path)

    assert run("two-sessions-for-one-start", started(until)) == (True, True)


def test_the_connector_is_lost_while_the_session_stays_active() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
        (session,) = sim.store.sessions
        return session["status"], session["kwh"] > 0

    assert run("connector-available-while-active", started(until)) == ("ACTIVE", True)
    assert run("connector-available-while-active-0kwh", started(until)) == ("ACTIVE", False)


def test_a_flapping_connector_comes_back() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.cdr()
        return one.statuses(DC)[:7]

    shown = run("flapping-connector", started(until), flap=0.02)
    assert shown[1:6] == ["CHARGING", "AVAILABLE", "CHARGING", "AVAILABLE", "CHARGING"]


def test_meter_values_without_power() -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        await one.cdr()
        return [body for body in told(one, "sessions") if body.get("charging_periods")]

    parts = run("no-kw", started(until))
    kinds = {
        dimension["type"] for part in parts for period in part["charging_periods"] for dimension in period["dimensions"]
    }
    assert "ENERGY" in kinds
    assert "POWER" not in kinds


def test_old_meter_values_come_again() -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        await one.cdr()
        return [body["last_updated"] for body in told(one, "sessions") if "kwh" in body and "id" not in body]

    moments = run("out-of-order-meter", started(until), car_kwh=20)
    assert moments != sorted(moments)


def test_the_meter_falls() -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        await one.cdr()
        return [body["kwh"] for body in told(one, "sessions") if "kwh" in body and "id" not in body]

    values = run("falling-kwh", started(until), car_kwh=20)
    assert values != sorted(values)


@pytest.mark.parametrize(
    ("scenario", "count"), [("cdr-duplicate", 2), ("cdr-wrong-currency", 3), ("cdr-credit-then-new", 3)]
)
def test_several_cdrs(scenario: str, count: int) -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        while len(told(one, "cdrs")) < count:
            await asyncio.sleep(0.01)
        return told(one, "cdrs")

    cdrs = run(scenario, started(until))
    if scenario == "cdr-duplicate":
        assert cdrs[0] == cdrs[1]
        return
    wrong, credit, right = cdrs
    assert (wrong["currency"], right["currency"]) == ("USD" if scenario == "cdr-wrong-currency" else "EUR", "EUR")
    gross = [cdr["total_cost"]["incl_vat"] for cdr in (wrong, credit, right)]
    assert gross[0] == -gross[1] == gross[2] * (2 if scenario == "cdr-credit-then-new" else 1)
    assert (credit["credit"], credit["credit_reference_id"]) == (True, wrong["id"])
    assert credit["total_cost"]["incl_vat"] == -wrong["total_cost"]["incl_vat"]


def test_a_wrong_total() -> None:
    async def until(sim: Any, one: Any) -> Any:
        return (await one.cdr())["total_cost"]["incl_vat"]

    assert run("cdr-wrong-total", started(until), wrong_total=99.99) == 99.99


def test_the_cdr_comes_before_the_end() -> None:
    async def until(sim: Any, one: Any) -> bool:
        await one.cdr()
        before = [body.get("status") for body in told(one, "sessions")]
        await one.session("COMPLETED")
        return "COMPLETED" in before

    assert run("cdr-before-completed", started(until)) is False


def test_an_outage_refuses_connections_and_pushes_nothing_then_all_is_well() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.control(sim, "outage", {"seconds": 0.4})
        await asyncio.sleep(0.1)
        sim.bays[DC].show("BLOCKED")
        async with aiohttp.ClientSession() as fresh:
            with pytest.raises(aiohttp.ClientConnectorError):
                await fresh.get(f"{sim.base_url}/control/state")
        pushed = one.statuses(DC)
        await asyncio.sleep(0.5)
        status, _ = await one.control(sim, "state", method="GET")
        sim.bays[DC].show("AVAILABLE")
        await one.wait(lambda h: h.path.endswith(DC))
        return pushed, status

    assert run("happy", until) == ([], 200)


def test_the_faults_of_a_scenario_begin_with_its_start() -> None:
    async def until(sim: Any, one: Any) -> tuple[Any, Any]:
        url = f"{one.endpoints['sessions']}?date_from=2020-01-01T00:00:00Z"
        before = (await one.call("GET", url))[0]
        await one.start(DC)
        return before, (await one.call("GET", url))[0]

    assert run("get-sessions-fails", until) == (200, 500)
