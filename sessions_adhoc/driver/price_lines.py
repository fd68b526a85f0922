"""The price before charging, in AFIR's order: per kWh, per minute, occupancy, per session, other."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.translation import gettext, gettext_noop

from billing import pricing
from billing.pricing import By, Dimension, Reading, Step, Tariff
from ocpi.models import Connector
from partners.ground import languages
from sessions_adhoc.driver import driver_words
from sessions_adhoc.money.offering import Offer

NOT_READABLE = gettext_noop("price not readable")
A_YEAR = timedelta(days=366)
LEAST_STEPS = {Dimension.ENERGY: 10, Dimension.TIME: 60, Dimension.PARKING_TIME: 60}
"""Blocks that are smaller are finer than the price is quoted."""

FAST, SLOW = Decimal(40), Decimal(10)
"""kW from which 20 kWh come in half an hour, and 10 kWh in one hour."""


@dataclass(frozen=True)
class PriceLine:
    """One kind of price: what it costs now, and what changes when."""

    kind: str
    title: str
    now: str
    later: tuple[str, ...] = ()


def lines_of(offer: Offer, at: datetime) -> list[PriceLine]:
    """Return the lines of a charge that begins at `at`; none where no price is known."""
    tariff = offer.tariff
    if tariff is None:
        return []
    found = pricing.outlook(tariff, at, offer.zone)
    lines = [_line(dimension, steps, tariff.currency) for dimension, steps in found.items()]
    return [*(lines or [PriceLine("free", gettext("Price"), gettext("free of charge"))]), *_others(tariff)]


def _line(dimension: Dimension, steps: tuple[Step, ...], currency: str) -> PriceLine:
    titles = {
        Dimension.ENERGY: ("energy", gettext("Energy")),
        Dimension.TIME: ("time", gettext("Charging time")),
        Dimension.PARKING_TIME: ("occupancy", gettext("Occupancy, after charging")),
        Dimension.FLAT: ("session", gettext("Per charge")),
    }
    kind, title = titles[dimension]
    now, *later = steps
    return PriceLine(
        kind, title, _price(dimension, now, currency), tuple(_later(dimension, one, currency) for one in later)
    )


def _price(dimension: Dimension, step: Step, currency: str) -> str:
    """`0.59 €/kWh`; a word where it is free, or where its VAT is not known."""
    if step.price is None:
        return gettext("price not known")
    if not step.price:
        return gettext("free")
    timed = dimension in (Dimension.TIME, Dimension.PARKING_TIME)
    amount = driver_words.unit_price(step.price / 60 if timed else step.price, currency)
    if dimension is Dimension.FLAT:
        return amount
    unit = gettext("{amount}/min") if timed else gettext("{amount}/kWh")
    block = _block(dimension, step.step_size)
    text = unit.format(amount=amount)
    return gettext("{price}, in blocks of {block}").format(price=text, block=block) if block else text


def _block(dimension: Dimension, size: int) -> str:
    if size <= LEAST_STEPS[dimension]:
        return ""
    if dimension is Dimension.ENERGY:
        return f"{languages.number(Decimal(size) / 1000, 0, 3)}{driver_words.NO_BREAK}kWh"
    if size > A_YEAR.total_seconds():  # a slip; any number may stand there
        return f"{languages.number(Decimal(size) / 3600, 0, 0)}{driver_words.NO_BREAK}h"
    return driver_words.duration(timedelta(seconds=size))


def _later(dimension: Dimension, step: Step, currency: str) -> str:
    price = _price(dimension, step, currency)
    if step.by is By.CLOCK and step.at is not None:
        return gettext("from {time}: {price}").format(time=f"{step.at:%H:%M}", price=price)
    if step.by is By.DURATION:
        lasted = driver_words.duration(timedelta(seconds=step.after))
        return gettext("after {duration}: {price}").format(duration=lasted, price=price)
    if step.by is By.ENERGY:
        return gettext("from {kwh} kWh on: {price}").format(kwh=languages.number(step.kwh, 0, 3), price=price)
    low, high = (None if bound is None else languages.number(bound, 0, 3) for bound in step.kw)
    if high is None:
        return gettext("from {kw} kW: {price}").format(kw=low, price=price)
    return gettext("from {low} to {high} kW: {price}").format(low=low or "0", high=high, price=price)


def _others(tariff: Tariff) -> list[PriceLine]:
    """The least and the most that a charge costs."""
    least, most = pricing.gross_limits(tariff)
    texts = [
        gettext("at least {amount} per charge").format(amount=driver_words.unit_price(least, tariff.currency))
        if least
        else "",
        gettext("at most {amount} per charge").format(amount=driver_words.unit_price(most, tariff.currency))
        if most
        else "",
    ]
    return [PriceLine("other", gettext("Other"), text) for text in texts if text]


def in_a_line(offer: Offer, at: datetime) -> str:
    """All lines of a charge that begins at `at`, one after the other: `Energie: 0,59 €/kWh; ...`."""
    told = [f"{line.title}: {', '.join((line.now, *line.later))}" for line in lines_of(offer, at)]
    return "; ".join(filter(None, [*told, vat_words(offer)]))


def vat_words(offer: Offer) -> str:
    """What the prices say of VAT."""
    rates = pricing.rates_of(offer.tariff) if offer.tariff else set[Decimal | None]()
    if None in rates:
        return gettext("VAT may come on top.")
    if len(rates) != 1:
        return gettext("All prices include VAT.") if rates else ""
    rate = rates.pop() or Decimal(0)
    return gettext("All prices include {rate} % VAT.").format(rate=languages.number(rate, 0, 2))


def example_of(offer: Offer, connector: Connector | None, at: datetime) -> str:
    """What an ordinary charge comes to that begins at `at`: `20 kWh in 30 min: 10.80 €`; "" where that is not known."""
    kw = connector.max_kw if connector else None
    kwh, minutes = (20, 30) if kw is None or kw >= FAST else (10, 60) if kw >= SLOW else (10, 240)
    if offer.tariff is None:
        return ""
    lasting = range(0, minutes + 1, 5)
    readings = [
        Reading(at + timedelta(minutes=gone), Decimal(kwh) * gone / minutes, Decimal(kwh) * 60 / minutes)
        for gone in lasting
    ]
    cost = offer.price(pricing.course(at, readings, (), offer.tariff, offer.zone))
    if cost is None or cost.incl is None:
        return ""
    amount = driver_words.amount(pricing.to_minor(cost.incl, cost.currency), cost.currency)
    lasted = driver_words.duration(timedelta(minutes=minutes))
    return gettext("Example: {kwh} kWh in {duration} cost {amount}.").format(kwh=kwh, duration=lasted, amount=amount)
