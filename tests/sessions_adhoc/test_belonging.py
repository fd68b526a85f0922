"""Whose is it? Sessions and CDRs whose names disagree, several attempts, ids that change or come back (rule 7)."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import Evse, OcpiSession, PartnerQuirk
from sessions_adhoc.models import AdHocSession, AttemptSession
from tests.factories import session_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.sessions_adhoc.old_cpo import post_cdr, put_session, speak_2_1_1
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


def validities() -> dict[str, str]:
    return dict(AttemptSession.objects.order_by("pk").values_list("ocpi_session__ocpi_id", "validity"))


def other_token() -> dict[str, str]:
    return {**session_data()["cdr_token"], "uid": "SOMEBODY-ELSE"}


@pytest.fixture
@remembered
def over(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session that has charged 20.5 kWh and waits for its CDR."""
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=30)
    cpo.session(20.5)
    clock.forward(seconds=30)
    cpo.session(20.5, "COMPLETED", end_date_time=stamp(clock.now()))
    clock.forward(seconds=1)
    assert state(session)[0] == "awaiting_cdr"
    return session


# The first name that is ours decides


@pytest.mark.parametrize(
    "names",
    [
        {"session_id": "S-1", "cdr_token": other_token()},
        {"session_id": "S-1", "authorization_reference": "not-ours", "cdr_token": other_token()},
        {"session_id": "S-1", "authorization_reference": None},
        {"session_id": None, "cdr_token": other_token()},
        {"session_id": None, "authorization_reference": None},
        {"session_id": None, "authorization_reference": "not-ours"},
        {"session_id": "s-1", "cdr_token": other_token()},
        {"session_id": "S-9"},
        {"session_id": "S-9", "cdr_token": other_token()},
        {"session_id": "S-9", "authorization_reference": None},
    ],
)
def test_a_cdr_is_ours_by_the_first_of_its_names_that_is(
    over: AdHocSession, cpo: Cpo, clock: Clock, names: Any
) -> None:
    cpo.cdr(3.94, **names)
    clock.forward(seconds=1)
    assert (state(over), money(over), gateway(over)) == (("settled", ""), ("captured", 394), ("captured", 394))


def test_what_disagrees_in_a_cdr_is_noted_once(over: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.94, session_id="S-1", cdr_token=other_token())
    found = PartnerQuirk.objects.filter(kind__startswith="other_").values_list("module", "kind", "count")
    assert list(found) == [("cdrs", "other_token", 1)]


def test_another_session_id_beside_our_reference_is_noted(over: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.94, session_id="S-9")
    found = PartnerQuirk.objects.filter(kind__startswith="other_").values_list("module", "kind", "count")
    assert list(found) == [("cdrs", "other_session", 1)]


@pytest.mark.parametrize("own_first", [True, False])
def test_beside_the_cdr_of_its_session_one_of_a_session_that_nobody_knows_bills_nothing(
    over: AdHocSession, cpo: Cpo, clock: Clock, own_first: bool
) -> None:
    """A second Session for one START, of which nothing but the CDR came."""
    ids = ["S-1", "S-9"] if own_first else ["S-9", "S-1"]
    for number, session_id in enumerate(ids):
        cpo.cdr(3.94, f"CDR-{number}", session_id=session_id)
    clock.forward(seconds=1)
    assert (state(over), money(over), gateway(over)) == (("settled", ""), ("captured", 394), ("captured", 394))


def test_a_session_is_ours_by_its_reference_whatever_its_token(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    start = cpo.sent("START_SESSION")[-1].body
    body = session_data("S-1", kwh=0, authorization_reference=start["authorization_reference"])
    body |= {"cdr_token": other_token(), "last_updated": stamp(clock.now())}
    cpo.push("PUT", "sessions/SK/ION/S-1", body, 201)
    clock.forward(seconds=1)
    assert (state(session)[0], validities()) == ("validating", {"S-1": "valid"})
    found = PartnerQuirk.objects.filter(kind__startswith="other_").values_list("module", "kind", "count")
    assert list(found) == [("sessions", "other_token", 1)]


def test_a_cdr_of_nobody_changes_nothing(over: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.94, session_id="S-9", authorization_reference="not-ours", cdr_token=other_token())
    clock.forward(seconds=1)
    assert (state(over)[0], money(over)) == ("awaiting_cdr", ("reserved", 0))


def test_a_cdr_at_another_charger_is_not_billed(over: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    elsewhere = {"id": "LOC-1", "evse_uid": "EVSE-9", "evse_id": "SK*ION*EEVSE-9", "connector_id": "1"}
    from tests.factories import cdr_data

    cpo.cdr(3.94, session_id=None, cdr_location={**cdr_data()["cdr_location"], **elsewhere})
    clock.forward(seconds=1)
    assert (state(over)[0], money(over)) == ("awaiting_cdr", ("reserved", 0))


# Several attempts of one session


@pytest.fixture
@remembered
def retrying(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> AdHocSession:
    """2.1.1: the first attempt gave no energy; the START of the second was accepted a moment ago."""
    speak_2_1_1(cpo)
    session = driver.start()
    put_session(cpo, "S-1", 0)
    clock.forward(seconds=20)
    put_session(cpo, "S-1", 0, "COMPLETED")
    clock.forward(seconds=11)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 2)
    return session


def first_cdr(cpo: Cpo, total: float = 0.5) -> None:
    post_cdr(cpo, "CDR-1", 0, total, BEGINNING, BEGINNING + timedelta(seconds=20))


def test_the_cdr_of_a_failed_attempt_leaves_the_next_start_alone(
    retrying: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    first_cdr(cpo)
    clock.forward(seconds=5)
    assert (state(retrying)[0], money(retrying)) == ("starting", ("reserved", 0))


def test_the_cdr_of_a_failed_attempt_neither_ends_nor_bills_the_retry(
    retrying: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    began = clock.now()
    put_session(cpo, "S-2", 0, start=began)
    clock.forward(seconds=30)
    put_session(cpo, "S-2", 5, start=began)
    clock.forward(seconds=1)
    first_cdr(cpo)
    clock.forward(seconds=20)
    assert (state(retrying)[0], money(retrying)) == ("charging", ("reserved", 0))
    put_session(cpo, "S-2", 20, "COMPLETED", start=began)
    clock.forward(seconds=1)
    assert (state(retrying)[0], money(retrying)) == ("awaiting_cdr", ("reserved", 0))
    post_cdr(cpo, "CDR-2", 20, 9.8, began, clock.now())
    clock.forward(seconds=1)
    assert (state(retrying), gateway(retrying)) == (("settled", ""), ("captured", 1205))  # 9.80 and the VAT


def test_the_cdr_of_the_retry_is_told_from_the_first_by_its_start_alone(
    retrying: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    """No Session of the retry was ever pushed: only the moment of its START tells."""
    began = clock.now() + timedelta(seconds=3)
    clock.forward(seconds=60)
    post_cdr(cpo, "CDR-2", 2, 1.96, began, clock.now())
    clock.forward(seconds=1)
    assert (state(retrying), gateway(retrying)) == (("settled", ""), ("captured", 241))  # 1.96 and the VAT


# One charge under two ids


@pytest.mark.parametrize("billed_under", ["S-0", "S-1"])
def test_pending_under_one_id_and_active_under_another_is_one_charge(
    driver: Driver, cpo: Cpo, clock: Clock, billed_under: str
) -> None:
    session = driver.start()
    cpo.session(0, "PENDING", session_id="S-0", created=True)
    clock.forward(seconds=5)
    cpo.session(0, session_id="S-1", created=True)
    clock.forward(seconds=30)
    cpo.session(6, session_id="S-1")
    clock.forward(seconds=1)
    assert (state(session)[0], validities(), cpo.sent("STOP_SESSION")) == (
        "charging",
        {"S-0": "renamed", "S-1": "valid"},
        [],
    )
    cpo.session(6, "COMPLETED", session_id="S-1")
    cpo.cdr(3.94, kwh=6, session_id=billed_under)
    clock.forward(seconds=1)
    assert (state(session), gateway(session), open_incidents()) == (("settled", ""), ("captured", 394), [])


def test_the_pending_id_that_comes_second_is_the_same_charge_too(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, session_id="S-1", created=True)
    cpo.session(0, "PENDING", session_id="S-0", created=True)
    clock.forward(seconds=5)
    assert (state(session)[0], validities()) == ("validating", {"S-1": "valid", "S-0": "renamed"})
    assert (cpo.sent("STOP_SESSION"), open_incidents()) == ([], [])


def test_a_pending_id_that_turns_active_beside_an_active_one_is_a_second_charge(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    driver.start()
    cpo.session(0, "PENDING", session_id="S-0", created=True)
    cpo.session(0, session_id="S-1", created=True)
    clock.forward(seconds=5)
    cpo.session(0, session_id="S-0")
    clock.forward(seconds=1)
    assert validities() == {"S-0": "duplicate", "S-1": "valid"}
    assert [sent.body["session_id"] for sent in cpo.sent("STOP_SESSION")] == ["S-0"]


# An id that comes back


def test_an_id_that_is_used_again_is_another_session(
    driver: Driver, over: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    cpo.cdr(3.94, session_id="S-1")
    clock.forward(minutes=5)
    second = driver.start()
    began = stamp(clock.now())
    start = cpo.sent("START_SESSION")[-1].body
    body = session_data("S-1", kwh=0, authorization_reference=start["authorization_reference"])
    body |= {"cdr_token": {**session_data()["cdr_token"], "uid": start["token"]["uid"]}}
    body |= {"start_date_time": began, "last_updated": began}
    cpo.push("PUT", "sessions/SK/ION/S-1", body, None)
    clock.forward(seconds=30)
    cpo.push("PATCH", "sessions/SK/ION/S-1", {"kwh": 7, "last_updated": stamp(clock.now())}, 200)
    clock.forward(seconds=1)
    assert (state(over), state(second)[0]) == (("settled", ""), "charging")
    rows = OcpiSession.objects.order_by("pk").values_list("ocpi_id", "status", "kwh")
    assert list(rows) == [("S-1", "COMPLETED", Decimal("20.5")), ("S-1", "ACTIVE", Decimal(7))]
    body |= {"kwh": 7, "status": "COMPLETED", "end_date_time": stamp(clock.now()), "last_updated": stamp(clock.now())}
    cpo.push("PUT", "sessions/SK/ION/S-1", body, 200)
    cpo.cdr(4.56, "CDR-2", kwh=7, session_id="S-1", start_date_time=began, end_date_time=stamp(clock.now()))
    clock.forward(seconds=1)
    assert (state(second), gateway(over), gateway(second)) == (("settled", ""), ("captured", 394), ("captured", 456))


def test_the_late_cdr_of_an_id_that_was_used_again_is_the_first_ones(
    driver: Driver, over: AdHocSession, cpo: Cpo, clock: Clock
) -> None:
    names = {"authorization_reference": cpo.sent("START_SESSION")[-1].body["authorization_reference"]}
    names["cdr_token"] = {**session_data()["cdr_token"], "uid": over.token.uid}
    second = driver.start()
    cpo.session(0, created=True)
    cpo.cdr(3.94, kwh=20.5, session_id="S-1", **names)
    clock.forward(seconds=1)
    assert (state(over), gateway(over)) == (("settled", ""), ("captured", 394))
    assert (state(second)[0], money(second)) == ("validating", ("reserved", 0))


@pytest.mark.parametrize("reference", [None, "not-ours"])
@pytest.mark.parametrize("ours_first", [True, False])
@pytest.mark.parametrize("early", [0, 20])
def test_the_charge_of_a_stranger_under_an_id_that_was_ours_is_none_of_ours(
    over: AdHocSession, cpo: Cpo, clock: Clock, ours_first: bool, reference: str | None, early: int
) -> None:
    ended = stamp(clock.now())
    if ours_first:
        cpo.cdr(3.94, session_id="S-1")
    clock.forward(minutes=5)
    began = stamp(clock.now())
    names: dict[str, Any] = {"cdr_token": other_token(), "authorization_reference": reference}
    cpo.push("PUT", "sessions/SK/ION/S-1", session_data("S-1", kwh=1, **names) | _dated(began), None)
    clock.forward(minutes=5)
    until = {"status": "COMPLETED", "end_date_time": stamp(clock.now())}
    body = session_data("S-1", kwh=7, **names) | _dated(began, stamp(clock.now())) | until
    cpo.push("PUT", "sessions/SK/ION/S-1", body, 200)
    names |= {"start_date_time": stamp(clock.now() - timedelta(minutes=5 + early)), "end_date_time": stamp(clock.now())}
    cpo.cdr(9.99, "CDR-2", kwh=7, session_id="S-1", **names)
    clock.forward(seconds=1)
    if not ours_first:
        assert (state(over)[0], money(over)) == ("awaiting_cdr", ("reserved", 0))
        cpo.cdr(3.94, session_id="S-1", authorization_reference=None, end_date_time=ended)
        clock.forward(seconds=1)
    assert (state(over), money(over), gateway(over)) == (("settled", ""), ("captured", 394), ("captured", 394))
    assert (open_incidents(), cpo.sent("STOP_SESSION")) == ([], [])


def _dated(began: str, changed: str = "") -> dict[str, str]:
    return {"start_date_time": began, "last_updated": changed or began}


def test_a_correction_of_a_session_that_is_over_is_no_new_one(over: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.session(20.4, "COMPLETED", end_date_time=stamp(clock.now()))
    assert OcpiSession.objects.count() == 1
