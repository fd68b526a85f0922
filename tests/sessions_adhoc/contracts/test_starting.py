"""Our back office keeps tokens and starts charges with them, through the engine of all charges."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from ocpi.models import Evse, OcpiSession, Token, TokenPush
from partners.models import Partner, RemoteEndpoint
from sessions_adhoc.models import AdHocSession, AttemptSession, ContractRecord
from tests.billing.back_office.conftest import BackEnd, started
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo
from tests.sessions_adhoc.contracts.conftest import CONTRACT, Card, Office, look, make_token, records
from tests.sessions_adhoc.looking import money, open_incidents, state

pytestmark = pytest.mark.django_db
EVSE = "SK*ION*EEVSE-1"
APP = {"type": "APP_USER", "contract_id": CONTRACT}


@pytest.fixture
def account(settings: Settings, clock: Clock) -> Iterator[BackEnd]:
    """Charges of contracts are paid by their account."""
    settings.PAYMENT_ROUTES = ["channel=contract:account"]
    server = started(settings, "account")
    yield BackEnd(server, "account")
    server.stop()


def start(office: Office, clock: Clock, **more: Any) -> AdHocSession:
    body = {"evse": EVSE, "token": "CARD-1", "payment_method": "acc_ok", **more}
    answer = office.call("POST", "charging-sessions/", body)
    assert answer.status_code == 201, answer.content
    clock.run_tasks()
    return AdHocSession.objects.get(pk=answer.json()["id"])


def test_a_charge_with_a_contract(account: BackEnd, card: Card, office: Office, cpo: Cpo, clock: Clock) -> None:
    session = start(office, clock)
    assert (session.channel, session.contract_token, money(session)) == ("contract", card.token, ("reserved", 0))
    sent = cpo.sent("START_SESSION")[-1].body
    assert (sent["token"]["uid"], sent["token"]["contract_id"], sent["token"]["type"]) == ("CARD-1", CONTRACT, "RFID")
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10)
    clock.forward(seconds=20)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(6.03)
    clock.forward(seconds=1)
    look(clock)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 603))
    assert account.money() == [("captured", 4000, 603, 0)]
    opened = account.only()
    assert (opened["opening"]["metadata"]["contract"], opened["opening"]["metadata"]["token"]) == (CONTRACT, "CARD-1")
    told = office.charges()
    assert [(row["kind"], row["charging_session"], row["contract_id"]) for row in told] == [
        ("session", str(session.pk), CONTRACT),
        ("cdr", str(session.pk), CONTRACT),
    ]
    assert (told[1]["asked"], open_incidents()) == (603, [])
    card.token.refresh_from_db()
    assert card.token.valid


def test_the_same_card_elsewhere_meanwhile_is_another_charge(
    account: BackEnd, card: Card, office: Office, cpo: Cpo, clock: Clock
) -> None:
    """The driver's partner charges with the card at another charger: it is neither stopped nor billed to the first."""
    session = start(office, clock)
    cpo.session(0, created=True)
    card.session(3, session_id="SWIPED", evse_uid="EVSE-9", location_id="LOC-9")
    clock.forward(seconds=5)
    assert cpo.sent("STOP_SESSION") == []
    assert AttemptSession.objects.get().ocpi_session.ocpi_id == "S-1"
    swiped = ContractRecord.objects.get(ocpi_session__ocpi_id="SWIPED")
    assert (swiped.session, swiped.token, swiped.state) == (None, card.token, "open")
    assert (state(session)[0], open_incidents()) == ("validating", [])


def test_in_2_1_1_a_one_off_token_goes_out(
    account: BackEnd, card: Card, office: Office, cpo: Cpo, clock: Clock
) -> None:
    """Nothing else would tell the charge from one with the card itself."""
    Partner.objects.update(version="2.1.1")
    RemoteEndpoint.objects.update(version="2.1.1", role="")
    cpo.server.on("/commands/START_SESSION", envelope({"result": "ACCEPTED"}))
    session = start(office, clock)
    sent = cpo.sent("START_SESSION")[-1].body
    assert (sent["token"]["uid"], sent["token"]["type"]) == (session.token.uid, "OTHER")
    assert CONTRACT not in json.dumps(sent)
    assert session.contract_token == card.token


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"token": "NOBODYS"}, "unknown_contract_token"),
        ({"token": "BLOCKED"}, "token_blocked"),
        ({"token": "ONE-OFF"}, "unknown_contract_token"),
        ({"token": "CARD-1", "token_type": "APP_USER"}, "unknown_contract_token"),
        ({"token": "CARD-1", "evse": "SK*ION*ENONE"}, "unknown_charger"),
    ],
)
def test_what_cannot_be_started(card: Card, office: Office, cpo: Cpo, body: dict[str, Any], code: str) -> None:
    make_token("BLOCKED", "SK-SFP-C5-1", valid=False)
    make_token("ONE-OFF", "SK-SFP-C6-1", type="AD_HOC_USER", partner=cpo.partner)
    answer = office.call("POST", "charging-sessions/", {"evse": EVSE, **body})
    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert AdHocSession.objects.count() == 0


def test_a_start_that_is_sent_again_is_one(
    account: BackEnd, card: Card, office: Office, cpo: Cpo, clock: Clock
) -> None:
    body = {"evse": EVSE, "token": "CARD-1", "payment_method": "acc_ok"}
    key = {"Idempotency-Key": "once"}
    first, again = (office.call("POST", "charging-sessions/", body, **key) for _ in range(2))
    assert (first.status_code, again.status_code, first.json()["id"]) == (201, 200, again.json()["id"])
    make_token("CARD-2", "SK-SFP-C5-1")
    other = office.call("POST", "charging-sessions/", {**body, "token": "CARD-2"}, **key)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")
    missing = office.call("POST", "charging-sessions/", {"evse": EVSE})
    assert (missing.status_code, missing.json()["fields"]) == (400, {"token": ["required"]})


def test_no_other_client_says_that_it_is_a_contract(driver: Any, evse: Evse) -> None:
    answer = driver.call("POST", body={"evse": EVSE, "channel": "contract"})
    assert (answer.status_code, answer.json()["fields"]) == (400, {"channel": ["invalid_choice"]})


def test_tokens_are_kept_and_told_to_cpos(office: Office, cpo: Cpo, clock: Clock) -> None:
    RemoteEndpoint.objects.create(
        partner=cpo.partner, version="2.2.1", module="tokens", role="RECEIVER", url=f"{cpo.server.url}/tokens"
    )
    cpo.server.on("/tokens", envelope(None))
    made = office.call("PUT", "contract-tokens/APP-1/", APP)
    assert (made.status_code, made.json()["valid"], made.json()["whitelist"]) == (201, True, "ALLOWED")
    clock.run_tasks()
    assert [one.path.rsplit("/", 1)[1] for one in cpo.server.calls("PUT", "/tokens")] == ["APP-1"]
    same = office.call("PUT", "contract-tokens/app-1/", APP)
    assert (same.status_code, same.json()["last_updated"]) == (200, made.json()["last_updated"])
    clock.traveller.move_to(clock.now().replace(hour=23))
    blocked = office.call("PUT", "contract-tokens/APP-1/", {**APP, "valid": False})
    assert (blocked.status_code, blocked.json()["valid"]) == (200, False)
    assert TokenPush.objects.get().wanted == clock.now()
    taken = office.call("PUT", "contract-tokens/APP-1/", {**APP, "contract_id": "SK-SFP-C99-1"})
    assert (taken.status_code, taken.json()["code"]) == (409, "token_of_another_contract")
    assert Token.objects.get().contract_id == CONTRACT


@pytest.mark.parametrize(
    ("uid", "body"),
    [
        ("a%20b", APP),
        ("x" * 37, APP),
        ("%C5%BD", APP),
        ("APP-1", {**APP, "type": "AD_HOC_USER"}),
        ("APP-1", {**APP, "type": "EMAID"}),
        ("APP-1", {**APP, "contract_id": ""}),
        ("APP-1", {**APP, "contract_id": "a b"}),
        ("APP-1", {**APP, "visual_number": "x" * 65}),
        ("APP-1", {**APP, "valid": None}),
        ("APP-1", []),
    ],
)
def test_what_is_no_token(office: Office, cpo: Cpo, uid: str, body: Any) -> None:
    answer = office.call("PUT", f"contract-tokens/{uid}/", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert (Token.objects.count(), OcpiSession.objects.count(), records()) == (0, 0, [])
