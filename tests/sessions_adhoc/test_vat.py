"""Consumers pay gross: where the wire states no tax, that of the charger's country on the day is added (rule 34)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.models import VatRate
from billing.pricing import describe
from ocpi.models import Evse
from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.money.offering import offer_of
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, state

pytestmark = pytest.mark.django_db

NET = {"excl_vat": 2.45}
UNTAXED = [{"price_components": [{"type": "ENERGY", "price": 0.49, "step_size": 1}]}]


@pytest.fixture
def charge(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> Callable[..., Any]:
    """Charges 5 kWh and is billed; `total_cost` is what the CDR says, at 0.49 EUR per kWh without VAT."""

    def charge(total_cost: Any, elements: Any = UNTAXED) -> AdHocSession:
        evse.connectors.update(tariff_ids=["T-1"])
        cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(elements=elements, last_updated="2026-11-21T10:00:00Z"), 201)
        session = driver.start()
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(5)
        clock.forward(seconds=20)
        cpo.session(5, "COMPLETED")
        cpo.cdr(0, kwh=5, total_cost=total_cost)
        clock.forward(seconds=1)
        return session

    return charge


def price(session: Any) -> str:
    shown = offer_of(session)
    return describe(shown.tariff) if shown.tariff else ""


@pytest.mark.parametrize("told", [NET, {"excl_vat": 2.45, "incl_vat": 3.01}])
def test_the_vat_of_the_country_is_added_to_a_net_total(charge: Callable[..., Any], told: dict[str, float]) -> None:
    session = charge(told)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    assert price(session) == "0.6027 EUR/kWh, incl. 23 % VAT"


def test_totals_may_be_gross_by_agreement(charge: Callable[..., Any], evse: Evse) -> None:
    Policy.objects.create(partner=evse.partner, totals_include_vat=True)
    session = charge(NET)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 245))
    assert price(session) == "0.49 EUR/kWh, incl. 23 % VAT"


def test_a_rate_of_staffs_goes_before_the_one_that_we_come_with(charge: Callable[..., Any]) -> None:
    VatRate.objects.create(country="SK", valid_from="2026-01-01", percent=Decimal(25))
    VatRate.objects.create(country="SK", valid_from="2027-01-01", percent=Decimal(30))
    session = charge(NET)
    assert (money(session), price(session)) == (("captured", 306), "0.6125 EUR/kWh, incl. 25 % VAT")


def test_the_rate_that_the_shown_tariff_states_is_the_one_of_its_totals(charge: Callable[..., Any]) -> None:
    reduced = [{"price_components": [{"type": "ENERGY", "price": 0.49, "vat": 10, "step_size": 1}]}]
    assert money(charge(NET, reduced)) == ("captured", 270)


def test_where_no_rate_is_known_nothing_is_captured(charge: Callable[..., Any], evse: Evse) -> None:
    type(evse.location).objects.update(country="USA")
    session = charge(NET)
    assert (state(session), money(session)) == (("escalated", "cdr_price_unknown"), ("reserved", 0))
    assert price(session) == "0.49 EUR/kWh, excl. VAT"
