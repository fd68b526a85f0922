"""A worker dies between asking the gateway and recording its answer; the next one asks what happened."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from time_machine import Traveller

from billing.gateways import GatewayAnswer, GatewayUnreachable, Outcome
from billing.gateways.base import Opened
from billing.gateways.simulated import SimulatedGateway
from billing.models import PaymentAuthorization
from billing.payments import services
from billing.tasks import tick
from tests.billing.conftest import (
    ScriptedGateway,
    books,
    calls,
    drive_until_quiet,
    due,
    fresh,
    opened,
    reserved,
    story,
    wish,
)

pytestmark = pytest.mark.django_db


class WorkerDiedError(Exception):
    """The process is gone; nothing after this line of it runs."""


def dies(monkeypatch: pytest.MonkeyPatch, verb: str, *, after: bool) -> None:
    """The worker dies once, in the next call of `verb`: before the gateway is reached, or after it acted."""
    method = "open" if verb == "reserve" else verb
    real = getattr(SimulatedGateway, method)

    def dying(self: Any, *args: Any) -> None:
        monkeypatch.setattr(SimulatedGateway, method, real)
        if after:
            real(self, *args)
        raise WorkerDiedError

    monkeypatch.setattr(SimulatedGateway, method, dying)


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize(
    ("verb", "ask", "state", "booked"),
    [
        ("reserve", services.request_reserve, "reserved", ("reserved", 4000, 0, 0)),
        (
            "capture",
            lambda pk: services.request_capture(pk, 1500),
            "captured",
            ("captured", 4000, 1500, 2500),
        ),
        ("release", services.request_release, "released", ("released", 4000, 0, 4000)),
    ],
)
def test_it_asks_what_became_of_the_same_key(
    monkeypatch: pytest.MonkeyPatch,
    clock: Traveller,
    news: list[tuple[str, str]],
    verb: str,
    ask: Callable[..., PaymentAuthorization],
    state: str,
    booked: tuple[str, int, int, int],
    after: bool,
) -> None:
    row = opened() if verb == "reserve" else reserved()
    ask(row.pk)
    dies(monkeypatch, verb, after=after)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    before, history = fresh(row), story(row)

    services.drive(row.pk)  # the dead worker's lease still runs
    assert story(row) == history
    assert fresh(row).next_check_at == before.leased_until

    clock.move_to(before.leased_until)
    services.drive(row.pk)

    assert fresh(row).state == state
    assert books() == [booked]
    assert calls()[verb] == 1
    assert news[-1] == ("session-1", state)
    assert [told for told in news if told[1] == state] == [("session-1", state)]


def test_the_driver_cancels_after_the_worker_died(monkeypatch: pytest.MonkeyPatch, clock: Traveller) -> None:
    row = opened()
    services.request_reserve(row.pk)
    dies(monkeypatch, "reserve", after=True)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)

    assert services.request_release(row.pk).state == "releasing"
    row = drive_until_quiet(row, clock)

    assert row.state == "released"
    assert books() == [("released", 4000, 0, 4000)]
    assert calls() == {"reserve": 1, "release": 1}


def test_a_reservation_that_may_still_arrive_is_waited_for_before_it_counts_as_never_made(
    monkeypatch: pytest.MonkeyPatch, clock: Traveller
) -> None:
    row = opened()
    services.request_reserve(row.pk)
    dies(monkeypatch, "reserve", after=False)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    asked_at = fresh(row).called_at
    services.request_release(row.pk)

    clock.move_to(fresh(row).next_check_at)
    services.drive(row.pk)
    assert fresh(row).state == "releasing"

    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert asked_at is not None
    assert row.state_since - asked_at >= timedelta(minutes=2)
    assert books() == []


def test_a_reservation_that_arrives_late_is_released(monkeypatch: pytest.MonkeyPatch, clock: Traveller) -> None:
    row = opened()
    services.request_reserve(row.pk)
    dies(monkeypatch, "reserve", after=False)
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    services.request_release(row.pk)
    clock.move_to(fresh(row).next_check_at)
    services.drive(row.pk)
    assert fresh(row).state == "releasing"

    SimulatedGateway().open(wish(key=row.reserve_key))
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert books() == [("released", 4000, 0, 4000)]


def test_the_driver_cancels_while_the_gateway_is_being_asked(
    clock: Traveller, monkeypatch: pytest.MonkeyPatch, news: list[tuple[str, str]]
) -> None:
    row = opened()
    services.request_reserve(row.pk)
    real = SimulatedGateway.open

    def cancelled_meanwhile(self: Any, *args: Any) -> Opened:
        answer = real(self, *args)
        assert services.request_release(row.pk).state == "releasing"
        services.drive(row.pk)  # the other worker must wait: this one holds the lease
        return answer

    monkeypatch.setattr(SimulatedGateway, "open", cancelled_meanwhile)
    services.drive(row.pk)
    assert fresh(row).state == "releasing"
    assert fresh(row).gateway_reference.startswith("sim_")
    assert calls() == {"reserve": 1}

    services.drive(row.pk)
    assert fresh(row).state == "released"
    assert books() == [("released", 4000, 0, 4000)]
    assert calls() == {"reserve": 1, "release": 1}
    assert news == [("session-1", "released")]


@pytest.mark.parametrize(
    "answer",
    [
        GatewayAnswer(Outcome.DECLINED, code="card_declined"),
        GatewayAnswer(Outcome.REFUSED, code="currency_not_supported"),
        GatewayUnreachable("connection refused", might_have_arrived=False),
    ],
)
def test_cancelled_while_asking_and_nothing_was_reserved(
    clock: Traveller,
    scripted: ScriptedGateway,
    monkeypatch: pytest.MonkeyPatch,
    answer: GatewayUnreachable | GatewayAnswer,
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    scripted.answers.append(answer)
    tell = scripted._answer

    def cancelled_meanwhile(verb: Any, key: Any) -> GatewayAnswer:
        services.request_release(row.pk)
        return tell(verb, key)

    monkeypatch.setattr(scripted, "_answer", cancelled_meanwhile)
    services.drive(row.pk)
    assert fresh(row).state == "released"
    assert scripted.asked == [("open", "reserve")]


def test_it_voids_a_reservation_that_is_still_pending(clock: Traveller) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    services.drive(row.pk)
    assert (fresh(row).state, books()) == ("reserving", [("pending", 4000, 0, 0)])
    services.request_release(row.pk)
    services.drive(row.pk)
    row = drive_until_quiet(row, clock)
    assert row.state == "released"
    assert books() == [("released", 4000, 0, 4000)]


def test_an_answer_after_the_lease_ran_out_is_history_only(
    clock: Traveller, scripted: ScriptedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = opened(gateway="scripted")
    services.request_reserve(row.pk)
    done = GatewayAnswer(Outcome.DONE, gateway_reference="ch_1", amount=4000)
    scripted.answers += [done, GatewayAnswer(Outcome.DECLINED, code="late")]
    tell = scripted._answer

    def slept(verb: Any, key: Any) -> GatewayAnswer:
        monkeypatch.setattr(scripted, "_answer", tell)
        clock.move_to(fresh(row).leased_until)
        services.drive(row.pk)  # another worker takes over and looks the key up
        return tell(verb, key)

    monkeypatch.setattr(scripted, "_answer", slept)
    services.drive(row.pk)

    assert fresh(row).state == "reserved"
    assert scripted.asked == [("lookup", "reserve"), ("open", "reserve")]
    assert story(row)[-2:] == [("answered", "reserved", "done"), ("late", "reserved", "declined")]


@pytest.mark.parametrize("gateway", ["simulated", "scripted"])
def test_a_driver_waits_for_a_dead_worker_only_as_long_as_two_calls_of_this_gateway_can_take(
    monkeypatch: pytest.MonkeyPatch, clock: Traveller, scripted: ScriptedGateway, gateway: str
) -> None:
    scripted.call_timeout = timedelta(seconds=10)
    row = opened(gateway=gateway)
    services.request_reserve(row.pk)
    chosen = SimulatedGateway if gateway == "simulated" else type(scripted)
    real = chosen.open
    monkeypatch.setattr(chosen, "open", lambda *_args: (_ for _ in ()).throw(WorkerDiedError))
    with pytest.raises(WorkerDiedError):
        services.drive(row.pk)
    called_at = fresh(row).called_at
    assert called_at is not None
    waits = due(fresh(row)) - called_at
    longest = SimulatedGateway.call_timeout if gateway == "simulated" else scripted.call_timeout
    assert 2 * longest < waits <= 2 * longest + timedelta(seconds=5)

    monkeypatch.setattr(chosen, "open", real)
    scripted.answers += [] if gateway == "simulated" else [GatewayAnswer(Outcome.DONE, gateway_reference="ch_1")]
    clock.shift(waits - timedelta(milliseconds=1))
    tick()
    assert fresh(row).state == "reserving"
    clock.shift(timedelta(milliseconds=1))
    services.drive(row.pk)
    assert (fresh(row).state, waits <= timedelta(seconds=25)) == ("reserved", True)
