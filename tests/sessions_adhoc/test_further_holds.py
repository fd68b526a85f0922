"""The gateway does not raise what is held: the driver confirms a second hold, which counts for the limit (ADR 24)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.gateways import GatewayAnswer, Outcome, Question
from billing.gateways.simulated import SimulatedGateway
from billing.models import OutstandingAmount, PaymentAuthorization, Receipt, SimulatedCharge
from billing.payments import services
from ocpi.models import Evse
from partners.agreed.policies import DEFAULTS
from partners.models import Incident
from sessions_adhoc import staff, symptoms
from sessions_adhoc.admin.session_actions import has_held_funds, has_taken_funds
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.models import AdHocSession
from tests.admin.conftest import boss, page
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.test_by_plan import retail
from tests.sessions_adhoc.test_limit import publish
from tests.sessions_adhoc.test_paying_afterwards import documents, paid
from tests.sessions_adhoc.test_raising_the_limit import ask, charge, fresh

__all__ = ["boss", "charge", "page", "publish"]
pytestmark = pytest.mark.django_db
Charge = Callable[..., AdHocSession]


@pytest.fixture
def refused(charge: Charge, driver: Driver, clock: Clock) -> AdHocSession:
    """40.00 EUR are held; the driver wants 60.00 EUR, and the gateway does not raise it."""
    session = charge(10, payment_method="pm_sim_raise_refused")
    assert told(driver, session)["money"]["least_further_limit"] is None
    ask(driver, session, 6000)
    clock.sweep()
    assert (limits(session), told(driver, session)["money"]["least_further_limit"]) == ((4000, None), 4001)
    return session


@pytest.fixture
def added(refused: AdHocSession, driver: Driver, clock: Clock) -> AdHocSession:
    """40.00 EUR and 20.00 EUR are held, and may be spent."""
    add(driver, refused)
    clock.sweep()
    assert limits(refused) == (6000, None)
    assert rows(refused) == [("reserved", 4000, 0), ("reserved", 2000, 0)]
    return fresh(refused)


def add(driver: Driver, session: AdHocSession, amount: int = 6000, expected: int = 202, **body: Any) -> Any:
    body = {"amount": amount, "further_hold": True, **body}
    answer = driver.call("POST", f"{session.pk}/limit/", body)
    assert answer.status_code == expected, answer.content
    return answer.json()


def told(driver: Driver, session: AdHocSession) -> Any:
    return driver.call("GET", f"{session.pk}/").json()


def limits(session: AdHocSession) -> tuple[int, int | None]:
    now = fresh(session)
    return now.amount, now.limit_wanted


def rows(session: AdHocSession) -> list[tuple[str, int, int]]:
    """(state, amount, kept) of each payment, in the order in which they were made; `paid` holds them to the gateway."""
    paid(session)
    found = PaymentAuthorization.objects.filter(reference__startswith=str(session.pk)).order_by("reference")
    return [(str(row.state), row.amount, row.kept_amount) for row in found]


def second() -> PaymentAuthorization:
    return PaymentAuthorization.objects.get(purpose="addition")


def settle(cpo: Cpo, clock: Clock, kwh: float, total: float | None = None) -> None:
    cpo.session(kwh, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(kwh if total is None else total)
    clock.forward(seconds=10)


def test_it_counts_for_the_limit_and_is_taken_after_the_first(
    added: AdHocSession, charge: Charge, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    money = told(driver, added)["money"]
    assert (money["limit"], money["reserved"], money["least_further_limit"]) == (6000, 6000, None)
    charge(50)
    assert (state(added), cpo.sent("STOP_SESSION")) == (("charging", ""), [])
    settle(cpo, clock, 50)
    assert (state(added)[0], rows(added)) == ("settled", [("captured", 4000, 4000), ("captured", 2000, 1000)])
    assert documents() == [5000]
    assert [one["amount"] for one in Receipt.objects.get().contents["payments"]] == [4000, 1000]
    money = told(driver, added)["money"]
    assert (money["captured"], money["reserved"], money["state"]) == (5000, 0, "captured")
    assert (open_incidents(), OutstandingAmount.objects.count()) == ([], 0)


def test_what_is_not_needed_is_released_at_once(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    settle(cpo, clock, 10)
    assert rows(added) == [("captured", 4000, 1000), ("released", 2000, 0)]
    assert (documents(), open_incidents()) == ([1000], [])


def test_a_charge_that_costs_nothing_releases_both(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    settle(cpo, clock, 10, total=0)
    assert (state(added)[0], rows(added)) == ("settled", [("released", 4000, 0), ("released", 2000, 0)])


def test_it_is_stopped_before_both_are_used_up(added: AdHocSession, charge: Charge, cpo: Cpo) -> None:
    charge(58.5)
    assert len(cpo.sent("STOP_SESSION")) == 1


@pytest.mark.parametrize("method", ["pm_sim_declined", "pm_sim_unreachable"])
def test_one_that_is_not_held_changes_nothing(
    refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, method: str
) -> None:
    add(driver, refused, payment_method=method)
    clock.forward(seconds=59)
    assert limits(refused) == (4000, None)
    assert rows(refused)[0] == ("reserved", 4000, 0)
    assert told(driver, refused)["money"]["least_further_limit"] == 4001
    settle(cpo, clock, 10)
    assert (rows(refused)[0], documents()) == (("captured", 4000, 1000), [1000])


def test_asked_twice_is_one_hold(refused: AdHocSession, driver: Driver, clock: Clock) -> None:
    add(driver, refused)
    add(driver, refused)
    assert add(driver, refused, 8000, 409)["code"] == "limit_pending"
    assert ask(driver, refused, 8000, 409)["code"] == "limit_pending"
    clock.sweep()
    add(driver, refused)
    assert rows(refused) == [("reserved", 4000, 0), ("reserved", 2000, 0)]
    assert add(driver, refused, 5000, 409)["code"] == "limit_not_higher"


def test_a_third_one(added: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """The first is asked for what is missing; it refuses, and another one is confirmed."""
    ask(driver, added, 8000)
    clock.sweep()
    assert limits(added) == (6000, None)
    raised = PaymentAuthorization.objects.get(pk=added.authorization_id).events.filter(message__startswith="raise:")
    assert list(raised.values_list("amount", flat=True)) == [6000, 6000]
    add(driver, added, 7500)
    clock.sweep()
    assert rows(added) == [("reserved", 4000, 0), ("reserved", 2000, 0), ("reserved", 1500, 0)]
    settle(cpo, clock, 65)
    assert rows(added) == [("captured", 4000, 4000), ("captured", 2000, 2000), ("captured", 1500, 500)]
    assert documents() == [6500]


def test_nobody_elses_and_nothing_after_the_end(refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    client = fresh(refused).client_id
    AdHocSession.objects.update(client=None)
    add(driver, refused, expected=404)
    AdHocSession.objects.update(client_id=client)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    assert add(driver, refused, expected=409)["code"] == "not_charging"
    assert rows(refused) == [("reserved", 4000, 0)]


def test_more_than_both_is_owed_and_paid_afterwards(
    added: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    settle(cpo, clock, 61)
    assert rows(added) == [("captured", 4000, 4000), ("captured", 2000, 2000)]
    assert OutstandingAmount.objects.get().amount == 100
    assert driver.call("POST", f"{added.pk}/pay/", {"amount": 100}).status_code == 202
    clock.forward(seconds=1)
    assert rows(added)[2] == ("captured", 100, 100)
    assert documents()[-1] == 6100


# What others do meanwhile


@pytest.mark.parametrize("method", ["pm_sim_slow", "pm_sim_reserves_then_times_out"])
def test_the_cdr_settles_while_it_is_being_opened(
    refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, settings: Any, method: str
) -> None:
    settings.SIMULATED_GATEWAY_DELAY_MS = 60_000
    add(driver, refused, payment_method=method)
    settle(cpo, clock, 50)
    clock.forward(minutes=5)
    assert (limits(refused), rows(refused)) == ((4000, None), [("captured", 4000, 4000), ("released", 2000, 0)])
    assert OutstandingAmount.objects.get().amount == 1000
    assert documents() == [4000]


def test_the_driver_stops_while_it_is_being_opened(
    refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, settings: Any
) -> None:
    settings.SIMULATED_GATEWAY_DELAY_MS = 60_000
    add(driver, refused, payment_method="pm_sim_slow")
    assert driver.call("POST", f"{refused.pk}/stop/").status_code == 202
    clock.forward(minutes=2)
    assert (limits(refused)[1], rows(refused)) == (None, [("reserved", 4000, 0), ("released", 2000, 0)])
    settle(cpo, clock, 10)
    assert (rows(refused)[0], documents()) == (("captured", 4000, 1000), [1000])


def lose(monkeypatch: pytest.MonkeyPatch, verb: str) -> list[str]:
    """From now on the worker dies at this verb's call, after the gateway has done it."""
    called: list[str] = []
    real = getattr(SimulatedGateway, verb)

    def dying(self: SimulatedGateway, *args: Any, **more: Any) -> Any:
        if not called:
            called.append(verb)
            real(self, *args, **more)
            raise KeyboardInterrupt
        return real(self, *args, **more)

    monkeypatch.setattr(SimulatedGateway, verb, dying)
    return called


def test_the_worker_dies_after_it_was_opened(
    refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    died = lose(monkeypatch, "open")
    add(driver, refused)
    with pytest.raises(KeyboardInterrupt):
        clock.run_tasks()
    assert died == ["open"]
    clock.forward(seconds=40)
    assert (limits(refused), rows(refused)) == ((6000, None), [("reserved", 4000, 0), ("reserved", 2000, 0)])
    settle(cpo, clock, 50)
    assert rows(refused) == [("captured", 4000, 4000), ("captured", 2000, 1000)]


def test_the_worker_dies_after_the_first_capture(
    added: AdHocSession, cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpo.session(50, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(50)
    lose(monkeypatch, "capture")
    with pytest.raises(KeyboardInterrupt):
        clock.forward(seconds=10)
    clock.forward(minutes=2)
    assert (state(added)[0], rows(added)) == ("settled", [("captured", 4000, 4000), ("captured", 2000, 1000)])
    assert documents() == [5000]


def test_the_second_runs_out_first(added: AdHocSession, charge: Charge, cpo: Cpo, clock: Clock) -> None:
    """The limit is what is still held: the charge is stopped before it costs more."""
    charge(38)
    SimulatedCharge.objects.filter(amount=2000).update(expires_at=timezone.now())
    assert services.tell(second().pk, kind="something")
    clock.sweep()
    assert (rows(added), limits(added)[0]) == ([("reserved", 4000, 0), ("expired", 2000, 0)], 4000)
    clock.forward(seconds=1)
    charge(38.9)
    assert len(cpo.sent("STOP_SESSION")) == 1
    settle(cpo, clock, 39)
    assert (rows(added)[0], documents()) == (("captured", 4000, 3900), [3900])


def test_the_first_runs_out_first(added: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """What the second holds is taken; what is missing is owed."""
    SimulatedCharge.objects.filter(amount=4000).update(expires_at=timezone.now())
    assert services.tell(added.authorization_id, kind="something")
    clock.sweep()
    assert (rows(added), limits(added)[0]) == ([("expired", 4000, 0), ("reserved", 2000, 0)], 2000)
    settle(cpo, clock, 30)
    assert (state(added)[0], rows(added)) == ("settled", [("expired", 4000, 0), ("captured", 2000, 2000)])
    assert OutstandingAmount.objects.get().amount == 1000
    assert (documents(), told(driver, added)["money"]["captured"]) == ([2000], 2000)


def test_a_warning_about_either_escalates_a_day_before(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    soon = timezone.now() + timedelta(hours=30)
    SimulatedCharge.objects.filter(amount=2000).update(expires_at=soon)
    PaymentAuthorization.objects.filter(purpose="addition").update(expires_at=soon, next_check_at=timezone.now())
    cpo.session(10, "COMPLETED")
    clock.forward(hours=16)
    assert state(added) == ("escalated", "reservation_expires")
    assert rows(added) == [("reserved", 4000, 0), ("reserved", 2000, 0)]


def test_the_second_is_not_captured(refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """The gateway refuses: it is let go of, and what is missing is owed. The CDRs did not change."""
    add(driver, refused, payment_method="pm_sim_capture_refused")
    clock.sweep()
    settle(cpo, clock, 50)
    assert (state(refused)[0], rows(refused)) == ("settled", [("captured", 4000, 4000), ("released", 2000, 0)])
    assert OutstandingAmount.objects.get().amount == 1000
    assert open_incidents() == [symptoms.ADDITION_LOST]
    told_staff = Incident.objects.get().evidence[0]["text"]
    assert told_staff == (
        "20.00 EUR was held as a second reservation, and nothing is taken of it. The driver pays 40.00 EUR. "
        "The gateway says: The acquirer refused the capture."
    )
    assert documents() == [4000]
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "settled", "ana", "By bank transfer.")
    assert open_incidents() == []


@pytest.mark.parametrize("kwh", [10, 14])
def test_the_second_is_not_captured_at_a_price_of_our_own(
    charge: Charge, driver: Driver, cpo: Cpo, clock: Clock, kwh: int
) -> None:
    """No CDR bills it, so no receivable tells of it: staff are told, and only where something is missing."""
    retail(per_kwh="1.00")
    session = charge(1, payment_method="pm_sim_raise_refused", amount=1000)
    ask(driver, session, 2000)
    clock.sweep()
    add(driver, session, 2000, payment_method="pm_sim_capture_refused")
    clock.sweep()
    for reading in range(2, kwh + 1, 2):
        charge(reading)
    cpo.session(kwh, "COMPLETED")
    clock.forward(minutes=2)
    assert (state(session)[0], rows(session)) == ("settled", [("captured", 1000, 1000), ("released", 1000, 0)])
    assert open_incidents() == ([] if kwh == 10 else [symptoms.ADDITION_LOST])
    cpo.cdr(kwh)
    clock.forward(seconds=10)
    assert (OutstandingAmount.objects.count(), documents()) == (0, [1000])
    assert open_incidents() == ([] if kwh == 10 else [symptoms.ADDITION_LOST])


def test_what_staff_settled_before_the_refusal_is_not_owed_again(
    refused: AdHocSession, driver: Driver, cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The CDR asks for 5.00 EUR beyond both, which is settled; then the gateway refuses the 20.00 EUR as well."""
    add(driver, refused)
    clock.sweep()
    real = SimulatedGateway.capture

    def late(self: SimulatedGateway, key: str, reference: str, amount: int) -> GatewayAnswer:
        if SimulatedCharge.objects.get(pk=reference).amount == 2000:
            return GatewayAnswer(Outcome.PENDING)
        return real(self, key, reference, amount)

    monkeypatch.setattr(SimulatedGateway, "capture", late)
    settle(cpo, clock, 65)
    assert OutstandingAmount.objects.get().amount == 500
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "settled", "ana", "By bank transfer.")

    def refuse(self: SimulatedGateway, key: str, reference: str, amount: int) -> GatewayAnswer:
        return GatewayAnswer(Outcome.REFUSED, code="no", message="No.")

    monkeypatch.setattr(SimulatedGateway, "capture", refuse)
    clock.forward(minutes=5)
    assert rows(refused) == [("captured", 4000, 4000), ("released", 2000, 0)]
    closed = OutstandingAmount.objects.order_by("pk").values_list("amount", "state")
    assert list(closed) == [(500, "settled"), (2000, "open")]
    assert told(driver, refused)["money"]["owed"] == 2000


def test_the_first_is_not_captured(charge: Charge, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """Staff decide about it; what they capture counts what the second has brought."""
    session = charge(10, payment_method="pm_sim_capture_refused")
    add(driver, session)
    clock.sweep()
    settle(cpo, clock, 50)
    assert state(session) == ("escalated", "payment_lost")
    assert rows(session) == [("reserved", 4000, 0), ("captured", 2000, 1000)]
    assert has_held_funds(fresh(session))
    staff.release(session.pk, "ana", "the bank does not give it")
    clock.forward(seconds=5)
    assert (state(session)[0], rows(session)) == ("settled", [("released", 4000, 0), ("captured", 2000, 1000)])
    assert documents() == [1000]


@pytest.mark.parametrize("stays", [4000, 2000])
def test_one_that_is_not_let_go_of_stays_on_the_queue(
    driver: Driver, clock: Clock, publish: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, stays: int
) -> None:
    """The charge came to nothing, and the gateway releases one of the two: the other is for people (rule 24)."""
    publish()
    session = driver.start(payment_method="pm_sim_raise_refused")
    ask(driver, session, 6000)
    clock.sweep()
    add(driver, session)
    clock.sweep()
    real = SimulatedGateway.release

    def release(self: SimulatedGateway, key: str, reference: str) -> GatewayAnswer:
        if SimulatedCharge.objects.get(pk=reference).amount == stays:
            return GatewayAnswer(Outcome.REFUSED, code="not_now", message="The bank does not let go of it.")
        return real(self, key, reference)

    monkeypatch.setattr(SimulatedGateway, "release", release)
    clock.forward(minutes=6)
    clock.sweep()
    assert state(session) == ("failed", "no_session")
    assert sorted((one, amount) for one, amount, _ in rows(session)) == sorted(
        [("reserved" if amount == stays else "released", amount) for amount in (4000, 2000)]
    )
    assert MONEY_STUCK in open_incidents()


# Afterwards


@pytest.fixture
def taken(added: AdHocSession, cpo: Cpo, clock: Clock) -> AdHocSession:
    """50.00 EUR were taken: 40.00 and 10.00."""
    settle(cpo, clock, 50)
    assert documents() == [5000]
    return fresh(added)


@pytest.mark.parametrize(("total", "kept"), [(45.0, (4000, 500)), (35.0, (3500, 0))])
def test_a_lower_cdr_gives_back_of_the_last_first(
    taken: AdHocSession, cpo: Cpo, clock: Clock, total: float, kept: tuple[int, int]
) -> None:
    cpo.cdr(-50.0, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(total, "CDR-2")
    clock.forward(seconds=10)
    assert tuple(row[2] for row in rows(taken)) == kept
    assert sum(documents()) == round(total * 100)
    assert open_incidents() == []


@pytest.mark.parametrize(("pays", "kept"), [(4500, (4000, 500)), (1000, (1000, 0)), (0, (0, 0))])
def test_staff_give_back(taken: AdHocSession, clock: Clock, pays: int, kept: tuple[int, int]) -> None:
    assert has_taken_funds(taken)
    staff.refund(taken.pk, "ana", "kindness", pays)
    with pytest.raises(staff.NotPossible):
        staff.refund(taken.pk, "ana", "kindness", 4999)
    clock.forward(seconds=10)
    assert tuple(row[2] for row in rows(taken)) == kept
    assert sum(documents()) == pays
    assert (OutstandingAmount.objects.count(), open_incidents()) == (0, [])


def test_staff_capture_of_both(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.session(50, "COMPLETED")
    clock.forward(hours=25)
    assert state(added)[0] == "escalated"
    staff.capture_from_last_sample(added.pk, "ana", "no CDR")
    clock.forward(seconds=10)
    assert rows(added) == [("captured", 4000, 4000), ("captured", 2000, 1000)]
    assert documents() == [5000]


def test_staff_release_both(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    cpo.session(50, "COMPLETED")
    clock.forward(hours=25)
    staff.release(added.pk, "ana", "nobody knows")
    clock.forward(seconds=10)
    assert (state(added)[0], rows(added)) == ("failed", [("released", 4000, 0), ("released", 2000, 0)])


def test_the_second_is_captured_elsewhere_during_the_charge(added: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    """Staff of another mind at the gateway's own pages: what they took counts, and the first gives the rest."""
    PaymentAuthorization.objects.filter(purpose="addition").update(told_at=timezone.now(), next_check_at=timezone.now())
    SimulatedCharge.objects.filter(amount=2000).update(status="captured", captured_amount=2000)
    clock.sweep()
    assert rows(added)[1] == ("captured", 2000, 2000)
    settle(cpo, clock, 50)
    assert rows(added) == [("captured", 4000, 3000), ("captured", 2000, 2000)]
    assert documents() == [5000]


# Another try


@pytest.fixture
def kept() -> Any:
    """What a failed try holds is kept for another one."""
    before, DEFAULTS["hold_for_retry"] = DEFAULTS["hold_for_retry"], 600
    yield
    DEFAULTS["hold_for_retry"] = before


@pytest.fixture
def failed(kept: None, driver: Driver, cpo: Cpo, clock: Clock, publish: Callable[..., Any]) -> AdHocSession:
    """A try with 40.00 EUR and 20.00 EUR that came to nothing."""
    publish()
    session = driver.start(payment_method="pm_sim_raise_refused")
    ask(driver, session, 6000)
    clock.sweep()
    add(driver, session)
    clock.sweep()
    assert limits(session) == (6000, None)
    clock.forward(minutes=6)
    assert state(session) == ("failed", "no_session")
    assert rows(session) == [("reserved", 4000, 0), ("reserved", 2000, 0)]
    return fresh(session)


def all_rows() -> list[tuple[str, int]]:
    found = PaymentAuthorization.objects.exclude(state="handed_on").order_by("created_at", "-amount")
    return [(str(row.state), row.amount) for row in found]


@pytest.mark.parametrize(
    ("amount", "limit", "expected"),
    [
        (6000, 6000, [("reserved", 4000), ("reserved", 2000)]),
        (5000, 5000, [("reserved", 4000), ("reserved", 2000)]),
        (4000, 4000, [("reserved", 4000), ("released", 2000)]),
        (8000, 8000, [("released", 4000), ("released", 2000), ("reserved", 8000)]),
    ],
)
def test_another_try_takes_over_what_it_needs(
    failed: AdHocSession,
    driver: Driver,
    cpo: Cpo,
    clock: Clock,
    amount: int,
    limit: int,
    expected: list[tuple[str, int]],
) -> None:
    session = driver.start(previous=str(failed.pk), amount=amount)
    clock.sweep()
    assert (state(session)[0], all_rows(), limits(session)) == ("starting", expected, (limit, None))
    cpo.session(10, created=True)
    clock.forward(seconds=60)
    cpo.session(45)
    settle(cpo, clock, 45)
    took = sum(row.kept_amount for row in PaymentAuthorization.objects.all())
    assert (state(session)[0], took) == ("settled", min(4500, limit))
    assert sum(documents()) == took
    assert SimulatedCharge.objects.filter(status__in=["reserved", "pending"]).count() == 0


def test_the_page_of_the_next_try_names_all_that_is_held(
    failed: AdHocSession, evse: Evse, client: Client, clock: Clock
) -> None:
    AdHocSession.objects.filter(pk=failed.pk).update(client=None)
    shown = client.get(f"/c/{evse.code}?previous={failed.pk}", headers={"Accept-Language": "en"}).content.decode()
    said = (
        "60.00 € is still held on your card from the last try (40.00 € + 20.00 €). What your limit needs of it "
        "is used now, and what it does not need is released."
    )
    assert (said in shown.replace("\N{NO-BREAK SPACE}", " "), 'name="held" value="6000"' in shown) == (True, True)
    PaymentAuthorization.objects.filter(purpose="addition").update(kept_until=clock.now())
    shown = client.get(f"/c/{evse.code}?previous={failed.pk}", headers={"Accept-Language": "en"}).content.decode()
    said = "40.00 € is still held on your card from the last try and is used now."
    assert (said in shown.replace("\N{NO-BREAK SPACE}", " "), 'name="held" value="4000"' in shown) == (True, True)


def test_nobody_tries_again(failed: AdHocSession, clock: Clock) -> None:
    clock.traveller.shift(601)
    clock.sweep()
    clock.sweep()
    assert all_rows() == [("released", 4000), ("released", 2000)]


def test_the_driver_tries_no_more(failed: AdHocSession, driver: Driver, clock: Clock) -> None:
    assert driver.call("POST", f"{failed.pk}/release/").status_code == 202
    clock.sweep()
    assert all_rows() == [("released", 4000), ("released", 2000)]


# The page


def test_the_page_offers_it_once_the_gateway_has_refused(
    charge: Charge, driver: Driver, clock: Clock, client: Client
) -> None:
    session = charge(10, payment_method="pm_sim_raise_refused")
    url = f"/c/session/{session.pk}"

    def view() -> Any:
        return client.get(f"{url}.json").json()["view"]

    assert (view()["may_raise"], view()["may_add"]) == (True, False)
    client.post(f"{url}/limit", {"amount": "8000"})
    clock.sweep()
    assert (view()["may_raise"], view()["may_add"]) == (False, True)
    assert "Reserve a second amount" in client.get(url).content.decode()
    assert client.post(f"{url}/limit", {"amount": "8000", "further": "yes"})["Location"] == url
    assert (view()["may_raise"], view()["may_add"]) == (False, False)
    clock.sweep()
    assert (limits(session), rows(session)) == ((8000, None), [("reserved", 4000, 0), ("reserved", 4000, 0)])
    assert "80.00\N{NO-BREAK SPACE}€ is reserved on your card." in client.get(url).content.decode()
    client.post(f"{url}/limit", {"amount": "8000", "further": "yes"})
    assert len(rows(session)) == 2


def test_staff_see_both(added: AdHocSession, page: Client) -> None:
    shown = page.get(f"/admin/sessions_adhoc/adhocsession/{added.pk}/change/")
    assert shown.status_code == 200
    assert "20.00 EUR" in shown.content.decode()
    assert "60.00 EUR held" in page.get("/admin/sessions_adhoc/adhocsession/").content.decode()


def test_lookups_and_refusals_are_not_lost(
    refused: AdHocSession, driver: Driver, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway does not know what became of it for a while: the limit waits, and follows."""
    real = SimulatedGateway.lookup

    def silent(self: SimulatedGateway, question: Question) -> GatewayAnswer:
        return GatewayAnswer(Outcome.PENDING)

    monkeypatch.setattr(SimulatedGateway, "lookup", silent)
    add(driver, refused, payment_method="pm_sim_reserves_then_times_out")
    clock.forward(seconds=20)
    assert limits(refused) == (4000, 6000)
    monkeypatch.setattr(SimulatedGateway, "lookup", real)
    clock.forward(seconds=40)
    assert (limits(refused), rows(refused)) == ((6000, None), [("reserved", 4000, 0), ("reserved", 2000, 0)])
