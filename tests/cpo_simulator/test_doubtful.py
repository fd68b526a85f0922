"""Scenarios in which what a CPO tells cannot be true, or stands for something else: each does what its summary says."""

import asyncio
from typing import Any

import pytest

from tests.cpo_simulator.emsp import connected
from tests.cpo_simulator.test_misbehaviour import DC, run, started, told


def cdr_of(scenario: str, version: str = "2.2.1") -> Any:
    async def until(sim: Any, one: Any) -> tuple[Any, Any]:
        return await one.cdr(), await one.session("COMPLETED")

    return run(scenario, started(until), version)


def place_of(cdr: Any) -> tuple[Any, Any, Any]:
    place = cdr["cdr_location"]
    return place["id"], place["evse_uid"], place["connector_id"]


def test_a_cdr_with_too_much_energy_with_none_and_with_impossible_times() -> None:
    much, session = cdr_of("cdr-too-much-energy")
    assert much["total_energy"] == session["kwh"] + 50
    none, session = cdr_of("cdr-without-energy")
    assert (none["total_energy"], session["kwh"], none["total_cost"]["incl_vat"] > 0) == (0, 2, True)
    late, session = cdr_of("cdr-impossible-times")
    assert late["start_date_time"] == session["start_date_time"]
    assert late["end_date_time"][:10] > session["end_date_time"][:10]


def test_a_cdr_of_another_place() -> None:
    assert place_of(cdr_of("cdr-other-charger")[0]) == ("ION-BTS01", "ION-BTS01-1", "1")
    assert place_of(cdr_of("cdr-other-connector")[0]) == ("ION-BTS01", DC, "9")
    (old, _) = cdr_of("cdr-other-charger", "2.1.1")
    assert [evse["uid"] for evse in old["location"]["evses"]] == ["ION-BTS01-1"]


def test_costs_that_say_nothing_of_vat() -> None:
    cdr, _ = cdr_of("cdr-net-of-vat")
    assert set(cdr["total_cost"]) == set(cdr["total_energy_cost"]) == {"excl_vat"}
    cdr, _ = cdr_of("cdr-net-of-vat", "2.3.0")
    assert set(cdr["total_cost"]) == {"before_taxes"}


def test_a_session_changes_its_id_and_the_first_is_heard_of_no_more() -> None:
    async def until(sim: Any, one: Any) -> tuple[Any, list[tuple[Any, Any]], dict[Any, Any]]:
        cdr = await one.cdr()
        puts = [(h.body["id"], h.body["status"]) for h in one.heard if h.method == "PUT" and "/sessions/" in h.path]
        return cdr["session_id"], puts, {one["id"]: one["status"] for one in sim.store.sessions}

    billed, puts, kept = run("session-renamed", started(until))
    (first, second) = dict.fromkeys(one for one, _status in puts)
    assert puts == [(first, "PENDING"), (second, "ACTIVE"), (second, "COMPLETED")]
    assert (billed, kept) == (second, {first: "PENDING", second: "COMPLETED"})


def test_an_id_is_used_for_the_charge_of_a_stranger() -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        while len(told(one, "cdrs")) < 2:
            await asyncio.sleep(0.01)
        return [(cdr["session_id"], cdr["cdr_token"]["uid"]) for cdr in told(one, "cdrs")]

    ((first, mine), (second, other)) = run("session-id-of-a-stranger", started(until))
    assert (first == second, mine, other) == (True, "one-off-1", "ANOTHER-CARD")


def test_the_next_attempt_has_the_id_of_the_first() -> None:
    async def play() -> tuple[Any, Any]:
        behaviour = {"evses": {DC: "session-id-again"}, "knobs": {"car_kwh": 2, "patience": 5}}
        async with connected(behaviour) as (_sim, one):
            await one.start(DC)
            failed = await one.session("COMPLETED")
            one.heard.clear()
            await one.start(DC, reference="ref-2")
            return failed, await one.cdr()

    failed, cdr = asyncio.run(play())
    assert (failed["kwh"], failed["id"], cdr["session_id"]) == (0, cdr["session_id"], f"charge-at-{DC}".lower())
    assert (cdr["authorization_reference"], cdr["total_energy"]) == ("ref-2", 2)


@pytest.mark.parametrize(("scenario", "status"), [("stop-refused-while-validating", "INVALID")])
def test_the_first_stop_is_refused_and_the_next_is_obeyed(scenario: str, status: str) -> None:
    async def until(sim: Any, one: Any) -> tuple[list[Any], Any]:
        session = await one.session("ACTIVE")
        answers = [(await one.command("STOP_SESSION", session_id=session["id"]))["data"]["result"] for _ in "12"]
        return answers, (await one.session(status))["kwh"]

    assert run(scenario, started(until), silence=9000) == (["REJECTED", "ACCEPTED"], 0)


def test_energy_flows_on_after_the_connector_is_free() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
        (session,) = sim.store.sessions
        before = session["kwh"]
        cdr = await one.cdr()
        return session["status"], cdr["total_energy"] > before > 0

    assert run("energy-after-the-end", started(until)) == ("COMPLETED", True)


def test_the_first_value_is_above_zero_or_from_before_the_start() -> None:
    async def until(sim: Any, one: Any) -> Any:
        session = await one.wait(lambda h: h.method == "PUT" and "/sessions/" in h.path)
        return session.body["status"], session.body["kwh"] > 0

    assert run("first-value-above-zero", started(until)) == ("ACTIVE", True)
    assert run("first-value-is-old", started(until)) == ("ACTIVE", True)


def test_a_connector_flaps_before_energy_flows_and_the_meter_stands_still_meanwhile() -> None:
    async def until(sim: Any, one: Any) -> Any:
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
        await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "CHARGING" and len(one.statuses(DC)) == 3)
        at_rest = [body["kwh"] for body in told(one, "sessions") if "kwh" in body]
        return max(at_rest), (await one.cdr())["total_energy"]

    assert run("connector-flaps-while-validating", started(until), flap=0.3) == (0, 2)


def test_a_result_that_is_none_comes_before_the_true_one() -> None:
    async def until(sim: Any, one: Any) -> list[Any]:
        while len(told(one, "results")) < 2:
            await asyncio.sleep(0.01)
        return [body["result"] for body in told(one, "results")]

    assert run("result-nonsense", started(until)) == ["x", "EVSE_OCCUPIED"]
