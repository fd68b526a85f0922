"""The end of charging: stop, connector, silence, and the missing bill (rules 15-20, 24-28)."""

from datetime import timedelta

import pytest

from ocpi.models import OcpiSession
from sessions_adhoc.models import AdHocSession
from tests.factories import session_data
from tests.ocpi.cpo import Answer, envelope
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A session that charges: 5 kWh, connector CHARGING."""
    session = driver.start()
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=30)
    cpo.session(5)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    return session


@pytest.mark.parametrize(
    "refusal", [envelope({"result": "REJECTED", "timeout": 5}), envelope({"result": "UNKNOWN_SESSION", "timeout": 5})]
)
def test_a_refused_stop_leaves_it_charging_and_says_so(
    driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession, refusal: Answer
) -> None:
    cpo.server.on("/commands/STOP_SESSION", refusal)
    driver.stop(charging)
    assert state(charging) == ("charging", "stop_without_effect")
    shown = driver.call("GET", f"{charging.pk}/").json()
    assert (shown["can_stop"], "did not stop" in shown["message"]) == (True, True)
    # The driver may try again, and a second STOP is sent.
    cpo.accept("STOP_SESSION")
    clock.forward(seconds=10)
    driver.stop(charging)
    assert (state(charging)[0], len(cpo.sent("STOP_SESSION"))) == ("stopping", 2)


def test_a_stop_without_effect_goes_back_to_charging_after_asking(
    driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession
) -> None:
    driver.stop(charging)
    for _ in range(4):
        clock.forward(seconds=30)
        cpo.session(6)
    clock.forward(seconds=5)
    assert state(charging) == ("charging", "stop_without_effect")
    assert len(cpo.server.calls("GET")) == 1
    assert money(charging) == ("reserved", 0)


def test_an_unanswered_stop_may_still_work(driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.server.on("/commands/STOP_SESSION", Answer("", 504))
    driver.stop(charging)
    assert state(charging)[0] == "stopping"
    cpo.session(6, "COMPLETED")
    clock.forward(seconds=1)
    assert state(charging)[0] == "awaiting_cdr"


def test_a_stop_before_the_session_is_remembered(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    driver.stop(session)
    assert (state(session)[0], cpo.sent("STOP_SESSION")) == ("starting", [])
    cpo.session(0, created=True)
    clock.forward(seconds=1)
    assert len(cpo.sent("STOP_SESSION")) == 1
    cpo.session(0, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session) == ("failed", "stopped_by_driver")
    assert (money(session), len(cpo.sent("START_SESSION"))) == (("released", 0), 1)


def test_a_stop_before_a_session_that_never_comes_releases_at_the_windows_end(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    driver.stop(session)
    clock.forward(minutes=5, seconds=5)
    assert (state(session), money(session)) == (("failed", "stopped_by_driver"), ("released", 0))


def test_a_local_stop_is_noticed(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.session(7, "COMPLETED")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert (state(charging)[0], money(charging)) == ("settled", ("captured", 321))
    assert cpo.sent("STOP_SESSION") == []


@pytest.mark.parametrize("status", ["AVAILABLE", "BLOCKED"])
def test_a_free_connector_ends_it_after_five_seconds(
    cpo: Cpo, clock: Clock, charging: AdHocSession, status: str
) -> None:
    cpo.evse(status)
    clock.forward(seconds=4)
    assert state(charging)[0] == "charging"
    clock.forward(seconds=1)
    assert state(charging)[0] == "awaiting_cdr"
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert money(charging) == ("captured", 321)


def test_a_flapping_connector_changes_nothing(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.evse("AVAILABLE")
    clock.forward(seconds=3)
    cpo.evse("CHARGING")
    clock.forward(seconds=30)
    assert state(charging)[0] == "charging"


def test_old_connector_news_changes_nothing(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    old = {"status": "AVAILABLE", "last_updated": stamp(clock.now() - timedelta(minutes=5))}
    cpo.push("PATCH", "locations/SK/ION/LOC-1/EVSE-1", old, 200)
    clock.forward(seconds=30)
    assert state(charging)[0] == "charging"


def test_a_late_sample_is_asked_for_and_silence_ends_it(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    clock.forward(seconds=88)
    assert cpo.server.calls("GET") == []
    clock.forward(seconds=1)
    assert len(cpo.server.calls("GET")) == 1
    clock.forward(minutes=29)
    assert (state(charging)[0], money(charging)[0]) == ("awaiting_cdr", "reserved")


def test_a_session_that_get_repeats_unchanged_is_silent_all_the_same(
    driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession
) -> None:
    stored = OcpiSession.objects.get().raw
    cpo.offers_sessions(stored)
    clock.forward(minutes=31)
    assert state(charging)[0] == "awaiting_cdr"


def test_a_full_battery_is_no_silence(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    for _ in range(40):
        clock.forward(minutes=1)
        cpo.session(5)
    clock.forward(seconds=1)
    assert state(charging)[0] == "charging"


def test_a_cdr_that_is_not_sent_is_fetched(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.server.on("GET /cdrs", envelope([]))
    cpo.session(7, "COMPLETED")
    clock.forward(minutes=9)
    assert cpo.server.calls("GET", "/cdrs") == []
    clock.forward(minutes=92)
    assert len(cpo.server.calls("GET", "/cdrs")) == 4
    assert (state(charging)[0], money(charging)[0]) == ("awaiting_cdr", "reserved")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert (state(charging)[0], money(charging)) == ("settled", ("captured", 321))


def test_a_cdr_missing_for_a_day_is_escalated_and_still_settles_when_it_comes(
    cpo: Cpo, clock: Clock, charging: AdHocSession
) -> None:
    cpo.server.on("GET /cdrs", envelope([]))
    cpo.session(7, "COMPLETED")
    clock.forward(hours=25)
    assert state(charging) == ("escalated", "cdr_missing")
    assert (open_incidents(), money(charging)[0]) == (["CDRs not received by SFP"], "reserved")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert (state(charging)[0], money(charging), open_incidents()) == ("settled", ("captured", 321), [])


def test_a_credit_cdr_cancels_the_one_it_names(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.server.on("GET /cdrs", envelope([]))
    cpo.session(7, "COMPLETED")
    cpo.cdr(99.99, "C-1")
    cpo.cdr(-99.99, "C-1-CREDIT", credit=True, credit_reference_id="C-1")
    cpo.cdr(3.21, "C-2")
    clock.forward(seconds=1)
    assert (state(charging)[0], money(charging), gateway(charging)) == (
        "settled",
        ("captured", 321),
        ("captured", 321),
    )


def test_a_cdr_in_another_currency_is_held_for_staff(cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.session(7, "COMPLETED")
    cpo.cdr(3.21, currency="CZK")
    clock.forward(seconds=1)
    assert state(charging) == ("escalated", "cdr_unusable")
    assert (money(charging)[0], open_incidents()) == ("reserved", ["The CDR cannot be billed"])


def test_a_capture_that_the_gateway_refuses_is_escalated(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(payment_method="pm_sim_capture_refused")
    cpo.session(0, created=True)
    clock.forward(seconds=1)
    cpo.session(5, "COMPLETED")
    cpo.cdr(3.21)
    clock.forward(seconds=30)
    assert state(session) == ("escalated", "payment_lost")
    assert open_incidents() == ["The payment cannot be captured"]


def test_an_ended_session_cannot_be_stopped(driver: Driver, cpo: Cpo, clock: Clock, charging: AdHocSession) -> None:
    cpo.session(7, "COMPLETED")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    before = states(charging)
    answer = driver.call("POST", f"{charging.pk}/stop/")
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": "This session has already ended.", "code": "already_ended"},
    )
    assert states(charging) == before


def test_the_first_session_of_another_status_is_none(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, "PENDING", created=True)
    clock.forward(minutes=4)
    assert state(session)[0] == "starting"
    cpo.session(0)
    clock.forward(seconds=1)
    assert state(session)[0] == "validating"
    assert session_data()["status"] == "ACTIVE"
