"""Objects that came in one version and are updated or asked for in another."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ocpi import store
from ocpi.models import Cdr, Evse, Location, OcpiSession
from ocpi.store import Party
from ocpi.versions import VERSIONS
from tests.factories import (
    MOMENT,
    cdr_data,
    connector_data,
    evse_data,
    location_data,
    period_data,
    session_data,
    without,
)

LATER = "2026-11-22T10:05:00Z"
Speaking = Callable[[str], Party]


@pytest.mark.parametrize("number", ["2.1.1", "2.2", "2.3.0"])
def test_a_session_is_answered_in_the_version_asked_for(speaking: Speaking, number: str) -> None:
    store.put_session(speaking("2.2.1"), "S-1", session_data(kwh=1.25))
    party = speaking(number)
    wire = store.session_wire(party, "S-1", party.version)
    assert wire is not None
    assert (wire["id"], wire["kwh"]) == ("S-1", 1.25)
    assert party.version.parse("session", wire, owner=party.owner).obj.kwh == 1.25


def test_a_patch_in_a_newer_version_moves_the_session_to_it(speaking: Speaking) -> None:
    store.put_session(speaking("2.2"), "S-1", session_data(charging_periods=[period_data()]))
    change = {"kwh": 2, "charging_periods": [period_data(LATER)], "last_updated": LATER}
    store.patch_session(speaking("2.2.1"), "S-1", change)
    row = OcpiSession.objects.get()
    assert (row.version, row.kwh, len(row.raw["charging_periods"])) == ("2.2.1", Decimal(2), 2)


def test_a_2_1_1_patch_needs_no_moment(speaking: Speaking, news: list[Any]) -> None:
    party = speaking("2.1.1")
    store.put_session(speaking("2.2.1"), "S-1", session_data())
    old = store.session_wire(party, "S-1", party.version)
    assert old is not None
    store.put_session(party, "S-1", old)
    news.clear()
    store.patch_session(party, "S-1", {"kwh": 3})
    row = OcpiSession.objects.get()
    assert (row.version, row.kwh, row.country_code) == ("2.1.1", Decimal(3), "SK")
    assert (row.last_updated, news[0].at) == (MOMENT + timedelta(microseconds=1), row.news_at)
    # By the partner's clock this is newer, though by ours the PATCH was.
    store.put_session(party, "S-1", old | {"kwh": 4, "last_updated": "2026-11-22T10:00:01Z"})
    assert OcpiSession.objects.get().kwh == 4


def test_a_2_1_1_status_needs_no_moment(speaking: Speaking, news: list[Any]) -> None:
    party = speaking("2.1.1")
    store.put_location(speaking("2.2.1"), "LOC-1", location_data())
    store.patch_evse(party, "LOC-1", "EVSE-1", {"status": "CHARGING"})
    evse = Evse.objects.get()
    assert (evse.status, evse.last_updated) == ("CHARGING", MOMENT)
    assert news[-1].at > MOMENT


def test_a_location_tree_is_of_one_version(speaking: Speaking) -> None:
    new, old = speaking("2.2.1"), speaking("2.1.1")
    store.put_location(new, "LOC-1", location_data())
    assert store.patch_evse(old, "LOC-1", "EVSE-1", {"status": "CHARGING"}).changed
    assert Location.objects.get().version == "2.2.1"
    wire = store.location_wire(new, "LOC-1", new.version)
    assert wire is not None
    assert wire["evses"][0]["connectors"] == [connector_data()]
    assert wire["evses"][0]["status"] == "CHARGING"
    connector = store.connector_wire(old, "LOC-1", "EVSE-1", "1", old.version)
    assert connector is not None
    assert (connector["voltage"], connector["tariff_id"]) == (920, "T-1")


def test_a_location_in_a_newer_version_takes_its_untouched_evses_along(speaking: Speaking) -> None:
    old, new = speaking("2.1.1"), speaking("2.2.1")
    store.put_location(new, "LOC-1", location_data())
    wire: Any = store.location_wire(old, "LOC-1", old.version)
    Location.objects.all().delete()
    store.put_location(old, "LOC-1", wire)
    store.put_location(new, "LOC-1", without(location_data(last_updated=LATER), "evses"))
    answer: Any = store.location_wire(new, "LOC-1", new.version)
    assert answer["evses"][0]["connectors"][0]["max_voltage"] == 920
    assert Evse.objects.get().raw["status"] == "AVAILABLE"
    assert new.version.parse("location", answer).leniences == ()


def test_a_cdr_again_in_another_version_is_the_same_cdr(speaking: Speaking) -> None:
    first = store.put_cdr(speaking("2.2.1"), cdr_data()).row
    for number in ("2.1.1", "2.2", "2.3.0"):
        party = speaking(number)
        wire = store.cdr_wire(first, party.version)
        if number == "2.1.1":
            continue  # it knows no VAT: the amount differs, which is a conflict for people to look at
        assert not store.put_cdr(party, wire).created
    assert not Cdr.objects.get().conflicting


@pytest.mark.parametrize("kind", ["location", "evse", "connector", "session", "tariff"])
def test_what_is_not_stored_has_no_wire_form(speaking: Speaking, kind: str) -> None:
    party = speaking("2.2.1")
    ids = {
        "location": ["L"],
        "evse": ["L", "E"],
        "connector": ["L", "E", "1"],
        "session": ["S"],
        "tariff": ["T"],
    }
    assert getattr(store, f"{kind}_wire")(party, *ids[kind], party.version) is None


def test_what_a_version_has_no_words_for_is_said_to_be_so(speaking: Speaking) -> None:
    connector = connector_data(standard="VENDOR_PLUG")
    store.put_location(speaking("2.3.0"), "LOC-1", location_data(evses=[evse_data(connectors=[connector])]))
    with pytest.raises(store.Inexpressible, match=r"2\.3\.0 .* 2\.2\.1: .*standard"):
        store.location_wire(speaking("2.2.1"), "LOC-1", VERSIONS["2.2.1"])
