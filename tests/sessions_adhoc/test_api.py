"""The driver's API: who may call it, what it answers, and that a repeated request is one session."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.models import PaymentAuthorization
from ocpi.models import Evse
from partners.models import Partner, Policy
from sessions_adhoc.driver.api.serializers import StartSerializer
from sessions_adhoc.driver.clients import create_client_key, revoke_client_key
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory, tariff_data
from tests.sessions_adhoc.conftest import API, Cpo, Driver
from tests.sessions_adhoc.looking import state
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db

EVSE = "SK*ION*EEVSE-1"
NOBODYS = "7d1f2c9e-0000-4000-8000-000000000000"


def test_a_started_session_as_the_driver_sees_it(driver: Driver) -> None:
    answer = driver.call("POST", body={"evse": "sk*ion*eevse-1", "connector": "1", "channel": "terminal"})
    body = answer.json()
    assert answer.status_code == 201
    session = AdHocSession.objects.get()
    assert body.pop("id") == str(session.pk)
    assert body["quote"].pop("hash") == session.offer_hash
    assert body.pop("created_at").startswith("2026-05-04T")
    assert body == {
        "state": "created",
        "reason": "",
        "message": "One moment: your payment is being prepared.",
        "finished": False,
        "can_stop": False,
        "can_cancel": True,
        "evse": EVSE,
        "connector": "1",
        "connector_status": "AVAILABLE",
        "attempts": 0,
        "ended_at": None,
        "money": {
            "currency": "EUR",
            "reserved": 0,
            "limit": 4000,
            "limit_wanted": None,
            "least_further_limit": None,
            "further_hold_waits": False,
            "kept_until": None,
            "captured": 0,
            "refunded": 0,
            "owed": 0,
            "estimated": None,
            "state": "created",
        },
        "payment_action": None,
        "owed": None,
        "quote": {"text": None, "per_kwh": None, "per_minute": None},
        "meter": {"kwh": None, "kw": None, "kw_derived": False, "soc": None, "at": None},
        "receipts": [],
        "events": [],
    }
    assert (session.amount, session.currency, session.channel, session.is_dc) == (4000, "EUR", "terminal", True)


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer sfp_wrong", "Basic abc", "Bearer \u00e9"])
@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", f"{NOBODYS}/"), ("POST", f"{NOBODYS}/stop/")])
def test_unknown_clients_are_refused(client: Client, db: None, key: str, method: str, path: str) -> None:
    answer = client.generic(
        method, API + path, "{}", content_type="application/json", headers={"Authorization": key} if key else {}
    )
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert list(answer.json()) == ["detail", "code"]


def test_a_revoked_key_dies_at_once(driver: Driver) -> None:
    client, key = create_client_key("terminal")
    driver.key = key
    assert driver.call("GET", f"{NOBODYS}/").status_code == 404
    assert (revoke_client_key(client), revoke_client_key(client)) == (True, False)
    assert driver.call("GET", f"{NOBODYS}/").status_code == 401


def test_a_client_sees_its_own_sessions_only(driver: Driver) -> None:
    session = driver.start()
    driver.key = create_client_key("other")[1]
    for method, path in (("GET", ""), ("POST", "stop/"), ("POST", "cancel/")):
        assert driver.call(method, f"{session.pk}/{path}").status_code == 404
    assert state(session)[0] == "starting"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "evse"),
        ({"evse": ""}, "evse"),
        ({"evse": EVSE, "amount": 0}, "amount"),
        ({"evse": EVSE, "amount": -5}, "amount"),
        ({"evse": EVSE, "amount": "ten"}, "amount"),
        ({"evse": EVSE, "amount": 10**12}, "amount"),
        ({"evse": EVSE, "currency": "EURO"}, "currency"),
        ({"evse": EVSE, "channel": "fax"}, "channel"),
        ({"evse": EVSE, "previous": "no-uuid"}, "previous"),
    ],
)
def test_a_malformed_request_names_its_field_and_starts_nothing(driver: Driver, body: Any, field: str) -> None:
    answer = driver.call("POST", body=body)
    assert (answer.status_code, list(answer.json())) == (400, [field, "code", "fields"])
    assert (answer.json()["code"], list(answer.json()["fields"])) == ("invalid", [field])
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count()) == (0, 0)


def test_a_body_that_is_no_json_is_400(driver: Driver) -> None:
    answer = driver.http.post(
        API, "{", content_type="application/json", headers={"Authorization": f"Bearer {driver.key}"}
    )
    assert answer.status_code == 400


FIELDS = sorted(StartSerializer().fields)


@pytest.mark.parametrize("field", [*FIELDS, "unheard of", "\ud800"])
def test_half_a_character_is_no_text_in_any_field(driver: Driver, field: str) -> None:
    """Whatever a refusal quotes of a request, it can be written."""
    answer = driver.call("POST", body={"evse": EVSE, field: "\ud800"})
    assert (answer.status_code, answer.json()["code"], AdHocSession.objects.count()) == (400, "parse_error", 0)


@pytest.mark.parametrize(
    ("body", "field", "text"),
    [
        ({"evse": "SK*ION*E999"}, "evse", "There is no charger 'SK*ION*E999'. Check the code on the sticker."),
        ({"evse": EVSE, "connector": "7"}, "connector", "This charger has no connector '7'."),
        ({"evse": EVSE, "amount": 100, "currency": "CZK"}, "currency", "This charger bills in EUR."),
        ({"evse": EVSE, "previous": NOBODYS}, "previous", "There is no such earlier session."),
    ],
)
def test_what_cannot_be_started_says_why_and_reserves_nothing(driver: Driver, body: Any, field: str, text: str) -> None:
    answer = driver.call("POST", body=body)
    assert (answer.status_code, answer.json()["field"]) == (409, field)
    assert answer.json()["detail"] == text
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count()) == (0, 0)


@pytest.mark.parametrize("status", ["INOPERATIVE", "OUTOFORDER", "PLANNED"])
def test_a_charger_out_of_service_is_not_started(driver: Driver, evse: Evse, status: str) -> None:
    type(evse).objects.update(status=status)
    assert driver.call("POST", body={"evse": EVSE}).json()["detail"] == "This charger is out of service."


def test_a_charger_of_an_operator_that_is_not_connected_is_not_started(driver: Driver, cpo: Cpo) -> None:
    Partner.objects.update(connection="suspended")
    answer = driver.call("POST", body={"evse": EVSE})
    assert answer.json()["detail"] == "This charger's operator is not connected at the moment."


def test_with_several_connectors_one_must_be_named(driver: Driver, evse: Evse) -> None:
    ConnectorFactory.create(evse=evse, connector_id="2", power_type="AC_3_PHASE")
    answer = driver.call("POST", body={"evse": EVSE})
    assert answer.json() == {
        "detail": "This charger has several connectors (1, 2): say which one.",
        "field": "connector",
        "code": "connector_needed",
    }
    assert driver.call("POST", body={"evse": EVSE, "connector": "2"}).status_code == 201
    assert not AdHocSession.objects.get().is_dc


@pytest.mark.parametrize("name", ["EVSE-1", "evse-1"])
def test_a_uid_is_no_public_address(driver: Driver, evse: Evse, name: str) -> None:
    answer = driver.call("POST", body={"evse": name})
    assert (answer.status_code, answer.json()["field"]) == (409, "evse")


@pytest.mark.parametrize("spelled", [str.lower, lambda code: f" {code[:5]}-{code[5:]} "])
def test_a_charger_is_started_by_its_code(driver: Driver, evse: Evse, spelled: Callable[..., str]) -> None:
    assert driver.call("POST", body={"evse": spelled(evse.code)}).json()["evse"] == EVSE


def test_the_reservation_is_in_the_currency_that_the_operator_bills_in(driver: Driver, cpo: Cpo, evse: Evse) -> None:
    tariff = tariff_data(currency="CZK", last_updated="2026-05-04T12:00:00Z")
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff, 201)
    evse.connectors.update(tariff_ids=["T-1"])
    session = driver.start()
    assert (session.amount, session.currency) == (100_000, "CZK")


# Idempotency-Key


def test_the_same_key_and_request_is_the_same_session(driver: Driver, run_tasks: Callable[..., list[Ran]]) -> None:
    first = driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "k-1"})
    run_tasks()
    second = driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "k-1"})
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.json()["state"] == "starting"
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count()) == (1, 1)


def test_the_same_key_for_another_request_is_refused(driver: Driver) -> None:
    driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "k-1"})
    answer = driver.call("POST", body={"evse": EVSE, "amount": 500}, **{"Idempotency-Key": "k-1"})
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "This Idempotency-Key was used for another request.", "code": "idempotency_conflict"},
    )
    assert AdHocSession.objects.count() == 1


def test_a_key_is_one_clients_own(driver: Driver, evse: Evse) -> None:
    EvseFactory.create(location=evse.location, uid="EVSE-2")
    driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "k-1"})
    driver.key = create_client_key("other")[1]
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-2"}, **{"Idempotency-Key": "k-1"}).status_code == 201
    assert AdHocSession.objects.count() == 2


def test_an_endless_key_is_refused(driver: Driver) -> None:
    answer = driver.call("POST", body={"evse": EVSE}, **{"Idempotency-Key": "k" * 256})
    assert (answer.status_code, AdHocSession.objects.count()) == (400, 0)


# Policy and the earlier try


def test_the_reservation_follows_the_chargers_policy(driver: Driver, cpo: Cpo) -> None:
    Policy.objects.create(reservation_amount=1000)
    Policy.objects.create(partner=cpo.partner, reservation_amount=2000)
    Policy.objects.create(partner=cpo.partner, location_id="LOC-1", reservation_amount=3000)
    Policy.objects.create(partner=cpo.partner, location_id="loc-1", evse_uid="evse-1", reservation_amount=6000)
    session = driver.start()
    assert (session.amount, session.policy_sources["reservation_amount"]) == (6000, "EVSE")
    assert (session.policy["session_timeout"], session.policy_sources["session_timeout"]) == (300, "default")


def test_a_new_try_is_linked_to_the_old_one(driver: Driver, cpo: Cpo) -> None:
    cpo.accept("START_SESSION", "REJECTED")
    failed = driver.start()
    cpo.accept("START_SESSION")
    again = driver.start(previous=str(failed.pk))
    assert (again.previous_id, state(failed)[0], state(again)[0]) == (failed.pk, "failed", "starting")
    assert again.token_id != failed.token_id


def test_cancel_after_the_start_is_a_stop(driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    session = driver.start()
    assert driver.call("POST", f"{session.pk}/cancel/").status_code == 202
    session.refresh_from_db()
    assert (session.state, session.cancel_requested_at, session.stop_requested_at is None) == ("starting", None, False)


def test_the_openapi_document_names_the_four_operations(client: Client, db: None) -> None:
    document = client.get("/api/v1/schema/?format=json").json()
    operations = {operation["operationId"] for path in document["paths"].values() for operation in path.values()}
    assert operations >= {
        "start_ad_hoc_session",
        "get_ad_hoc_session",
        "stop_ad_hoc_session",
        "cancel_ad_hoc_session",
    }
    assert json.dumps(document["components"]["securitySchemes"]).count("bearer") == 1


def test_the_documentation_page_is_served_from_here(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs/").content.decode()
    assert "swagger-ui" in page
    assert [asked for asked in re.findall(r"""(?:src|href)=["']([^"']*)""", page) if "//" in asked] == []
