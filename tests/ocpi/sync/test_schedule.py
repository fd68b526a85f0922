"""Which pulls are requested by themselves, and what the ticks hand out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from ocpi import tasks
from ocpi.models import Message, SyncRun
from ocpi.sync.schedule import request_due
from partners.models import Partner
from tests.ocpi.cpo import ScriptedCpo, envelope
from tests.ocpi.sync.conftest import paged
from tests.support import tasks as queue
from tests.support.tasks import Ran


def requested() -> list[tuple[str, bool]]:
    return list(SyncRun.objects.order_by("pk").values_list("module", "full"))


def end_all(ago: timedelta = timedelta(0), state: str = "succeeded") -> None:
    moment = timezone.now() - ago
    SyncRun.objects.filter(state="due").update(state=state, next_check_at=None, ended_at=moment, created_at=moment)


def test_a_new_partner_is_read_in_whole(partner: Partner) -> None:
    now = timezone.now()
    assert request_due(now) == 3
    assert requested() == [("locations", True), ("tariffs", True), ("cdrs", False)]
    assert request_due(now) == 0


def test_then_in_intervals(partner: Partner) -> None:
    now = timezone.now()
    request_due(now)
    end_all()
    assert request_due(now + timedelta(minutes=55)) == 0
    assert request_due(now + timedelta(minutes=70)) == 2
    assert requested()[3:] == [("locations", False), ("cdrs", False)]
    since = SyncRun.objects.get(module="locations", full=False).date_from
    assert since
    assert abs(since - (now - timedelta(minutes=10))) < timedelta(seconds=5)


def test_a_day_later_in_whole_again(partner: Partner) -> None:
    request_due(timezone.now())
    end_all(timedelta(hours=27))
    request_due(timezone.now())
    assert requested()[3:] == [("locations", True), ("tariffs", True), ("cdrs", False)]


def test_a_failed_pull_leaves_no_gap(partner: Partner) -> None:
    now = timezone.now()
    request_due(now)
    end_all(timedelta(hours=5))
    request_due(now)
    end_all(timedelta(hours=2), state="failed")
    request_due(now)
    again = SyncRun.objects.get(module="locations", full=False, state="due")
    assert again.date_from
    assert again.date_from < now - timedelta(hours=5)


@pytest.mark.parametrize("connection", ["not_connected", "suspended"])
def test_nothing_is_read_from_who_is_not_connected(partner: Partner, connection: str) -> None:
    Partner.objects.update(connection=connection)
    assert request_due(timezone.now()) == 0


def test_what_is_not_offered_is_not_read(partner: Partner) -> None:
    partner.endpoints.filter(module="tariffs").delete()
    request_due(timezone.now())
    assert ("tariffs", True) not in requested()


def test_the_tick_hands_out_what_the_broker_lost(
    cpo: ScriptedCpo, partner: Partner, run_tasks: Callable[..., list[Ran]]
) -> None:
    for module in ("locations", "tariffs", "cdrs"):
        paged(cpo, module, [])
    tasks.sync_tick()
    queue.purge()
    SyncRun.objects.update(next_check_at=timezone.now() - timedelta(seconds=1))
    assert tasks.sync_tick() == 3
    assert tasks.sync_tick() == 0
    run_tasks()
    assert set(SyncRun.objects.values_list("state", flat=True)) == {"succeeded"}
    assert len(cpo.calls("GET")) == 3


def test_a_handshake_is_followed_by_pulls(partner: Partner, waiting_tasks: Callable[[], list[Ran]]) -> None:
    from ocpi.handshake.connection import request_first_pulls

    request_first_pulls(partner)
    assert [name for name, _ in waiting_tasks()] == ["ocpi.tasks.sync_run"] * 2
    assert requested() == [("locations", True), ("tariffs", True)]


def test_old_messages_and_pulls_are_deleted(cpo: ScriptedCpo, partner: Partner, settings: Settings) -> None:
    settings.OCPI_MESSAGE_DAYS = 5
    cpo.on("/locations", envelope([]))
    long_ago = timezone.now() - timedelta(days=6)
    for pk, at in ((1, long_ago), (None, timezone.now())):  # the first one from before there were days in the log
        Message.objects.create(pk=pk, at=at, direction="in", method="GET", url="/x")
        SyncRun.objects.create(partner=partner, module="locations", state="succeeded", ended_at=at)
    assert tasks.sync_delete_old_messages() == 1
    assert (Message.objects.count(), SyncRun.objects.count()) == (1, 1)
