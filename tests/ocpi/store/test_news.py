"""What the layers above are told, inside the transaction that stores it."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from ocpi import receivers, store
from ocpi.models import Cdr, Evse, OcpiSession
from ocpi.receivers import EvseNews, SessionNews
from ocpi.store import Party
from tests.factories import cdr_data, connector_data, evse_data, location_data, period_data, session_data

LATER = "2026-11-22T10:05:00Z"
EARLIER = "2026-11-22T09:59:00Z"


def test_a_new_session_is_news_with_its_meter(party: Party, news: list[Any]) -> None:
    periods = [period_data(POWER=40), period_data("2026-11-22T10:01:00Z", POWER=48.5, STATE_OF_CHARGE=33)]
    result = store.put_session(party, "S-1", session_data(kwh=0.5, charging_periods=periods), message_id=7)
    assert news == [
        SessionNews(
            session=result.row,
            at=datetime(2026, 11, 22, 10, tzinfo=UTC),
            kwh=Decimal("0.5"),
            kw=Decimal("48.5"),
            soc=Decimal(33),
            source="PUT",
            created=True,
            stale=False,
            message_id=7,
        )
    ]


def test_a_patch_tells_only_what_it_names(party: Party, news: list[Any]) -> None:
    store.put_session(party, "S-1", session_data(kwh=0.5, charging_periods=[period_data(POWER=40)]))
    store.patch_session(party, "S-1", {"status": "ACTIVE", "last_updated": LATER})
    store.patch_session(party, "S-1", {"kwh": 1, "last_updated": LATER})
    later = period_data("2026-11-22T10:04:00Z", POWER=30)
    store.patch_session(party, "S-1", {"charging_periods": [later], "last_updated": LATER})
    assert [(item.kwh, item.kw, item.source) for item in news[1:]] == [
        (None, None, "PATCH"),
        (1, None, "PATCH"),
        (None, 30, "PATCH"),
    ]
    assert not any(item.created or item.stale for item in news[1:])


def test_an_outdated_session_is_news_too(party: Party, news: list[Any]) -> None:
    store.put_session(party, "S-1", session_data(kwh=2))
    older = session_data(kwh=1, last_updated=EARLIER, charging_periods=[period_data(EARLIER, POWER=9)])
    result = store.put_session(party, "S-1", older)
    assert (result.stale, result.changed, result.created) == (True, True, False)
    told = news[-1]
    assert (told.stale, told.kwh, told.kw, told.source, told.session.kwh) == (True, 1, 9, "PUT", 2)
    change = {"kwh": 1.5, "last_updated": EARLIER}
    assert store.patch_session(party, "S-1", change).stale
    assert (news[-1].stale, news[-1].kwh, news[-1].kw) == (True, Decimal("1.5"), None)


def test_the_first_moments_of_a_session_stay(party: Party) -> None:
    store.put_session(party, "S-1", session_data(status="PENDING", kwh=0.1))
    row = OcpiSession.objects.get()
    assert (row.first_kwh, row.first_active_at) == (Decimal("0.1"), None)
    store.patch_session(party, "S-1", {"status": "ACTIVE", "kwh": 1, "last_updated": LATER})
    active = OcpiSession.objects.get()
    assert active.first_active_at == active.news_at
    store.put_session(party, "S-1", session_data(kwh=2, last_updated="2026-11-22T10:06:00Z"))
    last = OcpiSession.objects.get()
    assert (last.first_kwh, last.first_seen_at, last.first_active_at) == (
        Decimal("0.1"),
        row.first_seen_at,
        active.first_active_at,
    )


def test_evse_status_is_news_on_every_way_in(party: Party, news: list[Any]) -> None:
    store.put_location(party, "LOC-1", location_data(), message_id=1)
    store.patch_evse(party, "LOC-1", "EVSE-1", {"status": "PREPARING", "last_updated": LATER}, message_id=2)
    store.patch_evse(party, "LOC-1", "EVSE-1", {"status": "PREPARING", "last_updated": LATER}, message_id=3)
    store.put_evse(party, "LOC-1", "EVSE-2", evse_data("EVSE-2", last_updated=LATER), message_id=4)
    change = {"evses": [{"uid": "EVSE-1", "status": "CHARGING"}], "last_updated": LATER}
    store.patch_location(party, "LOC-1", change, message_id=5)
    assert [(item.evse.uid, item.previous, item.message_id) for item in news] == [
        ("EVSE-1", "", 1),
        ("EVSE-1", "AVAILABLE", 2),
        ("EVSE-1", "BLOCKED", 3),
        ("EVSE-2", "", 4),
        ("EVSE-1", "BLOCKED", 5),
    ]
    assert all(isinstance(item, EvseNews) and item.evse.location.ocpi_id == "LOC-1" for item in news)
    assert news[-1].evse.status == "CHARGING"
    assert news[1].at == datetime(2026, 11, 22, 10, 5, tzinfo=UTC)


def test_what_is_no_news_of_an_evse(party: Party, news: list[Any]) -> None:
    store.put_location(party, "LOC-1", location_data())
    news.clear()
    store.patch_evse(party, "LOC-1", "EVSE-1", {"status": "CHARGING", "last_updated": EARLIER})
    store.put_evse(party, "LOC-1", "EVSE-1", evse_data(status="CHARGING", last_updated=EARLIER))
    store.put_connector(party, "LOC-1", "EVSE-1", "1", connector_data(last_updated="2026-11-22T10:00:00Z"))
    store.put_location(party, None, location_data(name="Renamed", last_updated=LATER), asked=timezone.now())
    assert news == []
    assert Evse.objects.get().status == "AVAILABLE"


def test_a_cdr_is_news_once(party: Party, news: list[Any]) -> None:
    first = store.put_cdr(party, cdr_data())
    assert (first.created, first.changed) == (True, True)
    again = store.put_cdr(party, cdr_data())
    assert (again.created, again.changed, again.row) == (False, False, first.row)
    with pytest.raises(store.Conflict):
        store.put_cdr(party, cdr_data(total_energy=1))
    assert news == [first.row]


@pytest.mark.parametrize(
    "put",
    [
        lambda party: store.put_session(party, "S-1", session_data()),
        lambda party: store.put_location(party, "LOC-1", location_data()),
        lambda party: store.put_cdr(party, cdr_data()),
    ],
    ids=["session", "evse", "cdr"],
)
def test_what_a_receiver_cannot_take_is_not_stored(
    party: Party, monkeypatch: pytest.MonkeyPatch, put: Callable[[Party], Any]
) -> None:
    def refuse(news: Any) -> None:
        assert connection.in_atomic_block
        raise RuntimeError("no")

    for name in ("_session", "_evse_status", "_cdr"):
        monkeypatch.setattr(receivers, name, [refuse])
    with pytest.raises(RuntimeError):
        put(party)
    assert not any(model.objects.exists() for model in (OcpiSession, Evse, Cdr))
