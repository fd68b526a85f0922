"""Pricing: simple charges a second and core. Pure, in this process: the tariff and the charge are read beforehand."""

import time
from collections.abc import Callable
from decimal import Decimal

from billing import pricing
from ocpi.versions import VERSIONS
from rehearsal.bench import wire
from rehearsal.bench.figures import median, say, verdict

AIM, ROUNDS, CHARGES = 20_000, 5, 4_000
TARIFF = {
    "country_code": "SK",
    "party_id": "ION",
    "id": "T-1",
    "currency": "EUR",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.49, "vat": 23, "step_size": 1}]}],
    "last_updated": wire.moment(0),
}


def measure() -> None:
    """Print how many charges of one period by a price per kWh are priced in a second, alone and with their CDR read."""
    version, zone = VERSIONS["2.2.1"], pricing.time_zone("Europe/Bratislava")
    tariff = pricing.fill_in_tax(pricing.tariff_of(version.parse("tariff", TARIFF).obj), Decimal(23))
    own = {"cdr_token": wire.session("", 0, 0)["cdr_token"], "authorization_reference": "", "location_id": "L0"}
    cdr = wire.cdr("S", "E", own)

    def read() -> tuple[pricing.ChargingPeriod, ...]:
        return pricing.periods_of_cdr(version.parse("cdr", cdr).obj)

    periods = read()
    alone = rate(lambda: pricing.price(tariff, periods, zone=zone))
    say(f"  pricing: {alone:,.0f} simple charges/s per core: {verdict(alone, AIM, at_least=True)};")
    say(f"  {'':2} with the CDR read from JSON: {rate(lambda: pricing.price(tariff, read(), zone=zone)):,.0f}")


def rate(price: Callable[[], object]) -> float:
    """Of several rounds, the middle one's."""
    rates = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CHARGES):
            price()
        rates.append(CHARGES / (time.process_time() - began))
    return median(rates)
