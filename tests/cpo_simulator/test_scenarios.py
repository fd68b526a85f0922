"""The named scenarios and faults: each does what its summary says."""

import asyncio
from typing import Any

import aiohttp
import pytest

from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.server.wishes import change_behaviour
from tests.cpo_simulator.emsp import connected

DC = "ION-BTS01-3"


def run(scenario: str, until: Any, **knobs: Any) -> tuple[Any, Any, Any, Any]:
    """Start a charge in a scenario; (simulator, eMSP, what ``until`` found, the reply to START)."""

    async def play() -> tuple[Any, Any, Any, Any]:
        settings = {"car_kwh": 2, "patience": 0.1, **knobs}
        async with connected({"scenario": scenario, "knobs": settings}) as (sim, one):
            reply = await one.start(DC)
            return sim, one, await until(sim, one), reply

    return asyncio.run(play())


def sent(one: Any, module: str) -> list[Any]:
    return [h for h in one.heard if h.path.startswith(f"/{module}")]


def test_command_rejected() -> None:
    async def until(sim: Any, one: Any) -> Any:
        return sim.bays[DC].run

    sim, one, under_way, reply = run("command-rejected", until)
    assert reply["data"]["result"] == "REJECTED"
    assert (under_way, one.heard, len(sim.store.sessions)) == (None, [], 0)


def test_result_failed() -> None:
    async def until(sim: Any, one: Any) -> Any:
        return (await one.wait(lambda h: h.path.startswith("/results"))).body

    sim, one, result, reply = run("result-failed", until)
    assert reply["data"]["result"] == "ACCEPTED"
    assert result["result"] == "FAILED"
    assert (len(sim.store.sessions), one.statuses(DC)) == (0, [])


def test_no_push_get_works() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.cdr()
        return (await one.call("GET", f"{one.endpoints['sessions']}?date_from=2020-01-01T00:00:00Z"))[1]["data"]

    _, one, sessions, _ = run("no-push-get-works", until)
    assert sent(one, "sessions") == []
    assert [(s["status"], s["kwh"]) for s in sessions] == [("COMPLETED", 2)]


def test_local_stop() -> None:
    async def until(sim: Any, one: Any) -> Any:
        return await one.session("COMPLETED")

    _, one, done, _ = run("local-stop", until, car_kwh=25, local_stop_kwh=3)
    assert done["kwh"] == 3
    assert "/results/STOP_SESSION" not in [h.path for h in one.heard]


def test_full_battery_repeats_the_same_kwh() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.cdr()
        return await one.session("COMPLETED")

    _, one, done, _ = run("full-battery", until, suspended=350)
    repeated = [h.body["kwh"] for h in sent(one, "sessions") if h.method == "PATCH" and h.body["kwh"] == 2]
    assert len(repeated) >= 3
    assert done["kwh"] == 2
    assert done["charging_periods"][-1]["dimensions"][:2] == [
        {"type": "ENERGY", "volume": 0},
        {"type": "POWER", "volume": 0},
    ]


def test_cdr_late_comes_after_the_cable_is_out() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
        early = list(sent(one, "cdrs"))
        return early, await one.cdr()

    _, _, (early, cdr), _ = run("cdr-late", until, late_cdr=0.3)
    assert early == []
    assert cdr["total_energy"] == 2


def test_a_dc_handshake_fails_and_the_next_attempt_works() -> None:
    async def until(sim: Any, one: Any) -> tuple[Any, Any]:
        failed = await one.session("COMPLETED")
        one.heard.clear()
        await one.start(DC, reference="ref-2")
        return failed, await one.cdr()

    sim, _, (failed, cdr), _ = run("dc-handshake-failure-then-ok", until, patience=5)
    assert (failed["kwh"], failed["authorization_reference"]) == (0, "ref-1")
    assert (cdr["total_energy"], cdr["authorization_reference"]) == (2, "ref-2")
    assert sim.bays[DC].attempts["dc-handshake-failure-then-ok"] == 0
    assert sim.store.books.starts == {"ref-1": 1, "ref-2": 1}


def test_a_failed_handshake_shows_charging_then_blocked_and_the_driver_leaves() -> None:
    async def until(sim: Any, one: Any) -> None:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")

    _, one, _, _ = run("dc-handshake-failure-then-ok", until)
    assert one.statuses(DC) == ["BLOCKED", "CHARGING", "BLOCKED", "AVAILABLE"]
    assert sent(one, "cdrs") == []


def test_a_driver_leaves_a_connector_that_shows_free_too() -> None:
    async def until(sim: Any, one: Any) -> list[bool]:
        session = await one.session("ACTIVE")
        plugged = [sim.bays[DC].cable_in.is_set()]
        await one.command("STOP_SESSION", session_id=session["id"])
        await one.session("INVALID")
        await asyncio.sleep(0.5)
        return [*plugged, sim.bays[DC].cable_in.is_set()]

    _, one, cable_in, _ = run("connector-available-while-active-0kwh", until)
    assert cable_in == [True, False]
    assert one.statuses(DC)[-1] == "AVAILABLE"


def test_session_late() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "BLOCKED")
        await asyncio.sleep(0.1)
        early = list(sent(one, "sessions"))
        return early, await one.session("ACTIVE")

    _, _, (early, active), _ = run("session-late", until, late_session=0.3)
    assert (early, active["status"]) == ([], "ACTIVE")


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_is_documented(name: Any) -> None:
    one = SCENARIOS[name]
    assert one.name == name
    assert one.summary
    assert one.expect


def test_a_scenario_is_chosen_for_the_next_start_for_an_evse_or_for_all() -> None:
    async def play() -> list[Any]:
        async with connected() as (sim, one):
            behaviour = {
                "scenario": "result-failed",
                "evses": {DC: "local-stop"},
                "next": ["command-rejected"],
            }
            await one.control(sim, "behaviour", behaviour)
            uids = (DC, DC.lower(), "ION-BTS01-1")
            return [sim.behaviour.choose(uid) for uid in uids]

    assert asyncio.run(play()) == ["command-rejected", "local-stop", "result-failed"]


def fault(name: str, call: Any, **knobs: Any) -> tuple[Any, Any]:
    async def play() -> tuple[Any, Any]:
        async with connected({"knobs": knobs}) as (sim, one):
            change_behaviour(sim.behaviour, {"faults": [name]})
            return sim, await call(one)

    return asyncio.run(play())


def test_the_fault_start_500() -> None:
    async def call(one: Any) -> Any:
        body = {"response_url": f"{one.url}/results/x"}
        return await one.call("POST", f"{one.endpoints['commands']}/START_SESSION", body)

    sim, (http, text, _) = fault("start-500", call)
    assert (http, text, sim.store.books.commands) == (500, "Internal Server Error", {})


def test_the_fault_start_hangs_and_is_carried_out_all_the_same() -> None:
    async def call(one: Any) -> tuple[Any, Any]:
        reply = await one.start(DC)
        return reply["data"]["result"], (await one.session("ACTIVE"))["status"]

    assert fault("start-hangs", call, slow_answer=0.2)[1] == ("ACCEPTED", "ACTIVE")


def test_the_fault_sessions_get_500() -> None:
    async def call(one: Any) -> Any:
        return await one.call("GET", f"{one.endpoints['sessions']}?date_from=2020-01-01T00:00:00Z")

    assert fault("sessions-get-500", call)[1][0] == 500


def test_the_fault_down_drops_connections() -> None:
    async def call(one: Any) -> None:
        with pytest.raises(aiohttp.ClientError):
            await one.call("GET", one.endpoints["locations"])

    sim, _ = fault("down", call)
    newest = sim.exchanges.newest(1)[0]
    assert (newest["http"], newest["error"]) == (None, "the connection was dropped")
