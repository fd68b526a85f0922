"""What charging costs: tariffs by OCPI's rules, and amounts of money. Pure: no Django, no database, no clock.

    tariff = fill_in_tax(tariff_of(version.parse("tariff", json).obj), vat=Decimal(23))
    periods = periods_of_cdr(version.parse("cdr", json).obj)
    cost = price(tariff, periods, zone=time_zone("Europe/Bratislava"))
    to_minor(cost.incl, cost.currency)

`price` is the one way from a tariff and what was consumed to money: `Cost(currency, excl, incl, lines)`, net and
gross. It shows the price beforehand, estimates it while charging and checks the CDR afterwards (rules 32, 35).
"""

from billing.pricing.calculate import Cost, CostLine, fill_in_tax, plain, price, rates_of
from billing.pricing.course import Reading, course
from billing.pricing.margin import Margin
from billing.pricing.money import from_minor, in_words, minor_exponent, money, round_money, to_minor
from billing.pricing.outlook import By, Step, outlook
from billing.pricing.price_words import NOT_READABLE, describe, gross_limits, unit_prices
from billing.pricing.reading import carried_tariff, periods_of, periods_of_cdr, tariff_of
from billing.pricing.tariff import (
    NO_RESTRICTIONS,
    ChargingPeriod,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Reservation,
    Restrictions,
    Tariff,
    TaxIncluded,
    time_zone,
)

__all__ = [
    "NOT_READABLE",
    "NO_RESTRICTIONS",
    "By",
    "ChargingPeriod",
    "Cost",
    "CostLine",
    "Dimension",
    "Element",
    "Margin",
    "PriceComponent",
    "PriceLimit",
    "Reading",
    "Reservation",
    "Restrictions",
    "Step",
    "Tariff",
    "TaxIncluded",
    "carried_tariff",
    "course",
    "describe",
    "fill_in_tax",
    "from_minor",
    "gross_limits",
    "in_words",
    "minor_exponent",
    "money",
    "outlook",
    "periods_of",
    "periods_of_cdr",
    "plain",
    "price",
    "rates_of",
    "round_money",
    "tariff_of",
    "time_zone",
    "to_minor",
    "unit_prices",
]
