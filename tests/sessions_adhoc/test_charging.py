"""The happy path, by push, step by step, with exact money (rules 1-8, 11, 19-21, 24-27)."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from ocpi.models import Command, Evse, Token
from sessions_adhoc.models import ChargingAttempt, Sample
from tests.factories import period_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db

HAPPY = ["authorizing", "authorized", "starting", "validating", "charging", "stopping", "awaiting_cdr", "settled"]


def test_a_charge_from_reservation_to_settlement(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    assert state(session) == ("starting", "")
    assert money(session) == ("reserved", 0)

    cpo.evse("BLOCKED")
    cpo.session(0, created=True)
    cpo.evse("CHARGING")
    clock.forward(seconds=1)
    assert state(session)[0] == "validating"

    clock.forward(seconds=30)
    cpo.session(2.5, charging_periods=[period_data("2026-05-04T12:00:31Z", POWER=150, STATE_OF_CHARGE=41)])
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"

    driver.stop(session)
    assert state(session)[0] == "stopping"
    cpo.session(2.6, "COMPLETED")
    clock.forward(seconds=1)
    assert state(session)[0] == "awaiting_cdr"

    cpo.cdr(3.30)
    clock.forward(seconds=1)
    assert states(session) == HAPPY
    assert money(session) == ("captured", 330)
    assert gateway(session) == ("captured", 330)
    assert open_incidents() == []
    assert [len(cpo.sent(kind)) for kind in ("START_SESSION", "STOP_SESSION")] == [1, 1]
    assert cpo.sent("STOP_SESSION")[0].body["session_id"] == "S-1"
    assert not Token.objects.get(pk=session.token_id).valid
    session.refresh_from_db()
    assert (session.next_check_at, session.ended_at is None) == (None, False)


def test_what_the_start_command_says(driver: Driver, cpo: Cpo, evse: Evse) -> None:
    session = driver.start()
    attempt = ChargingAttempt.objects.get(session=session)
    body = cpo.sent("START_SESSION")[0].body
    token = body.pop("token")
    assert body == {
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "authorization_reference": attempt.authorization_reference,
        "response_url": f"http://127.0.0.1:8000/ocpi/emsp/2.2.1/commands/START_SESSION/{attempt.command_id}",
    }
    assert token["uid"] == session.token.uid
    assert (token["type"], token["country_code"], token["party_id"]) == ("AD_HOC_USER", "SK", "SFP")
    assert len(token["uid"]) == 20


def test_nothing_is_sent_before_the_funds_are_reserved(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(payment_method="pm_sim_slow")
    assert (state(session)[0], cpo.sent("START_SESSION")) == ("authorizing", [])
    clock.forward(seconds=30)
    assert (state(session)[0], len(cpo.sent("START_SESSION"))) == ("starting", 1)


def test_a_declined_payment_starts_nothing(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(payment_method="pm_sim_declined")
    assert state(session) == ("failed", "payment_declined")
    assert (money(session), cpo.sent("START_SESSION")) == (("declined", 0), [])


@pytest.mark.parametrize("token", ["pm_sim_reserves_then_times_out", "pm_sim_captures_then_times_out"])
def test_an_answer_of_the_gateway_that_is_lost_costs_nothing(
    driver: Driver, cpo: Cpo, clock: Clock, token: str
) -> None:
    session = driver.start(payment_method=token)
    clock.forward(minutes=1)
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(3)
    cpo.session(3, "COMPLETED")
    cpo.cdr(4.00)
    clock.forward(minutes=5)
    assert state(session)[0] == "settled"
    assert (money(session), gateway(session)) == (("captured", 400), ("captured", 400))


def test_a_bill_above_the_reservation_captures_what_was_reserved(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start(amount=1000)
    cpo.session(0, created=True)
    clock.forward(seconds=1)
    cpo.session(9, "COMPLETED")
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert state(session)[0] == "settled"
    assert (money(session), gateway(session)) == (("captured", 1000), ("captured", 1000))


def test_a_free_charge_releases_everything(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=1)
    cpo.session(9, "COMPLETED")
    cpo.cdr(0)
    clock.forward(seconds=1)
    assert state(session)[0] == "settled"
    assert (money(session), gateway(session)) == (("released", 0), ("released", 0))


def test_the_cdr_may_come_before_the_end(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=5)
    cpo.session(5)
    cpo.cdr(4.20)
    clock.forward(seconds=1)
    cpo.session(5, "COMPLETED")
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 420))


def test_the_cdr_may_even_come_before_any_session(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=2)
    cpo.cdr(2.20, kwh=2)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 220))


def test_everything_sent_twice_has_the_same_outcome(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    cpo.session(0)
    clock.forward(seconds=10)
    cpo.session(5)
    cpo.session(5)
    clock.forward(seconds=10)
    cpo.session(6, "COMPLETED")
    cpo.session(6, "COMPLETED")
    cpo.cdr(4.20)
    cpo.cdr(4.20, expected=200)
    clock.forward(seconds=10)
    cpo.cdr(4.20, expected=200)
    clock.forward(seconds=10)
    assert states(session) == [state for state in HAPPY if state != "stopping"]
    assert (money(session), gateway(session)) == (("captured", 420), ("captured", 420))
    assert Command.objects.count() == 1


def test_lost_tasks_cost_time_and_nothing_else(
    driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]
) -> None:
    from tests.support import tasks

    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"})
    tasks.purge()
    clock.forward(seconds=20)
    assert len(cpo.sent("START_SESSION")) == 1
    for kwh, status in ((0, "ACTIVE"), (5, "ACTIVE"), (6, "COMPLETED")):
        cpo.session(kwh, status, created=kwh == 0)
        tasks.purge()
        clock.forward(seconds=20)
    cpo.cdr(4.20)
    tasks.purge()
    clock.forward(seconds=60)
    assert driver.call("GET", f"{answer.json()['id']}/").json()["state"] == "settled"
    assert len(cpo.sent("START_SESSION")) == 1


# Rules 21 and 22


def test_every_update_is_a_sample_and_power_is_derived_where_it_is_not_given(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(minutes=1)
    cpo.session(2, charging_periods=[period_data("2026-05-04T12:01:00Z", POWER=119.5, STATE_OF_CHARGE=40)])
    clock.forward(minutes=1)
    cpo.session(4)
    rows = Sample.objects.filter(attempt__session=session)
    assert [(row.kwh, row.kw, row.kw_derived, row.soc, row.ignored) for row in rows] == [
        (Decimal(0), None, False, None, ""),
        (Decimal(2), Decimal("119.5"), False, Decimal(40), ""),
        (Decimal(4), Decimal(120), True, None, ""),
    ]


@pytest.mark.parametrize("seconds", [0, 60])
def test_a_sample_with_less_energy_is_kept_and_ignored(driver: Driver, cpo: Cpo, clock: Clock, seconds: int) -> None:
    """In the same second too: a stamp without fractions does not make it the older one."""
    session = driver.start()
    cpo.session(5, created=True)
    clock.forward(seconds=seconds)
    cpo.session(4)
    ignored = Sample.objects.filter(attempt__session=session).values_list("kwh", "ignored")
    assert list(ignored) == [(Decimal(5), ""), (Decimal(4), "less kWh than the newest sample")]
    assert driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"] == 5
