"""What programs rely on: codes of refusals, requests that may be sent again, keys for tests, stations, receipts."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from billing.models import Receipt
from ocpi.models import Command, Evse, Location
from partners.models import Partner
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession, RepeatableRequest
from sessions_adhoc.tasks import sync_forget_addresses
from tests.driver import scene
from tests.factories import PartnerFactory
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import state
from tests.sessions_adhoc.test_languages import charged

pytestmark = pytest.mark.django_db
EVSE = "SK*ION*EEVSE-1"
STATIONS = "/api/v1/stations/"
NOBODYS = "7d1f2c9e-0000-4000-8000-000000000000"


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def stations(key: str, **query: Any) -> Any:
    return Client().get(STATIONS, query, headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def key(db: None) -> str:
    return create_client_key("app")[1]


def test_every_refusal_has_a_code(driver: Driver) -> None:
    assert code(driver.call("POST", body={"evse": "SK*NO*BODY"})) == (409, "unknown_charger")
    assert code(driver.call("POST", body={"evse": EVSE, "connector": "7"})) == (409, "unknown_connector")
    assert code(driver.call("POST", body={"evse": EVSE, "currency": "CZK"})) == (409, "other_currency")
    assert code(driver.call("POST", body={"evse": EVSE, "amount": 1})) == (409, "amount_too_small")
    assert code(driver.call("POST", body={"evse": EVSE, "previous": NOBODYS})) == (409, "unknown_previous")
    assert code(driver.call("POST", body={"evse": EVSE, "payment_reference": "x"})) == (409, "not_allowed")
    assert code(driver.call("GET", f"{NOBODYS}/")) == (404, "not_found")
    assert code(driver.call("DELETE", f"{NOBODYS}/")) == (405, "method_not_allowed")
    assert code(driver.call("POST", body=[1])) == (400, "invalid")
    assert code(driver.http.post("/api/v1/ad-hoc-sessions/", "{", content_type="application/json")) == (
        401,
        "not_authenticated",
    )
    assert code(driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "x" * 256})) == (400, "parse_error")
    driver.key = "sfp_unknown"
    assert code(driver.call("GET", f"{NOBODYS}/")) == (401, "authentication_failed")


def test_refusals_of_a_session_have_codes(driver: Driver) -> None:
    session = driver.start()
    path = f"{session.pk}/"
    assert code(driver.call("POST", f"{path}limit/", body={"amount": 1})) == (409, "limit_not_higher")
    assert driver.call("POST", f"{path}limit/", body={"amount": 6000}).status_code == 202
    assert code(driver.call("POST", f"{path}limit/", body={"amount": 7000})) == (409, "limit_pending")
    assert code(driver.call("POST", f"{path}release/")) == (409, "not_ended")
    AdHocSession.objects.filter(pk=session.pk).update(state="awaiting_cdr", limit_wanted=None)
    assert code(driver.call("POST", f"{path}limit/", body={"amount": 7000})) == (409, "not_charging")


def test_what_is_invalid_is_told_by_field_for_people_and_programs(driver: Driver) -> None:
    answer = driver.call("POST", body={"evse": "", "amount": 0})
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "evse": ["This field may not be blank."],
            "amount": ["Ensure this value is greater than or equal to 1."],
            "code": "invalid",
            "fields": {"evse": ["blank"], "amount": ["min_value"]},
        },
    )


def stops(session: AdHocSession) -> int:
    return Command.objects.filter(reference=str(session.pk), kind=Command.Kind.STOP_SESSION).count()


def test_a_stop_that_is_sent_again_is_one_stop(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    first = driver.call("POST", f"{session.pk}/stop/", **{"Idempotency-Key": "stop-1"})
    driver.run_tasks()
    clock.forward(seconds=30)
    again = driver.call("POST", f"{session.pk}/stop/", **{"Idempotency-Key": "stop-1"})
    driver.run_tasks()
    assert (first.status_code, again.status_code, again.json()["id"]) == (202, 202, str(session.pk))
    assert stops(session) == 1
    assert [str(row) for row in RepeatableRequest.objects.all()] == ["stop-1"]


def test_a_key_is_for_one_request_of_one_client(driver: Driver) -> None:
    session = driver.start()
    sent = {"Idempotency-Key": "k"}
    assert driver.call("POST", f"{session.pk}/limit/", body={"amount": 5000}, **sent).status_code == 202
    assert driver.call("POST", f"{session.pk}/limit/", body={"amount": 5000}, **sent).status_code == 202
    other = driver.call("POST", f"{session.pk}/limit/", body={"amount": 6000}, **sent)
    assert code(other) == (409, "idempotency_conflict")
    assert code(driver.call("POST", f"{session.pk}/stop/", **sent)) == (409, "idempotency_conflict")
    driver.key = create_client_key("other")[1]
    assert code(driver.call("POST", f"{session.pk}/stop/", **sent)) == (404, "not_found")
    assert RepeatableRequest.objects.count() == 1


def test_the_key_of_a_start_is_of_no_other_request(driver: Driver) -> None:
    """Nor is that of another request one of a START: nothing is done, and nothing reserved."""
    wish, sent = {"evse": "SK*ION*EEVSE-1"}, {"Idempotency-Key": "k"}
    session = driver.call("POST", body=wish, **sent).json()["id"]
    driver.run_tasks()
    for verb in ("stop", "cancel", "limit", "release"):
        answer = driver.call("POST", f"{session}/{verb}/", body={"amount": 5000}, **sent)
        assert (verb, *code(answer)) == (verb, 409, "idempotency_conflict")
    assert RepeatableRequest.objects.count() == 0
    assert driver.call("POST", body=wish, **sent).status_code == 200
    assert driver.call("POST", f"{session}/stop/", **{"Idempotency-Key": "other"}).status_code == 202
    assert code(driver.call("POST", body=wish, **{"Idempotency-Key": "other"})) == (409, "idempotency_conflict")
    assert AdHocSession.objects.count() == 1


def test_what_was_refused_may_be_tried_again_with_its_key(driver: Driver) -> None:
    session = driver.start()
    sent = {"Idempotency-Key": "k"}
    assert code(driver.call("POST", f"{session.pk}/release/", **sent)) == (409, "not_ended")
    assert RepeatableRequest.objects.count() == 0
    assert driver.call("POST", f"{session.pk}/stop/", **sent).status_code == 202


def test_keys_are_forgotten_after_two_days(driver: Driver) -> None:
    session = driver.start()
    driver.call("POST", f"{session.pk}/stop/", **{"Idempotency-Key": "k"})
    assert (sync_forget_addresses(), RepeatableRequest.objects.count()) == (0, 1)
    RepeatableRequest.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    assert (sync_forget_addresses(), RepeatableRequest.objects.count()) == (1, 0)


def test_the_session_leads_to_its_receipt(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = charged(driver, cpo, clock, "en")
    receipt = Receipt.objects.get()
    link = f"http://127.0.0.1:8000/c/receipt/{receipt.pk}"
    assert driver.call("GET", f"{session.pk}/").json()["receipts"] == [
        {
            "kind": "receipt",
            "number": "SFP-2026-000001",
            "total": 301,
            "url": link,
            "pdf_url": f"{link}.pdf",
        }
    ]


# --- stations


def test_a_station_as_an_app_sees_it(key: str) -> None:
    evse = scene.station()
    answer = stations(key, near="48.1485980,17.1077480")
    assert answer.status_code == 200
    assert answer.json() == {
        "next": None,
        "results": [
            {
                "name": "Aupark P2",
                "address": "Einsteinova 18",
                "city": "Bratislava",
                "country": "SVK",
                "latitude": 48.148598,
                "longitude": 17.107748,
                "distance": 0,
                "operator": evse.partner.name,
                "chargers": [
                    {
                        "code": evse.code,
                        "evse": scene.EVSE_ID,
                        "status": "AVAILABLE",
                        "free": True,
                        "url": f"http://127.0.0.1:8000/c/{evse.code}",
                        "connectors": [{"id": "1", "standard": "IEC_62196_T2_COMBO", "power_type": "DC", "kw": 150.0}],
                    }
                ],
            }
        ],
    }


def test_page_by_page(key: str) -> None:
    for number in range(5):
        evse = scene.station(evse_id=f"SK*ION*E{number}*1")
        Location.objects.filter(pk=evse.location_id).update(latitude=Decimal("48.14") + number / Decimal(1000))
    seen, url = [], f"{STATIONS}?near=48.14,17.107748&limit=2"
    while url:
        page = Client().get(url, headers={"Authorization": f"Bearer {key}"}).json()
        assert len(page["results"]) <= 2
        seen += [one["chargers"][0]["evse"] for one in page["results"]]
        url = page["next"]
    assert seen == [f"SK*ION*E{number}*1" for number in range(5)]


def test_in_a_place(key: str) -> None:
    scene.station()
    found = stations(key, place="brat").json()["results"]
    assert [(one["city"], one["distance"]) for one in found] == [("Bratislava", None)]
    Location.objects.update(latitude=None, longitude=None)
    assert stations(key, place="brat").json()["results"][0]["latitude"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "near"),
        ({"near": "1,1", "place": "x"}, "near"),
        ({"near": "100,1"}, "near"),
        ({"near": "1,1", "radius": "0"}, "radius"),
        ({"near": "1,1", "radius": "50001"}, "radius"),
        ({"near": "1,1", "limit": "101"}, "limit"),
        ({"near": "1,1", "offset": "-1"}, "offset"),
    ],
)
def test_what_is_asked_wrongly_names_its_field(key: str, query: dict[str, str], field: str) -> None:
    answer = stations(key, **query)
    assert (code(answer), field in answer.json()["fields"]) == ((400, "invalid"), True)


def test_nobody_without_a_key_gets_the_list(db: None) -> None:
    assert Client().get(STATIONS, {"near": "1,1"}).status_code == 401


# --- keys for tests


@pytest.fixture
def both(db: None) -> tuple[Evse, Evse]:
    """A test partner's charger and a real one, at one place."""
    tested = scene.station(evse_id="SK*TST*E1*1", partner=PartnerFactory.create(environment="test"))
    return tested, scene.station()


def starts(key: str, evse: Evse) -> int:
    body = json.dumps({"evse": evse.code})
    headers = {"Authorization": f"Bearer {key}"}
    url = "/api/v1/ad-hoc-sessions/"
    return Client().post(url, body, content_type="application/json", headers=headers, secure=True).status_code


def listed(key: str) -> list[str]:
    answer = Client().get(STATIONS, {"place": "B"}, headers={"Authorization": f"Bearer {key}"}, secure=True)
    return [charger["evse"] for one in answer.json()["results"] for charger in one["chargers"]]


def test_a_key_for_tests_sees_test_partners_only(both: tuple[Evse, Evse]) -> None:
    tested, real = both
    _, key = create_client_key("trial", is_test=True)
    assert listed(key) == ["SK*TST*E1*1"]
    assert (starts(key, real), starts(key, tested)) == (409, 201)
    quote = Client().get("/api/v1/quotes/", {"evse": real.code}, headers={"Authorization": f"Bearer {key}"})
    assert code(quote) == (404, "unknown_charger")
    assert [state(session)[0] for session in AdHocSession.objects.all()] == ["created"]


def test_where_money_is_real_no_other_key_sees_them(both: tuple[Evse, Evse], settings: Settings, key: str) -> None:
    tested, _real = both
    assert sorted(listed(key)) == [scene.EVSE_ID, "SK*TST*E1*1"]
    settings.PRODUCTION, settings.STAGING = True, False
    assert listed(key) == [scene.EVSE_ID]
    assert (starts(key, tested), Partner.objects.count()) == (409, 2)
