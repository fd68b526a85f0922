"""Our tokens over HTTP: the paged list, and authorisation in real time."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from ocpi.models import Token
from tests.factories import MOMENT, TokenFactory
from tests.ocpi.server.conftest import Cpo, answered, last_message


def uids(response: Any) -> list[str]:
    return [token["uid"] for token in answered(response, 200, 1000)]


@pytest.fixture
def five(db: None) -> list[Token]:
    return [TokenFactory.create(uid=f"T{n}", last_updated=MOMENT + timedelta(minutes=n)) for n in range(5)]


def test_a_token_is_written_in_the_version_asked_for(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0", contract_id="SK-SFP-C1", language="sk")
    expected = {
        "country_code": "SK",
        "party_id": "SFP",
        "uid": "T0",
        "type": "AD_HOC_USER",
        "contract_id": "SK-SFP-C1",
        "issuer": "Smart Fuel Pass",
        "valid": True,
        "whitelist": "NEVER",
        "language": "sk",
        "last_updated": "2026-11-22T10:00:00Z",
    }
    assert answered(cpo.get("tokens"), 200, 1000) == [expected]
    old = answered(cpo.get("/ocpi/emsp/2.1.1/tokens"), 200, 1000)[0]
    assert (old["type"], old["auth_id"]) == ("OTHER", "SK-SFP-C1")
    assert "contract_id" not in old


def test_the_list_comes_in_pages(cpo: Cpo, five: list[Token], settings: Settings) -> None:
    settings.OCPI_PAGE_LIMIT = 2
    settings.OCPI_BASE_URL_TEMPLATE = "http://testserver"
    url, seen, requests = "tokens", [], 0
    while url:
        response = cpo.get(url)
        seen += uids(response)
        requests += 1
        assert (response["X-Total-Count"], response["X-Limit"]) == ("5", "2")
        link = response.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        url = link.removeprefix("<http://testserver").partition(">")[0]
    assert (seen, requests) == (["T0", "T1", "T2", "T3", "T4"], 3)


def test_filters_are_from_inclusive_to_exclusive_and_follow_the_link(
    cpo: Cpo, five: list[Token], settings: Settings
) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://testserver"
    response = cpo.get("tokens?date_from=2026-11-22T10:01:00Z&date_to=2026-11-22T10:04:00Z&limit=2")
    assert (uids(response), response["X-Total-Count"]) == (["T1", "T2"], "3")
    following = response["Link"].removeprefix("<http://testserver").partition(">")[0]
    assert following == (
        "/ocpi/emsp/2.2.1/tokens?date_from=2026-11-22T10%3A01%3A00Z&date_to=2026-11-22T10%3A04%3A00Z&offset=2&limit=2"
    )
    assert uids(cpo.get(following)) == ["T3"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("offset=3", ["T3", "T4"]),
        ("offset=9", []),
        ("limit=1000000000", ["T0", "T1", "T2", "T3", "T4"]),
        ("limit=0", []),
        ("offset=9999999999", []),
        ("date_from=2026-11-22T10:03:00", ["T3", "T4"]),
        ("date_from=2026-11-22T12:03:00%2B02:00", ["T3", "T4"]),
    ],
)
def test_parameters_are_read_leniently(cpo: Cpo, five: list[Token], query: str, expected: list[str]) -> None:
    assert uids(cpo.get(f"tokens?{query}")) == expected


@pytest.mark.parametrize("query", ["offset=-1", "limit=x", "date_from=yesterday", "date_to=%00", "limit=٣"])
def test_parameters_that_say_nothing_are_refused(cpo: Cpo, query: str) -> None:
    answered(cpo.get(f"tokens?{query}"), 200, 2001, query.partition("=")[0])


def test_a_valid_token_is_allowed(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0")
    body = {"location_id": "LOC-1", "evse_uids": ["EVSE-1"]}
    data = answered(cpo.post("tokens/t0/authorize?type=AD_HOC_USER", body), 200, 1000)
    assert (data["allowed"], data["token"]["uid"], data["location"]) == ("ALLOWED", "T0", body)
    assert last_message().objects_touched == ["token:T0"]


def test_a_token_that_is_used_up_is_blocked(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0", valid=False)
    data = answered(cpo.post("tokens/T0/authorize?type=AD_HOC_USER"), 200, 1000)
    assert data["allowed"] == "BLOCKED"
    assert "location" not in data


def test_no_type_means_rfid_and_finds_the_only_token_all_the_same(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0")
    assert answered(cpo.post("tokens/T0/authorize"), 200, 1000)["allowed"] == "ALLOWED"
    assert last_message().leniences[0]["kind"] == "token_type"
    TokenFactory.create(uid="T0", type="RFID", valid=False)
    assert answered(cpo.post("tokens/T0/authorize"), 200, 1000)["allowed"] == "BLOCKED"


def test_2_1_1_asks_in_its_own_words(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0")
    for name in ("type", "token_type"):
        data = answered(cpo.post(f"/ocpi/emsp/2.1.1/tokens/T0/authorize?{name}=OTHER"), 200, 1000)
        assert data == {"allowed": "ALLOWED"}


@pytest.mark.parametrize(("version", "code"), [("2.2.1", 2004), ("2.2", 2004), ("2.1.1", 2000)])
def test_an_unknown_token_is_not_found(cpo: Cpo, version: str, code: int) -> None:
    TokenFactory.create(uid="T0")
    answered(cpo.post(f"/ocpi/emsp/{version}/tokens/T1/authorize"), 404, code)
    answered(cpo.post(f"/ocpi/emsp/{version}/tokens/T0/authorize?type=RFID"), 404, code)


def test_faulty_references_are_refused(cpo: Cpo) -> None:
    TokenFactory.create(uid="T0")
    answered(cpo.post("tokens/T0/authorize?type=AD_HOC_USER", {"evse_uids": 5}), 200, 2001, "location_id")
