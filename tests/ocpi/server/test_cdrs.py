"""CDRs over HTTP."""

from decimal import Decimal
from typing import Any

import pytest
from pytest_django import Settings

from ocpi.models import Cdr
from tests.factories import PartnerFactory, PartnerRoleFactory, cdr_data, without
from tests.ocpi.server.conftest import Cpo, answered, last_message


def test_it_stores_a_cdr_and_says_where(cpo: Cpo, settings: Settings) -> None:
    settings.OCPI_BASE_URL_TEMPLATE = "http://127.0.0.1:8000"
    response = cpo.post("cdrs", cdr_data())
    assert answered(response, 201, 1000) is None
    row = Cdr.objects.get()
    assert response["Location"] == f"http://127.0.0.1:8000/ocpi/emsp/2.2.1/cdrs/{row.uuid}"
    assert row.raw == cdr_data()
    assert (row.total_net, row.total_gross, row.total_energy) == (Decimal(10), Decimal("12.3"), Decimal("20.5"))
    assert (row.session_key, row.authorization_reference, row.token_uid) == ("s-1", "REF-1", "TOKEN-1")
    assert last_message().objects_touched == ["cdr:SK*ION/CDR-1"]
    path = response["Location"].removeprefix("http://127.0.0.1:8000")
    assert answered(cpo.get(path), 200, 1000) == cdr_data()


PLACE = ["address", "city", "postal_code", "country", "coordinates", "evse_uid", "connector_id", "connector_format"]


@pytest.mark.parametrize("empty", ["absent", None, ""])
@pytest.mark.parametrize("version", ["2.2", "2.2.1", "2.3.0"])
def test_a_charge_is_billed_without_its_address(partner: Any, version: str, empty: str | None) -> None:
    """OCPI 2.2 requires a postal code (§10.4.4); nobody pays less for want of one."""
    type(partner).objects.update(enabled_versions=[version])
    cpo = Cpo(partner, version)
    data = cdr_data(cdr_location={**cdr_data()["cdr_location"], "postal_code": "85101"})
    if version == "2.2":
        data["cdr_token"] = without(without(data["cdr_token"], "country_code"), "party_id")
    if version == "2.3.0":
        data["total_cost"] = {"before_taxes": 10.0, "taxes": [{"name": "VAT", "amount": 2.3}]}
    for number, name in enumerate(PLACE):
        place = without(data["cdr_location"], name)
        body = {**data, "id": f"CDR-{number}", "cdr_location": place if empty == "absent" else {**place, name: empty}}
        answered(cpo.post("cdrs", body), 201, 1000)
        optional = name == "postal_code" and version != "2.2"
        if empty != "":  # an empty string is a string, to most fields
            noted = [note["path"] for note in last_message().leniences]
            assert (f"cdr_location.{name}" in noted) is not optional, (name, noted)
    assert Cdr.objects.filter(location_id="LOC-1", total_gross=Decimal("12.3")).count() == len(PLACE)


@pytest.mark.parametrize("version", ["2.2", "2.2.1"])
def test_a_charge_is_billed_without_its_place(partner: Any, version: str) -> None:
    answered(Cpo(partner, version).post("cdrs", without(cdr_data(), "cdr_location")), 201, 1000)
    assert (Cdr.objects.get().location_id, Cdr.objects.get().total_energy) == ("#NA", Decimal("20.5"))


@pytest.mark.parametrize(
    "again",
    [
        cdr_data(),
        cdr_data(total_energy=20.50),
        cdr_data(remark=None, tariffs=[]),
        cdr_data(last_updated="2026-11-23T00:00:00Z"),
        cdr_data() | {"id": "cdr-1"},
    ],
)
def test_the_same_cdr_again_is_the_same_cdr(cpo: Cpo, again: dict[str, Any]) -> None:
    first = cpo.post("cdrs", cdr_data())
    second = cpo.post("cdrs", again)
    answered(second, 200, 1000)
    assert second["Location"] == first["Location"]
    assert not Cdr.objects.get().conflicting


def test_another_content_under_the_same_id_is_refused_and_flagged(cpo: Cpo) -> None:
    cpo.post("cdrs", cdr_data())
    changed = cdr_data(total_cost={"excl_vat": 99, "incl_vat": 120})
    answered(cpo.post("cdrs", changed), 200, 2001, "never change")
    row = Cdr.objects.get()
    assert (row.conflicting, row.total_gross, row.raw) == (True, Decimal("12.3"), cdr_data())
    assert "another content" in last_message().error


def test_a_credit_cdr_names_the_one_it_cancels(cpo: Cpo) -> None:
    credit = cdr_data(
        "CDR-1-C", credit=True, credit_reference_id="CDR-1", total_cost={"excl_vat": -10.0, "incl_vat": -12.3}
    )
    answered(cpo.post("cdrs", credit), 201, 1000)
    row = Cdr.objects.get()
    assert (row.credit, row.credit_reference_id, row.total_gross) == (True, "CDR-1", Decimal("-12.3"))


def test_a_gross_that_is_not_told_is_not_known(cpo: Cpo) -> None:
    cpo.post("cdrs", cdr_data(total_cost={"excl_vat": 10.0}))
    row = Cdr.objects.get()
    assert (row.total_net, row.total_gross, row.total_told) == (Decimal(10), None, "10.00 EUR without taxes")


def test_a_cdr_of_another_party_is_refused(cpo: Cpo) -> None:
    foreign = cdr_data(country_code="CZ", party_id="XXX")
    answered(cpo.post("cdrs", foreign), 200, 2001, "party_id")
    assert not Cdr.objects.exists()
    PartnerRoleFactory.create(partner=cpo.partner, country_code="CZ", party_id="XXX")
    answered(cpo.post("cdrs", foreign), 201, 1000)
    assert Cdr.objects.get().party_id == "XXX"


def test_a_cdr_is_only_shown_to_its_partner(cpo: Cpo) -> None:
    cpo.post("cdrs", cdr_data())
    path = f"cdrs/{Cdr.objects.get().uuid}"
    answered(cpo.get(path), 200, 1000)
    answered(Cpo(PartnerFactory.create(code="other", party_id="OTH")).get(path), 404, 2001)
    answered(cpo.get("cdrs/00000000-0000-4000-8000-000000000000"), 404, 2001)
    answered(cpo.get("cdrs/CDR-1"), 404, 2000)


@pytest.mark.parametrize("missing", ["total_cost", "charging_periods", "cdr_token", "end_date_time", "id"])
def test_a_cdr_that_lacks_something_is_refused(cpo: Cpo, missing: str) -> None:
    answered(cpo.post("cdrs", without(cdr_data(), missing)), 200, 2001, missing)
    assert not Cdr.objects.exists()


def test_an_amount_that_no_charging_costs_is_refused(cpo: Cpo) -> None:
    answered(cpo.post("cdrs", cdr_data(total_cost={"excl_vat": 1e12})), 200, 2001, "total_cost")
    assert not Cdr.objects.exists()
