"""Commands: what is answered at once, and what comes afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cpo_simulator.emsp import TOKEN, connected

DC = "ION-BTS01-3"


def soon(seconds: float = 60.0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")[:23] + "Z"


async def outcome(one: Any, name: str) -> Any:
    return (await one.wait(lambda h: h.path == f"/results/{name}")).body["result"]


def test_an_unknown_location_is_2003_and_rejected() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            return await one.command("START_SESSION", token=TOKEN, location_id="nowhere", evse_uid=DC)

    reply = asyncio.run(play())
    assert (reply["status_code"], reply["data"]["result"]) == (2003, "REJECTED")


def test_unknown_evse_or_connector_is_rejected() -> None:
    async def play() -> tuple[Any, Any]:
        async with connected() as (_, one):
            evse = await one.start("ION-BTS01-99")
            connector = await one.start(DC, connector_id="9")
            return evse, connector

    for reply in asyncio.run(play()):
        assert (reply["status_code"], reply["data"]["result"]) == (1000, "REJECTED")


def test_without_an_evse_the_first_free_one_is_taken() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            await one.control(sim, "evses/ION-BTS01-1/status", {"status": "OUTOFORDER"})
            await one.command("START_SESSION", token=TOKEN, location_id="ION-BTS01")
            return (await one.session("ACTIVE"))["evse_uid"]

    assert asyncio.run(play()) == "ION-BTS01-2"


def test_what_is_missing_is_2001() -> None:
    async def play() -> list[Any]:
        async with connected() as (_, one):
            whole = {"token": TOKEN, "location_id": "ION-BTS01", "evse_uid": DC}
            bodies = [{k: v for k, v in whole.items() if k != name} for name in ("token", "location_id")]
            bodies += [{**whole, "response_url": ""}, {**whole, "token": {"uid": "x"}}]
            bodies += [{"token": TOKEN, "location_id": "ION-BTS01", "connector_id": "1"}]
            return [(await one.command("START_SESSION", **body))["status_code"] for body in bodies]

    assert asyncio.run(play()) == [2001] * 5


def test_an_occupied_evse_says_so_in_the_result() -> None:
    async def play() -> tuple[Any, Any]:
        async with connected() as (_, one):
            await one.start(DC, reference="first")
            await one.session("ACTIVE")
            one.heard.clear()
            reply = await one.start(DC, reference="second")
            return reply["data"]["result"], await outcome(one, "START_SESSION")

    assert asyncio.run(play()) == ("ACCEPTED", "EVSE_OCCUPIED")


def test_a_broken_evse_says_so_in_the_result() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            await one.control(sim, f"evses/{DC}/status", {"status": "OUTOFORDER"})
            await one.start(DC)
            return await outcome(one, "START_SESSION")

    assert asyncio.run(play()) == "EVSE_INOPERATIVE"


def test_stopping_what_is_unknown_or_over() -> None:
    async def play() -> tuple[Any, Any]:
        async with connected({"knobs": {"car_kwh": 1}}) as (_, one):
            unknown = await one.command("STOP_SESSION", session_id="no-such-session")
            await one.start(DC)
            cdr = await one.cdr()
            over = await one.command("STOP_SESSION", session_id=cdr["session_id"])
            return unknown["data"]["result"], over["data"]["result"]

    assert asyncio.run(play()) == ("UNKNOWN_SESSION", "REJECTED")


def test_a_reservation_keeps_others_out_and_lets_its_owner_in() -> None:
    async def play() -> Any:
        async with connected({"knobs": {"car_kwh": 1}}) as (_, one):
            place = {"location_id": "ION-BTS01", "evse_uid": DC}
            reserve = {
                "token": {**TOKEN, "uid": "owner"},
                "expiry_date": soon(),
                "reservation_id": "R1",
                **place,
            }
            await one.command("RESERVE_NOW", **reserve)
            accepted = await outcome(one, "RESERVE_NOW")
            await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "RESERVED")
            await one.start(DC)
            other = await outcome(one, "START_SESSION")
            await one.command("START_SESSION", token={**TOKEN, "uid": "owner"}, **place)
            return accepted, other, (await one.session("ACTIVE"))["cdr_token"]["uid"]

    assert asyncio.run(play()) == ("ACCEPTED", "EVSE_OCCUPIED", "owner")


def test_reservations_are_cancelled_or_expire() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            reserve = {"token": TOKEN, "location_id": "ION-BTS01", "reservation_id": "R1"}
            await one.command("RESERVE_NOW", **reserve, evse_uid=DC, expiry_date=soon())
            await outcome(one, "RESERVE_NOW")
            await one.command("CANCEL_RESERVATION", reservation_id="R1")
            cancelled = await outcome(one, "CANCEL_RESERVATION")
            await one.wait(lambda h: h.path.endswith(DC) and h.body["status"] == "AVAILABLE")
            one.heard.clear()
            await one.command("CANCEL_RESERVATION", reservation_id="R1")
            unknown = await outcome(one, "CANCEL_RESERVATION")
            past = await one.command("RESERVE_NOW", **reserve, evse_uid=DC, expiry_date="2020-01-01T00:00:00Z")
            await one.command("RESERVE_NOW", **reserve, evse_uid="ION-BTS01-1", expiry_date=soon(0.2))
            await one.wait(lambda h: h.path.endswith("BTS01-1") and h.body["status"] == "AVAILABLE")
            return cancelled, unknown, past["data"]["result"], one.statuses("ION-BTS01-1")

    expected = ("ACCEPTED", "UNKNOWN_RESERVATION", "REJECTED", ["RESERVED", "AVAILABLE"])
    assert asyncio.run(play()) == expected


def test_unlocking() -> None:
    async def play() -> tuple[Any, Any]:
        async with connected() as (_, one):
            place = {"location_id": "ION-BTS01", "evse_uid": DC, "connector_id": "1"}
            reply = await one.command("UNLOCK_CONNECTOR", **place)
            return reply["data"]["result"], await outcome(one, "UNLOCK_CONNECTOR")

    assert asyncio.run(play()) == ("ACCEPTED", "ACCEPTED")


def test_an_unknown_command_is_404() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            return (await one.call("POST", f"{one.endpoints['commands']}/DANCE", {"response_url": "x"}))[0]

    assert asyncio.run(play()) == 404
