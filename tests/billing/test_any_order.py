"""Whatever is asked in whatever order, whoever dies: never more than reserved, and both books agree."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from billing.gateways import Gateway, GatewayAnswer, GatewayUnreachable, Opened, register_gateway, unregister_gateway
from billing.gateways.simulated import TEST_TOKENS, SimulatedGateway
from billing.models import PaymentAuthorization, SimulatedCharge
from billing.payments import services
from billing.payments.services import MoneyConflict
from tests.billing.conftest import START, drive_until_quiet, fresh
from tests.support.examples import examples

pytestmark = pytest.mark.django_db

AMOUNT = 4000
FAULTS = ("none", "dies before", "dies after", "times out before", "times out after", "refused connection")
STEPS = st.one_of(
    st.just(("reserve", None)),
    st.tuples(st.just("capture"), st.sampled_from([0, 1, 1500, AMOUNT, AMOUNT + 1])),
    st.just(("release", None)),
    st.tuples(st.just("refund"), st.sampled_from([1, 700, 1500])),
    st.tuples(st.just("raise"), st.sampled_from([AMOUNT - 1, AMOUNT + 1000])),
    st.just(("tell", None)),
    st.tuples(st.just("drive"), st.sampled_from(FAULTS)),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 61, 700, 86_400])),
)


class WorkerDiedError(Exception):
    """The process is gone."""


Said = TypeVar("Said", Opened, GatewayAnswer)


class FaultyGateway(Gateway):
    """The simulated gateway behind a bad network and a worker that may die."""

    def __init__(self) -> None:
        self.behind = SimulatedGateway()
        self.fault = "none"

    def _through(self, call: Callable[..., Said], *args: Any) -> Said:
        fault, self.fault = self.fault, "none"
        if fault == "refused connection":
            raise GatewayUnreachable(fault, might_have_arrived=False)
        if fault.endswith("after") or fault == "none":
            answer = call(*args)
        if fault.startswith("dies"):
            raise WorkerDiedError
        if fault.startswith("times out"):
            raise GatewayUnreachable(fault, might_have_arrived=True)
        return answer

    def open(self, *args: Any) -> Opened:
        return self._through(self.behind.open, *args)

    def raise_to(self, *args: Any) -> GatewayAnswer:
        return self._through(self.behind.raise_to, *args)

    def capture(self, *args: Any) -> GatewayAnswer:
        return self._through(self.behind.capture, *args)

    def release(self, *args: Any) -> GatewayAnswer:
        return self._through(self.behind.release, *args)

    def refund(self, *args: Any) -> GatewayAnswer:
        return self._through(self.behind.refund, *args)

    def lookup(self, *args: Any) -> GatewayAnswer:
        return self._through(self.behind.lookup, *args)


@pytest.fixture
def faulty() -> Iterator[FaultyGateway]:
    gateway = FaultyGateway()
    register_gateway("faulty", lambda: gateway)
    yield gateway
    unregister_gateway("faulty")


def act(row: PaymentAuthorization, step: tuple[str, Any], faulty: FaultyGateway, clock: time_machine.Traveller) -> None:
    what, argument = step
    if what == "wait":
        clock.shift(timedelta(seconds=argument))
    elif what == "drive":
        faulty.fault = argument
        with suppress(WorkerDiedError):
            services.drive(row.pk)
        faulty.fault = "none"
    elif what == "tell":
        services.tell(row.pk, kind="something")
    else:
        verb = getattr(services, f"request_{what}")
        with suppress(MoneyConflict):
            verb(row.pk, *([] if argument is None else [argument]), reason="A history.")


def check(row: PaymentAuthorization) -> None:
    """What holds at every moment."""
    row = fresh(row)
    charges = list(SimulatedCharge.objects.filter(reference=row.reference))
    assert len(charges) <= 1
    captured = sum(charge.captured_amount for charge in charges)
    assert row.captured_amount <= captured <= row.amount
    given_back = sum(charge.refunded_amount for charge in charges)
    assert row.refunded_amount <= given_back <= captured
    assert (row.state in ("captured", "refunding")) == (row.captured_amount > 0)
    if row.is_terminal:
        assert row.next_check_at is None or row.state == "captured"
        assert (row.captured_amount, row.refunded_amount) == (captured, given_back)
        assert sum(charge.held_amount for charge in charges) == 0
        assert all(charge.status != "pending" for charge in charges)


@examples(40)
@given(token=st.sampled_from(sorted(TEST_TOKENS)), steps=st.lists(STEPS, max_size=14))
def test_any_order(faulty: FaultyGateway, token: Any, steps: Any) -> None:
    with time_machine.travel(START, tick=False) as clock:
        row = services.open_authorization(
            reference=str(uuid.uuid4()), amount=AMOUNT, currency="EUR", payment_method=token, gateway="faulty"
        )
        for step in steps:
            act(row, step, faulty, clock)
            check(row)

        with suppress(MoneyConflict):
            services.request_release(row.pk)
        drive_until_quiet(row, clock)
        with suppress(MoneyConflict):
            services.request_release(row.pk)
        row = drive_until_quiet(row, clock)
        assert row.is_terminal
        assert row.next_check_at is None
        check(row)
