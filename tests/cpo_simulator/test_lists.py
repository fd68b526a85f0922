"""What is served by GET: locations, tariffs, sessions, CDRs; and the tokens that are kept."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.cpo_simulator.emsp import TOKEN, connected


def ask(*calls: Any, **config: Any) -> list[Any]:
    """Answers of a registered simulator to several (method, module, rest of the URL, body)."""

    async def play() -> list[Any]:
        async with connected(**config) as (_, one):
            return [await one.call(m, one.endpoints[module] + rest, body) for m, module, rest, body in calls]

    return asyncio.run(play())


def get(module: str, rest: str = "", **config: Any) -> Any:
    return ask(("GET", module, rest, None), **config)[0]


def test_locations_come_in_pages_that_link_to_the_next() -> None:
    async def play() -> list[tuple[Any, Any]]:
        async with connected() as (_, one):
            url, pages = f"{one.endpoints['locations']}?limit=3&date_from=2020-01-01T00:00:00Z", []
            while url:
                _, reply, headers = await one.call("GET", url)
                pages.append((reply["data"], headers))
                link = headers.get("Link", "")
                url = link[1 : link.index(">")] if link else ""
            return pages

    pages = asyncio.run(play())
    assert [len(data) for data, _ in pages] == [3, 3, 2]
    assert {headers["X-Total-Count"] for _, headers in pages} == {"8"}
    assert {headers["X-Limit"] for _, headers in pages} == {"50"}
    assert 'rel="next"' in pages[0][1]["Link"]
    assert "date_from=2020-01-01T00:00:00Z" in pages[0][1]["Link"].replace("%3A", ":")
    ids = [one["id"] for data, _ in pages for one in data]
    assert len(set(ids)) == 8


def test_the_network_is_realistic_and_the_same_every_time() -> None:
    locations = get("locations")[1]["data"]
    again = get("locations")[1]["data"]
    other = get("locations", seed=2)[1]["data"]
    assert [one["coordinates"] for one in locations] == [one["coordinates"] for one in again]
    assert [one["coordinates"] for one in locations] != [one["coordinates"] for one in other]
    connectors = [c for one in locations for evse in one["evses"] for c in evse["connectors"]]
    assert {c["max_electric_power"] for c in connectors} == {22000, 50000, 150000, 300000}
    assert {c["tariff_ids"][0] for c in connectors} == {"ION-AC", "ION-DC", "ION-HPC"}
    evses = [evse for one in locations for evse in one["evses"]]
    assert len({evse["uid"] for evse in evses}) == len(evses)
    assert all(evse["evse_id"].startswith("SK*ION*E") for evse in evses)


def test_location_evse_and_connector_by_id_in_any_case() -> None:
    path = "/ion-bts01/ION-bts01-3/1"
    location, evse, connector, missing, deep = ask(
        ("GET", "locations", "/ion-bts01", None),
        ("GET", "locations", "/ion-bts01/ION-bts01-3/", None),
        ("GET", "locations", path, None),
        ("GET", "locations", "/ion-bts01/nope", None),
        ("GET", "locations", path + "/more", None),
    )
    assert location[1]["data"]["id"] == "ION-BTS01"
    assert evse[1]["data"]["uid"] == "ION-BTS01-3"
    assert connector[1]["data"]["standard"] == "IEC_62196_T2_COMBO"
    assert (missing[0], missing[1]["status_code"]) == (404, 2003)
    assert deep[0] == 404


def test_date_filters_take_in_the_first_moment_and_leave_out_the_last() -> None:
    async def play() -> list[Any]:
        async with connected() as (_, one):
            url = one.endpoints["tariffs"]
            moment = (await one.call("GET", url))[1]["data"][0]["last_updated"]
            later = (datetime.fromisoformat(moment) + timedelta(seconds=1)).astimezone(UTC).isoformat()
            queries = (f"?date_from={moment}", f"?date_to={moment}", f"?date_from={later}")
            return [len((await one.call("GET", url + query))[1]["data"]) for query in queries]

    assert asyncio.run(play()) == [3, 0, 0]


def test_sessions_need_date_from_and_bad_queries_are_2001() -> None:
    answers = ask(
        ("GET", "sessions", "", None),
        ("GET", "sessions", "?date_from=2020-01-01T00:00:00", None),
        ("GET", "sessions", "?date_from=yesterday", None),
        ("GET", "cdrs", "?limit=-1", None),
        ("GET", "cdrs", "/some-id", None),
    )
    assert [(http, body["status_code"]) for http, body, _ in answers] == [
        (200, 2001),
        (200, 1000),
        (200, 2001),
        (200, 2001),
        (404, 2001),
    ]
    assert answers[1][1]["data"] == []


def test_tariffs_are_priced_per_kwh_per_session_and_by_time_of_day() -> None:
    tariffs = {one["id"]: one for one in get("tariffs")[1]["data"]}
    kinds = {name: {c["type"] for e in one["elements"] for c in e["price_components"]} for name, one in tariffs.items()}
    assert kinds == {
        "ION-AC": {"ENERGY"},
        "ION-DC": {"ENERGY", "FLAT"},
        "ION-HPC": {"ENERGY", "PARKING_TIME"},
    }
    assert tariffs["ION-HPC"]["elements"][0]["restrictions"] == {"start_time": "07:00", "end_time": "22:00"}
    assert tariffs["ION-AC"]["elements"][0]["price_components"][0] == {
        "type": "ENERGY",
        "price": 0.39,
        "vat": 23,
        "step_size": 1,
    }


def test_tokens_are_kept_changed_and_served() -> None:
    path = "/SK/SFP/one-off-1?type=AD_HOC_USER"
    answers = ask(
        ("GET", "tokens", path, None),
        ("PUT", "tokens", path, TOKEN),
        ("PUT", "tokens", path, TOKEN),
        ("PATCH", "tokens", path, {"valid": False}),
        ("PATCH", "tokens", path, {"valid": False, "last_updated": "2026-11-22T11:00:00Z"}),
        ("GET", "tokens", path, None),
        ("PUT", "tokens", "/SK/SFP/other", TOKEN),
        ("PUT", "tokens", "/one-off-1", TOKEN),
    )
    assert [(http, body["status_code"]) for http, body, _ in answers] == [
        (404, 2004),
        (201, 1000),
        (200, 1000),
        (200, 2001),
        (200, 1000),
        (200, 1000),
        (200, 2001),
        (404, 2001),
    ]
    assert answers[5][1]["data"]["valid"] is False


def test_message_ids_are_repeated_and_parties_turned_round() -> None:
    async def play() -> Any:
        async with connected() as (_, one):
            sent = {
                "X-Request-ID": "r-1",
                "X-Correlation-ID": "c-1",
                "OCPI-from-country-code": "SK",
                "OCPI-from-party-id": "SFP",
                "OCPI-to-country-code": "SK",
                "OCPI-to-party-id": "ION",
            }
            return (await one.call("GET", one.endpoints["tariffs"], **sent))[2]

    headers = asyncio.run(play())
    assert (headers["X-Request-ID"], headers["X-Correlation-ID"]) == ("r-1", "c-1")
    assert (headers["OCPI-from-party-id"], headers["OCPI-to-party-id"]) == ("ION", "SFP")


def test_what_is_no_json_is_400_and_what_is_not_there_404() -> None:
    async def play() -> tuple[tuple[Any, Any], Any, Any, Any]:
        async with connected() as (sim, one):
            headers = {"Authorization": f"Token {one.encoded(one.cpo_token)}"}
            url = f"{one.endpoints['commands']}/START_SESSION"
            async with one.http.post(url, data=b"{oops", headers=headers) as response:
                broken = response.status, (await response.json())["status_code"]
            nothing = await one.call("GET", f"{sim.base_url}/ocpi/cpo/2.2.1/nothing")
            other_version = await one.call("GET", f"{sim.base_url}/ocpi/cpo/2.1.1")
            wrong_method = await one.call("DELETE", one.endpoints["locations"])
            return broken, nothing[0], other_version[0], wrong_method[0]

    assert asyncio.run(play()) == ((400, 2001), 404, 404, 405)


def test_old_objects_make_room_for_new_ones() -> None:
    async def play() -> list[Any]:
        async with connected(keep=30) as (sim, _):
            for number in range(40):
                sim.store.cdrs.put(str(number), {"id": str(number), "last_updated": datetime.now(UTC)})
            return [one["id"] for one in sim.store.cdrs]

    ids = [int(one) for one in asyncio.run(play())]
    assert (len(ids), ids[0], ids[-1]) == (30, 10, 39)
    assert all(later > earlier for earlier, later in pairwise(ids))
