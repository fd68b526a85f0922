"""The control API, the status page and the log."""

import asyncio
import io
import json
from typing import Any

from cpo_simulator.emsp.exchanges import Exchange, Exchanges, masked_header
from cpo_simulator.settings.config import Config
from tests.cpo_simulator.emsp import TOKEN_B, connected, cpo, emsp

DC = "ION-BTS01-3"


def test_state_tells_the_simulators_own_books_without_secrets() -> None:
    async def play() -> tuple[Any, Any, Any]:
        async with connected({"knobs": {"car_kwh": 1}}) as (sim, one):
            await one.start(DC)
            await one.cdr()
            _, state = await one.control(sim, "state", method="GET")
            _, exchanges = await one.control(sim, "exchanges?limit=1000", method="GET")
            return state, exchanges, one.cpo_token

    state, exchanges, token_c = asyncio.run(play())
    assert state["registered"]
    assert state["connection"]["version"] == "2.2.1"
    assert state["connection"]["emsp"] == {"country_code": "SK", "party_id": "SFP", "name": "Smart Fuel Pass"}
    assert state["starts_by_authorization_reference"] == {"ref-1": 1}
    assert state["pushes"]["POST cdrs ok"] == 1
    assert [one["status"] for one in state["sessions"]] == ["COMPLETED"]
    assert [one["total_energy"] for one in state["cdrs"]] == [1]
    assert len(state["evses"]) > 20
    everything = json.dumps([state, exchanges])
    assert TOKEN_B not in everything
    assert token_c not in everything
    assert {one["direction"] for one in exchanges} == {"in", "out"}
    assert exchanges[0]["id"] > exchanges[-1]["id"]


def test_local_stop_through_the_control_api() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            await one.start(DC)
            active = await one.session("ACTIVE")
            await one.wait(lambda h: h.method == "PATCH" and "/sessions/" in h.path)
            stopped = await one.control(sim, f"sessions/{active['id']}/stop")
            return stopped, await one.cdr(), await one.control(sim, f"sessions/{active['id']}/stop")

    stopped, cdr, again = asyncio.run(play())
    assert stopped == (200, {"stopping": True})
    assert 0 < cdr["total_energy"] < 25
    assert again[0] == 404


def test_what_cannot_be_done_is_refused_with_a_reason() -> None:
    async def play() -> list[Any]:
        async with cpo() as sim, emsp() as one:
            calls: tuple[tuple[str, object], ...] = (
                ("evses/nope/plug", {}),
                (f"evses/{DC}/status", {"status": "HAPPY"}),
                (f"evses/{DC}/status", {}),
                ("behaviour", {"scenario": "nope"}),
                ("behaviour", {"knobs": {"nope": 1}}),
                ("behaviour", {"knobs": {"cdr": -1}}),
                ("behaviour", {"nope": 1}),
                ("behaviour", [1]),
            )
            return [await one.control(sim, path, body) for path, body in calls]

    answers = asyncio.run(play())
    assert [http for http, _ in answers] == [404, 400, 400, 400, 400, 400, 400, 400]
    assert all(body["error"] for _, body in answers)


def test_a_wish_with_a_mistake_changes_nothing_and_reset_brings_the_defaults_back() -> None:
    async def play() -> tuple[Any, Any]:
        async with cpo() as sim, emsp() as one:
            await one.control(sim, "behaviour", {"scenario": "local-stop", "knobs": {"cdr": 1}})
            await one.control(sim, "behaviour", {"scenario": "happy", "faults": ["nope"]})
            _, kept = await one.control(sim, "behaviour", method="GET")
            _, fresh = await one.control(sim, "behaviour", {"reset": True})
            return kept, fresh

    kept, fresh = asyncio.run(play())
    assert (kept["scenario"], kept["knobs"]["cdr"]) == ("local-stop", 1)
    assert (fresh["scenario"], fresh["knobs"]["cdr"]) == ("happy", 5)


def test_who_is_at_which_charger_is_told_without_the_books() -> None:
    async def play() -> list[Any]:
        async with cpo() as sim, emsp() as one:
            out = []
            for what in ("state", "evses"):
                async with one.http.get(f"{sim.base_url}/control/{what}") as response:
                    out.append(await response.json())
            return out

    everything, chargers = asyncio.run(play())
    assert chargers == {"evses": everything["evses"]}
    assert chargers["evses"]


def test_with_a_control_token_only_its_owner_gets_in() -> None:
    async def play() -> list[Any]:
        async with cpo(control_token="let-me-in-please") as sim, emsp() as one:
            out = []
            for headers in (
                {},
                {"Authorization": "Bearer wrong"},
                {"Authorization": "Bearer let-me-in-please"},
            ):
                async with one.http.get(f"{sim.base_url}/control/state", headers=headers) as response:
                    out.append(response.status)
            return out

    assert asyncio.run(play()) == [403, 403, 200]


def test_a_proxied_or_cross_site_request_is_not_local() -> None:
    async def play() -> list[Any]:
        async with cpo() as sim, emsp() as one:
            out = []
            for headers in ({"X-Forwarded-For": "192.0.2.1"}, {"Sec-Fetch-Site": "cross-site"}):
                async with one.http.post(f"{sim.base_url}/control/reset-registration", headers=headers) as response:
                    out.append(response.status)
            return out

    assert asyncio.run(play()) == [403, 403]


def test_the_status_page_shows_chargers_and_escapes_names() -> None:
    async def play() -> tuple[Any, Any]:
        async with cpo(name="<b>Ion</b>") as sim, emsp() as one, one.http.get(f"{sim.base_url}/") as response:
            return response.status, await response.text()

    http, html = asyncio.run(play())
    assert http == 200
    assert "ION-BTS01-1" in html
    assert "<b>Ion</b>" not in html


def logged(json_log: bool = False, **values: Any) -> tuple[Exchanges, str]:
    out = io.StringIO()
    exchanges = Exchanges(Config(exchanges=2, json_log=json_log), out)
    for _ in range(3):
        exchanges.add(Exchange("in", "POST", "/x?token=secret-secret", 200, 1000, 7, **values))
    return exchanges, out.getvalue()


def test_one_line_for_each_exchange_and_a_bounded_memory() -> None:
    exchanges, text = logged()
    assert len(exchanges.newest(100)) == 2
    assert "<- POST   200 1000     7 ms  /x?token=****" in text
    assert len(text.splitlines()) == 3


def test_the_log_as_json_masks_tokens() -> None:
    token = {"token": "12345678-abcd"}
    _, text = logged(json_log=True, request=token, response={"data": token}, authorization="Token 12345678-abcd")
    line = json.loads(text.splitlines()[0])
    assert line["request"] == {"token": "****abcd"}
    assert line["response"] == {"data": {"token": "****abcd"}}
    assert line["authorization"] == "Token ****abcd"
    assert "12345678" not in text


def test_a_header_without_a_scheme_is_masked_too() -> None:
    assert masked_header("12345678-abcd") == "****abcd"
    assert masked_header("Token x") == "Token ****"


def test_long_bodies_are_cut() -> None:
    exchanges, _ = logged(response="x" * 50_000)
    assert len(exchanges.newest(1)[0]["response"]) < 21_000
