"""CDRs that come or turn out wrong after the money was taken: staff are told and give back (rules 24, 26, 27)."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.gateways import GatewayAnswer, Outcome
from billing.gateways.simulated import TEST_TOKENS, SimulatedGateway
from billing.models import OutstandingAmount, PaymentAuthorization, SimulatedCharge
from billing.payments import services as billing
from partners.models import Incident
from sessions_adhoc import staff, symptoms
from sessions_adhoc.models import AdHocSession, AttemptSession, TimelineEvent
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state
from tests.support.remembering import remembered
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> Callable[..., Any]:
    """Makes a session that has charged 10 kWh and waits for its CDR."""

    def charge(method: str = "pm_sim_ok") -> Any:
        return cpo.once(("charged", method), lambda: play(method))

    def play(method: str) -> AdHocSession:
        session = driver.start(payment_method=method)
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(10)
        clock.forward(seconds=20)
        cpo.session(10, "COMPLETED")
        clock.forward(seconds=1)
        return session

    return charge


@pytest.fixture
@remembered
def settled(charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> Any:
    """A session that was settled for 12.30 EUR from `CDR-1`."""
    session = charged()
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), open_incidents()) == ("settled", ("captured", 1230), [])
    return session


def credit(cpo: Cpo, total: float, of: str = "CDR-1", cdr_id: str = "CREDIT-1") -> None:
    cpo.cdr(-total, cdr_id, credit=True, credit_reference_id=of)


def told_of_the_payment(session: AdHocSession) -> str:
    """The newest line of the timeline about the payment."""
    event = TimelineEvent.objects.filter(session=session, kind="payment").last()
    assert event is not None
    return event.text


def given_back(session: Any) -> tuple[int, int]:
    """Minor units given back: by our books, by the gateway's."""
    ours = PaymentAuthorization.objects.get(pk=session.authorization_id).refunded_amount
    return ours, SimulatedCharge.objects.get(reference=str(session.pk)).refunded_amount


def said() -> str:
    """What the newest open incident says first."""
    return str(Incident.objects.filter(closed_at=None).latest("pk").evidence[0]["text"])


def staff_lines(session: Any) -> list[str]:
    return list(TimelineEvent.objects.filter(session=session, kind="staff").values_list("text", flat=True))


# What comes after the settlement


def test_a_second_cdr_cannot_be_captured_and_staff_are_told(settled: Any, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(9.99, "CDR-2")
    clock.forward(minutes=1)
    assert (money(settled), gateway(settled)) == (("captured", 1230), ("captured", 1230))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert said() == (
        "12.30 EUR was taken. 2 CDRs bill one session, and no credit CDR takes one back: "
        "CDR-1 (12.30 EUR), CDR-2 (9.99 EUR)."
    )


def test_a_credit_cdr_is_told_to_staff_who_give_all_back_once(settled: Any, cpo: Cpo, clock: Clock) -> None:
    credit(cpo, 12.30)
    clock.forward(minutes=1)
    assert (open_incidents(), given_back(settled)) == ([symptoms.BILL_CHANGED], (0, 0))
    assert said() == "The CDRs come to 0.00 EUR now, 12.30 EUR was taken: 12.30 EUR is to be given back."
    with pytest.raises(staff.NotPossible, match="no new one has come"):
        staff.refund(settled.pk, "ana", "Taken back by the CPO.")
    for _ in range(2):
        staff.refund(settled.pk, "ana", "Taken back by the CPO.", driver_pays=0)
    clock.forward(seconds=1)
    assert (given_back(settled), open_incidents()) == ((1230, 1230), [])
    with pytest.raises(staff.NotPossible, match="nothing to give back"):
        staff.refund(settled.pk, "ana", "Once more.", driver_pays=0)
    assert given_back(settled) == (1230, 1230)


def test_a_credit_and_a_lower_cdr_give_the_difference_back_by_themselves(
    settled: Any, cpo: Cpo, clock: Clock, driver: Driver
) -> None:
    credit(cpo, 12.30)
    cpo.cdr(8.00, "CDR-2")
    clock.forward(seconds=1)
    assert (state(settled)[0], given_back(settled), open_incidents()) == ("settled", (430, 430), [])
    told = told_of_the_payment(settled)
    assert told == "Payment captured, 4.30 EUR of it given back"
    clock.forward(minutes=10)
    assert given_back(settled) == (430, 430)
    shown = driver.call("GET", f"{settled.pk}/").json()["money"]
    assert (shown["captured"], shown["refunded"]) == (1230, 430)


def test_a_lower_cdr_whose_credit_comes_later_gives_the_difference_back_then(
    settled: Any, cpo: Cpo, clock: Clock
) -> None:
    cpo.cdr(8.00, "CDR-2")
    clock.forward(seconds=1)
    assert (given_back(settled), open_incidents()) == ((0, 0), [symptoms.BILL_CHANGED])
    credit(cpo, 12.30)
    clock.forward(seconds=1)
    assert (given_back(settled), open_incidents()) == ((430, 430), [])


def test_a_credit_and_a_higher_cdr_collect_nothing_by_themselves(settled: Any, cpo: Cpo, clock: Clock) -> None:
    credit(cpo, 12.30)
    cpo.cdr(14.00, "CDR-2")
    clock.forward(minutes=10)
    assert (money(settled), given_back(settled)) == (("captured", 1230), (0, 0))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert said() == (
        "The CDRs come to 14.00 EUR now, 12.30 EUR was taken: 1.70 EUR more is asked for, which cannot be captured."
    )
    rows = OutstandingAmount.objects.values_list("kind", "amount", "state", "cdr__ocpi_id")
    assert list(rows) == [("receivable", 170, "open", "CDR-2")]


def test_a_credit_and_a_new_cdr_of_the_same_total_close_the_incident(settled: Any, cpo: Cpo, clock: Clock) -> None:
    credit(cpo, 12.30)
    cpo.cdr(12.30, "CDR-2")
    clock.forward(seconds=1)
    assert (open_incidents(), money(settled)) == ([], ("captured", 1230))
    with pytest.raises(staff.NotPossible, match="nothing to give back"):
        staff.refund(settled.pk, "ana", "Why not.")


def test_a_credit_that_overtakes_the_capture_is_told_all_the_same(
    charged: Callable[..., Any],
    cpo: Cpo,
    clock: Clock,
    run_tasks: Callable[..., list[Ran]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session = charged()
    monkeypatch.setitem(TEST_TOKENS, "pm_sim_ok", TEST_TOKENS["pm_sim_slow"])
    cpo.cdr(12.30)
    run_tasks()
    assert money(session)[0] == "capturing"
    credit(cpo, 12.30)
    clock.forward(minutes=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 1230))
    assert open_incidents() == [symptoms.BILL_CHANGED]


def test_a_credit_without_reference_after_the_settlement_is_told(settled: Any, cpo: Cpo, clock: Clock) -> None:
    cpo.cdr(-12.30, "CREDIT-1", credit=True)
    clock.forward(seconds=1)
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert said().startswith("12.30 EUR was taken. Credit CDR CREDIT-1 does not say which CDR it takes back.")


def test_a_cdr_that_comes_after_staff_released_the_funds_is_told(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    clock.forward(hours=25)
    staff.release(session.pk, "ana", "The CPO lost its records.")
    clock.forward(seconds=1)
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert (state(session), money(session)) == (("failed", "released"), ("released", 0))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    with pytest.raises(staff.NotPossible, match="nothing was captured"):
        staff.refund(session.pk, "ana", "Why not.")


def test_the_cdr_of_a_late_session_is_no_change(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_session")
    cpo.cdr(3.21)
    clock.forward(seconds=1)
    assert open_incidents() == []


def test_a_refund_that_the_gateway_refuses_stays_on_the_queue(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged("pm_sim_refund_refused")
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    credit(cpo, 12.30)
    cpo.cdr(8.00, "CDR-2")
    clock.forward(seconds=1)
    assert (money(session), given_back(session)) == (("captured", 1230), (0, 0))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert "refused the refund" in told_of_the_payment(session)


def test_a_refund_needs_a_note_and_a_sum_that_was_taken(settled: Any) -> None:
    with pytest.raises(staff.NotPossible, match="Say why"):
        staff.refund(settled.pk, "ana", " ", driver_pays=0)
    for pays in (-1, 1231):
        with pytest.raises(staff.NotPossible, match="between nothing and 12"):
            staff.refund(settled.pk, "ana", "A mistake.", driver_pays=pays)
    assert given_back(settled) == (0, 0)


def test_held_money_is_released_and_not_given_back(charged: Callable[..., Any]) -> None:
    session = charged()
    with pytest.raises(staff.NotPossible, match="nothing was captured"):
        staff.refund(session.pk, "ana", "Quickly.")
    assert billing.is_stuck(PaymentAuthorization.objects.get(pk=session.authorization_id)) is False


# CDRs of other sessions


def test_the_cdr_of_another_session_of_the_same_start_is_not_billed(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(3.00, "CDR-1")
    cpo.cdr(4.00, "CDR-2", session_id="S-2")
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 300))
    assert open_incidents() == [symptoms.FOREIGN_CDR]
    assert said() == "CDR CDR-2 is about Session S-2, which is not the one that was started: it is not billed."


def test_of_two_sessions_that_only_cdrs_tell_of_the_first_is_billed(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    clock.forward(minutes=2)
    cpo.cdr(2.00, "CDR-2", kwh=2, session_id="S-2")
    cpo.cdr(1.00, "CDR-1", kwh=2, session_id="S-1")
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 200))
    assert open_incidents() == [symptoms.FOREIGN_CDR]


def test_a_session_found_after_the_other_ones_cdr_was_billed_is_a_duplicate(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = driver.start()
    cpo.cdr(4.00, "CDR-2", session_id="S-2")
    clock.forward(seconds=1)
    cpo.session(5, "COMPLETED", session_id="S-1", created=True)
    cpo.session(5, "COMPLETED", session_id="S-2", created=True)
    clock.forward(seconds=1)
    assert money(session) == ("captured", 400)
    assert dict(AttemptSession.objects.values_list("ocpi_session__ocpi_id", "validity")) == {
        "S-1": "duplicate",
        "S-2": "valid",
    }


def test_a_gateway_that_takes_another_sum_than_asked_is_told_to_staff(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = charged()
    answer = GatewayAnswer(Outcome.DONE, captured_amount=1500)
    monkeypatch.setattr(SimulatedGateway, "capture", lambda *_arguments: answer)
    cpo.cdr(12.30)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 1500))
    assert open_incidents() == [symptoms.BILL_CHANGED]
    assert said() == "The CDRs come to 12.30 EUR now, 15.00 EUR was taken: 2.70 EUR is to be given back."
