"""Why a driver pays this price here: the plan that applies at each connector, and those that do not."""

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from billing import plans
from billing.admin.price_plan import in_words, scope
from ocpi.models import Connector, Evse
from partners.admin.kit.showing import link
from sessions_adhoc.driver.pages.charger import NO_PRICE, UNREADABLE_PRICE
from sessions_adhoc.money.offering import freeze, place_of, read, tariff_row

BY_TARIFF = "No price plan applies: drivers pay what the operator's tariff says."


@dataclass(frozen=True)
class Considered:
    """A plan that was looked at, where it applies, what it says, and why it does not count here."""

    plan: SafeString | str
    scope: str
    price: str
    why_not: str


@dataclass(frozen=True)
class PriceHere:
    """The price at one connector, and how it came about."""

    connector: str
    price: str
    why: str
    considered: list[Considered]


def prices_at(evse: Evse, policy: dict[str, Any]) -> list[PriceHere]:
    """Return each connector's price with its reasons."""
    return [_price_at(evse, connector, policy) for connector in evse.connectors.all()]


def _price_at(evse: Evse, connector: Connector, policy: dict[str, Any]) -> PriceHere:
    connector.evse = evse
    kept, row = freeze(evse, connector, policy), tariff_row(connector)
    weighed = plans.weigh(place_of(evse, connector, row.currency if row else ""))
    lost = "another one is more specific, or valid since later"
    considered = [
        Considered(link(one.plan), scope(one.plan), in_words(one.plan), one.why_not or (lost if index else ""))
        for index, one in enumerate(weighed)
    ]
    chosen = weighed[0].plan if weighed and not weighed[0].why_not else None
    why = f"{chosen} applies: it is the most specific." if chosen else BY_TARIFF
    missing = UNREADABLE_PRICE if read(kept).unreadable else NO_PRICE
    return PriceHere(connector.connector_id, kept["lines"][0] if kept["lines"] else missing, why, considered)
