"""Several workers and several writers at one authorization, on real threads with real transactions."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from time_machine import Traveller

from billing import receivers, tasks
from billing.gateways import GatewayAnswer
from billing.gateways.simulated import SimulatedGateway
from billing.models import PaymentAuthorization
from billing.payments import services
from billing.payments.services import MoneyConflict
from partners.ground.deadlines import claim_due
from tests.billing.conftest import books, calls, fresh, opened, reserved, wish
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


def at_the_same_time(*functions: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, all starting together; their results or errors, in order.

    SQLite in memory has one connection: there they run one after another, which must give the same result.
    """
    results: list[Any] = [None] * len(functions)
    start = threading.Barrier(len(functions))

    def run(index: int, function: Callable[[], Any]) -> None:
        try:
            if connection.vendor == "postgresql":
                start.wait()
            results[index] = function()
        except Exception as error:  # noqa: BLE001  the error is the result
            results[index] = error

    if connection.vendor != "postgresql":
        for index, function in enumerate(functions):
            run(index, function)
        return results

    def run_and_close(index: int, function: Callable[[], Any]) -> None:
        run(index, function)
        connections.close_all()

    threads = [threading.Thread(target=run_and_close, args=pair) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


def test_workers_at_one_authorization_call_the_gateway_once() -> None:
    row = opened()
    services.request_reserve(row.pk)
    results = at_the_same_time(*[lambda: services.drive(row.pk)] * 5)
    assert results == [None] * 5
    assert fresh(row).state == "reserved"
    assert calls() == {"reserve": 1}
    assert books() == [("reserved", 4000, 0, 0)]
    assert row.events.count() == 4


def test_ticks_at_the_same_time_hand_a_row_out_once(waiting_tasks: Callable[[], list[Ran]]) -> None:
    for number in range(20):
        services.request_reserve(opened(reference=f"session-{number}").pk)
    queued = len(waiting_tasks())
    handed = at_the_same_time(*[tasks.tick] * 4)
    assert sum(handed) == 20
    messages = waiting_tasks()[queued:]
    assert len({arguments[0] for _, arguments in messages}) == len(messages) == 20


def test_claims_at_the_same_time_never_overlap() -> None:
    for number in range(30):
        services.request_reserve(opened(reference=f"session-{number}").pk)
    now = timezone.now()
    claim = lambda: claim_due(PaymentAuthorization, now=now, lease=tasks.TICK_LEASE, limit=10)  # noqa: E731
    claimed = [pk for part in at_the_same_time(*[claim] * 3) for pk in part]
    assert len(claimed) == len(set(claimed)) == 30


@pytest.mark.parametrize("attempt", range(5))
def test_capture_and_release_at_the_same_time_one_wins(attempt: Any) -> None:
    row = reserved()
    results = at_the_same_time(lambda: services.request_capture(row.pk, 1000), lambda: services.request_release(row.pk))
    conflicts = [result for result in results if isinstance(result, MoneyConflict)]
    assert len(conflicts) == 1
    at_the_same_time(*[lambda: services.drive(row.pk)] * 2)
    expected = {
        "captured": [("captured", 4000, 1000, 3000)],
        "released": [("released", 4000, 0, 4000)],
    }
    assert books() == expected[fresh(row).state]


def test_release_while_the_gateway_captures_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    row = reserved()
    services.request_capture(row.pk, 1000)
    real = SimulatedGateway.capture
    refused = []

    def rival(self: Any, *args: Any) -> GatewayAnswer:
        try:
            services.request_release(row.pk)
        except MoneyConflict as conflict:
            refused.append(str(conflict))
        return real(self, *args)

    monkeypatch.setattr(SimulatedGateway, "capture", rival)
    services.drive(row.pk)
    assert refused == ["session-1 is capturing: it cannot be released"]
    assert books() == [("captured", 4000, 1000, 3000)]


def test_the_gateway_is_never_called_inside_a_transaction() -> None:
    row = opened()
    services.request_reserve(row.pk)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        services.drive(row.pk)
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        SimulatedGateway().open(wish(key="key"))
    assert calls() == {}


def test_a_receiver_that_fails_undoes_the_recording_and_the_answer_is_found_again(clock: Traveller) -> None:
    row = opened()
    services.request_reserve(row.pk)

    def fails(_authorization: Any) -> None:
        raise RuntimeError("the receiver fails")

    receivers.on_authorization_changed(fails)
    try:
        with pytest.raises(RuntimeError, match="the receiver fails"):
            services.drive(row.pk)
    finally:
        receivers.forget(fails)
    assert fresh(row).state == "reserving"
    assert books() == [("reserved", 4000, 0, 0)]

    clock.move_to(fresh(row).leased_until)
    services.drive(row.pk)
    assert fresh(row).state == "reserved"
    assert calls() == {"reserve": 1}


def test_the_owner_is_locked_before_the_authorization() -> None:
    order = []

    def lock_owner(reference: Any) -> None:
        order.append(("owner", reference))

    def receive(authorization: Any) -> None:
        order.append(("told", authorization.state))

    receivers.on_authorization_changed(receive, lock_first=lock_owner)
    receivers.on_authorization_changed(receive, lock_first=lock_owner)
    try:
        row = reserved()
    finally:
        receivers.forget(receive, lock_first=lock_owner)
    assert row.state == "reserved"
    assert order == [("owner", "session-1"), ("told", "reserved")]


def test_work_enqueued_by_a_receiver_runs_after_the_commit() -> None:
    seen = []

    def receive(authorization: Any) -> None:
        transaction.on_commit(lambda: seen.append(fresh(authorization).state))
        assert seen == []

    receivers.on_authorization_changed(receive)
    try:
        reserved()
    finally:
        receivers.forget(receive)
    assert seen == ["reserved"]


def test_a_claim_passes_over_what_another_transaction_has_locked() -> None:
    locked, free = opened(reference="locked"), opened(reference="free")
    for row in (locked, free):
        services.request_reserve(row.pk)
    now = timezone.now()
    with transaction.atomic():
        PaymentAuthorization.objects.select_for_update().get(pk=locked.pk)
        (claimed,) = at_the_same_time(
            lambda: claim_due(PaymentAuthorization, now=now, lease=tasks.TICK_LEASE, limit=10)
        )
    assert set(claimed) == ({free.pk} if connection.vendor == "postgresql" else {locked.pk, free.pk})
