"""A push ends in the same rows and is answered with the same words, whichever way it takes: for any message."""

from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ocpi.models import Connector, Evse, Location, Message, OcpiSession, PartnerQuirk, Refresh
from partners import clocks
from partners.models import IssuedToken, Partner, PartnerClock
from tests.factories import evse_data, issue_token, period_data, session_data
from tests.ocpi.push.comparing import COUNTED, differences, rows
from tests.ocpi.push.conftest import TO_THE_VIEW
from tests.ocpi.server.conftest import Cpo
from tests.support.examples import examples

pytestmark = pytest.mark.django_db
NOW = "2026-11-22T10:10:00Z"
STAMPS = [f"2026-11-22T10:{minute:02}:{second:02}Z" for minute in (0, 5, 9) for second in (0, 30)]
VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
KEPT = (OcpiSession, Location, Evse, Connector, Message, PartnerQuirk, Refresh, IssuedToken, PartnerClock, Partner)

stamps = st.sampled_from([*STAMPS, "2026-11-22T12:00:00Z", "2026-11-22T10:05:00+01:00", "2026-11-22", "", None])
session_changes = st.fixed_dictionaries(
    {},
    optional={
        "kwh": st.sampled_from([0, 1, 2.5, 12.34567, "3.5", -1, None, 10**12, True]),
        "status": st.sampled_from(["ACTIVE", "COMPLETED", "INVALID", "PENDING", "active", "CHARGING", ""]),
        "last_updated": stamps,
        "start_date_time": stamps,
        "end_date_time": stamps,
        "authorization_reference": st.sampled_from(["REF-1", "REF-2", "", None, "x" * 80]),
        "charging_periods": st.lists(
            st.builds(period_data, st.sampled_from(STAMPS), POWER=st.sampled_from([0, 50, -1])), max_size=3
        ),
        "id": st.sampled_from(["S-1", "s-1", "S-2", ""]),
        "cdr_token": st.sampled_from([{"uid": "T"}, None, "T"]),
        "token": st.just("a-secret-token-0123456789"),
        "vendor": st.sampled_from([{"a": "\x00"}, 1e400, "ä\ud800", [[]]]),
    },
)
evse_changes = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["AVAILABLE", "CHARGING", "BLOCKED", "PREPARING", "charging", "x", None]),
        "last_updated": stamps,
        "uid": st.sampled_from(["EVSE-1", "evse-1", "EVSE-2"]),
        "evse_id": st.sampled_from(["SK*ION*E0001", "SK*ION*E0009", ""]),
        "floor_level": st.sampled_from(["1", "", 1, None, "too long a level"]),
        "connectors": st.sampled_from([[], None, [{"id": "1", "max_voltage": 400}]]),
        "vendor": st.just("ä"),
    },
)
extra_headers = st.sampled_from(
    [{}, {"HTTP_X_REQUEST_ID": "r-1", "HTTP_X_CORRELATION_ID": "c-1"}, {"HTTP_OCPI_FROM_PARTY_ID": "HUB"}]
)
odd_urls = st.sampled_from(["", "/", "?a=1", "%20"])
mostly = st.integers(0, 9)


@st.composite
def session_pushes(draw: Any) -> tuple[Any, ...]:
    method, changes = draw(st.sampled_from(["PUT", "PATCH", "PATCH"])), draw(session_changes)
    path = draw(st.sampled_from(["sessions/SK/ION/S-1"] * 6 + ["sessions/sk/ION/S-1", "sessions/SK/ABC/S-1"]))
    return method, path, session_data(**changes) if method == "PUT" else changes


@st.composite
def evse_pushes(draw: Any) -> tuple[Any, ...]:
    method, changes = draw(st.sampled_from(["PATCH", "PATCH", "PUT"])), draw(evse_changes)
    uid = draw(st.sampled_from(["EVSE-1", "EVSE-1", "EVSE-2", "evse-1", "EVSE-9"]))
    return method, f"locations/SK/ION/LOC-1/{uid}", evse_data(**changes) if method == "PUT" else changes


@st.composite
def pushes(draw: Any) -> dict[str, Any]:
    """One message: mostly in order, now and then not at all."""
    method, path, body = draw(st.one_of(session_pushes(), evse_pushes()))
    if not draw(mostly):
        body = draw(st.sampled_from([b"", b"{", b"[]", b'"x"', b'{"kwh": NaN}', b"\xff"]))
    return {
        "method": method,
        "path": path + (draw(odd_urls) if not draw(mostly) else ""),
        "body": body,
        "version": draw(st.sampled_from(VERSIONS)),
        "token": draw(st.sampled_from(["", "raw", "wrong"])) if not draw(mostly) else "",
        "headers": draw(extra_headers),
        "minutes": draw(st.sampled_from([0, 0, 1])),
    }


def send(cpo: Cpo, push: dict[str, Any], **more: Any) -> list[Any]:
    answer = asked(cpo, push, **more)
    return [answer.status_code, dict(answer.headers), answer.content]


def asked(cpo: Cpo, push: dict[str, Any], **more: Any) -> Any:
    cpo.version, headers = push["version"], dict(push["headers"])
    if push["token"]:
        headers["HTTP_AUTHORIZATION"] = f"Token {cpo.token if push['token'] == 'raw' else 'nobodys'}"
    return cpo.call(push["method"], push["path"], push["body"], **headers, **more)


def play(cpo: Cpo, stream: list[dict[str, Any]], **more: Any) -> list[Any]:
    """What a stream of pushes leaves, in a transaction that is undone: answers and rows."""
    clocks.forget()
    with time_machine.travel(NOW, tick=False) as clock, transaction.atomic():
        answers = []
        for push in stream:
            clock.shift(60 * push["minutes"])
            answers.append(send(cpo, push, **more))
        left = [answers, rows(KEPT, COUNTED | {"code"})]
        transaction.set_rollback(True)
    return left


@given(stream=st.lists(pushes(), min_size=1, max_size=5))
@examples(20)
def test_any_stream_of_pushes(cpo: Cpo, stream: list[dict[str, Any]]) -> None:
    assert differences(play(cpo, stream), play(cpo, stream, **TO_THE_VIEW)) == []


@pytest.mark.heavy
@given(stream=st.lists(pushes(), min_size=1, max_size=8))
@examples(1500)
def test_any_stream_of_pushes_at_length(cpo: Cpo, stream: list[dict[str, Any]]) -> None:
    assert differences(play(cpo, stream), play(cpo, stream, **TO_THE_VIEW)) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_a_charge_from_beginning_to_end(partner: Partner, version: str) -> None:
    """What CPOs send all day, in each version, with what is sent twice and late in it."""
    cpo = Cpo(partner, version, issue_token(partner))
    change = {"kwh": 2.5, "last_updated": STAMPS[2]}
    period = {"charging_periods": [period_data(STAMPS[3], POWER=48)], "last_updated": STAMPS[3]}
    bodies: list[tuple[str, str, Any]] = [
        ("PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": "CHARGING", "last_updated": STAMPS[0]}),
        ("PUT", "sessions/SK/ION/S-1", session_of(version)),
        ("PATCH", "sessions/SK/ION/S-1", change),
        ("PATCH", "sessions/SK/ION/S-1", change),
        ("PATCH", "sessions/SK/ION/S-1", period),
        ("PATCH", "sessions/SK/ION/S-1", {"kwh": 1, "last_updated": STAMPS[1]}),
        ("PUT", "sessions/SK/ION/S-1", session_of(version, kwh=3, status="COMPLETED", last_updated=STAMPS[4])),
        ("PATCH", "locations/SK/ION/LOC-1/EVSE-1", {"status": "AVAILABLE", "last_updated": STAMPS[4]}),
    ]
    plain = {"version": version, "token": "", "headers": {}, "minutes": 0}
    stream = [{"method": method, "path": path, "body": body, **plain} for method, path, body in bodies]
    answers, left = play(cpo, stream)
    assert [status for status, _, _ in answers] == [200, 201, 200, 200, 200, 200, 200, 200]
    assert [answers, left] == play(cpo, stream, **TO_THE_VIEW)


def session_of(version: str, **changes: Any) -> dict[str, Any]:
    data = session_data(**{"kwh": 1, **changes})
    if version != "2.1.1":
        return data
    data["start_datetime"] = data.pop("start_date_time")
    data["auth_id"] = data.pop("cdr_token")["uid"]
    location = {
        "id": "LOC-1",
        "type": "ON_STREET",
        "address": "Hlavna 1",
        "city": "Bratislava",
        "postal_code": "81101",
        "country": "SVK",
        "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
        "last_updated": STAMPS[0],
    }
    for name in ("country_code", "party_id", "location_id", "evse_uid", "connector_id"):
        data.pop(name)
    return data | {"location": location, "total_cost": 1.0}
