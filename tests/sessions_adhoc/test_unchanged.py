"""GET /sessions shows again and again what is known: no update, no sample, nobody woken (rules 17, 21)."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import OcpiSession
from ocpi.store import Party, put_session
from ocpi.versions import VERSIONS
from sessions_adhoc.models import AdHocSession, Sample, TimelineEvent
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import state
from tests.support.remembering import remembered
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db


@pytest.fixture
@remembered
def charging(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(5)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    return session


def pulled(cpo: Cpo, **changes: Any) -> None:
    """The stored Session as GET shows it, with `changes`."""
    raw = OcpiSession.objects.get().raw
    put_session(Party(cpo.partner, "SK", "ION", VERSIONS["2.2.1"]), None, {**raw, **changes}, source="GET")


def traces(session: Any) -> tuple[int, int, object]:
    due = AdHocSession.objects.values_list("next_check_at", flat=True).get(pk=session.pk)
    return Sample.objects.count(), TimelineEvent.objects.count(), due


def test_what_get_repeats_leaves_no_trace(
    charging: AdHocSession, cpo: Cpo, clock: Clock, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    before = traces(charging)
    clock.traveller.shift(20)
    for _ in range(3):
        pulled(cpo)
    assert (traces(charging), waiting_tasks()) == (before, [])


def test_an_older_state_that_get_repeats_is_kept_as_ignored_once(
    charging: AdHocSession, cpo: Cpo, clock: Clock, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    older = Sample.objects.order_by("pk")[0]
    clock.traveller.shift(20)
    for _ in range(3):
        pulled(cpo, kwh=1, last_updated=older.at.isoformat().replace("+00:00", "Z"))
    assert Sample.objects.exclude(ignored="").count() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kwh": 6},
        {"status": "COMPLETED"},
        {"last_updated": "2026-05-04T12:00:30Z"},
        {
            "charging_periods": [
                {"start_date_time": "2026-05-04T12:00:05Z", "dimensions": [{"type": "POWER", "volume": 9}]}
            ]
        },
    ],
    ids=["energy", "status", "moment", "power"],
)
def test_what_is_new_in_it_is_news(
    charging: AdHocSession, cpo: Cpo, clock: Clock, waiting_tasks: Callable[[], list[Ran]], change: Any
) -> None:
    samples, _events, _due = traces(charging)
    clock.traveller.shift(20)
    pulled(cpo, **change)
    assert traces(charging)[0] == samples + 1
    assert [name for name, _arguments in waiting_tasks()] == ["sessions_adhoc.tasks.advance"]


def test_a_push_that_repeats_is_news_for_a_full_battery_is_no_silence(
    charging: AdHocSession, cpo: Cpo, clock: Clock, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    samples, _events, _due = traces(charging)
    raw = OcpiSession.objects.get().raw
    cpo.push("PUT", "sessions/SK/ION/S-1", raw, 200)
    assert traces(charging)[0] == samples + 1
    assert [name for name, _arguments in waiting_tasks()] == ["sessions_adhoc.tasks.advance"]


def test_pushes_that_are_older_than_what_is_known_are_silence(charging: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    """Rules 17, 22: they change nothing, and so they do not keep the session alive either."""
    raw = OcpiSession.objects.get().raw
    for minute in range(30):
        clock.forward(minutes=1)
        older = {**raw, "kwh": 4 + minute, "last_updated": "2026-05-04T12:00:05Z"}
        cpo.push("PUT", "sessions/SK/ION/S-1", older, 200)
    clock.forward(minutes=1)
    assert (state(charging)[0], len(cpo.server.calls("GET", "/sessions")) > 0) == ("awaiting_cdr", True)
