"""VAT stated in odd ways: the driver pays gross, once, and never more than the gross price shown (rule 34)."""

from collections.abc import Callable
from typing import Any

import pytest

from partners.models import Policy
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, element, taken

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("total", "captured"),
    [
        ({"excl_vat": 2.45}, 301),
        ({"excl_vat": 2.45, "incl_vat": None}, 301),
        ({"excl_vat": 2.45, "incl_vat": 0}, 301),
        ({"excl_vat": 2.45, "incl_vat": 2.45}, 245),
        ({"excl_vat": 3.01, "incl_vat": 2.45}, 245),
        ({"excl_vat": 0, "incl_vat": 3.01}, 301),
        ({"excl_vat": 2.45, "incl_vat": 24.5}, 301),
    ],
)
def test_a_price_of_two_figures(charge_over: Callable[..., Charge], total: Any, captured: int) -> None:
    charge = charge_over("2.2")
    charge.publish()
    charge.charge(5)
    charge.bill(0, total_cost=total)
    assert charge.now()[:2] == ("settled", taken(captured))


@pytest.mark.parametrize(
    ("taxes", "captured"),
    [
        ([], 301),
        (None, 301),
        ([{"name": "VAT", "amount": 0}], 245),
        ([{"name": "VAT", "amount": 0.4}, {"name": "City", "amount": 0.16}], 301),
        ([{"name": "VAT", "amount": 24.5}], 301),
    ],
)
def test_taxes_of_2_3_0(charge_over: Callable[..., Charge], taxes: Any, captured: int) -> None:
    charge = charge_over("2.3.0")
    charge.publish()
    charge.charge(5)
    charge.bill(0, total_cost={"before_taxes": 2.45, **({} if taxes is None else {"taxes": taxes})})
    assert charge.now()[:2] == ("settled", taken(captured))


@pytest.mark.parametrize(
    ("amount", "outcome"), [(-0.56, ("settled", taken(189), [])), (-24.5, ("escalated", HELD, []))]
)
def test_a_negative_tax_gives_nothing(charge_over: Callable[..., Charge], amount: float, outcome: Any) -> None:
    """The driver pays the smaller total, and a total below zero is no bill."""
    charge = charge_over("2.3.0")
    charge.publish()
    charge.charge(5)
    charge.bill(0, total_cost={"before_taxes": 2.45, "taxes": [{"name": "VAT", "amount": amount}]})
    assert charge.now()[:3] == outcome
    assert len(charge.now()[3]) == 1


def test_a_tariff_that_includes_taxes(charge_over: Callable[..., Charge]) -> None:
    charge = charge_over("2.3.0")
    charge.publish(element("ENERGY", 0.6027), tax_included="YES")
    charge.charge(5)
    charge.bill(3.01)
    assert charge.now() == ("settled", taken(301), [], [])


@pytest.mark.parametrize(("included", "wire", "captured"), [(False, 2.45, 301), (True, 3.01, 301), (True, 2.45, 245)])
def test_totals_of_2_1_1_are_net_unless_agreed(
    charge_over: Callable[..., Charge], included: bool, wire: float, captured: int
) -> None:
    charge = charge_over("2.1.1")
    Policy.objects.create(partner=charge.cpo.partner, totals_include_vat=included)
    charge.publish(element("ENERGY", 0.602 if included else 0.49))
    charge.charge(5)
    charge.bill(0, total_cost=wire)
    assert charge.now()[:2] == ("settled", taken(captured))


def test_a_gross_total_sent_as_net_is_a_claim(charge_over: Callable[..., Charge]) -> None:
    """2.1.1, net by default: 3.01 would be 3.70 gross."""
    charge = charge_over("2.1.1")
    charge.publish()
    charge.charge(5)
    charge.bill(0, total_cost=3.01)
    assert charge.now()[:3] == ("settled", taken(301), [("claim", 69)])


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
@pytest.mark.parametrize(
    ("vat", "outcome"),
    [
        (0, (taken(245), [("claim", 56)], 1)),
        (23, (taken(301), [], 0)),
        (1000, (taken(301), [], 1)),
        (-50, (taken(301), [], 1)),
    ],
)
def test_a_vat_that_the_tariff_states(charge_over: Callable[..., Charge], version: str, vat: int, outcome: Any) -> None:
    """What the tariff states was shown, and a CDR of another rate takes no more than that. A rate that is none makes no
    price: it is told, and only what is usual is taken."""
    charge = charge_over(version)
    stated = element("ENERGY", 0.49)
    stated["price_components"][0]["vat"] = vat
    charge.publish(stated)
    charge.charge(5)
    charge.bill(3.01)
    where, money, owes, incidents = charge.now()
    assert (where, money, owes, len(incidents)) == ("settled", *outcome)
