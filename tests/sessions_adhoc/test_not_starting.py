"""When charging does not start: nobody pays, and somebody is told where it matters (rules 2-10, 12-14, 24)."""

from collections.abc import Callable

import pytest
from django.core import mail

from billing.models import SimulatedOperation
from ocpi.models import Command, Evse
from partners.models import Policy, RemoteEndpoint
from partners.tasks import mail_tick
from sessions_adhoc.models import AttemptSession, ChargingAttempt, TimelineEvent
from tests.factories import session_data
from tests.ocpi.cpo import Answer, envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("response", ["REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION"])
def test_a_refused_start_fails_at_once(driver: Driver, cpo: Cpo, response: str) -> None:
    cpo.accept("START_SESSION", response)
    session = driver.start()
    assert state(session) == ("failed", "command_rejected")
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))
    assert open_incidents() == ["START_SESSION returns error"]


def test_an_envelope_with_an_error_is_a_refusal(driver: Driver, cpo: Cpo) -> None:
    cpo.server.on("/commands/START_SESSION", envelope({"result": "REJECTED", "timeout": 5}, 2003, "Unknown location"))
    session = driver.start()
    assert state(session) == ("failed", "command_rejected")


def test_the_cpos_contact_is_told_once(driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    from partners.models import Contact

    Contact.objects.create(partner=cpo.partner, name="Ana", email="ana@ion.example")
    cpo.accept("START_SESSION", "REJECTED")
    session = driver.start()
    mail_tick()
    mail_tick()
    assert [(message.to, message.cc) for message in mail.outbox] == [
        (["ana@ion.example"], ["techsupport@smartfuelpass.com"])
    ]
    assert str(session.pk) in mail.outbox[0].body
    assert "Verify the EVSE ID matches your Location data." in mail.outbox[0].body


def test_a_server_that_cannot_be_reached_is_tried_three_times(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    RemoteEndpoint.objects.filter(module="commands").update(url="http://127.0.0.1:9/commands")
    session = driver.start()
    assert state(session)[0] == "starting"
    clock.forward(minutes=1)
    assert state(session) == ("failed", "cpo_unreachable")
    assert Command.objects.get(kind="START_SESSION").tries == 3
    assert money(session) == ("released", 0)


def test_a_start_that_may_have_arrived_is_never_sent_again(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.server.on("/commands/START_SESSION", Answer("<html>Bad gateway</html>", 502))
    session = driver.start()
    clock.forward(minutes=4)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)
    cpo.session(0, created=True)
    cpo.session(1)
    clock.forward(seconds=1)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("charging", 1)


def test_no_session_in_the_window_and_none_by_get_releases(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=4, seconds=59)
    assert (state(session)[0], cpo.server.calls("GET")) == ("starting", [])
    clock.forward(seconds=1)
    assert state(session) == ("failed", "no_session")
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))
    asked = cpo.server.calls("GET")
    # From before the START, and then so far back that no clock hides it (rule 31).
    assert [call.query["date_from"] for call in asked] == ["2026-05-04T11:55:00Z", "2026-05-03T08:55:00Z"]
    assert open_incidents() == []


def test_a_session_that_get_finds_is_carried_on_with(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    start = cpo.sent("START_SESSION")[0].body
    found = session_data(
        kwh=3,
        authorization_reference=start["authorization_reference"],
        cdr_token={**session_data()["cdr_token"], "uid": start["token"]["uid"]},
        last_updated="2026-05-04T12:04:30Z",
    )
    cpo.offers_sessions(found)
    clock.forward(minutes=5)
    assert state(session)[0] == "charging"


def test_when_get_sessions_fails_the_funds_stay_and_the_cpo_is_told(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    cpo.refuses_sessions()
    session = driver.start()
    clock.forward(minutes=10)
    assert state(session) == ("escalated", "sessions_unavailable")
    assert (money(session)[0], gateway(session)[0]) == ("reserved", "reserved")
    assert open_incidents() == ["GET /sessions is not available"]
    assert len(cpo.server.calls("GET")) == 3
    # Late news frees it, and closes the incident.
    cpo.session(3, created=True)
    clock.forward(seconds=30)
    cpo.session(4)
    clock.forward(seconds=1)
    assert (state(session)[0], open_incidents()) == ("charging", [])


def test_where_get_sessions_is_not_offered_it_is_not_tried_for_long(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    RemoteEndpoint.objects.filter(module="sessions").delete()
    session = driver.start()
    clock.forward(minutes=5, seconds=5)
    assert state(session) == ("escalated", "sessions_unavailable")


def test_a_late_session_is_stopped_once_and_never_billed(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=6)
    assert state(session)[0] == "failed"
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(3)
    cpo.session(4, "COMPLETED")
    cpo.cdr(9.99)
    clock.forward(minutes=1)
    assert state(session) == ("failed", "no_session")
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))
    assert len(cpo.sent("STOP_SESSION")) == 1
    assert AttemptSession.objects.get().validity == "late"
    told = TimelineEvent.objects.filter(session=session, kind__in=["session", "cdr"])
    assert [event.text.split(":")[0] for event in told] == ["PUT Session S-1", "PUT Session S-1", "CDR CDR-1"]


def test_a_second_session_for_one_start_is_a_duplicate(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.session(0, session_id="S-2", created=True)
    clock.forward(seconds=1)
    validities = AttemptSession.objects.order_by("pk").values_list("ocpi_session__ocpi_id", "validity")
    assert list(validities) == [("S-1", "valid"), ("S-2", "duplicate")]
    assert [stop.body["session_id"] for stop in cpo.sent("STOP_SESSION")] == ["S-2"]
    assert state(session)[0] == "validating"


def test_a_session_of_another_charger_is_an_orphan(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    cpo.session(0, created=True, evse_uid="EVSE-9")
    clock.forward(seconds=1)
    assert AttemptSession.objects.get().validity == "orphan"
    assert len(cpo.sent("STOP_SESSION")) == 1


def test_sessions_of_other_drivers_are_none_of_ours(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.push("PUT", "sessions/SK/ION/S-7", session_data("S-7", last_updated=stamp(clock.now())), 201)
    clock.forward(seconds=1)
    assert (state(session)[0], AttemptSession.objects.count()) == ("starting", 0)


# Rule 2


@pytest.fixture
def waits_for_preparing(cpo: Cpo) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")


@pytest.mark.usefixtures("waits_for_preparing")
@pytest.mark.parametrize("status", ["BLOCKED", "PREPARING"])
def test_the_plugged_in_connector_starts_the_charge(driver: Driver, cpo: Cpo, clock: Clock, status: str) -> None:
    session = driver.start()
    assert (state(session)[0], cpo.sent("START_SESSION")) == ("waiting_for_connector", [])
    cpo.evse(status)
    clock.forward(seconds=1)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)


@pytest.mark.usefixtures("waits_for_preparing")
def test_a_connector_that_stays_available_gets_no_start(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=5)
    assert state(session) == ("failed", "connector_never_ready")
    assert (money(session), cpo.sent("START_SESSION")) == (("released", 0), [])


@pytest.mark.usefixtures("waits_for_preparing")
def test_the_driver_may_cancel_while_waiting(
    driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]
) -> None:
    session = driver.start()
    answer = driver.call("POST", f"{session.pk}/cancel/")
    run_tasks()
    assert (answer.status_code, state(session)) == (202, ("cancelled", "cancelled_by_driver"))
    assert money(session) == ("released", 0)


# Rules 13 and 14


def test_a_failed_dc_handshake_is_tried_again_on_the_same_reservation(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    cpo.evse("CHARGING")
    clock.forward(seconds=20)
    cpo.evse("BLOCKED")
    clock.forward(seconds=14)
    assert (state(session), len(cpo.sent("START_SESSION"))) == (("starting", "no_energy"), 1)
    clock.forward(seconds=1)
    first, second = cpo.sent("START_SESSION")
    assert first.body["authorization_reference"] != second.body["authorization_reference"]
    assert first.body["token"]["uid"] == second.body["token"]["uid"]
    cpo.session(0, session_id="S-2", created=True)
    clock.forward(seconds=10)
    cpo.session(2, session_id="S-2")
    cpo.session(2, "COMPLETED", session_id="S-2")
    cpo.cdr(2.30, session_id="S-2", kwh=2)
    clock.forward(seconds=1)
    assert state(session)[0] == "settled"
    assert (money(session), gateway(session)) == (("captured", 230), ("captured", 230))
    assert SimulatedOperation.objects.filter(verb="reserve").count() == 1
    verdicts = ChargingAttempt.objects.order_by("number").values_list("failure", flat=True)
    assert list(verdicts) == ["no_energy", ""]
    # The session of the failed attempt was asked to stop, once; its CDR is not billed.
    assert [stop.body["session_id"] for stop in cpo.sent("STOP_SESSION")] == ["S-1"]


def test_on_ac_a_session_without_energy_fails_at_its_deadline(
    driver: Driver, cpo: Cpo, clock: Clock, evse: Evse
) -> None:
    evse.connectors.update(power_type="AC_3_PHASE")
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(minutes=5)
    assert state(session) == ("failed", "no_energy")
    assert money(session) == ("released", 0)


def test_blocked_on_the_way_in_is_no_failure(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("BLOCKED")
    clock.forward(seconds=30)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("validating", 1)


# Rule 4


def result(cpo: Cpo, result: str) -> None:
    url = cpo.sent("START_SESSION")[-1].body["response_url"]
    cpo.push("POST", url.split("/2.2.1/")[1], {"result": result}, 200)


def test_an_accepting_result_changes_nothing(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    result(cpo, "ACCEPTED")
    clock.forward(seconds=1)
    assert (states(session)[-1], cpo.server.calls("GET")) == ("starting", [])


def test_a_refusing_result_ends_it_after_one_look(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    result(cpo, "EVSE_INOPERATIVE")
    clock.forward(seconds=1)
    assert state(session) == ("failed", "start_refused")
    assert (len(cpo.server.calls("GET")), money(session)) == (2, ("released", 0))


def test_a_failed_result_is_not_the_end_yet(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    result(cpo, "FAILED")
    clock.forward(minutes=1)
    assert (state(session)[0], len(cpo.server.calls("GET"))) == ("starting", 2)
    cpo.session(0, created=True)
    cpo.session(1)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
