"""What a session costs under a tariff, by the rules of OCPI 2.2.1 (Tariffs, and `step_size` in CDRs)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from decimal import ROUND_CEILING, Decimal

from billing.pricing.match import Moment, component_for, moments
from billing.pricing.money import money, round_money, round_to
from billing.pricing.tariff import (
    SECONDS_PER_HOUR,
    ChargingPeriod,
    Dimension,
    PriceComponent,
    PriceLimit,
    Tariff,
    TaxIncluded,
)

HUNDRED = Decimal(100)
# A wire number has four decimals, so a time in hours is known to a fifth of a second: an excess below half a
# second is rounding on the way, and starts no further step.
TIME_TOLERANCE = Decimal("0.5")

VOLUMES = {
    "ENERGY": Dimension.ENERGY,
    "TIME": Dimension.TIME,
    "PARKING_TIME": Dimension.PARKING_TIME,
    "RESERVATION_TIME": Dimension.TIME,
}


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one price component comes to: `quantity` (kWh, hours or times) at `unit_price`.

    `excl` and `incl` are before and after taxes, not rounded; None where the tariff does not let us know. `amount` is
    the one of the two that the tariff's prices are in, `volume` what `quantity` is in Wh or seconds.
    """

    dimension: Dimension
    quantity: Decimal
    unit_price: Decimal
    vat: Decimal | None
    excl: Decimal | None
    incl: Decimal | None
    currency: str
    amount: Decimal
    volume: Decimal
    reservation: bool = False

    @property
    def text(self) -> str:
        """The line as people read it, in the tariff's own terms: `Energy 20.5 kWh at 0.25 EUR/kWh = 5.13 EUR`."""
        what = {
            Dimension.ENERGY: "Energy",
            Dimension.TIME: "Reserved time" if self.reservation else "Charging time",
            Dimension.PARKING_TIME: "Parking time",
            Dimension.FLAT: "Reservation fee" if self.reservation else "Fee per session",
        }[self.dimension]
        total, unit = money(self.amount, self.currency), unit_price(self.unit_price)
        if self.dimension is Dimension.FLAT:
            return f"{what} {total}"
        if self.dimension is Dimension.ENERGY:
            return f"{what} {plain(self.quantity)} kWh at {unit} {self.currency}/kWh = {total}"
        return f"{what} {duration(self.volume)} at {unit} {self.currency}/h = {total}"


@dataclass(frozen=True, slots=True)
class Cost:
    """The whole cost, rounded half up to the currency's minor unit.

    `excl` is None where prices include taxes at a rate that is not stated; `incl` is None where taxes come on
    top at a rate that is not stated: a gross that is not known is never the net (rule 34). One of the two is known.
    """

    currency: str
    excl: Decimal | None
    incl: Decimal | None
    lines: tuple[CostLine, ...]
    limited_by: str = ""  # "min_price", "max_price" or nothing


@dataclass(slots=True)
class _Usage:
    """How much is billed of one price component. Time in seconds, energy in Wh."""

    component: PriceComponent
    volume: Decimal
    reservation: bool


def price(
    tariff: Tariff,
    periods: Iterable[ChargingPeriod],
    *,
    zone: tzinfo = UTC,
    reservation_expired: bool = False,
) -> Cost:
    """Price a session: `excl` and `incl` in the tariff's currency, rounded to its minor unit, and the lines.

    Each period is priced by what holds where it begins: OCPI has the CPO begin a new period at every change.
    `zone` is the location's. Where the wire states no tax, `fill_in_tax` puts it into the tariff first. Without
    periods there was no session, and it costs nothing. ValueError where the tariff could not be read.
    """
    if tariff.unreadable:
        raise ValueError(f"Tariff {tariff.id} cannot be read: {', '.join(tariff.unreadable)}")
    found = moments(tuple(periods), zone, reservation_expired=reservation_expired)
    lines = tuple(_line(tariff, usage) for usage in _usages(tariff, found))
    excl = _total([line.excl for line in lines])
    incl = _total([line.incl for line in lines])
    limited_by = ""
    if found:
        excl, incl, limited_by = _limit(tariff, excl, incl)
    return Cost(
        tariff.currency,
        None if excl is None else round_money(excl, tariff.currency),
        None if incl is None else round_money(incl, tariff.currency),
        lines,
        limited_by,
    )


def _usages(tariff: Tariff, found: list[Moment]) -> list[_Usage]:
    """What is billed, by price component in order of first use, with `step_size` taken into account."""
    flats: dict[bool, _Usage] = {}
    metered: list[_Usage] = []
    for moment in found:
        reservation = moment.reservation is not None
        flat = component_for(tariff, Dimension.FLAT, moment)
        if flat is not None and reservation not in flats:
            flats[reservation] = _Usage(flat, Decimal(1), reservation)
        metered.extend(_usages_at(tariff, moment, reservation))
    for group in (
        [u for u in metered if u.component.dimension is Dimension.ENERGY],
        [u for u in metered if u.component.dimension is not Dimension.ENERGY and not u.reservation],
        [u for u in metered if u.reservation],
    ):
        _step_up(group)
    return _merge([*flats.values(), *metered])


def _usages_at(tariff: Tariff, moment: Moment, reservation: bool) -> list[_Usage]:
    usages = []
    for name, dimension in VOLUMES.items():
        if name not in moment.period.dimensions or reservation is not (name == "RESERVATION_TIME"):
            continue
        volume = moment.period.volume(name)
        if not volume:
            continue
        component = component_for(tariff, dimension, moment)
        if component is not None:
            small = volume * (1000 if dimension is Dimension.ENERGY else SECONDS_PER_HOUR)
            usages.append(_Usage(component, small, reservation))
    return usages


def _step_up(group: list[_Usage]) -> None:
    """Round the session's total up to the step of the last component, and add the excess there.

    Once for energy and once for all time: where charging time is followed by parking time, only the total of
    the dimension that came last is rounded.
    """
    if not group:
        return
    last = group[-1]
    step = last.component.step_size
    if step <= 0:
        return
    same = [u for u in group if u.component.dimension is last.component.dimension]
    total = sum((u.volume for u in same), Decimal(0))
    tolerance = Decimal(0) if last.component.dimension is Dimension.ENERGY else TIME_TOLERANCE
    blocks = ((total - tolerance) / step).to_integral_value(ROUND_CEILING)
    last.volume += max(blocks * step - total, Decimal(0))


def _merge(usages: list[_Usage]) -> list[_Usage]:
    merged: dict[tuple[int, bool], _Usage] = {}
    for usage in usages:
        key = (id(usage.component), usage.reservation)
        if key in merged:
            merged[key].volume += usage.volume
        else:
            merged[key] = usage
    return list(merged.values())


def _line(tariff: Tariff, usage: _Usage) -> CostLine:
    component = usage.component
    # Multiplied before divided: 300 s at 1.20 an hour is 0.10 exactly.
    amount = component.price * usage.volume
    quantity = usage.volume
    if component.dimension is Dimension.ENERGY:
        amount, quantity = amount / 1000, quantity / 1000
    elif component.dimension is not Dimension.FLAT:
        amount, quantity = amount / SECONDS_PER_HOUR, quantity / SECONDS_PER_HOUR
    vat = vat_of(tariff, component)
    excl, incl = with_taxes(tariff, amount, vat)
    return CostLine(
        component.dimension,
        quantity,
        component.price,
        vat,
        excl,
        incl,
        tariff.currency,
        amount,
        usage.volume,
        usage.reservation,
    )


def fill_in_tax(tariff: Tariff, vat: Decimal | None, *, included: bool = False) -> Tariff:
    """The tariff with the tax that it leaves open (rule 34); one that states a tax is returned as it is.

    `vat` in percent, None where no rate is known; `included`: by agreement its prices are gross already. Where prices
    include taxes (2.3.0) and the rate is not stated, `vat` tells what they are without.
    """
    if tariff.states_rates or tariff.tax_included is TaxIncluded.NOT_APPLICABLE:
        return tariff
    elements = tuple(
        replace(element, components=tuple(replace(part, vat=vat) for part in element.components))
        for element in tariff.elements
    )
    stated = replace(tariff, elements=elements)
    if not included or tariff.tax_included is TaxIncluded.YES:
        return stated
    limits = {"min_price": _gross(tariff.min_price), "max_price": _gross(tariff.max_price)}
    return replace(stated, tax_included=TaxIncluded.YES, min_price=limits["min_price"], max_price=limits["max_price"])


def _gross(limit: PriceLimit | None) -> PriceLimit | None:
    """A limit whose one figure is gross."""
    return PriceLimit(None, limit.excl) if limit and limit.incl is None else limit


def vat_of(tariff: Tariff, component: PriceComponent) -> Decimal | None:
    """The VAT of a component in percent; None where nothing tells it."""
    if tariff.tax_included is TaxIncluded.NOT_APPLICABLE:
        return Decimal(0)
    return Decimal(0) if component.vat is None and tariff.states_rates else component.vat


def rates_of(tariff: Tariff) -> set[Decimal | None]:
    """The VAT of all components in percent; None among them where nothing tells it."""
    return {vat_of(tariff, part) for element in tariff.elements for part in element.components}


def with_taxes(tariff: Tariff, amount: Decimal, vat: Decimal | None) -> tuple[Decimal | None, Decimal | None]:
    """(before, after taxes) of an amount in the tariff's terms."""
    if tariff.tax_included is TaxIncluded.YES:
        return None if vat is None else amount * HUNDRED / (HUNDRED + vat), amount
    return amount, None if vat is None else amount * (HUNDRED + vat) / HUNDRED


def _total(amounts: list[Decimal | None]) -> Decimal | None:
    """The sum, unknown as soon as one part is."""
    known = [amount for amount in amounts if amount is not None]
    return max(sum(known, Decimal(0)), Decimal(0)) if len(known) == len(amounts) else None


def _limit(tariff: Tariff, excl: Decimal | None, incl: Decimal | None) -> tuple[Decimal | None, Decimal | None, str]:
    """Hold the totals against minimum and maximum price: before and after taxes, each on its own."""
    limited_by = ""
    for name, limit, choose in (("min_price", tariff.min_price, max), ("max_price", tariff.max_price, min)):
        if limit is None:
            continue
        bound_excl, bound_incl = bounds(limit, tax_ratio(tariff, excl, incl))
        held_excl = excl if excl is None or bound_excl is None else choose(excl, bound_excl)
        held_incl = incl if incl is None or bound_incl is None else choose(incl, bound_incl)
        if (held_excl, held_incl) != (excl, incl):
            excl, incl, limited_by = held_excl, held_incl, name
    return excl, incl, limited_by


def bounds(limit: PriceLimit, ratio: Decimal) -> tuple[Decimal | None, Decimal | None]:
    """The limit before and after taxes; the one that is not stated follows the other."""
    excl = limit.incl / ratio if limit.excl is None and limit.incl is not None else limit.excl
    incl = limit.excl * ratio if limit.incl is None and limit.excl is not None else limit.incl
    return excl, incl


def tax_ratio(tariff: Tariff, excl: Decimal | None, incl: Decimal | None) -> Decimal:
    """After to before taxes: as in this session, or where it cost nothing yet, as all components state."""
    if excl and incl:
        return incl / excl
    stated = rates_of(tariff)
    vat = stated.pop() if len(stated) == 1 else None
    return (HUNDRED + (vat or Decimal(0))) / HUNDRED


def plain(number: Decimal) -> str:
    """A number without trailing zeros or exponent, to three decimals: 20.5, 7, 0.116."""
    text = f"{round_to(number, Decimal('0.001')):f}".rstrip("0").rstrip(".")
    return text or "0"


def unit_price(number: Decimal) -> str:
    """A price per unit with two to four decimals: 0.25, 0.4875."""
    text = f"{round_to(number, Decimal('0.0001')):f}"
    return text[:-2] + text[-2:].rstrip("0")


def duration(seconds: Decimal) -> str:
    """A time as people read it: `45 min`, `2 h 30 min`, `1 min 5 s`."""
    whole = int(seconds.to_integral_value())
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s" if rest else ""]
    return " ".join(part for part in parts if part) or "0 s"
