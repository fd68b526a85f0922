"""A PATCH without `last_updated`, which OCPI 2.1.1 allows: it comes right after what it changed."""

from typing import Any

import pytest

from ocpi import store
from ocpi.models import OcpiSession, Refresh
from ocpi.store import Party
from ocpi.versions import VERSIONS
from tests.factories import PartnerFactory
from tests.ocpi.conformance.wire import vector

pytestmark = pytest.mark.django_db(transaction=True)
BEGAN, LATER = "2026-05-04T12:00:00Z", "2026-05-04T12:10:00Z"


@pytest.fixture
def party() -> Party:
    partner = PartnerFactory.create(country_code="SK", party_id="ION", version="2.1.1")
    return Party(partner, "SK", "ION", VERSIONS["2.1.1"])


@pytest.fixture
def whole(party: Party) -> dict[str, Any]:
    """A Session that was PUT, and then changed by a PATCH without a moment."""
    session = vector("2.1.1", "session", kwh=1, last_updated=BEGAN)
    store.put_session(party, session["id"], session)
    store.patch_session(party, session["id"], {"kwh": 20})
    return session


def kwh() -> float:
    return float(OcpiSession.objects.get().kwh)


def test_the_put_before_it_once_more_does_not_undo_it(party: Party, whole: dict[str, Any]) -> None:
    assert store.put_session(party, whole["id"], whole).stale
    assert (kwh(), OcpiSession.objects.get().needs_pull) == (20, True)
    asked = Refresh.objects.get()
    assert (asked.ocpi_id, asked.since < OcpiSession.objects.get().last_updated) == (whole["id"], True)


def test_the_next_undated_one_counts_and_so_does_it_once_more(party: Party, whole: dict[str, Any]) -> None:
    for amount in (21, 22, 22):
        assert not store.patch_session(party, whole["id"], {"kwh": amount}).stale
    assert kwh() == 22


def test_what_they_answer_to_a_get_counts_even_with_the_old_moment(party: Party, whole: dict[str, Any]) -> None:
    store.put_session(party, None, {**whole, "kwh": 23}, source="GET")
    assert kwh() == 23
    assert store.put_session(party, whole["id"], whole).stale
    assert kwh() == 23


def test_a_newer_put_replaces_it(party: Party, whole: dict[str, Any]) -> None:
    store.put_session(party, whole["id"], {**whole, "kwh": 24, "last_updated": LATER})
    assert (kwh(), OcpiSession.objects.get().needs_pull) == (24, False)
