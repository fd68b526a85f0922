"""The simulated gateway by itself: an acquirer that does each key's request once and keeps true books."""

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import Settings
from time_machine import Traveller

from billing.gateways import GatewayUnreachable, Outcome, gateway_named, gateway_names, register_gateway
from billing.gateways.simulated import SimulatedGateway
from billing.models import SimulatedCharge, SimulatedOperation
from tests.billing.conftest import START, ScriptedGateway, asked_about, books, calls, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway(clock: Traveller) -> SimulatedGateway:
    return SimulatedGateway()


def reserve(gateway: SimulatedGateway, key: str = "a:reserve", amount: int = 4000, method: str = "pm_sim_ok") -> Any:
    return gateway.open(wish(key=key, amount=amount, payment_method=method)).as_answer()


def test_it_tells_what_it_reserved_and_until_when(gateway: SimulatedGateway) -> None:
    answer = reserve(gateway)
    assert (answer.outcome, answer.amount, answer.captured_amount) == (Outcome.DONE, 4000, None)
    assert answer.expires_at == START + timedelta(days=7)
    charge = SimulatedCharge.objects.get(pk=answer.gateway_reference)
    assert (charge.held_amount, charge.reference, str(charge)) == (
        4000,
        "session-1",
        answer.gateway_reference,
    )


def test_the_same_key_does_it_once_and_repeats_the_answer(gateway: SimulatedGateway) -> None:
    first = reserve(gateway)
    assert reserve(gateway) == first
    assert gateway.lookup(asked_about("a:reserve")) == first
    captured = gateway.capture("a:capture", first.gateway_reference, 1000)
    assert gateway.capture("a:capture", first.gateway_reference, 1000) == captured
    assert (captured.outcome, captured.captured_amount) == (Outcome.DONE, 1000)
    assert books() == [("captured", 4000, 1000, 3000)]
    assert calls() == {"reserve": 2, "capture": 2}
    assert str(SimulatedOperation.objects.get(pk="a:capture")) == "capture a:capture"


def test_the_same_key_for_another_request_is_refused(gateway: SimulatedGateway) -> None:
    first = reserve(gateway)
    assert reserve(gateway, amount=5000).code == "idempotency_key_reused"
    assert gateway.release("a:reserve", first.gateway_reference).code == "idempotency_key_reused"
    assert books() == [("reserved", 4000, 0, 0)]


def test_it_knows_no_key_that_never_arrived(gateway: SimulatedGateway) -> None:
    assert gateway.lookup(asked_about("b:reserve")).outcome is Outcome.UNKNOWN_KEY


@pytest.mark.parametrize("amount", [0, -1, 4001])
def test_it_captures_only_what_is_reserved(gateway: SimulatedGateway, amount: int) -> None:
    answer = gateway.capture("a:capture", reserve(gateway).gateway_reference, amount)
    assert (answer.outcome, answer.code) == (Outcome.REFUSED, "amount_too_large")
    assert books() == [("reserved", 4000, 0, 0)]


def test_it_captures_once_and_releases_nothing_captured(gateway: SimulatedGateway) -> None:
    charge = reserve(gateway).gateway_reference
    gateway.capture("a:capture", charge, 1000)
    assert gateway.capture("a:capture:2", charge, 1000).code == "already_captured"
    assert gateway.release("a:release", charge).code == "already_captured"
    assert books() == [("captured", 4000, 1000, 3000)]


def test_it_captures_nothing_released(gateway: SimulatedGateway) -> None:
    charge = reserve(gateway).gateway_reference
    assert gateway.release("a:release", charge).outcome is Outcome.DONE
    assert gateway.capture("a:capture", charge, 1000).code == "already_released"
    assert gateway.release("a:release:2", charge).code == "already_released"
    assert gateway.lookup(asked_about("a:reserve")).outcome is Outcome.EXPIRED
    assert books() == [("released", 4000, 0, 4000)]


def test_it_knows_no_charge_by_another_name(gateway: SimulatedGateway) -> None:
    assert gateway.capture("a:capture", "nothing", 1).code == "no_such_charge"
    assert gateway.release("a:release", "nothing").code == "no_such_charge"
    assert gateway.lookup(asked_about("a:release")).code == "no_such_charge"


def test_releasing_what_was_declined_is_done(gateway: SimulatedGateway) -> None:
    answer = reserve(gateway, method="pm_sim_declined")
    assert gateway.release("a:release", answer.gateway_reference).outcome is Outcome.DONE
    assert books() == [("declined", 4000, 0, 0)]


def test_what_expired_can_neither_be_captured_nor_released(gateway: SimulatedGateway, clock: Traveller) -> None:
    charge = reserve(gateway, method="pm_sim_expires").gateway_reference
    clock.shift(60)
    assert gateway.capture("a:capture", charge, 1000).outcome is Outcome.EXPIRED
    assert gateway.release("a:release", charge).outcome is Outcome.EXPIRED
    assert books() == [("expired", 4000, 0, 4000)]
    assert SimulatedCharge.objects.get().held_amount == 0


def test_it_does_one_thing_at_a_time_with_a_charge(gateway: SimulatedGateway, clock: Traveller) -> None:
    charge = reserve(gateway, method="pm_sim_slow").gateway_reference
    clock.shift(1)
    assert gateway.capture("a:capture", charge, 1000).outcome is Outcome.PENDING
    assert gateway.capture("a:capture:2", charge, 500).code == "operation_in_progress"
    assert gateway.release("a:release", charge).code == "operation_in_progress"
    clock.shift(1)
    assert gateway.lookup(asked_about("a:capture")).outcome is Outcome.DONE
    assert books() == [("captured", 4000, 1000, 3000)]


@pytest.mark.parametrize(("milliseconds", "outcome"), [(799, Outcome.PENDING), (800, Outcome.DONE)])
def test_slow_takes_as_long_as_configured(
    gateway: SimulatedGateway, clock: Traveller, settings: Settings, milliseconds: int, outcome: Outcome
) -> None:
    settings.SIMULATED_GATEWAY_DELAY_MS = 800
    assert reserve(gateway, method="pm_sim_slow").outcome is Outcome.PENDING
    clock.shift(milliseconds / 1000)
    assert gateway.lookup(asked_about("a:reserve")).outcome is outcome


def test_an_answer_is_lost_once(gateway: SimulatedGateway) -> None:
    with pytest.raises(GatewayUnreachable) as lost:
        reserve(gateway, method="pm_sim_reserves_then_times_out")
    assert lost.value.might_have_arrived is True
    assert reserve(gateway, method="pm_sim_reserves_then_times_out").outcome is Outcome.DONE
    assert books() == [("reserved", 4000, 0, 0)]


def test_gateways_are_found_by_name(scripted: ScriptedGateway) -> None:
    assert isinstance(gateway_named("simulated"), SimulatedGateway)
    assert gateway_named("scripted") is scripted
    assert gateway_names() == ["account", "scripted", "simulated", "stripe", "terminal"]
    with pytest.raises(LookupError, match="known: account, scripted, simulated, stripe, terminal"):
        gateway_named("stripes")
    register_gateway("scripted", "billing.gateways.simulated.SimulatedGateway")
    assert isinstance(gateway_named("scripted"), SimulatedGateway)
