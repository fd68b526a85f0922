"""The tick hands out what is due, once; `drive` does it, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from time_machine import Traveller

from billing import tasks
from billing.models import PaymentAuthorization
from billing.payments import services
from tests.billing.conftest import START, calls, fresh, opened
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


def test_it_hands_out_what_is_due_with_the_lease_that_it_holds(
    clock: Traveller, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    due = opened()
    services.request_reserve(due.pk)
    opened(reference="session-2")
    queued = len(waiting_tasks())

    assert tasks.tick() == 1
    until = START + tasks.TICK_LEASE
    assert waiting_tasks()[queued:] == [("billing.tasks.drive", (str(due.pk), until.isoformat()))]
    assert fresh(due).next_check_at == until
    assert tasks.tick() == 0


def test_a_message_that_is_lost_costs_the_lease_and_nothing_else(
    clock: Traveller, run_tasks: Callable[..., list[Ran]]
) -> None:
    row = opened()
    services.request_reserve(row.pk)
    tasks.tick()
    clock.shift(tasks.TICK_LEASE)
    assert tasks.tick() == 1
    run_tasks()
    assert fresh(row).state == "reserved"
    assert calls() == {"reserve": 1}


def test_a_message_that_comes_twice_asks_once(clock: Traveller) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    tasks.tick()
    handed = (START + tasks.TICK_LEASE).isoformat()
    tasks.drive(str(row.pk), handed)
    assert calls() == {"reserve": 1}
    history = row.events.count()
    tasks.drive(str(row.pk), handed)
    tasks.drive(str(row.pk))
    assert row.events.count() == history


def test_it_drives_nothing_that_awaits_nothing(clock: Traveller) -> None:
    row = opened()
    tasks.drive(str(row.pk))
    tasks.drive("00000000-0000-0000-0000-000000000000")
    assert fresh(row).state == "created"
    assert row.events.count() == 1


def test_the_tick_brings_everything_to_its_end_when_every_message_is_lost(
    clock: Traveller, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    for _ in range(12):
        clock.shift(timedelta(seconds=31))
        tasks.tick()
        for name, arguments in waiting_tasks()[-1:]:
            assert name == "billing.tasks.drive"
            tasks.drive(*arguments)
        if fresh(row).state == "reserved":
            services.request_capture(row.pk, 250)
    row = fresh(row)
    assert (row.state, row.captured_amount, row.next_check_at) == ("captured", 250, None)
    assert calls() == {"reserve": 1, "capture": 1}


def test_it_does_not_hand_out_what_another_worker_is_asking_about(clock: Traveller) -> None:
    row = opened("pm_sim_slow")
    services.request_reserve(row.pk)
    with transaction.atomic():
        busy = PaymentAuthorization.objects.select_for_update().get(pk=row.pk)
        busy.leased_until = busy.next_check_at = START + timedelta(seconds=60)
        busy.save()
    assert tasks.tick() == 0
    services.drive(row.pk, busy.leased_until)
    assert calls() == {}
