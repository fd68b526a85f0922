"""What charging costs: tariffs by OCPI's rules, and amounts of money. Pure: no Django, no database, no clock.

    tariff = tariff_from_wire(json)
    period = ChargingPeriod(start, {"ENERGY": Decimal("20")})
    cost = price(tariff, [period], zone=time_zone("Europe/Bratislava"))
    to_minor(cost.incl, cost.currency)

The CPO's CDR decides what a driver pays (rule 26); this shows the price beforehand, estimates it while
charging and checks it afterwards.
"""

from billing.pricing.calculate import Cost, CostLine, price
from billing.pricing.money import from_minor, in_words, minor_exponent, money, round_money, to_minor
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
from billing.pricing.wire import tariff_from_wire
from billing.pricing.words import describe

__all__ = [
    "NO_RESTRICTIONS",
    "ChargingPeriod",
    "Cost",
    "CostLine",
    "Dimension",
    "Element",
    "PriceComponent",
    "PriceLimit",
    "Reservation",
    "Restrictions",
    "Tariff",
    "TaxIncluded",
    "describe",
    "from_minor",
    "in_words",
    "minor_exponent",
    "money",
    "price",
    "round_money",
    "tariff_from_wire",
    "time_zone",
    "to_minor",
]
