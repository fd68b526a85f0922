"""Registration, from both sides, and everything that can go wrong with it."""

import asyncio
from typing import Any

from tests.cpo_simulator.emsp import connected, cpo, emsp


def test_the_emsp_registers_and_token_a_dies() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            token_a_after, _, _ = await one.call("GET", sim.registration.versions_url, token="whatever-it-was")
            known = await one.call("GET", sim.registration.versions_url)
            own = await one.call("GET", one.endpoints["credentials"])
            return sim, one, token_a_after, known, own

    sim, one, after, (http, versions, headers), (_, own, _) = asyncio.run(play())
    assert after == 401
    assert (http, versions["data"][0]["version"]) == (200, "2.2.1")
    assert own["data"]["token"] == one.cpo_token
    assert own["data"]["roles"][0] | {"business_details": None} == {
        "role": "CPO",
        "party_id": "ION",
        "country_code": "SK",
        "business_details": None,
    }
    assert sim.registration.token_a is None
    assert headers["Content-Type"] == "application/json"


def test_token_a_opens_only_the_configuration_modules() -> None:
    async def play() -> tuple[Any, Any]:
        async with cpo() as sim, emsp() as one:
            token_a = sim.registration.token_a
            locations = await one.call("GET", f"{sim.base_url}/ocpi/cpo/2.2.1/locations", token=token_a)
            credentials = await one.call("GET", f"{sim.base_url}/ocpi/cpo/2.2.1/credentials", token=token_a)
            return locations[0], credentials[0]

    assert asyncio.run(play()) == (401, 200)


def test_raw_and_base64_tokens_are_understood_and_others_refused() -> None:
    async def play() -> list[Any]:
        async with cpo() as sim, emsp() as one:
            url, token_a = sim.registration.versions_url, sim.registration.token_a
            assert token_a is not None
            out = []
            for header in (
                f"Token {token_a}",
                f"Token {one.encoded(token_a)}",
                f"Bearer {token_a}",
                "Token x",
                "",
            ):
                async with one.http.get(url, headers={"Authorization": header}) as response:
                    out.append(response.status)
            return out

    assert asyncio.run(play()) == [200, 200, 401, 401, 401]


def test_the_405_rules_of_credentials() -> None:
    async def play() -> tuple[list[Any], Any, Any]:
        async with cpo() as sim, emsp() as one:
            token_a = sim.registration.token_a
            url = f"{sim.base_url}/ocpi/cpo/2.2.1/credentials"
            before = [(await one.call(m, url, one.credentials(), token_a))[0] for m in ("PUT", "DELETE")]
            await one.register(sim)
            again = (await one.call("POST", url, one.credentials()))[0]
            allow = (await one.call("PATCH", url, {}))[2]["Allow"]
            return before, again, allow

    assert asyncio.run(play()) == ([405, 405], 405, "GET, POST, PUT, DELETE")


def test_put_rotates_both_tokens_at_once() -> None:
    async def play() -> Any:
        async with connected() as (sim, one):
            old, one.token = one.cpo_token, "token-b-number-two"
            _, reply, _ = await one.call("PUT", one.endpoints["credentials"], one.credentials())
            one.cpo_token = reply["data"]["token"]
            stale = (await one.call("GET", one.endpoints["locations"], token=old))[0]
            fresh = (await one.call("GET", one.endpoints["locations"]))[0]
            await one.control(sim, "evses/ION-BTS01-1/plug")
            heard = await one.wait(lambda h: h.path.endswith("/ION-BTS01-1"))
            return stale, fresh, heard.body["status"]

    assert asyncio.run(play()) == (401, 200, "BLOCKED")


def test_delete_ends_the_registration_until_a_new_token_a_is_issued() -> None:
    async def play() -> tuple[Any, Any, bool]:
        async with connected() as (sim, one):
            http = (await one.call("DELETE", one.endpoints["credentials"]))[0]
            gone = (await one.call("GET", sim.registration.versions_url))[0]
            await one.control(sim, "reset-registration")
            await one.register(sim)
            return http, gone, sim.registration.connection is not None

    assert asyncio.run(play()) == (200, 401, True)


def failed_registration(
    modules: tuple[str, str] | None = None,
    token: str | None = None,
    body: dict[Any, Any] | None = None,
    behaviour: dict[Any, Any] | None = None,
    offered: str = "2.2.1",
) -> tuple[Any, Any]:
    """(HTTP, OCPI status code) of a POST credentials that goes wrong; nothing may be registered by it."""

    async def play() -> tuple[Any, Any]:
        async with cpo(behaviour) as sim, emsp(offered) as one:
            if modules is not None:
                one.modules = modules
            credentials = {**one.credentials(token), **(body or {})}
            url = f"{sim.base_url}/ocpi/cpo/2.2.1/credentials"
            http, reply, _ = await one.call("POST", url, credentials, sim.registration.token_a)
            assert sim.registration.connection is None
            assert sim.registration.token_a
            return http, reply["status_code"]

    return asyncio.run(play())


def test_a_callback_that_is_refused_is_3001() -> None:
    assert failed_registration(token="not-the-token-that-the-emsp-accepts") == (200, 3001)


def test_an_unreachable_versions_url_is_3001() -> None:
    assert failed_registration(body={"url": "http://127.0.0.1:9/versions"}) == (200, 3001)


def test_a_version_that_the_emsp_does_not_offer_is_3002() -> None:
    assert failed_registration(offered="2.2") == (200, 3002)


def test_missing_receivers_are_3003() -> None:
    assert failed_registration(modules=("credentials", "locations")) == (200, 3003)


def test_incomplete_credentials_are_2001() -> None:
    assert failed_registration(body={"roles": None}) == (200, 2001)


def test_the_fault_3001_needs_no_callback() -> None:
    assert failed_registration(behaviour={"faults": ["registration-3001"]}) == (200, 3001)


def test_the_cpo_registers_at_the_emsp() -> None:
    async def play() -> bool | tuple[Any, Any, Any]:
        async with cpo() as sim, emsp() as one:
            one.token = "token-a-of-the-emsp"
            http, _ = await one.control(sim, "register", {"url": f"{one.url}/versions", "token": one.token})
            offered = one.credentials_from_cpo
            one.token = "token-for-the-cpo-after"
            with_its_token = (await one.call("GET", sim.registration.versions_url, token=offered["token"]))[0]
            await one.control(sim, "evses/ION-BTS01-1/plug")
            await one.wait(lambda h: h.path.endswith("/ION-BTS01-1"))
            return http, with_its_token, offered["url"] == sim.registration.versions_url

    assert asyncio.run(play()) == (200, 200, True)


def test_a_refused_registration_of_ours_is_told_and_changes_nothing() -> None:
    async def play() -> tuple[Any, Any, Any, bool]:
        async with cpo() as sim, emsp() as one:
            http, reply = await one.control(sim, "register", {"url": f"{one.url}/versions", "token": "wrong-token"})
            return http, reply["status_code"], sim.registration.connection, bool(sim.registration.token_a)

    assert asyncio.run(play()) == (502, 3001, None, True)


def test_credentials_can_be_set_by_hand() -> None:
    async def play() -> tuple[Any, Any]:
        async with cpo() as sim, emsp() as one:
            body = {
                "version": "2.2.1",
                "token_in": "agreed-in",
                "token_out": one.token,
                "versions_url": f"{one.url}/versions",
            }
            http, _ = await one.control(sim, "credentials", body)
            return http, (await one.call("GET", sim.registration.versions_url, token="agreed-in"))[0]

    assert asyncio.run(play()) == (200, 200)


def test_the_network_is_pushed_after_registration_if_wanted() -> None:
    async def play() -> Any:
        async with connected(push_locations=True) as (_, one):
            await one.wait(lambda h: h.path.endswith("/ION-BRN01"))
            return [h.path for h in one.heard], {h.method for h in one.heard}

    paths, methods = asyncio.run(play())
    assert methods == {"PUT"}
    assert paths[:3] == ["/tariffs/SK/ION/ION-AC", "/tariffs/SK/ION/ION-DC", "/tariffs/SK/ION/ION-HPC"]
    assert len(paths) == 3 + 8


def handshake_fault(fault: str, **knobs: Any) -> tuple[Any, Any]:
    """What an eMSP sees at GET versions and details under a fault."""

    async def play() -> tuple[Any, Any]:
        async with cpo({"faults": [fault], "knobs": knobs}) as sim, emsp() as one:
            token_a = sim.registration.token_a
            versions = await one.call("GET", sim.registration.versions_url, token=token_a)
            details = await one.call("GET", f"{sim.base_url}/ocpi/cpo/2.2.1", token=token_a)
            return versions, details

    return asyncio.run(play())


def test_the_fault_missing_module() -> None:
    _, (_, details, _) = handshake_fault("missing-module")
    assert "sessions" not in [one["identifier"] for one in details["data"]["endpoints"]]


def test_the_fault_html_versions() -> None:
    (http, text, headers), _ = handshake_fault("html-versions")
    assert (http, headers["Content-Type"][:9], text[:15]) == (200, "text/html", "<!DOCTYPE html>")


def test_the_fault_wrong_token_a() -> None:
    (http, reply, _), (details, _, _) = handshake_fault("wrong-token-a")
    assert (http, reply["status_code"], details) == (401, 2000, 401)


def test_the_fault_forbidden() -> None:
    (http, text, headers), (details, _, _) = handshake_fault("forbidden")
    assert (http, headers["Content-Type"][:9], text[:6], details) == (403, "text/html", "<html>", 403)


def test_the_fault_forgotten_tokens() -> None:
    (http, reply, _), (details, _, _) = handshake_fault("forgotten-tokens")
    assert (http, reply["status_code"], details) == (401, 2000, 401)


def test_the_fault_slow_versions() -> None:
    loop_time = asyncio.run(slow_versions())
    assert loop_time >= 0.2


async def slow_versions() -> float:
    async with cpo({"faults": ["slow-versions"], "knobs": {"slow_answer": 0.2}}) as sim, emsp() as one:
        started = asyncio.get_running_loop().time()
        await one.call("GET", sim.registration.versions_url, token=sim.registration.token_a)
        return asyncio.get_running_loop().time() - started
