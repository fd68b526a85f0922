"""Which price plan applies at a connector, what is kept of it, and that a version which was taken stays."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from billing import plans, pricing
from billing.models import PlanIsUsed, PricePlan
from billing.plans.retail import VERSION, prices_by_time
from billing.stored import tariff_in
from partners.models import Partner
from tests.factories import PartnerFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def ion(db: None) -> Partner:
    made: Partner = PartnerFactory.create(code="ion", party_id="ION")
    return made


def plan(name: str, **values: Any) -> PricePlan:
    usual = {"name": name, "kind": "margin", "margin_percent": Decimal(10), "valid_from": NOW - timedelta(days=9)}
    return PricePlan.objects.create(**{**usual, **values})


def place(partner: Partner, **changes: Any) -> plans.Place:
    usual = {"location_id": "LOC-1", "is_dc": True, "kw": Decimal(150), "currency": "EUR"}
    return plans.Place(**{"partner_id": partner.pk, **usual, **changes})


def chosen(where: plans.Place) -> str:
    found = plans.plan_for(where, NOW)
    return str(found) if found else ""


def test_the_most_specific_wins(ion: Partner) -> None:
    assert chosen(place(ion)) == ""
    in_order: list[tuple[str, dict[str, Any]]] = [
        ("all", {}),
        ("power", {"min_kw": Decimal(50), "max_kw": Decimal(200)}),
        ("dc", {"power_type": "DC"}),
        ("dc of power", {"power_type": "DC", "min_kw": Decimal(150)}),
        ("partner", {"partner": ion}),
        ("partner's dc", {"partner": ion, "power_type": "DC"}),
        ("location", {"partner": ion, "location_id": "loc-1"}),
        ("location's dc", {"partner": ion, "location_id": "LOC-1", "power_type": "DC"}),
    ]
    for name, values in in_order:
        plan(name, **values)
        assert chosen(place(ion)) == f"{name}, version 1"
    assert [one.plan.name for one in plans.weigh(place(ion), NOW)] == [name for name, _ in reversed(in_order)]


def test_of_two_alike_the_one_that_became_valid_last_wins(ion: Partner) -> None:
    plan("new", valid_from=NOW - timedelta(hours=1))
    plan("old")
    plan("to come", valid_from=NOW + timedelta(hours=1))
    plan("over", valid_until=NOW)
    assert chosen(place(ion)) == "new, version 1"


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"location_id": "LOC-2", "partner": "ion"}, "another location"),
        ({"power_type": "AC"}, "not AC"),
        ({"min_kw": Decimal("150.01")}, "another power"),
        ({"max_kw": Decimal(150)}, "another power"),
        ({"margin_per_kwh": Decimal("0.05"), "currency": "CZK"}, "the operator's tariff is in another currency"),
    ],
)
def test_it_is_said_why_a_plan_does_not_apply(ion: Partner, values: dict[str, Any], why: str) -> None:
    plan("odd", **{**values, **({"partner": ion} if "partner" in values else {})})
    plan("usual")
    weighed = plans.weigh(place(ion), NOW)
    assert [(one.plan.name, one.why_not) for one in weighed] == [("usual", ""), ("odd", why)]


def test_what_is_not_known_of_a_connector_fits_no_class_of_power(ion: Partner) -> None:
    plan("power", min_kw=Decimal(1))
    plan("dc", power_type="DC")
    assert chosen(place(ion, kw=None, is_dc=None)) == ""


def test_another_partner_s_plan_is_not_even_looked_at(ion: Partner) -> None:
    plan("theirs", partner=PartnerFactory.create())
    assert plans.weigh(place(ion), NOW) == []


def test_a_new_version_replaces_the_one_before_from_its_day_on(ion: Partner) -> None:
    first = plan("summer", partner=ion, power_type="DC", note="agreed in May")
    second = plans.new_version(first)
    assert (second.version, second.partner, second.note, second.used_at) == (2, ion, "", None)
    second.power_type, second.valid_from = "", NOW
    second.save()
    assert chosen(place(ion)) == "summer, version 2"
    assert plans.plan_for(place(ion), NOW - timedelta(seconds=1)) == first
    assert plans.new_version(first).version == 3


def test_a_version_that_was_taken_stays_as_it_is(ion: Partner) -> None:
    taken = plan("summer")
    plans.note_taken(plans.as_kept(taken), NOW)
    plans.note_taken(plans.as_kept(taken), NOW + timedelta(hours=1))
    taken.refresh_from_db()
    assert taken.used_at == NOW
    taken.valid_until, taken.note = NOW + timedelta(days=1), "ends"
    taken.save()
    taken.margin_percent = Decimal(12)
    with pytest.raises(PlanIsUsed, match="summer, version 1 was taken by drivers and stays"):
        taken.save()
    plans.note_taken(plans.as_kept(None), NOW)
    assert PricePlan.objects.get().margin_percent == 10


@pytest.mark.parametrize(
    "values",
    [
        {"location_id": "LOC-1"},
        {"valid_until": NOW - timedelta(days=10)},
        {"kind": "retail", "per_kwh": Decimal(1)},
        {"kind": "retail", "currency": "EUR"},
    ],
)
def test_the_database_refuses_what_makes_no_sense(db: None, values: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        plan("odd", **values)


def test_what_is_kept_of_a_plan(db: None) -> None:
    margin = plan("m", margin_per_kwh=Decimal("0.05"), currency="EUR")
    assert plans.as_kept(None) == {"kind": "pass_through"}
    assert (plans.is_retail({"plan": {"kind": "retail"}}), plans.is_retail({})) == (True, False)
    kept = plans.as_kept(margin)
    assert (kept["id"], kept["percent"], kept["per_kwh"]) == (margin.pk, "10", "0.05")
    same = plan("p", kind="pass_through", margin_percent=None)
    assert plans.as_kept(same) == {"kind": "pass_through", "id": same.pk, "name": "p", "version": 1}
    bare = plan("b", margin_percent=None)
    assert (plans.as_kept(bare)["percent"], plans.as_kept(bare)["per_kwh"]) == ("0", "0")


def test_a_retail_plan_is_a_tariff_that_pricing_understands(db: None) -> None:
    ours = plan(
        "Sommer & Meer",
        kind="retail",
        currency="EUR",
        margin_percent=None,
        per_kwh=Decimal("0.59"),
        per_minute=Decimal("0.02"),
        per_session=Decimal("0.35"),
        idle_per_minute=Decimal("0.10"),
        idle_after=240,
        by_time="SAT,sun 08:00-20:00 0.45 0.01\n\n 22:00-06:00 0.39",
    )
    tariff = tariff_in(plans.as_kept(ours)["tariff"], VERSION, ("SK", "SFP"))
    assert tariff is not None
    assert (tariff.id, tariff.unreadable) == ("sommer-meer-1", ())
    assert pricing.describe(pricing.fill_in_tax(tariff, Decimal(23))) == (
        "0.45 EUR/kWh Sat/Sun 08:00-20:00, otherwise 0.39 EUR/kWh 22:00-06:00, otherwise 0.59 EUR/kWh; "
        "0.01 EUR/min charging Sat/Sun 08:00-20:00, otherwise 0.02 EUR/min charging; 0.35 EUR per session; "
        "0.10 EUR/min parking after 240 min; incl. 23 % VAT"
    )


@pytest.mark.parametrize(
    "line", ["22-06 0.39", "XYZ 22:00-06:00 0.39", "22:00-06:00", "22:00-06:00 0.39 a", "25:00-06:00 1"]
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ValueError, match="is not days, from-to, price per kWh and per minute"):
        prices_by_time(line)
