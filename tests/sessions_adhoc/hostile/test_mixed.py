"""Faults of several kinds in one charge: other people's names, slow clocks, old news and late answers together."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.models import PaymentAuthorization
from ocpi.models import Evse, OcpiSession
from onboarding.stages import suspension
from partners import tokens
from partners.models import IssuedToken, Partner
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory, PartnerFactory, evse_data, location_data
from tests.ocpi.cpo import Answer
from tests.sessions_adhoc.conftest import BEGINNING, Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.old_cpo import LOCATION

pytestmark = pytest.mark.django_db


@pytest.fixture
def neighbour(foreign: Foreign, driver: Driver, evse: Evse) -> Callable[..., Any]:
    """Charges 3 kWh as S-2 at the EVSE beside; the driver of `foreign.charging()` came first."""
    beside = EvseFactory.create(location=evse.location, uid="EVSE-2", last_updated=BEGINNING - timedelta(days=1))
    ConnectorFactory.create(evse=beside, last_updated=BEGINNING - timedelta(days=1))

    def neighbour() -> AdHocSession:
        session = driver.start(evse="SK*ION*EEVSE-2")
        foreign.session(0, name="S-2", of=1, **at_the_other(foreign))
        foreign.later(seconds=20)
        foreign.session(3, name="S-2", of=1, **at_the_other(foreign))
        foreign.later(seconds=1)
        assert state(session)[0] == "charging"
        return session

    return neighbour


def at_the_other(foreign: Foreign) -> dict[Any, Any]:
    return {"location": foreign.place(evse="EVSE-2")} if foreign.old else {"evse_uid": "EVSE-2"}


def over_there(foreign: Foreign) -> dict[str, Any]:
    place = foreign.place(evse="EVSE-2")
    return place if foreign.old else place | {"evse_id": "SK*ION*EEVSE-2"}


def test_a_session_that_takes_on_another_drivers_names(foreign: Foreign, neighbour: Callable[..., Any]) -> None:
    first = foreign.charging(2)
    second = neighbour()
    foreign.session(4, name="S-1", of=1)
    foreign.later(seconds=5)
    foreign.session(5, "COMPLETED", "S-2", of=1, **at_the_other(foreign))
    foreign.cdr(5, "CDR-2", "S-2", of=1, place=over_there(foreign))
    foreign.session(6, "COMPLETED", "S-1", of=1)
    foreign.cdr(6, "CDR-1", "S-1", of=0)
    foreign.later(seconds=2)
    assert settled(first, 6)
    assert settled(second, 5)
    assert open_incidents() == []


def test_a_cdr_that_names_the_session_of_the_charger_beside(newer: Foreign, neighbour: Callable[..., Any]) -> None:
    first = newer.charging(4)
    second = neighbour()
    newer.session(4, "COMPLETED", "S-1", of=0)
    newer.cdr(4, "CDR-1", "S-2", of=0, start=newer.began["S-1"])
    newer.session(5, "COMPLETED", "S-2", of=1, **at_the_other(newer))
    newer.cdr(5, "CDR-2", "S-2", of=1, place=over_there(newer))
    newer.later(seconds=2)
    assert outcome(first) == ("awaiting_cdr", "reserved", 0)
    assert settled(second, 5)
    assert open_incidents() == ["The CDR is about another charge"]


def test_a_cdr_under_the_id_of_another_drivers(foreign: Foreign, neighbour: Callable[..., Any]) -> None:
    first = foreign.charging(4)
    second = neighbour()
    foreign.session(4, "COMPLETED", "S-1", of=0)
    foreign.session(5, "COMPLETED", "S-2", of=1, **at_the_other(foreign))
    foreign.cdr(4, "CDR-1", "S-1", of=0)
    with pytest.raises(AssertionError, match="CDRs never change"):
        foreign.cdr(5, "CDR-1", "S-2", of=1, place=over_there(foreign))
    foreign.later(seconds=2)
    assert settled(first, 4)
    assert outcome(second) == ("awaiting_cdr", "reserved", 0)


def test_an_evse_that_changes_within_a_session(foreign: Foreign, neighbour: Callable[..., Any]) -> None:
    """It began at ours, and that is where it is billed."""
    session = foreign.charging(2)
    foreign.session(4, **at_the_other(foreign))
    foreign.later(seconds=10)
    assert state(session)[0] == "charging"
    foreign.session(5, "COMPLETED", **at_the_other(foreign))
    foreign.cdr(5)
    foreign.later(seconds=2)
    assert settled(session, 5)


def test_an_id_that_comes_back_under_a_clock_that_went_back(foreign: Foreign, driver: Driver) -> None:
    first = foreign.charging(4)
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(minutes=10)
    second, hour = driver.start(), timedelta(hours=1)
    began = foreign.now() - hour
    for kwh in (0, 3):
        foreign.session(kwh, start=began, last_updated=stamp(foreign.now() - hour))
        foreign.later(seconds=20)
    assert state(second)[0] == "charging"
    ended = foreign.now() - hour
    over: dict[str, Any] = {"end_datetime" if foreign.old else "end_date_time": stamp(ended)}
    foreign.session(3.5, "COMPLETED", start=began, last_updated=stamp(ended), **over)
    foreign.cdr(3.5, "CDR-2", start=began, end=ended)
    foreign.later(seconds=2)
    assert settled(first, 4)
    assert settled(second, 3.5)


def test_a_late_session_beside_the_next_drivers_under_a_slow_clock(foreign: Foreign, driver: Driver) -> None:
    first, hour = driver.start(), timedelta(hours=1)
    long_ago = foreign.now() - hour
    foreign.later(minutes=8)
    second = driver.start()
    began = foreign.now() - hour
    foreign.session(1, of=0, start=long_ago, last_updated=stamp(foreign.now() - hour))
    for kwh in (0, 2):
        foreign.session(kwh, name="S-2", of=1, start=began, last_updated=stamp(foreign.now() - hour))
        foreign.later(seconds=20)
    foreign.session(2, "COMPLETED", of=0, start=long_ago, last_updated=stamp(foreign.now() - hour))
    foreign.cdr(2, "CDR-1", of=0, start=long_ago, end=foreign.now() - hour)
    foreign.later(seconds=2)
    assert (outcome(first), outcome(second)[0]) == (("failed", "released", 0), "charging")
    assert (foreign.stops(), validities()) == (["S-1"], {"S-1": "late", "S-2": "valid"})


def test_a_session_that_talks_on_beside_the_next_drivers(foreign: Foreign, driver: Driver) -> None:
    """The connector ended the first one; its Session goes on with more energy while the next driver starts there."""
    first = foreign.charging(2)
    foreign.evse("AVAILABLE")
    foreign.later(seconds=10)
    second = driver.start()
    foreign.session(3, of=0)
    foreign.session(0, name="S-2", of=1)
    foreign.later(seconds=10)
    foreign.session(4, name="S-2", of=1)
    foreign.session(3, "COMPLETED", of=0)
    foreign.cdr(3, of=0)
    foreign.later(seconds=2)
    assert settled(first, 3)
    assert (outcome(second)[0], foreign.stops(), open_incidents()) == ("charging", ["S-1"], [])


def test_a_push_and_a_get_with_stamps_of_two_clocks(foreign: Foreign) -> None:
    session = foreign.charging(3)
    began = foreign.began["S-1"]
    two_hours_ago = stamp(foreign.now() - timedelta(hours=2))
    foreign.offers(foreign.session_body(6, "ACTIVE", "S-1", -1, began) | {"last_updated": two_hours_ago})
    foreign.later(seconds=100)
    assert OcpiSession.objects.get().kwh == 6
    foreign.session(5)
    foreign.session(7)
    foreign.later(seconds=2)
    assert OcpiSession.objects.get().kwh == 7
    foreign.session(8, "COMPLETED")
    foreign.cdr(8)
    foreign.later(seconds=2)
    assert settled(session, 8)


def test_a_meter_that_begins_anew_in_the_middle(foreign: Foreign) -> None:
    """5 kWh, then from 0 to 2: the CDR has all 7."""
    session = foreign.charging(5)
    for kwh in (0, 1, 2):
        foreign.later(seconds=60)
        foreign.session(kwh)
    foreign.session(2, "COMPLETED")
    foreign.cdr(7)
    foreign.later(seconds=2)
    assert settled(session, 7)


def test_a_credit_before_what_it_credits(newer: Foreign) -> None:
    session = newer.charging(4)
    newer.session(4, "COMPLETED")
    newer.cdr(4, "CREDIT-1", net=-2, credit=True, credit_reference_id="CDR-1")
    newer.later(seconds=2)
    newer.cdr(4, "CDR-1")
    newer.later(seconds=2)
    assert outcome(session) == ("escalated", "reserved", 0)
    newer.cdr(3.95, "CDR-2")
    newer.later(seconds=2)
    assert settled(session, 3.95)
    assert open_incidents() == []


def test_stop_is_refused_after_the_cdr_came(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(3)
    foreign.answer("STOP_SESSION", "REJECTED")
    assert driver.call("POST", f"{session.pk}/stop/").status_code == 202
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    driver.run_tasks()
    foreign.later(seconds=2)
    assert settled(session, 4)
    assert (driver.call("GET", f"{session.pk}/").json()["can_stop"], open_incidents()) == (False, [])


@pytest.mark.parametrize("result", ["REJECTED", "TIMEOUT"])
def test_a_result_that_contradicts_the_charge(foreign: Foreign, result: str) -> None:
    session = foreign.charging(3)
    foreign.result("START_SESSION", result)
    foreign.later(seconds=10)
    assert (state(session)[0], foreign.starts(), foreign.stops(), open_incidents()) == ("charging", 1, [], [])


def test_a_start_that_got_lost_and_was_refused(foreign: Foreign, driver: Driver) -> None:
    """It is never sent again; the result and GET say that nothing started."""
    foreign.cpo.server.on("/commands/START_SESSION", Answer("oops", 502))
    session = driver.start()
    foreign.result("START_SESSION", "REJECTED")
    foreign.later(seconds=20)
    assert (outcome(session), foreign.starts()) == (("failed", "released", 0), 1)


def test_held_funds_and_the_session_comes_in_the_end(foreign: Foreign, driver: Driver) -> None:
    """GET /sessions failed, so nobody said that it had not started: it is owed."""
    foreign.cpo.refuses_sessions()
    session, began = driver.start(), foreign.now()
    foreign.later(minutes=9)
    assert outcome(session) == ("escalated", "reserved", 0)
    foreign.session(5, start=began)
    foreign.later(seconds=10)
    foreign.session(6, "COMPLETED", start=began)
    foreign.cdr(6, start=began)
    foreign.later(seconds=2)
    assert settled(session, 6)
    assert foreign.stops() == []


def test_an_old_status_within_a_location_that_is_new(foreign: Foreign) -> None:
    session = foreign.charging(2)
    whole = {**LOCATION} if foreign.old else location_data("LOC-1")
    charger = foreign.place()["evses"][0] if foreign.old else evse_data("EVSE-1")
    charger |= {"status": "AVAILABLE", "last_updated": stamp(foreign.now() - timedelta(hours=3))}
    foreign.send("PUT", "locations/SK/ION/LOC-1", whole | {"evses": [charger], "last_updated": stamp(foreign.now())})
    foreign.later(seconds=10)
    assert state(session)[0] == "charging"


def test_suspended_and_resumed_in_one_charge(foreign: Foreign, driver: Driver) -> None:
    session = foreign.charging(2)
    partner = Partner.objects.get(pk=foreign.cpo.partner.pk)
    suspension.suspend(partner, "Too many faults.", None)
    foreign.session(3)
    partner.refresh_from_db()
    suspension.resume(partner, "They are mended.", None)
    foreign.session(4, "COMPLETED")
    foreign.cdr(4)
    foreign.later(seconds=2)
    assert settled(session, 4)
    assert state(driver.start())[0] == "starting"


def test_another_cpo_that_knows_all_names(foreign: Foreign) -> None:
    session = foreign.charging(2)
    other = PartnerFactory.create(
        code="other", party_id="EVL", token_encoding="raw", environment="production",
        version=foreign.version, enabled_versions=[foreign.version],
    )  # fmt: skip
    _row, token = tokens.issue(other, state=IssuedToken.State.ACTIVE)
    ours, foreign.cpo.token = foreign.cpo.token, token
    body = foreign.session_body(30, "COMPLETED", "S-1", 0, None)
    party: dict[str, Any] = {} if foreign.old else {"party_id": "EVL"}
    assert foreign.send("PUT", "sessions/SK/EVL/S-1", body | party) == 1000
    with pytest.raises(AssertionError, match="is not a party that you registered"):
        foreign.send("PUT", "sessions/SK/ION/S-1", body)
    assert foreign.cdr(30, **party) == 1000
    foreign.cpo.token = ours
    foreign.later(seconds=10)
    assert (outcome(session), foreign.stops()) == (("charging", "reserved", 0), [])
    foreign.session(3, "COMPLETED")
    foreign.cdr(3)
    foreign.later(seconds=2)
    assert settled(session, 3)


def test_a_correction_while_the_capture_is_in_doubt(newer: Foreign, driver: Driver) -> None:
    """The gateway captured and its answer got lost; the credit and the right CDR come before anybody asked again."""
    session = driver.start(payment_method="pm_sim_captures_then_times_out")
    newer.session(0)
    newer.later(seconds=10)
    newer.session(4)
    newer.session(4, "COMPLETED")
    newer.cdr(4)
    driver.run_tasks()
    newer.cdr(4, "CREDIT-1", net=-2, credit=True, credit_reference_id="CDR-1")
    newer.cdr(3.95, "CDR-2")
    newer.later(minutes=5)
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    kept = payment.captured_amount - payment.refunded_amount
    assert (state(session)[0], payment.captured_amount, kept) == ("settled", 246, 243)
    assert open_incidents() == []
