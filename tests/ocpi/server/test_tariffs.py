"""Tariffs over HTTP."""

import pytest

from ocpi.models import Tariff
from tests.factories import tariff_data, without
from tests.ocpi.server.conftest import Cpo, answered

URL = "tariffs/SK/ION/T-1"
LATER, EARLIER = "2026-11-22T10:05:00Z", "2026-11-22T09:00:00Z"


@pytest.fixture
def stored(cpo: Cpo) -> Tariff:
    answered(cpo.put(URL, tariff_data()), 201, 1000)
    return Tariff.objects.get()


def test_it_stores_and_gives_back_a_tariff(cpo: Cpo, stored: Tariff) -> None:
    assert (stored.raw, stored.currency) == (tariff_data(), "EUR")
    assert answered(cpo.get(URL), 200, 1000) == tariff_data()


def test_a_newer_tariff_replaces_and_an_older_one_does_not(cpo: Cpo, stored: Tariff) -> None:
    answered(cpo.put(URL, tariff_data(currency="CZK", last_updated=LATER)), 200, 1000)
    answered(cpo.put(URL, tariff_data(currency="HUF", last_updated=EARLIER)), 200, 1000, "Older")
    assert Tariff.objects.get().currency == "CZK"


def test_a_deleted_tariff_is_hidden_and_kept(cpo: Cpo, stored: Tariff) -> None:
    answered(cpo.delete(URL), 200, 1000)
    row = Tariff.objects.get()
    assert (row.raw, row.deleted_at is not None) == (tariff_data(), True)
    answered(cpo.get(URL), 404, 2001)
    answered(cpo.delete(URL), 404, 2001)
    answered(cpo.put(URL, tariff_data()), 200, 1000)
    assert Tariff.objects.get().deleted_at is None


def test_deleting_what_is_not_there_is_not_found(cpo: Cpo) -> None:
    answered(cpo.delete(URL), 404, 2001)


def test_a_tariff_is_patched_in_2_1_1_only(cpo: Cpo, stored: Tariff) -> None:
    change = {"currency": "CZK", "last_updated": LATER}
    answered(cpo.patch(URL, change), 405, 2000)
    assert Tariff.objects.get().currency == "EUR"
    answered(cpo.patch(f"/ocpi/emsp/2.1.1/{URL}", {"currency": "CZK"}), 200, 1000)
    row = Tariff.objects.get()
    assert (row.currency, row.version, row.last_updated) == ("CZK", "2.1.1", stored.last_updated)
    back = answered(cpo.get(URL), 200, 1000)
    assert (back["currency"], back["country_code"], back["party_id"]) == ("CZK", "SK", "ION")


def test_faults_are_named(cpo: Cpo) -> None:
    answered(cpo.put(URL, without(tariff_data(), "elements")), 200, 2001, "elements")
    answered(cpo.put(URL, tariff_data("T-2")), 200, 2001, "id")
    assert not Tariff.objects.exists()
