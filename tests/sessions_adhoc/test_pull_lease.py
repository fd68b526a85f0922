"""A worker may die in the middle of a fallback pull: the sessions that wait for it must not wait for long."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from ocpi.sync import PullResult
from sessions_adhoc.engine import pulls
from sessions_adhoc.models import FallbackPull
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def pull() -> FallbackPull:
    return FallbackPull.objects.create(partner=PartnerFactory.create(), module="sessions", next_check_at=timezone.now())


class WorkerDied(BaseException):
    """As SIGKILL: nothing after it is carried out."""


def test_a_pull_whose_worker_died_is_due_again_within_a_minute(
    pull: FallbackPull, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: Any, **_options: Any) -> PullResult:
        raise WorkerDied

    monkeypatch.setattr(pulls, "get_sessions", die)
    with pytest.raises(WorkerDied):
        pulls.run(pull.pk)
    pull.refresh_from_db()
    assert pull.next_check_at is not None
    assert timedelta(0) < pull.next_check_at - timezone.now() <= timedelta(minutes=1)


def test_each_page_renews_the_lease(pull: FallbackPull, monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[timedelta] = []

    def two_slow_pages(*_args: Any, on_page: Any, **_options: Any) -> PullResult:
        for _ in range(2):
            traveller.shift(pulls.lease() * 0.8)
            on_page()
            pull.refresh_from_db()
            assert pull.next_check_at is not None
            left.append(pull.next_check_at - timezone.now())
            assert not pulls.run(pull.pk), "a second worker must leave the partner alone"
        return PullResult(True, True, 0, "", [])

    monkeypatch.setattr(pulls, "get_sessions", two_slow_pages)
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        assert pulls.run(pull.pk)
    assert left == [pulls.lease(), pulls.lease()]
    pull.refresh_from_db()
    assert pull.next_check_at is None
