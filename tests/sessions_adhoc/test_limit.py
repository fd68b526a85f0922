"""The energy ends before the money does (rule 33), in a currency that the page and the API agree on."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ocpi.models import Evse
from partners.models import Policy
from sessions_adhoc.driver.presenting import message, present
from sessions_adhoc.models import AdHocSession
from tests.factories import period_data, tariff_data
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import money, state

pytestmark = pytest.mark.django_db
YESTERDAY = stamp(BEGINNING - timedelta(days=1))


@pytest.fixture
def publish(evse: Evse, cpo: Cpo) -> Callable[..., Any]:
    """Publishes a tariff: by default 1 EUR per kWh, gross, so that 40 kWh are all that is reserved."""

    def publish(currency: str = "EUR") -> None:
        evse.connectors.update(tariff_ids=["T-1"])
        component = {"type": "ENERGY", "price": 1, "vat": 0, "step_size": 1}
        elements = [{"price_components": [component]}]
        data = tariff_data(currency=currency, elements=elements, last_updated=YESTERDAY)
        cpo.push("PUT", "tariffs/SK/ION/T-1", data, 201)

    return publish


def said(session: AdHocSession) -> str:
    return message(session, session.authorization)


def refusal(driver: Driver, **body: Any) -> str:
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1", **body})
    assert answer.status_code == 409
    return str(answer.json()["detail"])


@pytest.fixture
def charge(driver: Driver, cpo: Cpo, clock: Clock, publish: Callable[..., Any]) -> Callable[..., AdHocSession]:
    """Charges; call it with the kWh of each sample, a minute apart."""
    publish()
    cpo.server.on("/commands/STOP_SESSION", envelope({"result": "ACCEPTED", "timeout": 30}))
    session = driver.start()
    cpo.session(0, created=True)

    def charge(*samples: float, kw: float = 1) -> AdHocSession:
        for kwh in samples:
            clock.forward(seconds=60)
            cpo.session(kwh, charging_periods=[period_data(stamp(BEGINNING), ENERGY=kwh, POWER=kw)])
            clock.forward(seconds=1)
        return AdHocSession.objects.get(pk=session.pk)

    return charge


def test_at_90_percent_the_driver_is_told_once(charge: Callable[..., AdHocSession], cpo: Cpo) -> None:
    session = charge(10, 35.9)
    assert (session.state, session.limit_told_at, said(session)) == (
        "charging",
        None,
        "Charging.",
    )
    session = charge(36, 37)
    assert state(session) == ("charging", "")
    assert said(session) == "90 % of your reservation is used. We end the charge before it is used up."
    assert session.timeline.filter(text__startswith="90 %").count() == 1
    assert cpo.sent("STOP_SESSION") == []


def test_at_97_percent_the_charge_is_stopped(charge: Callable[..., AdHocSession], cpo: Cpo) -> None:
    session = charge(10, 38.8)
    assert state(session) == ("stopping", "limit_reached")
    assert said(session) == "Your reservation is nearly used up: we are ending the charge."
    assert [call.body["session_id"] for call in cpo.sent("STOP_SESSION")] == ["S-1"]
    assert present(session)["money"]["estimated"] == 3880


def test_earlier_where_the_power_now_would_carry_it_past_before_the_next_sample(
    charge: Callable[..., AdHocSession], cpo: Cpo
) -> None:
    """At 36 kWh with 150 kW the next 90 s bring 3.75 kWh more, with 170 kW 4.25."""
    assert state(charge(10, 36, kw=150))[0] == "charging"
    assert cpo.sent("STOP_SESSION") == []
    assert state(charge(36.1, kw=170)) == ("stopping", "limit_reached")


def test_a_stop_without_effect_is_sent_again(charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock) -> None:
    cpo.server.on("/commands/STOP_SESSION", envelope({"result": "REJECTED", "timeout": 30}))
    session = charge(10, 39)
    assert state(session) == ("charging", "stop_without_effect")
    assert len(cpo.sent("STOP_SESSION")) == 1
    charge(39.5, 39.9)
    assert len(cpo.sent("STOP_SESSION")) == 3


def test_by_policy_it_goes_on(evse: Evse, charge: Callable[..., AdHocSession], cpo: Cpo) -> None:
    AdHocSession.objects.update(policy={**AdHocSession.objects.get().policy, "at_limit": "go_on"})
    session = charge(10, 39, 45)
    assert state(session)[0] == "charging"
    assert said(session) == "90 % of your reservation is used. Charging goes on."
    assert cpo.sent("STOP_SESSION") == []


def test_nobody_reserves_less_than_the_minimum(driver: Driver, publish: Callable[..., Any], evse: Evse) -> None:
    publish()
    assert refusal(driver, amount=499) == "Reserve at least 5.00 EUR at this charger."
    Policy.objects.create(partner=evse.partner, reservation_minimum=100)
    assert driver.start(amount=100).amount == 100


@pytest.mark.parametrize(("currency", "amount"), [("CZK", 100_000), ("PLN", 17_000)])
def test_a_charger_that_bills_in_another_currency_reserves_in_it(
    driver: Driver, publish: Callable[..., Any], currency: str, amount: int
) -> None:
    publish(currency)
    session = driver.start()
    assert (session.amount, session.currency) == (amount, currency)


def test_a_minimum_is_in_proportion_in_another_currency(driver: Driver, publish: Callable[..., Any]) -> None:
    publish("CZK")
    assert refusal(driver, amount=12_499) == "Reserve at least 125.00 CZK at this charger."


def test_where_no_amount_is_agreed_nothing_is_offered(
    driver: Driver, publish: Callable[..., Any], evse: Evse, client: Client
) -> None:
    publish("ISK")
    assert refusal(driver) == "This charger bills in ISK, in which we cannot take payments."
    page = client.get(f"/c/{evse}").content.decode()
    assert "This charger bills in a currency in which we cannot take payments." in page


def test_nothing_is_captured_beyond_the_estimate_after_it_ended(
    charge: Callable[..., AdHocSession], cpo: Cpo, clock: Clock
) -> None:
    session = charge(10, 39)
    cpo.session(39, "COMPLETED")
    cpo.cdr(39.0, kwh=39, total_cost={"excl_vat": 39.0, "incl_vat": 39.0})
    clock.forward(seconds=1)
    assert money(session) == ("captured", 3900)


def test_the_api_shows_the_quote(driver: Driver, publish: Callable[..., Any]) -> None:
    publish()
    session = driver.start()
    assert driver.call("GET", f"{session.pk}/").json()["quote"] == {
        "hash": session.offer_hash,
        "text": "1.00 EUR/kWh",
        "per_kwh": 1.0,
        "per_minute": None,
    }
