"""Sessions and CDRs of our cards: each handed over once, or held with an incident; nobody's input reaches another's."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings

from billing.models import PricePlan
from ocpi.models import Cdr, Token
from partners.models import Incident, IssuedToken
from partners.tokens import issue
from sessions_adhoc.contracts import handing
from sessions_adhoc.models import AdHocSession, ContractRecord, WebhookDelivery
from sessions_adhoc.tasks import sync_contracts_tick
from sessions_adhoc.webhooks import endpoints
from tests.factories import PartnerFactory, period_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.contracts.conftest import (
    CONTRACT,
    Card,
    Office,
    codes,
    look,
    make_token,
    records,
    wait,
)
from tests.sessions_adhoc.looking import open_incidents
from tests.sessions_adhoc.webhooks.conftest import Receiver, push

pytestmark = pytest.mark.django_db


def test_a_charge_is_handed_over_once_by_api_and_webhook(
    card: Card, office: Office, clock: Clock, receiver: Receiver
) -> None:
    _endpoint, receiver.secret = endpoints.create(office.client, receiver.url)
    card.charge(clock)
    card.cdr(6.03)
    card.cdr(6.03)
    card.session(10, "COMPLETED", end_date_time=stamp(BEGINNING + timedelta(hours=1)))
    look(clock)
    look(clock)
    push(clock)
    session, cdr = office.charges()
    assert (session["kind"], session["number"], session["status"], session["kwh"]) == ("session", 1, "COMPLETED", "10")
    assert {name: cdr[name] for name in ("kind", "number", "contract_id", "party", "cdr_id", "session_id", "kwh")} == {
        "kind": "cdr",
        "number": 2,
        "contract_id": CONTRACT,
        "party": "SK*ION",
        "cdr_id": "CDR-1",
        "session_id": "C-1",
        "kwh": "10",
    }
    money = {name: cdr[name] for name in ("asked", "price", "pays", "claim", "offered", "currency")}
    assert money == {"asked": 603, "price": 603, "pays": 603, "claim": 0, "offered": None, "currency": "EUR"}
    assert (cdr["token"], cdr["doubts"], cdr["charging_session"]) == ({"uid": "CARD-1", "type": "RFID"}, [], None)
    assert receiver.kinds() == ["contract.session", "contract.cdr"]
    for (identifier, event), row in zip(receiver.got, (session, cdr), strict=True):
        assert identifier == f"msg_{row['id'].replace('-', '')}"
        assert event["data"] == {name: value for name, value in row.items() if name != "acknowledged_at"}
    assert (open_incidents(), AdHocSession.objects.count()) == ([], 0)


def test_the_list_has_a_cursor_and_acknowledging_twice_is_once(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(6.03)
    look(clock)
    first = office.call("GET", "contract-charges/?limit=1").json()
    assert (first["last"], first["more"], len(first["results"])) == (1, True, 1)
    second = office.call("GET", "contract-charges/?after=1").json()
    assert (second["last"], second["more"]) == (2, False)
    assert office.call("GET", "contract-charges/?after=2").json() == {"last": 2, "more": False, "results": []}
    path = f"contract-charges/{second['results'][0]['id']}/acknowledge/"
    acknowledged = office.call("POST", path).json()["acknowledged_at"]
    clock.traveller.move_to(clock.now() + timedelta(hours=1))
    assert office.call("POST", path).json()["acknowledged_at"] == acknowledged
    assert [row["number"] for row in office.charges("?unacknowledged=1")] == [1]
    since = (clock.now() - timedelta(minutes=1)).isoformat().replace("+", "%2B")
    assert office.charges(f"?since={since}") == []
    assert len(office.charges(f"?since={stamp(BEGINNING)}")) == 2
    for query, status in (
        ("?after=-1", 400),
        ("?after=9999999999999999999999", 400),
        ("?since=x", 400),
        ("?limit=0", 400),
    ):
        assert office.call("GET", f"contract-charges/{query}").status_code == status


def test_only_the_back_office_may(card: Card, office: Office, driver: Driver, clock: Clock) -> None:
    card.charge(clock)
    look(clock)
    known = ContractRecord.objects.get()
    other = Office(driver.key, office.client, office.http)
    paths = [
        ("GET", "contract-charges/"),
        ("POST", f"contract-charges/{known.uuid}/acknowledge/"),
        ("PUT", "contract-tokens/CARD-9/"),
        ("POST", "charging-sessions/"),
    ]
    for method, path in paths:
        answer = other.call(method, path, {})
        assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied"), path
    office.key = "sfp_nobody"
    assert office.call("GET", "contract-charges/").status_code == 401
    known.refresh_from_db()
    assert (known.acknowledged_at, Token.objects.filter(uid="CARD-9").exists()) == (None, False)


def test_the_cdr_before_its_session(card: Card, office: Office, clock: Clock) -> None:
    card.cdr(6.03)
    look(clock)
    assert records() == [("cdr", "due", None)]
    card.charge(clock)
    look(clock)
    assert records() == [("cdr", "handed", 1), ("session", "handed", 2)]


def test_the_cdr_without_its_session_is_judged_by_what_the_connector_can(
    card: Card, office: Office, clock: Clock
) -> None:
    card.cdr(6.03, "CDR-1", None)
    card.cdr(600.0, "CDR-2", "C-2", total_energy=1000, charging_periods=[period_data(stamp(BEGINNING), ENERGY=1000)])
    wait(clock, minutes=16)
    assert records() == [("cdr", "handed", 1), ("cdr", "held", None)]
    assert codes() == [[], ["cdr_energy"]]
    assert open_incidents() == ["A contract CDR cannot be true as it stands"]


def test_a_cdr_that_asks_for_too_much_is_a_claim(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(9.99)
    look(clock)
    row = office.charges()[1]
    assert (row["asked"], row["price"], row["pays"], row["claim"]) == (999, 603, 603, 396)
    assert [one["code"] for one in row["doubts"]] == ["cdr_price"]
    assert open_incidents() == ["A contract CDR cannot be true as it stands"]


def test_more_energy_than_was_metered_is_held_until_staff_say_so(
    card: Card, office: Office, clock: Clock, admin_user: Any
) -> None:
    card.charge(clock)
    card.cdr(60.3, total_energy=100)
    look(clock)
    held = ContractRecord.objects.get(kind="cdr")
    assert (held.state, codes()[1]) == ("held", ["cdr_energy"])
    assert [row["kind"] for row in office.charges()] == ["session"]
    handing.release(held.pk, admin_user, "The meter was exchanged.")
    with pytest.raises(handing.NotPossible):
        handing.release(held.pk, admin_user, "Again.")
    with pytest.raises(handing.NotPossible):
        handing.refuse(held.pk, admin_user, "Again.")
    row = office.charges()[1]
    assert (row["decided_by_staff"], row["note"], row["number"]) == (True, "The meter was exchanged.", 2)
    assert open_incidents() == []


def test_our_own_price_is_told_beside(card: Card, office: Office, clock: Clock) -> None:
    PricePlan.objects.create(
        name="Retail", kind="retail", currency="EUR", per_kwh="0.90", valid_from=BEGINNING - timedelta(days=1)
    )
    card.session(0)
    PricePlan.objects.update(per_kwh="5.00")
    clock.traveller.move_to(BEGINNING + timedelta(hours=1))
    card.session(10, "COMPLETED", end_date_time=stamp(BEGINNING + timedelta(hours=1)))
    card.cdr(6.03)
    look(clock)
    row = office.charges()[1]
    assert (row["pays"], row["offered"]) == (603, 900)


ODD = {
    "unknown": ({"uid": "NOBODYS"}, "unknown_token", "A CDR names no token of ours"),
    "foreign": ({"country_code": "DE", "party_id": "ABC"}, "foreign_emsp", "A CDR is about another eMSP's driver"),
    "contract": ({"contract_id": "SK-SFP-C1-9"}, "other_contract", "A CDR names another contract than its token's"),
    "elsewhere": ({"uid": "ELSEWHERE"}, "other_partners_token", "A CDR names a token that was made for another CPO"),
    "one-off": ({"uid": "UNUSED"}, "one_off_token", "A CDR names a one-off token without a charge"),
    "html": ({"uid": "<b>x</b>"}, "unknown_token", "A CDR names no token of ours"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_is_odd_about_the_token_is_held_and_told(card: Card, office: Office, clock: Clock, case: str) -> None:
    changes, code, symptom = ODD[case]
    other = PartnerFactory.create(code="other", party_id="OTH")
    make_token("ELSEWHERE", "SK-SFP-C7-1", partner=other, type="AD_HOC_USER")
    make_token("UNUSED", "SK-SFP-C8-1", partner=card.cpo.partner, type="AD_HOC_USER")
    card.cdr(6.03, session_id="C-9", cdr_token=card.named(**changes))
    wait(clock, minutes=16)
    assert (records(), codes()) == ([("cdr", "held", None)], [[code]])
    assert (office.charges(), open_incidents()) == ([], [symptom])


def test_a_blocked_token(card: Card, office: Office, clock: Clock) -> None:
    """Blocked before the charge: held. Blocked while it went on: it was right to begin."""
    Token.objects.update(valid=False, last_updated=BEGINNING - timedelta(hours=1))
    card.charge(clock)
    card.cdr(6.03)
    look(clock)
    assert records() == [("session", "held", None), ("cdr", "held", None)]
    assert codes() == [["token_not_valid"]] * 2
    assert open_incidents() == ["A charge with a token that was blocked"]
    Token.objects.update(last_updated=BEGINNING + timedelta(minutes=10))
    for row in ContractRecord.objects.all():
        handing.check_again(row.pk)
    look(clock)
    assert records() == [("session", "handed", 1), ("cdr", "handed", 2)]
    assert open_incidents() == []


def test_a_card_that_was_reissued(card: Card, office: Office, clock: Clock) -> None:
    """The old UID is blocked, the new one has the contract: what was charged before is the contract's all the same."""
    card.charge(clock)
    Token.objects.update(valid=False, last_updated=clock.now())
    make_token("CARD-2", CONTRACT, at=clock.now())
    card.cdr(6.03)
    look(clock)
    assert [(row["contract_id"], row["token"]["uid"]) for row in office.charges()] == [(CONTRACT, "CARD-1")] * 2


def test_two_drivers_and_a_cdr_that_names_the_others_session(card: Card, office: Office, clock: Clock) -> None:
    other = Card(card.cpo, make_token("CARD-2", "SK-SFP-C00000077-1"))
    card.charge(clock)
    other.cdr(6.03, "CDR-X", "C-1")
    card.cdr(6.03)
    look(clock)
    assert records() == [("session", "handed", 1), ("cdr", "held", None), ("cdr", "handed", 2)]
    assert codes() == [[], ["session_of_another"], []]
    assert [row["contract_id"] for row in office.charges()] == [CONTRACT] * 2


def test_a_second_cdr_for_one_session(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(6.03)
    card.cdr(6.04, "CDR-2")
    look(clock)
    assert records()[1:] == [("cdr", "handed", 2), ("cdr", "held", None)]
    assert (codes()[2], open_incidents()) == (["several_cdrs"], ["Several CDRs for one contract charge"])


@pytest.mark.parametrize("order", ["as they were made", "credit first", "new one first"])
def test_a_correction(card: Card, office: Office, clock: Clock, order: str) -> None:
    """A credit CDR and a new one: three records, whatever came first; the credit comes to what it takes back."""
    card.charge(clock)
    credit: dict[str, Any] = {
        "credit": True,
        "credit_reference_id": "CDR-1",
        "total_cost": {"excl_vat": 0, "incl_vat": 0},
    }

    def first() -> None:
        card.cdr(6.03)

    def taken_back() -> None:
        card.cdr(0, "CREDIT-1", **credit)

    def second() -> None:
        card.cdr(6.00, "CDR-2")

    steps = {
        "as they were made": [first, taken_back, second],
        "credit first": [taken_back, first, second],
        "new one first": [first, second, taken_back],
    }
    for step in steps[order]:
        step()
        look(clock)
        clock.traveller.move_to(clock.now() + timedelta(seconds=10))
        look(clock)
    for row in ContractRecord.objects.filter(state="held"):
        handing.check_again(row.pk)
    wait(clock, minutes=31)
    told = [(row["kind"], row["cdr_id"], row["pays"], row["credits"]) for row in office.charges()[1:]]
    assert sorted(told) == [
        ("cdr", "CDR-1", 603, None),
        ("cdr", "CDR-2", 600, None),
        ("credit", "CREDIT-1", 603, "CDR-1"),
    ]
    numbers = {row["cdr_id"]: row["number"] for row in office.charges()[1:]}
    assert numbers["CDR-1"] < numbers["CREDIT-1"]
    assert open_incidents() == []


def test_a_correction_of_which_the_first_cdr_is_looked_at_last(card: Card, office: Office, clock: Clock) -> None:
    """The worker that had it died: it is as it would have been."""
    card.charge(clock)
    card.cdr(6.03)
    ContractRecord.objects.filter(kind="cdr").update(next_check_at=clock.now() + timedelta(minutes=1))
    card.cdr(6.03, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    card.cdr(6.00, "CDR-2")
    ContractRecord.objects.filter(cdr__ocpi_id="CREDIT-1").update(next_check_at=clock.now() + timedelta(minutes=2))
    look(clock)
    assert [row.get("cdr_id") for row in office.charges()] == [None, "CDR-2"]
    wait(clock, hours=1)
    assert [row.get("cdr_id") for row in office.charges()] == [None, "CDR-2", "CDR-1", "CREDIT-1"]
    assert open_incidents() == []


def test_odd_credits(card: Card, office: Office, clock: Clock) -> None:
    other = Card(card.cpo, make_token("CARD-2", "SK-SFP-C00000077-1"))
    card.charge(clock)
    card.cdr(6.03)
    look(clock)
    credit: dict[str, Any] = {"credit": True, "credit_reference_id": "CDR-1"}
    other.cdr(6.03, "CREDIT-OF-ANOTHER", **credit)
    card.cdr(6.03, "CREDIT-1", **credit)
    card.cdr(6.03, "CREDIT-2", **credit)
    card.cdr(6.03, "CREDIT-3", credit=True, credit_reference_id="NEVER")
    wait(clock, hours=25)
    assert codes()[2:] == [["credit_of_another"], [], ["credited_already"], ["credit_without_cdr"]]
    assert [row["kind"] for row in office.charges()] == ["session", "cdr", "credit"]
    assert len(open_incidents()) == 3


def test_what_was_held_and_is_taken_back_is_never_handed_over(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(60.3, total_energy=100)
    look(clock)
    card.cdr(60.3, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    look(clock)
    assert [state for _kind, state, _number in records()] == ["handed", "refused", "refused"]
    assert ([row["kind"] for row in office.charges()], open_incidents()) == (["session"], [])


def test_another_partner_with_the_same_ids_changes_nothing(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(6.03)
    look(clock)
    before = office.charges()
    partner = PartnerFactory.create(code="rival", party_id="RIV", token_encoding="raw", environment="production")
    token = issue(partner, state=IssuedToken.State.ACTIVE)[1]
    rival = Card(Cpo(partner, card.cpo.server, token, clock, card.cpo.once), card.token)
    data: dict[str, Any] = {"country_code": "SK", "party_id": "RIV"}
    rival.cdr(1.0, "CREDIT-1", credit=True, credit_reference_id="CDR-1", **data)
    wait(clock, hours=25)
    assert (office.charges(), codes()[2]) == (before, ["credit_without_cdr"])
    rival.cdr(5.0, "CDR-1", "C-1", **data)
    wait(clock, minutes=31)
    assert (office.charges(), codes()[3]) == (before, ["cdr_energy"])


def test_a_cdr_of_another_partys_name_is_refused(card: Card, office: Office, clock: Clock) -> None:
    assert "not a party" in card.refused_cdr(6.03, party_id="RIV")
    assert (Cdr.objects.count(), records()) == (0, [])


def test_a_conflicting_cdr_changes_nothing(card: Card, office: Office, clock: Clock) -> None:
    card.charge(clock)
    card.cdr(6.03)
    look(clock)
    before = office.charges()
    assert "another content" in card.refused_cdr(1.0)
    wait(clock, minutes=31)
    assert (office.charges(), Cdr.objects.get().conflicting) == (before, True)


def test_nothing_for_money_is_held_and_nothing_for_nothing_is_handed(card: Card, office: Office, clock: Clock) -> None:
    card.session(0, "COMPLETED", end_date_time=stamp(BEGINNING))
    empty: dict[str, Any] = {"total_energy": 0, "charging_periods": [period_data(stamp(BEGINNING), ENERGY=0)]}
    card.cdr(5.0, **empty)
    card.session(0, "COMPLETED", "C-2", end_date_time=stamp(BEGINNING))
    card.cdr(0, "CDR-2", "C-2", **empty)
    look(clock)
    told = {row.cdr.ocpi_id: row for row in ContractRecord.objects.exclude(cdr=None) if row.cdr}
    assert (told["CDR-1"].state, codes()[1]) == ("held", ["nothing_delivered"])
    assert (told["CDR-2"].state, str(told["CDR-2"].pays)) == ("handed", "0.0000")


def test_a_session_without_end_is_nobodys_record(card: Card, office: Office, clock: Clock) -> None:
    card.session(0)
    for kwh in (1, 2, 3):
        clock.traveller.move_to(clock.now() + timedelta(minutes=1))
        card.session(kwh)
    look(clock)
    assert (records(), office.charges()) == ([("session", "open", None)], [])


def test_an_ad_hoc_drivers_charge_is_none(office: Office, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver._start({})
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert (records(), WebhookDelivery.objects.count()) == ([], 0)


def test_a_worker_that_died_hands_over_later_and_once(
    card: Card, office: Office, clock: Clock, monkeypatch: Any
) -> None:
    card.charge(clock)
    card.cdr(6.03)
    with monkeypatch.context() as patch:
        patch.setattr(handing, "body_of", lambda record: 1 / 0)
        assert sync_contracts_tick() == 2
    assert records() == [("session", "due", None), ("cdr", "due", None)]
    assert sync_contracts_tick() == 0
    wait(clock, minutes=2)
    assert [row["number"] for row in office.charges()] == [1, 2]


def test_numbers_have_no_gap_and_incidents_count(card: Card, office: Office, clock: Clock, settings: Settings) -> None:
    for number in range(1, 6):
        card.cdr(6.03, f"CDR-{number}", f"C-{number}", cdr_token=card.named(uid="NOBODYS"))
    for number in range(6, 9):
        card.cdr(6.03, f"CDR-{number}", f"C-{number}")
    wait(clock, minutes=31)
    assert [row["number"] for row in office.charges()] == [1, 2, 3]
    assert Incident.objects.get(key="contract:unknown_token").occurrences == 5
