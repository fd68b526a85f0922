"""Two writers at the same moment: neither update is lost, and nothing exists twice."""

import threading
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.db import connection

from ocpi import store
from ocpi.models import Cdr, Connector, Evse, Location, OcpiSession
from ocpi.store import Party, sessions, tree
from tests.factories import cdr_data, evse_data, location_data, period_data, session_data

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 1.0
LATER = "2026-11-22T10:05:00Z"


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread with a connection of its own; return results in order, exceptions included."""
    results: list[Any] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(index: int) -> None:
        start.wait(60)
        try:
            results[index] = works[index]()
        except Exception as error:  # noqa: BLE001
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not [result for result in results if isinstance(result, Exception)], results
    return results


def meet_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    """Make two threads wait for each other after their first call of a function.

    Where the database lets only one of them get there (SQLite), the wait ends by itself.
    """
    original, barrier, seen = getattr(owner, name), threading.Barrier(2), threading.local()

    def meeting(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if not getattr(seen, "before", False):
            seen.before = True
            with suppress(threading.BrokenBarrierError):
                barrier.wait(PATIENCE)
        return result

    monkeypatch.setattr(owner, name, meeting)


def test_two_first_puts_make_one_session(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, sessions, "_lock_session")
    older, newer = session_data(kwh=1), session_data(kwh=2, last_updated=LATER)
    results = at_once(lambda: store.put_session(party, "S-1", older), lambda: store.put_session(party, "S-1", newer))
    assert OcpiSession.objects.get().kwh == 2
    assert sorted(result.created for result in results) == [False, True]


def test_two_patches_are_both_kept(party: Party) -> None:
    store.put_session(party, "S-1", session_data())
    for minute in range(10, 20):
        moment = f"2026-11-22T10:{minute}:00Z"
        first = {"charging_periods": [period_data(f"2026-11-22T10:{minute}:01Z")], "last_updated": moment}
        second = {"kwh": minute, "last_updated": moment}
        at_once(
            partial(store.patch_session, party, "S-1", first),
            partial(store.patch_session, party, "S-1", second),
        )
        row = OcpiSession.objects.get()
        assert (row.kwh, len(row.raw["charging_periods"])) == (Decimal(minute), minute - 9)


def test_two_first_puts_make_one_location(party: Party, monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, tree, "lock_location")
    at_once(*[lambda: store.put_location(party, "LOC-1", location_data())] * 2)
    assert (Location.objects.count(), Evse.objects.count(), Connector.objects.count()) == (1, 1, 1)


def test_updates_of_a_tree_wait_for_each_other(party: Party) -> None:
    evses = [evse_data(f"E{n}") for n in range(4)]
    store.put_location(party, "LOC-1", location_data(evses=evses))
    change = {"status": "CHARGING", "last_updated": LATER}
    renamed = location_data(name="Renamed", evses=evses, last_updated=LATER)
    at_once(
        lambda: store.put_location(party, "LOC-1", renamed),
        *[partial(store.patch_evse, party, "LOC-1", evse["uid"], change) for evse in evses],
    )
    assert set(Evse.objects.values_list("status", flat=True)) == {"CHARGING"}
    assert Location.objects.get().name == "Renamed"


def test_two_posts_make_one_cdr(party: Party) -> None:
    results = at_once(*[lambda: store.put_cdr(party, cdr_data())] * 2)
    assert sorted(result.created for result in results) == [False, True]
    assert Cdr.objects.count() == 1
