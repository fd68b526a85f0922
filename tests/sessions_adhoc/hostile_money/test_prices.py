"""Published prices that are nobody's: not shown, not charged by, told to the CPO (rule 32)."""

import pytest
from django.test import Client

from partners.models import Incident, Policy
from tests.sessions_adhoc.hostile_money.conftest import HELD, Charge, element, evidence, taken

pytestmark = pytest.mark.django_db

PAGE = "/c/SK*ION*EEVSE-1"
SLIPS = {
    "a kWh in cents": element("ENERGY", 49),
    "a kWh": element("ENERGY", 9e14),
    "a kWh below zero": element("ENERGY", -9e14),
    "an hour": element("TIME", 9e14),
    "an idle hour": element("PARKING_TIME", 901),
    "a session": element("FLAT", 151),
    "at night": element("ENERGY", 49, start_time="01:00", end_time="02:00"),
}


def shown() -> str:
    return Client().get(PAGE).content.decode()


@pytest.mark.parametrize("slip", SLIPS)
def test_a_price_that_is_a_slip_is_no_price(old_and_new: Charge, slip: str) -> None:
    old_and_new.publish(element("ENERGY", 0.49), SLIPS[slip])
    told = Incident.objects.get(closed_at=None)
    assert (told.symptom, told.tell_cpo) == ("Price not plausible", True)
    assert told.evidence == [{"text": "Tariff T-1: elements[1].price_components[0].price"}]
    assert "EUR/kWh" not in shown()
    assert "cannot be read" in shown() or "not readable" in shown()


@pytest.mark.parametrize(("net", "gross"), [(9e14, 39.99), (49, 39.99), (49, 301.35)])
def test_it_is_not_charged_by(old_and_new: Charge, net: float, gross: float) -> None:
    """Also where the CDR asks what the tariff says: 8.00 per kWh is more than is usual without a tariff."""
    old_and_new.publish(element("ENERGY", net))
    old_and_new.charge(5)
    quote = old_and_new.driver.call("GET", f"{old_and_new.session.pk}/").json()["quote"]
    assert quote.pop("hash") == old_and_new.session.offer_hash
    assert quote == {"text": "price not readable", "per_kwh": None, "per_minute": None}
    old_and_new.bill(gross, tariffs=[old_and_new.tariff(element("ENERGY", net))])
    assert old_and_new.now()[:3] == ("escalated", HELD, [])
    assert "no tariff was known" in evidence()
    old_and_new.quiet()


def test_what_is_usual_is_billed_all_the_same(old_and_new: Charge) -> None:
    old_and_new.publish(element("ENERGY", 49))
    old_and_new.charge(5)
    old_and_new.bill(3.01)
    assert old_and_new.now()[:3] == ("settled", taken(301), [])


def test_a_dear_charger_is_believed(old_and_new: Charge) -> None:
    """15.00 per kWh is ten times what is usual, and was shown."""
    old_and_new.publish(element("ENERGY", 15))
    assert "18.45" in shown()
    old_and_new.charge(1)
    old_and_new.bill(18.45)
    assert old_and_new.now() == ("settled", taken(1845), [], [])


def test_the_policy_says_what_is_believed(old_and_new: Charge) -> None:
    Policy.objects.create(partner=old_and_new.cpo.partner, max_price_per_kwh="0.04")
    old_and_new.publish(element("ENERGY", 0.49))
    assert "0.60" not in shown()
    Policy.objects.update(max_price_per_kwh="0.05")
    assert "0.60" in shown()


@pytest.mark.parametrize(("currency", "price", "believed"), [("HUF", 5900, True), ("HUF", 60_100, False)])
def test_other_currencies_have_other_numbers(charge_221: Charge, currency: str, price: int, believed: bool) -> None:
    charge_221.publish(element("ENERGY", price), currency=currency)
    assert (Incident.objects.count() == 0) is believed
    assert (f"{price * 1.23:,.2f}" in shown()) is believed


def test_a_corrected_price_is_shown(charge_221: Charge) -> None:
    charge_221.publish(element("ENERGY", 49))
    charge_221.publish(last_updated="2026-05-04T11:30:00Z")
    assert not Incident.objects.filter(closed_at=None).exists()
    assert "0.60" in shown()
