"""A message came out of order: the object is read anew, politely, and is whole again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ocpi import store
from ocpi.models import Evse, Location, OcpiSession, Refresh
from ocpi.store import Party
from ocpi.sync.refreshing import WAITS, hand_out_due, refresh
from ocpi.tasks import sync_refresh_tick
from ocpi.versions import VERSIONS
from partners.models import Partner, RemoteEndpoint
from tests.factories import location_data, session_data
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope

pytestmark = pytest.mark.django_db
EARLIER, LATER = "2026-11-22T10:00:00Z", "2026-11-22T10:02:00Z"


@pytest.fixture
def party(partner: Partner) -> Party:
    return Party(partner, "SK", "ION", VERSIONS["2.2.1"])


def out_of_order_evse(party: Party, location_id: str = "LOC-1") -> None:
    """A status overtakes a floor: what is stored lacks the floor."""
    store.put_location(party, location_id, location_data(location_id))
    store.patch_evse(party, location_id, "EVSE-1", {"status": "CHARGING", "last_updated": LATER})
    store.patch_evse(party, location_id, "EVSE-1", {"floor_level": "-1", "last_updated": EARLIER})


def out_of_order_session(party: Party, session_id: str = "S-1") -> None:
    store.put_session(party, session_id, session_data(session_id))
    store.patch_session(party, session_id, {"kwh": 3, "last_updated": LATER})
    store.patch_session(party, session_id, {"status": "COMPLETED", "last_updated": EARLIER})


def due_now() -> None:
    Refresh.objects.filter(next_check_at__isnull=False).update(next_check_at=timezone.now(), held=False)


def whole_location(location_id: str = "LOC-1") -> dict[str, Any]:
    data = location_data(location_id, last_updated=LATER)
    data["evses"][0] |= {"status": "CHARGING", "floor_level": "-1", "last_updated": LATER}
    return data


def test_a_location_is_read_by_its_id(cpo: ScriptedCpo, party: Party, run_tasks: Any) -> None:
    out_of_order_evse(party)
    row = Refresh.objects.get()
    assert (row.module, row.ocpi_id, row.tries) == ("locations", "LOC-1", 0)
    assert sync_refresh_tick() == 0, "what comes in a burst is waited for"
    cpo.on("/locations/LOC-1", envelope(whole_location()))
    due_now()
    assert sync_refresh_tick() == 1
    run_tasks()
    assert Evse.objects.get().raw["floor_level"] == "-1"
    assert not Refresh.objects.exists()
    assert len(cpo.calls("GET")) == 1


def test_a_session_is_read_in_the_list_of_what_changed(cpo: ScriptedCpo, party: Party) -> None:
    """OCPI has no GET for one Session; one list settles all that wait."""
    out_of_order_session(party, "S-1")
    out_of_order_session(party, "S-2")
    whole = [session_data(name, kwh=3, status="COMPLETED", last_updated=LATER) for name in ("S-1", "S-2")]
    cpo.on("/sessions", envelope(whole))
    due_now()
    for row in Refresh.objects.order_by("pk"):
        row.refresh_from_db()
        assert refresh(row.pk, row.next_check_at)
    (call,) = cpo.calls("GET", "/sessions")
    assert call.query["date_from"] == "2026-11-22T09:59:00Z"
    assert list(OcpiSession.objects.values_list("status", "needs_pull")) == [("COMPLETED", False)] * 2
    assert not Refresh.objects.exists()


def test_what_was_mended_meanwhile_is_not_asked_for(cpo: ScriptedCpo, party: Party) -> None:
    out_of_order_session(party)
    store.put_session(party, "S-1", session_data(kwh=4, status="COMPLETED", last_updated="2026-11-22T10:03:00Z"))
    due_now()
    assert refresh(Refresh.objects.get().pk)
    assert (cpo.seen, Refresh.objects.count()) == ([], 0)


def test_a_repeated_message_asks_for_nothing(party: Party) -> None:
    out_of_order_evse(party)
    Refresh.objects.all().delete()
    store.put_location(party, None, whole_location(), asked=timezone.now())
    store.patch_evse(party, "LOC-1", "EVSE-1", {"floor_level": "-1", "last_updated": EARLIER})
    assert not Refresh.objects.exists()


def test_a_connector_that_a_newer_evse_does_not_have_does_not_come_back(cpo: ScriptedCpo, party: Party) -> None:
    data = location_data()
    evse = data["evses"][0]
    second = {**evse["connectors"][0], "id": "2", "last_updated": EARLIER}
    store.put_location(party, "LOC-1", data)
    store.put_connector(party, "LOC-1", "EVSE-1", "2", second)
    store.put_evse(party, "LOC-1", "EVSE-1", {**evse, "last_updated": LATER})
    assert store.put_connector(party, "LOC-1", "EVSE-1", "2", second).stale
    assert Evse.objects.get().connectors.count() == 1
    assert Refresh.objects.get().ocpi_id == "LOC-1", "it may be new to us all the same: they are asked"


def test_it_is_tried_some_times_with_pauses_and_given_up(cpo: ScriptedCpo, party: Party) -> None:
    out_of_order_evse(party)
    cpo.on("/locations/LOC-1", Answer("", 503))
    pauses = []
    for _ in range(len(WAITS) + 1):
        due_now()
        assert not refresh(Refresh.objects.get().pk)
        row = Refresh.objects.get()
        pauses.append(row.next_check_at and round((row.next_check_at - timezone.now()) / timedelta(minutes=1)))
    assert pauses == [1, 5, 30, 120, None]
    assert "HTTP 503" in row.error
    assert hand_out_due(timezone.now() + timedelta(days=1)) == 0
    store.patch_evse(party, "LOC-1", "EVSE-1", {"floor_level": "-2", "last_updated": EARLIER})
    row.refresh_from_db()
    assert (row.tries, row.error, row.next_check_at is None) == (0, "", False), "news begins it again"


@pytest.mark.parametrize("module", ["locations", "sessions"])
def test_who_does_not_offer_it_is_asked_once(cpo: ScriptedCpo, party: Party, module: str) -> None:
    RemoteEndpoint.objects.filter(module=module).delete()
    {"locations": out_of_order_evse, "sessions": out_of_order_session}[module](party)
    due_now()
    assert not refresh(Refresh.objects.get().pk)
    row = Refresh.objects.get()
    assert (cpo.seen, row.next_check_at) == ([], None)
    assert "does not offer" in row.error


def test_another_object_than_the_one_asked_for_mends_nothing(cpo: ScriptedCpo, party: Party) -> None:
    out_of_order_evse(party)
    cpo.on("/locations/LOC-1", envelope(whole_location("LOC-2")))
    due_now()
    assert not refresh(Refresh.objects.get().pk)
    assert Refresh.objects.get().error == "They answered with another object."
    assert Location.objects.count() == 2


def test_one_at_a_time_and_none_of_a_suspended_partner(party: Party) -> None:
    out_of_order_evse(party, "LOC-1")
    out_of_order_evse(party, "LOC-2")
    due_now()
    assert [hand_out_due(timezone.now()), hand_out_due(timezone.now())] == [1, 0]
    due_now()
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    assert hand_out_due(timezone.now()) == 0


def test_two_workers_ask_once(cpo: ScriptedCpo, party: Party) -> None:
    out_of_order_evse(party)
    cpo.on("/locations/LOC-1", envelope(whole_location()))
    due_now()
    row = Refresh.objects.get()
    assert refresh(row.pk, row.next_check_at)
    assert not refresh(row.pk, row.next_check_at)
    assert len(cpo.calls("GET")) == 1
