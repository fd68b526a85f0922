"""What the driver is shown is what the driver pays: quotes, their hash, and what is frozen with the session."""

import hashlib
import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.models import PaymentAuthorization, VatRate
from ocpi.models import Evse, Tariff
from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.money.offering import offer_of
from tests.factories import ConnectorFactory, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp

pytestmark = pytest.mark.django_db

EVSE = "SK*ION*EEVSE-1"
QUOTES = "/api/v1/quotes/"


@pytest.fixture
def published(evse: Evse, cpo: Cpo) -> Evse:
    """0.49 EUR per kWh, without VAT."""
    publish(cpo, 0.49)
    evse.connectors.update(tariff_ids=["T-1"])
    return evse


def publish(cpo: Cpo, price: float, **more: Any) -> None:
    component = {"type": "ENERGY", "price": price, "step_size": 1}
    updated = stamp(cpo.clock.now() - timedelta(seconds=1))
    tariff = tariff_data(elements=[{"price_components": [component]}], last_updated=updated, **more)
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff, None)


def ask(driver: Driver, **query: str) -> Any:
    return driver.http.get(QUOTES, {"evse": EVSE, **query}, headers={"Authorization": f"Bearer {driver.key}"})


def test_a_quote_says_what_it_costs_and_until_when_it_may_be_shown(driver: Driver, published: Evse) -> None:
    answer = ask(driver)
    body = answer.json()
    assert answer.status_code == 200
    assert len(body.pop("hash")) == 64
    assert body == {
        "text": "0.6027 EUR/kWh, incl. 23 % VAT",
        "per_kwh": 0.6027,
        "per_minute": None,
        "evse": EVSE,
        "connector": "1",
        "operator": published.partner.name,
        "currency": "EUR",
        "vat": "23",
        "tariff_alt_text": [],
        "lines": [{"kind": "energy", "title": "Energy", "now": "0.6027\u00a0€/kWh", "later": []}],
        "example": "Example: 20 kWh in 30\u00a0min cost 12.05\u00a0€.",
        "limits": {"default": 4000, "minimum": 500, "choices": [2000, 4000, 8000]},
        "valid_until": "2026-05-04T14:10:00+02:00",
        "scan_needed": False,
        "scan": "",
    }
    assert not AdHocSession.objects.exists()


def test_a_quote_is_valid_no_longer_than_its_tariff_and_has_the_operator_s_words(
    driver: Driver, cpo: Cpo, published: Evse
) -> None:
    words = [{"language": "en", "text": "Fair and simple."}]
    publish(cpo, 0.49, end_date_time=stamp(BEGINNING + timedelta(minutes=4)), tariff_alt_text=words)
    published.location.raw["operator"] = {"name": "Ionity"}
    published.location.save(update_fields=["raw"])
    body = ask(driver, connector="1").json()
    assert (body["valid_until"], body["tariff_alt_text"]) == ("2026-05-04T14:04:00+02:00", words)
    assert body["operator"] == "Ionity"


def test_what_cannot_be_quoted_is_said(driver: Driver, published: Evse) -> None:
    unknown = driver.http.get(QUOTES, {"evse": "SK*NO*E1"}, headers={"Authorization": f"Bearer {driver.key}"})
    assert (unknown.status_code, unknown.json()["field"]) == (404, "evse")
    assert (ask(driver, connector="9").status_code, ask(driver, evse="").status_code) == (404, 400)
    assert driver.http.get(QUOTES, {"evse": EVSE}).status_code == 401
    Tariff.objects.update(raw={**Tariff.objects.get().raw, "currency": "JPY"})
    assert (ask(driver).json()["limits"], ask(driver).json()["currency"]) == (None, "JPY")


def test_without_a_price_it_is_said_too(driver: Driver) -> None:
    body = ask(driver).json()
    assert (body["text"], body["per_kwh"], body["currency"]) == (None, None, "EUR")


def test_start_at_the_quoted_price_freezes_it(driver: Driver, published: Evse) -> None:
    quoted = ask(driver).json()
    session = driver.start(offer=quoted["hash"], amount=2000)
    kept = session.offer
    assert session.offer_hash == quoted["hash"]
    assert kept.pop("limit") == session.amount == 2000
    canonical = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(canonical.encode()).hexdigest() == session.offer_hash
    assert (kept["lines"], kept["currency"], kept["plan"]) == (
        ["0.6027 EUR/kWh, incl. 23 % VAT"],
        "EUR",
        {"kind": "pass_through"},
    )
    assert (kept["country"], kept["vat"], kept["vat_since"]) == ("SVK", "23", "2025-01-01")
    assert kept["policy"] == {
        "totals_include_vat": False,
        "max_price_per_kwh": "1.50",
        "at_limit": "stop",
        "own_calculation_after": 43200,
    }
    again = driver.call("GET", f"{session.pk}/").json()
    assert again["quote"] == {"hash": quoted["hash"], "text": quoted["text"], "per_kwh": 0.6027, "per_minute": None}


def test_another_limit_or_another_hour_is_the_same_price(driver: Driver, published: Evse, clock: Clock) -> None:
    before = ask(driver).json()["hash"]
    Policy.objects.create(partner=published.partner, reservation_amount=6000, cdr_timeout=30)
    clock.traveller.shift(timedelta(hours=20))
    assert ask(driver).json()["hash"] == before


def test_a_price_that_changed_starts_nothing_and_comes_with_the_new_quote(
    driver: Driver, cpo: Cpo, clock: Clock, published: Evse
) -> None:
    quoted = ask(driver).json()
    clock.forward(seconds=30)
    publish(cpo, 0.59)
    refused = driver.call("POST", body={"evse": EVSE, "offer": quoted["hash"]})
    body = refused.json()
    assert refused.status_code == 409
    assert (body["field"], body["code"]) == ("offer", "price_changed")
    assert body["detail"] == "The price has changed since you looked. Please check it and pay again."
    assert body["quote"] == ask(driver).json()
    assert (body["quote"]["text"], body["quote"]["hash"] == quoted["hash"]) == ("0.7257 EUR/kWh, incl. 23 % VAT", False)
    assert not AdHocSession.objects.exists()
    assert not PaymentAuthorization.objects.exists()
    assert driver.start(offer=body["quote"]["hash"]).offer_hash == body["quote"]["hash"]


@pytest.mark.parametrize("change", ["vat", "policy", "connector"])
def test_whatever_changes_what_is_paid_changes_the_hash(driver: Driver, published: Evse, change: str) -> None:
    quoted = ask(driver, connector="1").json()
    if change == "vat":
        VatRate.objects.create(country="SK", valid_from=date(2026, 5, 1), percent=Decimal(25))
    elif change == "policy":
        Policy.objects.create(partner=published.partner, own_calculation_after=60)
    else:
        ConnectorFactory.create(evse=published, connector_id="2", tariff_ids=[])
        assert ask(driver, connector="1").json()["hash"] == quoted["hash"]
        refused = driver.call("POST", body={"evse": EVSE, "connector": "2", "offer": quoted["hash"]})
        assert refused.json()["code"] == "price_changed"
        return
    assert ask(driver, connector="1").json()["hash"] != quoted["hash"]


def test_a_hash_that_is_none_is_refused(driver: Driver, published: Evse) -> None:
    assert driver.call("POST", body={"evse": EVSE, "offer": "abc"}).status_code == 400


def test_an_offer_that_was_frozen_before_there_were_hashes_is_priced_as_it_was(driver: Driver, published: Evse) -> None:
    session = driver.start()
    old = {name: session.offer[name] for name in ("tariff", "version", "party", "vat", "includes_vat", "time_zone")}
    AdHocSession.objects.update(offer={**old, "country": "SVK"}, offer_hash="")
    session = AdHocSession.objects.get()
    offer = offer_of(session)
    assert offer.tariff is not None
    assert (offer.tariff.currency, offer.vat, offer.country) == ("EUR", Decimal(23), "SVK")
    assert driver.call("GET", f"{session.pk}/").json()["quote"]["hash"] == ""
