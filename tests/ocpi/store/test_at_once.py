"""A Session that nobody waits for is stored by one statement, without a lock; and nothing is lost by that."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from ocpi import receivers, store
from ocpi.models import OcpiSession
from ocpi.store import Party, session_updates
from tests.factories import period_data, session_data
from tests.ocpi.store.test_rivals import at_once, meet_after

pytestmark = pytest.mark.django_db(transaction=True)
LATER, LATEST = "2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"
FIRST, SECOND = "2026-11-22T10:01:00Z", "2026-11-22T10:02:00Z"


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the one receiver hears, which waits for Sessions over 5 kWh."""
    told: list[Any] = []
    monkeypatch.setattr(receivers, "_session", [])
    statement = "SELECT 1 WHERE %s > 5"
    receivers.on_session(told.append, receivers.Interest(statement, lambda session: [session.kwh]))
    return told


def statements(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"].split()[0] for query in queries.captured_queries]


def test_it_reads_once_and_writes_once(party: Party, heard: list[Any]) -> None:
    assert statements(lambda: store.put_session(party, "S-1", session_data(kwh=1))) == ["SELECT", "INSERT"]
    change = {"kwh": 2, "last_updated": LATER}
    assert statements(lambda: store.patch_session(party, "S-1", change)) == ["SELECT", "UPDATE"]
    assert OcpiSession.objects.get().kwh == 2
    assert heard == []


def test_who_waits_hears_of_it(party: Party, heard: list[Any]) -> None:
    store.put_session(party, "S-1", session_data(kwh=1))
    result = store.patch_session(party, "S-1", {"kwh": 6, "last_updated": LATER})
    assert (result.changed, result.created) == (True, False)
    [news] = heard
    assert (news.kwh, news.source, news.created, news.session.pk) == (6, "PATCH", False, result.row.pk)
    assert store.put_session(party, "S-2", session_data(id="S-2", kwh=7)).created
    assert [news.created for news in heard] == [False, True]


def test_a_receiver_without_an_interest_hears_everything(party: Party, news: list[Any]) -> None:
    store.put_session(party, "S-1", session_data(kwh=1))
    assert len(news) == 1


def test_what_another_writer_stored_in_between_stays(
    party: Party, heard: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_session(party, "S-1", session_data(kwh=1))
    meet_after(monkeypatch, session_updates, "take_over")
    at_once(
        lambda: store.patch_session(party, "S-1", {"charging_periods": [period_data(FIRST)], "last_updated": LATER}),
        lambda: store.patch_session(party, "S-1", {"charging_periods": [period_data(SECOND)], "last_updated": LATER}),
    )
    periods = OcpiSession.objects.get().raw["charging_periods"]
    assert {FIRST, SECOND} <= {period["start_date_time"] for period in periods}
    # The loser did it again, under a lock, where all receivers are told and look for themselves.
    assert [news.source for news in heard] == ["PATCH"]


def test_two_first_puts_make_one_row(party: Party, heard: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    meet_after(monkeypatch, session_updates, "new_row")
    results = at_once(
        lambda: store.put_session(party, "S-1", session_data(kwh=1)),
        lambda: store.put_session(party, "S-1", session_data(kwh=2, last_updated=LATER)),
    )
    assert OcpiSession.objects.get().kwh == 2
    assert sorted(result.created for result in results) == [False, True]


def test_what_is_older_changes_nothing(party: Party, heard: list[Any]) -> None:
    store.put_session(party, "S-1", session_data(kwh=2, last_updated=LATEST))
    result = store.put_session(party, "S-1", session_data(kwh=1, last_updated=LATER))
    assert (result.stale, result.changed) == (True, False)
    assert OcpiSession.objects.get().kwh == 2


def test_inside_a_transaction_it_locks(party: Party, heard: list[Any]) -> None:
    with transaction.atomic():
        done = statements(lambda: store.put_session(party, "S-1", session_data(kwh=1)))
    assert "SAVEPOINT" in done
