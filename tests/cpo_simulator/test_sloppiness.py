"""Sloppy habits: what real partners send, on purpose."""

import asyncio
from typing import Any

import pytest

from cpo_simulator.wire import sloppiness
from cpo_simulator.wire.sloppiness import SWITCHES
from tests.cpo_simulator.emsp import connected, cpo, emsp

BODY = {
    "data": {
        "country_code": "SK",
        "id": "ION-1",
        "kwh": 1.5,
        "status": "BLOCKED",
        "last_updated": "2026-11-22T10:00:00.123Z",
    },
    "status_code": 1000,
    "timestamp": "2026-11-22T10:00:00Z",
}


def said(*habits: Any, body: Any = BODY) -> Any:
    return sloppiness.apply(frozenset(habits), body)


def test_without_habits_nothing_changes() -> None:
    assert said() == BODY


@pytest.mark.parametrize(
    ("habit", "field", "value"),
    [
        ("naive-timestamps", "last_updated", "2026-11-22T10:00:00.123"),
        ("offset-timestamps", "last_updated", "2026-11-22T10:00:00.123+00:00"),
        ("numbers-as-strings", "kwh", "1.5"),
        ("lower-case-ids", "id", "ion-1"),
        ("lower-case-ids", "country_code", "sk"),
        ("preparing-status", "status", "PREPARING"),
        ("null-lists", "charging_periods", None),
    ],
)
def test_a_habit_changes_what_it_names(habit: str, field: str, value: str | None) -> None:
    assert said(habit)["data"][field] == value
    assert said(habit)["status_code"] == 1000


def test_a_command_result_as_a_bare_string() -> None:
    assert said("bare-command-result", body={"result": "ACCEPTED"}) == "ACCEPTED"
    reply = {"data": {"result": "ACCEPTED", "timeout": 30}, "status_code": 1000}
    assert said("bare-command-result", body=reply)["data"] == "ACCEPTED"


def test_errors_without_an_envelope() -> None:
    assert said("no-envelope-on-errors", body={"status_code": 2001, "status_message": "bad"}) == {"error": "bad"}
    assert said("no-envelope-on-errors") == BODY


def test_every_habit_is_documented() -> None:
    assert all(one.name == name and one.summary for name, one in SWITCHES.items())


def test_habits_reach_pushes_answers_and_headers() -> None:
    async def play() -> Any:
        habits = ["numbers-as-strings", "trailing-slashes", "no-message-headers"]
        async with connected({"habits": habits, "knobs": {"car_kwh": 1}}) as (_, one):
            await one.start("ION-BTS01-3")
            cdr = await one.wait(lambda h: h.path.startswith("/cdrs"))
            return cdr, one.endpoints["locations"], await one.call("GET", one.endpoints["locations"])

    cdr, url, (http, _, _) = asyncio.run(play())
    assert (cdr.path, cdr.body["total_energy"]) == ("/cdrs/", "1")
    assert "X-Request-ID" not in cdr.headers
    assert url.endswith("/locations/")
    assert http == 200


def test_a_raw_token_where_base64_is_expected(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> Any:
        async with cpo({"habits": ["raw-tokens"]}) as sim, emsp() as one:
            monkeypatch.setattr(one, "encoded", lambda token: token)
            await one.register(sim)
            await one.control(sim, "evses/ION-BTS01-1/plug")
            return (await one.wait(lambda h: h.method == "PATCH")).headers["Authorization"]

    assert asyncio.run(play()) == "Token token-b-of-the-emsp"


def test_an_emsp_that_wants_the_other_encoding_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> Any:
        async with cpo() as sim, emsp() as one:
            monkeypatch.setattr(one, "encoded", lambda token: token)
            await one.register(sim)
            assert sim.registration.connection is not None
            return sim.registration.connection.base64_tokens

    assert asyncio.run(play()) is False
