"""Reading a tariff from OCPI JSON, leniently: what we do not know or cannot read is left out."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any

from billing.pricing.money import minor_exponent
from billing.pricing.tariff import (
    NO_RESTRICTIONS,
    Dimension,
    Element,
    PriceComponent,
    PriceLimit,
    Reservation,
    Restrictions,
    Tariff,
    TaxIncluded,
)

WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def tariff_from_wire(raw: Mapping[str, Any], *, vat_stated: bool = True) -> Tariff:
    """Build a tariff from its JSON in the shape of 2.2.1, or of 2.3.0 (`tax_included`, limits).

    `vat_stated=False` for a tariff that came over 2.1.1, which has no field for VAT: prices are before VAT,
    and how much comes on top is unknown. ValueError if the currency is missing or is none.
    """
    currency = str(raw.get("currency") or "").upper()
    minor_exponent(currency)
    elements = tuple(element for item in _list(raw.get("elements")) if (element := _element(item)) is not None)
    any_vat = any(part.vat is not None for element in elements for part in element.components)
    tax = raw.get("tax_included")
    return Tariff(
        currency=currency,
        elements=elements,
        id=str(raw.get("id") or ""),
        min_price=_limit(raw.get("min_price")),
        max_price=_limit(raw.get("max_price")),
        tax_included=TaxIncluded(tax) if tax in list(TaxIncluded) else TaxIncluded.NO,
        # 2.3.0 serves countries where the tax is only known at the end: there no component states a rate.
        vat_omitted_is_none=vat_stated and (any_vat or tax is None),
        start=_moment(raw.get("start_date_time")),
        end=_moment(raw.get("end_date_time")),
    )


def _element(raw: Any) -> Element | None:
    if not isinstance(raw, Mapping):
        return None
    components = [_component(item) for item in _list(raw.get("price_components"))]
    restrictions = raw.get("restrictions")
    if not isinstance(restrictions, Mapping):
        return Element(tuple(c for c in components if c), NO_RESTRICTIONS)
    if restrictions.get("booking") is not None:
        # Prices of the Bookings module: no ad-hoc session is a booking.
        return None
    return Element(tuple(c for c in components if c), _restrictions(restrictions))


def _component(raw: Any) -> PriceComponent | None:
    if not isinstance(raw, Mapping) or raw.get("type") not in list(Dimension):
        return None
    price = _number(raw.get("price"))
    if price is None:
        return None
    step = _whole(raw.get("step_size"))
    return PriceComponent(Dimension(raw["type"]), price, 1 if step is None else step, _number(raw.get("vat")))


def _restrictions(raw: Mapping[str, Any]) -> Restrictions:
    reservation = raw.get("reservation")
    days = (day for day in _list(raw.get("day_of_week")) if day in WEEK)
    return Restrictions(
        start_time=_time(raw.get("start_time")),
        end_time=_time(raw.get("end_time")),
        start_date=_date(raw.get("start_date")),
        end_date=_date(raw.get("end_date")),
        min_kwh=_number(raw.get("min_kwh")),
        max_kwh=_number(raw.get("max_kwh")),
        min_current=_number(raw.get("min_current")),
        max_current=_number(raw.get("max_current")),
        min_power=_number(raw.get("min_power")),
        max_power=_number(raw.get("max_power")),
        min_duration=_whole(raw.get("min_duration")),
        max_duration=_whole(raw.get("max_duration")),
        days=frozenset(WEEK.index(day) for day in days),
        reservation=Reservation(reservation) if reservation in list(Reservation) else None,
    )


def _limit(raw: Any) -> PriceLimit | None:
    """A Price of 2.2 and 2.2.1, a PriceLimit of 2.3.0, or a bare number before taxes."""
    if isinstance(raw, Mapping):
        excl = _number(raw.get("excl_vat", raw.get("before_taxes")))
        incl = _number(raw.get("incl_vat", raw.get("after_taxes")))
    else:
        excl, incl = _number(raw), None
    return None if excl is None and incl is None else PriceLimit(excl, incl)


def _list(raw: Any) -> Sequence[Any]:
    return raw if isinstance(raw, list | tuple) else ()


def _number(raw: Any) -> Decimal | None:
    """A number, also one written as a string; by way of its text, so that 0.1 stays 0.1."""
    if raw is None or isinstance(raw, bool):
        return None
    try:
        number = Decimal(str(raw).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _whole(raw: Any) -> int | None:
    number = _number(raw)
    return None if number is None else int(number)


def _time(raw: Any) -> time | None:
    """HH:MM; 24:00 is the midnight that ends the day."""
    text = str(raw or "")
    try:
        return time.fromisoformat("00:00" if text.startswith("24:00") else text)
    except ValueError:
        return None


def _date(raw: Any) -> date | None:
    try:
        return date.fromisoformat(str(raw or "")[:10])
    except ValueError:
        return None


def _moment(raw: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(raw or ""))
    except ValueError:
        return None
