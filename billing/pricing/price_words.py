"""A tariff in one sentence, for the driver who is about to pay it."""

from collections.abc import Iterable
from decimal import Decimal

from billing.pricing.calculate import bounds, duration, plain, rates_of, tax_ratio, unit_price, vat_of, with_taxes
from billing.pricing.money import money, round_to
from billing.pricing.tariff import Dimension, Element, PriceComponent, PriceLimit, Restrictions, Tariff, TaxIncluded

NOT_READABLE = "price not readable"
SHORT_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NAMES = {Dimension.ENERGY: "energy", Dimension.TIME: "charging", Dimension.PARKING_TIME: "parking"}
HUNDREDTH = Decimal("0.01")
# Blocks smaller than these are finer than the price is quoted: not worth a word.
TIME_STEP = 60
ENERGY_STEP = 10


def describe(tariff: Tariff) -> str:
    """The tariff in words: `0.49 EUR/kWh + 0.10 EUR/min parking after 60 min, incl. 23 % VAT`; where there are prices
    for different times, `0.59 EUR/kWh 07:00-22:00, otherwise 0.39 EUR/kWh; 3.00 EUR/h parking; incl. 23 % VAT`.

    Prices are what the driver pays, VAT included, wherever the VAT is known. Prices of reserving an EVSE are
    left out: an ad-hoc session reserves none. A tariff that we do not understand in full tells no price.
    """
    if tariff.unreadable:
        return NOT_READABLE
    parts = [
        (element, component)
        for element in tariff.elements
        if element.restrictions.reservation is None
        for component in element.components
    ]
    vats = {vat_of(tariff, component) for _, component in parts if component.price}
    if not vats:
        return "free of charge" if parts else "no prices given"
    mixed = len(vats) > 1
    groups = _by_dimension(
        (component, _part(tariff, element, component, mixed=mixed))
        for element, component in parts
        if component.price or component.dimension is not Dimension.FLAT
    )
    # What applies to one dimension excludes each other, dimensions add up: the two must not look alike.
    between, after = ("; ", "; ") if any(len(words) > 1 for words in groups) else (" + ", ", ")
    extras = [between.join(", otherwise ".join(words) for words in groups), *_limits(tariff)]
    if not mixed:
        extras.append(_vat(tariff, vats.pop()))
    return after.join(extra for extra in extras if extra)


def unit_prices(tariff: Tariff) -> dict[str, Decimal | None]:
    """`per_kwh` and `per_minute` of charging, gross; None where there is none, several, or its VAT is not known."""
    return {
        "per_kwh": _only_price(tariff, Dimension.ENERGY),
        "per_minute": None if (hourly := _only_price(tariff, Dimension.TIME)) is None else hourly / 60,
    }


def _only_price(tariff: Tariff, dimension: Dimension) -> Decimal | None:
    elements = [one for one in tariff.elements if one.restrictions.reservation is None]
    found = [part for one in elements for part in one.components if part.dimension is dimension]
    if len(found) != 1:
        return None
    return with_taxes(tariff, found[0].price, vat_of(tariff, found[0]))[1]


def _by_dimension(parts: Iterable[tuple[PriceComponent, str]]) -> list[list[str]]:
    """Per dimension its prices in order: of those that apply the first is paid (OCPI 2.2.1 §11.4.3)."""
    groups: dict[Dimension, list[str]] = {}
    for component, words in parts:
        groups.setdefault(component.dimension, []).append(words)
    return list(groups.values())


def _part(tariff: Tariff, element: Element, component: PriceComponent, *, mixed: bool) -> str:
    vat = vat_of(tariff, component)
    before, after = with_taxes(tariff, component.price, vat)
    amount = after if after is not None else before
    assert amount is not None
    details = [_price(component, amount, tariff.currency), _when(element.restrictions)]
    if component.price:
        details.append(_step(component))
    if mixed and component.price:
        details.append(f"({_vat(tariff, vat) or 'no VAT'})")
    return " ".join(detail for detail in details if detail)


def _price(component: PriceComponent, amount: Decimal, currency: str) -> str:
    if not amount:
        return f"free {NAMES[component.dimension]}"
    if component.dimension is Dimension.FLAT:
        return f"{money(amount, currency)} per session"
    if component.dimension is Dimension.ENERGY:
        return f"{unit_price(amount)} {currency}/kWh"
    what = NAMES[component.dimension]
    per_minute = amount / 60
    if abs(per_minute - round_to(per_minute, HUNDREDTH)) < Decimal("0.000001"):
        return f"{unit_price(per_minute)} {currency}/min {what}"
    return f"{unit_price(amount)} {currency}/h {what}"


def _step(component: PriceComponent) -> str:
    step = component.step_size
    if component.dimension is Dimension.ENERGY and step > ENERGY_STEP:
        return f"per started {plain(Decimal(step) / 1000)} kWh"
    timed = component.dimension in (Dimension.TIME, Dimension.PARKING_TIME)
    return f"per started {duration(Decimal(step))}" if timed and step > TIME_STEP else ""


def _when(restrictions: Restrictions) -> str:
    """The restrictions in words: `Mon-Fri 09:00-18:00 after 60 min`."""
    found = [
        _days(restrictions.days),
        _window(restrictions),
        f"from {restrictions.start_date}" if restrictions.start_date else "",
        f"until {restrictions.end_date}" if restrictions.end_date else "",
        _range(restrictions.min_kwh, restrictions.max_kwh, "kWh"),
        _range(restrictions.min_power, restrictions.max_power, "kW"),
        _range(restrictions.min_current, restrictions.max_current, "A"),
        _minutes(restrictions),
    ]
    return " ".join(text for text in found if text)


def _days(days: frozenset[int]) -> str:
    ordered = sorted(days)
    if not ordered or len(ordered) == len(SHORT_DAYS):
        return ""
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{SHORT_DAYS[ordered[0]]}-{SHORT_DAYS[ordered[-1]]}"
    return "/".join(SHORT_DAYS[day] for day in ordered)


def _window(restrictions: Restrictions) -> str:
    start, end = restrictions.start_time, restrictions.end_time
    if start is None and end is None:
        return ""
    first = f"{start:%H:%M}" if start else "00:00"
    last = f"{end:%H:%M}" if end else "00:00"
    return f"{first}-{'24:00' if last == '00:00' else last}"


def _range(lower: Decimal | None, upper: Decimal | None, unit: str) -> str:
    if lower is not None and upper is not None:
        return f"{plain(lower)}-{plain(upper)} {unit}"
    if lower is not None:
        return f"from {plain(lower)} {unit}"
    return f"below {plain(upper)} {unit}" if upper is not None else ""


def _minutes(restrictions: Restrictions) -> str:
    lower, upper = restrictions.min_duration, restrictions.max_duration
    start = f"after {_in_minutes(lower)}" if lower else ""
    end = f"up to {_in_minutes(upper)}" if upper is not None else ""
    return " ".join(text for text in (start, end) if text)


def _in_minutes(seconds: int) -> str:
    return f"{plain(Decimal(seconds) / 60)} min"


def _limits(tariff: Tariff) -> list[str]:
    words = []
    for phrase, limit in (("at least", tariff.min_price), ("at most", tariff.max_price)):
        amount, suffix = _limit_amount(tariff, limit)
        if amount is not None:
            words.append(f"{phrase} {money(amount, tariff.currency)}{suffix}")
    return words


def gross_limits(tariff: Tariff) -> tuple[Decimal | None, Decimal | None]:
    """Return the least and the most that a session costs, gross; None where there is none, or its VAT is not known."""
    found = (_limit_amount(tariff, limit) for limit in (tariff.min_price, tariff.max_price))
    least, most = (None if suffix else amount for amount, suffix in found)
    return least, most


def _limit_amount(tariff: Tariff, limit: PriceLimit | None) -> tuple[Decimal | None, str]:
    if limit is None:
        return None, ""
    rates = rates_of(tariff)
    if limit.incl is None and (len(rates) != 1 or None in rates):
        return limit.excl, " excl. VAT"
    return bounds(limit, tax_ratio(tariff, None, None))[1], ""


def _vat(tariff: Tariff, vat: Decimal | None) -> str:
    if vat is None:
        return "taxes included" if tariff.tax_included is TaxIncluded.YES else "excl. VAT"
    return f"incl. {plain(vat)} % VAT" if vat else ""
