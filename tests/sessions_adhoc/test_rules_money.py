"""Held funds: always on the staff queue, and what staff do with them (rules 24-30)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.gateways import GatewayAnswer, GatewayUnreachable, Outcome
from billing.gateways.simulated import SimulatedGateway
from ocpi.models import Cdr, Evse
from partners.models import Incident
from sessions_adhoc import staff, symptoms
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.models import AdHocSession, TimelineEvent
from tests.factories import tariff_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
def refuses(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """`refuses("release")`: the gateway refuses it from now on; `refuses()`: nothing any more."""

    def script(*verbs: str, answer: GatewayAnswer | Exception | None = None) -> None:
        monkeypatch.undo()
        for verb in verbs:
            monkeypatch.setattr(SimulatedGateway, verb, lambda *_args: give(answer))

    def give(answer: GatewayAnswer | Exception | None) -> GatewayAnswer:
        if isinstance(answer, Exception):
            raise answer
        return answer or GatewayAnswer(Outcome.REFUSED, code="no", message="Not now.")

    return script


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> Callable[..., Any]:
    """Makes a session that has charged 5 kWh and waits for its CDR."""

    def charge(method: str = "pm_sim_ok") -> Any:
        return cpo.once(("charged", method), lambda: play(method))

    def play(method: str) -> AdHocSession:
        session = driver.start(payment_method=method)
        cpo.server.on("GET /cdrs", envelope([]))
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(5)
        clock.forward(seconds=20)
        cpo.session(5, "COMPLETED")
        clock.forward(seconds=1)
        return session

    return charge


@pytest.fixture
def escalated(charged: Callable[..., Any], clock: Clock) -> Any:
    """A session that waited a day for its CDR."""
    session = charged()
    clock.forward(hours=25)
    assert state(session) == ("escalated", "cdr_missing")
    return session


def staff_lines(session: Any) -> list[tuple[str, str]]:
    return list(TimelineEvent.objects.filter(session=session, kind="staff").values_list("actor", "text"))


# Rule 24: held money is on the queue, also after the end


def test_a_release_that_the_gateway_refuses_after_the_end_is_told_to_staff(
    driver: Driver, cpo: Cpo, clock: Clock, refuses: Callable[..., None]
) -> None:
    refuses("release")
    cpo.accept("START_SESSION", "REJECTED")
    session = driver.start()
    assert (state(session)[0], money(session)[0]) == ("failed", "reserved")
    assert open_incidents() == ["START_SESSION returns error", MONEY_STUCK]
    refuses()
    staff.release(session.pk, "ana", "The gateway works again.")
    clock.forward(seconds=5)
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))
    assert open_incidents() == ["START_SESSION returns error"]


def test_a_capture_that_never_comes_through_is_escalated_and_settles_when_it_does(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, refuses: Callable[..., None]
) -> None:
    session = charged()
    refuses("capture", answer=GatewayUnreachable("timed out", might_have_arrived=False))
    cpo.cdr(3.21)
    clock.forward(minutes=30)
    assert (state(session), money(session)[0]) == (("escalated", "payment_stuck"), "capturing")
    assert open_incidents() == [MONEY_STUCK]
    refuses()
    clock.forward(minutes=10)
    assert (state(session)[0], money(session), open_incidents()) == ("settled", ("captured", 321), [])


def test_a_second_cdr_of_a_settled_session_moves_no_money(charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> None:
    session = charged()
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    cpo.cdr(9.99, "CDR-2")
    clock.forward(minutes=1)
    assert (state(session)[0], money(session), gateway(session)) == ("settled", ("captured", 321), ("captured", 321))


# Rules 26 and 27


def test_the_cdr_of_an_attempt_that_failed_is_not_billed_with_the_other(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=20)
    cpo.cdr(1.00, "C-FAILED", kwh=0)
    cpo.evse("BLOCKED")
    clock.forward(seconds=11)
    assert len(cpo.sent("START_SESSION")) == 2
    cpo.session(0, session_id="S-2", created=True)
    clock.forward(seconds=10)
    cpo.session(7, session_id="S-2")
    cpo.session(7, "COMPLETED", session_id="S-2")
    cpo.cdr(3.21, session_id="S-2", kwh=7)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), gateway(session)) == ("settled", ("captured", 321), ("captured", 321))


# Rule 28


def test_a_reservation_that_ends_while_it_charges_is_told_to_staff(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(payment_method="pm_sim_expires")
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(5)
    clock.forward(seconds=25)
    assert (state(session)[0], open_incidents()) == ("charging", [symptoms.RESERVATION_ENDS])


def test_the_warning_is_over_with_the_reservation(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(payment_method="pm_sim_expires")
    cpo.session(0, created=True)
    clock.forward(seconds=35)
    assert open_incidents() == [symptoms.RESERVATION_ENDS]
    clock.forward(minutes=20)
    assert (state(session)[0], money(session), open_incidents()) == ("failed", ("expired", 0), [])


def test_a_reservation_that_ends_without_a_cdr_is_escalated_before(charged: Callable[..., Any]) -> None:
    session = charged("pm_sim_expires")
    assert (state(session), money(session)[0]) == (("escalated", "reservation_expires"), "reserved")


# Rule 30: the three actions


def test_check_again_asks_for_the_cdr_and_settles(escalated: Any, cpo: Cpo, clock: Clock) -> None:
    asked = len(cpo.server.calls("GET", "/cdrs"))
    start = cpo.sent("START_SESSION")[-1].body
    from tests.factories import cdr_data, session_data

    token = {**session_data()["cdr_token"], "uid": start["token"]["uid"]}
    reference = start["authorization_reference"]
    cpo.server.on("GET /cdrs", envelope([cdr_data(authorization_reference=reference, cdr_token=token)]))
    staff.check_again(escalated.pk, "ana")
    clock.forward(seconds=1)
    assert len(cpo.server.calls("GET", "/cdrs")) == asked + 1
    assert (state(escalated)[0], money(escalated)) == ("settled", ("captured", 1230))
    assert staff_lines(escalated) == [("ana", "ana checked again.")]


def test_check_again_releases_once_the_cpo_says_that_it_has_no_session(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.refuses_sessions()
    session = driver.start()
    clock.forward(minutes=10)
    assert state(session)[0] == "escalated"
    staff.check_again(session.pk, "ana")
    clock.forward(seconds=1)
    assert state(session)[0] == "escalated"
    cpo.offers_sessions()
    clock.forward(minutes=3)
    assert (state(session), money(session), open_incidents()) == (
        ("failed", "no_session"),
        ("released", 0),
        [],
    )


def test_capture_from_a_cdr_that_did_not_count(charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> None:
    session = charged()
    cpo.cdr(-1.00, "C-0", credit=True)
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert state(session) == ("escalated", "cdr_unusable")
    chosen = Cdr.objects.get(credit=False)
    staff.capture_from_cdr(session.pk, chosen.pk, "ana", "The credit concerns somebody else.")
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), gateway(session)) == ("settled", ("captured", 321), ("captured", 321))
    assert staff_lines(session)[-1] == ("ana", "ana captured from a CDR: The credit concerns somebody else.")
    assert open_incidents() == []


def test_capture_from_a_cdr_never_takes_more_than_was_reserved(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(-1.00, "C-0", credit=True)
    cpo.cdr(99.00)
    clock.forward(seconds=1)
    staff.capture_from_cdr(session.pk, Cdr.objects.get(credit=False).pk, "ana", "Agreed with the driver.")
    clock.forward(seconds=1)
    assert money(session) == ("captured", 4000)


@pytest.fixture
@remembered
def published(evse: Evse, cpo: Cpo) -> None:
    """0.49 EUR per kWh and 23 % VAT: 5 kWh cost 3.01 EUR."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated="2026-05-03T12:00:00Z"), 201)


def test_capture_from_the_last_meter_value(published: None, escalated: Any, clock: Clock) -> None:
    staff.capture_from_last_sample(escalated.pk, "ana", "The CPO sends no CDR.")
    clock.forward(seconds=1)
    assert (state(escalated)[0], money(escalated)) == ("settled", ("captured", 301))
    assert states(escalated)[-1] == "settled"


def test_a_meter_value_without_a_shown_price_cannot_be_captured(escalated: Any, cpo: Cpo, evse: Evse) -> None:
    # What is published later was shown to nobody.
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    with pytest.raises(staff.NotPossible, match="No tariff is known"):
        staff.capture_from_last_sample(escalated.pk, "ana", "The CPO sends no CDR.")


def test_release(escalated: Any, clock: Clock) -> None:
    staff.release(escalated.pk, "ana", "The CPO lost its records.")
    clock.forward(seconds=1)
    assert (state(escalated), money(escalated)) == (("failed", "released"), ("released", 0))
    assert (open_incidents(), staff_lines(escalated)) == (
        [],
        [("ana", "ana released the funds: The CPO lost its records.")],
    )


def test_release_ends_a_session_whose_money_is_gone(charged: Callable[..., Any], clock: Clock) -> None:
    session = charged("pm_sim_expires")
    clock.forward(minutes=30)
    assert (state(session)[0], money(session)[0]) == ("escalated", "expired")
    staff.release(session.pk, "ana", "Nothing left to take.")
    assert (state(session), open_incidents()) == (("failed", "payment_lost"), [])


@pytest.mark.parametrize("note", ["", "  "])
def test_money_is_not_moved_without_a_note(escalated: Any, note: str) -> None:
    for act in (staff.release, staff.capture_from_last_sample):
        with pytest.raises(staff.NotPossible, match="Say why"):
            act(escalated.pk, "ana", note)
    assert (money(escalated)[0], staff_lines(escalated)) == ("reserved", [])


def test_staff_decide_only_on_what_does_not_end_by_itself(charged: Callable[..., Any], clock: Clock) -> None:
    session = charged()
    for act in (staff.release, staff.capture_from_last_sample):
        with pytest.raises(staff.NotPossible, match="still comes to its end"):
            act(session.pk, "ana", "Quickly.")
    staff.check_again(session.pk, "ana")
    assert (state(session)[0], money(session)[0]) == ("awaiting_cdr", "reserved")


def test_staff_do_not_move_what_a_cdr_that_has_just_come_settles(escalated: Any, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(3.21)
    for act in (staff.release, staff.capture_from_last_sample):
        with pytest.raises(staff.NotPossible, match="has just come"):
            act(escalated.pk, "ana", "The CPO sends no CDR.")
    clock.forward(seconds=1)
    assert (state(escalated)[0], money(escalated), open_incidents()) == ("settled", ("captured", 321), [])


def test_what_was_moved_is_not_moved_again(escalated: Any, cpo: Cpo, clock: Clock) -> None:
    staff.release(escalated.pk, "ana", "First.")
    with pytest.raises(staff.NotPossible, match="nothing can be released"):
        staff.release(escalated.pk, "ana", "Second.")
    with pytest.raises(staff.NotPossible, match="nothing can be captured"):
        staff.capture_from_last_sample(escalated.pk, "ana", "Third.")
    assert len(staff_lines(escalated)) == 1


@pytest.mark.parametrize(("currency", "said"), [("CZK", "is in CZK"), (None, "does not belong")])
def test_only_a_cdr_that_fits_is_captured(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, currency: str | None, said: str
) -> None:
    session = charged()
    cpo.cdr(3.21, currency="CZK")
    clock.forward(seconds=1)
    chosen = Cdr.objects.get().pk if currency else 0
    with pytest.raises(staff.NotPossible, match=said):
        staff.capture_from_cdr(session.pk, chosen, "ana", "It is what it is.")
    assert money(session)[0] == "reserved"


def test_an_incident_names_partner_session_cause_and_proof(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.refuses_sessions()
    session = driver.start()
    clock.forward(minutes=10)
    incident = Incident.objects.get()
    assert (incident.partner, incident.reference) == (cpo.partner, str(session.pk))
    assert incident.symptom == "GET /sessions is not available"
    assert incident.cause
    assert incident.resolution
    told = [item["text"] for item in incident.evidence if "message" in item]
    assert [line.split(" ")[0] for line in told] == ["POST", "GET", "GET", "GET"]
    assert all("answered 500" in line for line in told[1:])
    assert timedelta(0) < clock.now() - session.created_at
