"""Short ways to write tariffs (as OCPI JSON) and charging periods."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from billing.pricing import ChargingPeriod, Cost, Tariff, price, tariff_of, time_zone
from ocpi.versions import VERSIONS

BRATISLAVA = time_zone("Europe/Bratislava")
# A Monday, 09:30 in Bratislava.
MONDAY = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


def component(kind: str, amount: Any, step: int = 1, vat: Any = None) -> dict[str, Any]:
    """A PriceComponent."""
    return {"type": kind, "price": amount, "step_size": step} | ({} if vat is None else {"vat": vat})


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    """A TariffElement; keyword arguments are its restrictions."""
    return {"price_components": list(components), "restrictions": restrictions or None}


def wire(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A Tariff's JSON in EUR; keyword arguments are its other fields."""
    owned = {"country_code": "SK", "party_id": "ION", "id": "T1", "currency": "EUR"}
    return owned | {"elements": list(elements), "last_updated": "2026-01-01T00:00:00Z"} | more


def tariff(*elements: dict[str, Any], version: str = "", **more: Any) -> Tariff:
    """A Tariff as it is read in a version, by default 2.2.1, or 2.3.0 where it says whether taxes are included."""
    number = version or ("2.3.0" if "tax_included" in more else "2.2.1")
    return tariff_of(VERSIONS[number].parse("tariff", wire(*elements, **more)).obj)


def period(minutes: float = 0, *, at: datetime = MONDAY, **dimensions: Any) -> ChargingPeriod:
    """A ChargingPeriod that starts `minutes` after `at`."""
    volumes = {name.upper(): Decimal(str(volume)) for name, volume in dimensions.items()}
    return ChargingPeriod(at + timedelta(minutes=minutes), volumes)


def hours(minutes: float) -> Decimal:
    """Minutes as a volume on the wire: hours with four decimals."""
    return (Decimal(str(minutes)) / 60).quantize(Decimal("0.0001"))


def totals(cost: Cost) -> tuple[str | None, str | None]:
    """(excl, incl) as text, exact to the last digit."""
    excl, incl = (None if amount is None else str(amount) for amount in (cost.excl, cost.incl))
    return excl, incl


def cost_of(priced: Tariff, *periods: ChargingPeriod, **more: Any) -> tuple[str | None, str | None]:
    """(excl, incl) of a session in Bratislava."""
    return totals(price(priced, periods, zone=BRATISLAVA, **more))
