"""Whether a CDR can be true, and what the driver pays for it (rule 32). Pure: no Django, no clock.

Asked before money moves, of one CDR at a time, in the rule's order: its energy, its price, its times, its place.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import accumulate, pairwise

from billing.pricing.calculate import duration, plain
from billing.pricing.course import Reading
from billing.pricing.money import money, round_money
from billing.pricing.tariff import ChargingPeriod, hours_between, utc

ENERGY_SHARE = Decimal("0.02")
LEAST_ENERGY = Decimal("0.01")
"""kWh: meters and CDRs round in their own ways, and below this nothing is observed."""

PRICE_SHARE = Decimal("0.01")
LEAST_PRICE = Decimal("0.05")
"""A total may differ from ours by this share, and by the least difference: operators round each period in their way."""

TIME_SLACK = timedelta(minutes=5)
HOURS_SLACK = Decimal(TIME_SLACK / timedelta(hours=1))
ZONE_STEP = timedelta(minutes=15)
FARTHEST_ZONE = timedelta(hours=14)
WHOLE_SECONDS = timedelta(seconds=2)


LEAST_POWER = Decimal(1)
"""kW: no car charges with less."""

LONGEST_SPAN = Decimal(1) / 6
"""Hours between two readings within which energy that came is taken to have come all the time."""

PARKED_SLACK = Decimal(90) / 3600


class Verdict(StrEnum):
    """What to do with a CDR. WAIT: an interim one, which news or time will decide."""

    BILL = "bill"
    NOTHING = "nothing"
    WAIT = "wait"
    HOLD = "hold"


class Doubt(StrEnum):
    """What is wrong with a CDR: the reason for which money is held, or what staff are told of one that is billed."""

    TOO_MUCH_ENERGY = "cdr_energy"
    NO_ENERGY = "cdr_without_energy"
    LESS_ENERGY = "cdr_energy_short"
    NO_PRICE = "cdr_price_unknown"
    OTHER_PRICE = "cdr_price"
    OTHER_TIMES = "cdr_times"
    OTHER_PLACE = "cdr_place"


@dataclass(frozen=True, slots=True)
class Claimed:
    """What a CDR says. `total` gross, in the currency's major unit; None where the VAT on it is not known."""

    id: str
    energy: Decimal
    total: Decimal | None
    currency: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of the charge that the CDR bills.

    Args:
        metered: kWh of its last meter value; None where no Session came.
        reach: kWh that the connector's largest power could deliver from then to the end; None where it is not known.
        over: the Session is over, or charging is as far as we can tell.
        start, end: the Session's, in the CPO's time like the CDR's.
        shift: how far the CPO's clock has gone back since the Session told its times (rule 31).
        price: gross price of the CDR's energy, periods and times by the tariff that the driver was shown; None where
            none is known.
        charged: hours that the CDR calls parking and in which energy flowed by the meter.
        carried: the id of the CDR's own tariff, where the driver was shown none and `price` is by that one.
        most_per_kwh: what a kWh may cost where no tariff is known; None: nothing is captured then.
        place: where the CDR says that it was charged, if that is another connector than the attempt's.
    """

    metered: Decimal | None = None
    reach: Decimal | None = None
    over: bool = True
    start: datetime | None = None
    end: datetime | None = None
    shift: timedelta = timedelta(0)
    price: Decimal | None = None
    charged: Decimal = Decimal(0)
    carried: str = ""
    most_per_kwh: Decimal | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict, in the currency's major unit: what the driver `pays`, and what the CDR asks beyond the price.

    `doubts` are told to staff with their words; where the verdict is HOLD the first is why.
    """

    verdict: Verdict
    pays: Decimal = Decimal(0)
    claim: Decimal = Decimal(0)
    doubts: tuple[tuple[Doubt, str], ...] = ()


def judge(cdr: Claimed, known: Known) -> Judgement:
    """Return whether the CDR is captured by itself, and what the driver pays for it (rule 32)."""
    return _energy(cdr, known) or _price(cdr, known)


def _hold(doubt: Doubt, words: str) -> Judgement:
    return Judgement(Verdict.HOLD, doubts=((doubt, words),))


def _energy(cdr: Claimed, known: Known) -> Judgement | None:
    """What its energy alone decides."""
    metered = known.metered or Decimal(0)
    if cdr.energy <= 0 and metered <= 0:
        return Judgement(Verdict.NOTHING)
    if _is_short(cdr, known) and not known.over:
        return Judgement(Verdict.WAIT)
    if cdr.energy <= 0:
        return _hold(Doubt.NO_ENERGY, f"CDR {cdr.id} says 0 kWh, the meter said {plain(metered)} kWh.")
    if known.metered is None and known.reach is None:
        said = f"CDR {cdr.id} says {plain(cdr.energy)} kWh."
        return _hold(Doubt.TOO_MUCH_ENERGY, f"{said} No meter value came, and the connector's power is not known.")
    most = metered + (known.reach or Decimal(0))
    if cdr.energy > most + _slack(most):
        return _hold(Doubt.TOO_MUCH_ENERGY, _too_much(cdr, known, most))
    return None


def _too_much(cdr: Claimed, known: Known, most: Decimal) -> str:
    said = f"CDR {cdr.id} says {plain(cdr.energy)} kWh,"
    if known.metered is None:
        return f"{said} no meter value came, and the connector could deliver {plain(most)} kWh at most."
    until = f", and {plain(most)} kWh at most could have been delivered until the end" if most > known.metered else ""
    return f"{said} the meter said {plain(known.metered)} kWh{until}."


def _slack(energy: Decimal) -> Decimal:
    return max(energy * ENERGY_SHARE, LEAST_ENERGY)


def _is_short(cdr: Claimed, known: Known) -> bool:
    metered = known.metered or Decimal(0)
    return cdr.energy < metered - _slack(metered)


def _price(cdr: Claimed, known: Known) -> Judgement:
    """What the driver pays for its energy, unless something else about it is in doubt."""
    if cdr.total is None:
        return _hold(Doubt.NO_PRICE, f"CDR {cdr.id} states no VAT, and which applies is not known.")
    if known.price is None or known.carried:
        usual = _without_tariff(cdr, cdr.total, known)
        if known.price is None or usual.verdict is Verdict.HOLD:
            return usual
    pays, doubts = min(cdr.total, known.price), list[tuple[Doubt, str]]()
    agrees = agrees_in_price(cdr.total, known.price)
    if _is_short(cdr, known):
        doubts.append((Doubt.LESS_ENERGY, _short(cdr, known)))
    elif agrees:
        pays = cdr.total
    if not agrees:
        named = f"the tariff in it, {known.carried}," if known.carried else "the tariff that the driver was shown"
        comes_to = f"By {named} it comes to {money(known.price, cdr.currency)}."
        if known.charged:
            comes_to += f" For {duration(known.charged * 3600)} that it calls parking the meter shows energy."
        doubts.append((Doubt.OTHER_PRICE, f"CDR {cdr.id} says {money(cdr.total, cdr.currency)}. {comes_to}"))
    claim = Decimal(0) if agrees else round_money(cdr.total - pays, cdr.currency)
    return _elsewhere(cdr, known) or Judgement(Verdict.BILL, pays, claim, tuple(doubts))


def _without_tariff(cdr: Claimed, total: Decimal, known: Known) -> Judgement:
    """No tariff was known: nobody was shown a price, so only what is usual is taken."""
    says = f"CDR {cdr.id} says {money(total, cdr.currency)} for {plain(cdr.energy)} kWh, and no tariff was known."
    if known.most_per_kwh is None:
        return _hold(Doubt.NO_PRICE, f"{says} The policy names no highest price in {cdr.currency}.")
    most = known.most_per_kwh * cdr.energy
    if round_money(total, cdr.currency) > round_money(most, cdr.currency):
        unit = f"{known.most_per_kwh:.2f} {cdr.currency} per kWh"
        return _hold(Doubt.NO_PRICE, f"{says} At {unit} it is {money(most, cdr.currency)} at most.")
    doubts = ((Doubt.LESS_ENERGY, _short(cdr, known)),) if _is_short(cdr, known) else ()
    return _elsewhere(cdr, known) or Judgement(Verdict.BILL, total, doubts=doubts)


def agrees_in_energy(one: Decimal, other: Decimal) -> bool:
    """Whether two figures of a charge's kWh are the same, by what meters and bills may differ."""
    return abs(one - other) <= _slack(max(one, other))


def can_be_delivered(kwh: Decimal, reach: Decimal) -> bool:
    """Whether so much was metered as the connector's largest power allows at most."""
    return kwh <= reach + _slack(reach)


def agrees_in_price(asked: Decimal, price: Decimal) -> bool:
    """Whether an amount is the price, by what is borne between the two (rule 32)."""
    return abs(asked - price) <= max(LEAST_PRICE, PRICE_SHARE * price)


def agreed(asked: Decimal, price: Decimal) -> Decimal:
    """Return what the driver pays of what is asked: all where it agrees with the price, else the lower one."""
    return asked if agrees_in_price(asked, price) else min(asked, price)


def _short(cdr: Claimed, known: Known) -> str:
    return f"CDR {cdr.id} says {plain(cdr.energy)} kWh, the meter said {plain(known.metered or Decimal(0))} kWh."


def _elsewhere(cdr: Claimed, known: Known) -> Judgement | None:
    """It tells of another time or connector than the charge's."""
    if known.place:
        return _hold(Doubt.OTHER_PLACE, f"CDR {cdr.id} is about {known.place}, which is not where this driver charged.")
    if not _times_fit(cdr, known):
        told = f"CDR {cdr.id} lasts from {cdr.start:%-d %b %H:%M} to {cdr.end:%-d %b %H:%M}"
        since = f"from {known.start:%-d %b %H:%M}" if known.start else ""
        until = f"to {known.end:%-d %b %H:%M}" if known.end else ""
        theirs = " ".join(filter(None, [since, until]))
        return _hold(Doubt.OTHER_TIMES, f"{told}, its Session {theirs} (the CPO's time).")
    return None


def _times_fit(cdr: Claimed, known: Known) -> bool:
    """Inside the Session's; local time sent as UTC in one of the two is no doubt about the charge (rule 31)."""
    start, end = utc(cdr.start), utc(cdr.end)
    if end < start:
        return False
    if known.start is not None and known.end is not None and utc(known.end) < utc(known.start):
        return True  # their clock jumped back during the charge: the Session's times tell nothing (rule 31)
    zone = timedelta(0)
    if known.start is not None:
        zone = round((utc(known.start) - start) / ZONE_STEP) * ZONE_STEP
    shifts = (timedelta(0), known.shift, zone if abs(zone) <= FARTHEST_ZONE else timedelta(0))
    return any(_inside(start + by, end + by, known) for by in shifts)


def _inside(start: datetime, end: datetime, known: Known) -> bool:
    begins = known.start is None or start >= utc(known.start) - TIME_SLACK
    return begins and (known.end is None or end <= utc(known.end) + TIME_SLACK)


def believable(told: Sequence[ChargingPeriod], cdr: Claimed) -> tuple[ChargingPeriod, ...]:
    """Return a CDR's periods as it tells them, or all in one where they do not add up to its energy and its times."""
    energy = sum((period.volume("ENERGY") for period in told), Decimal(0))
    start, end = utc(cdr.start), utc(cdr.end)
    hours = Decimal(max(end - start, timedelta(0)) / timedelta(hours=1))
    timed = sum((period.volume("TIME") + period.volume("PARKING_TIME") for period in told), Decimal(0))
    in_time = all(start - TIME_SLACK <= utc(period.start) <= end + TIME_SLACK for period in told)
    if abs(energy - cdr.energy) <= _slack(cdr.energy) and timed <= hours + HOURS_SLACK and in_time:
        return tuple(told)
    return (ChargingPeriod(cdr.start, {"ENERGY": max(cdr.energy, Decimal(0)), "TIME": min(timed, hours)}),)


def flowing(readings: Sequence[Reading], most_kw: Decimal | None) -> tuple[tuple[datetime, datetime], ...]:
    """Return when energy surely flowed: of each stretch between two readings as long as its energy takes at the power
    around it, which is never longer than it took.

    Args:
        readings: of the meter, in order.
        most_kw: the connector's largest power, by which a stretch is measured in which the meter was long silent; None
            where it is not known.
    """
    spans = [(one, two, hours_between(one.at, two.at)) for one, two in pairwise(readings) if two.at > one.at]
    means = [max(two.kwh - one.kwh, Decimal(0)) / hours for one, two, hours in spans]
    found = []
    for index, (one, _two, hours) in enumerate(spans):
        power = max(means[max(index - 1, 0) : index + 2])
        if hours > LONGEST_SPAN:
            power = max(power, most_kw or Decimal(0))
        if means[index] >= LEAST_POWER and (hours <= LONGEST_SPAN or most_kw):
            found.append((utc(one.at), utc(one.at) + timedelta(hours=float(means[index] * hours / power))))
    return tuple(found)


def parked_as_metered(
    told: Sequence[ChargingPeriod], end: datetime, flows: Sequence[tuple[datetime, datetime]]
) -> tuple[tuple[ChargingPeriod, ...], Decimal]:
    """Return a CDR's periods with the time as charging in which energy flowed although they call it parking, and how
    many hours of it there are; little is the meter's coarseness and stays."""
    ends = [*(utc(period.start) for period in told[1:]), utc(end)]
    made, hours, flow = list[ChargingPeriod](), Decimal(0), _Flow(flows)
    for period, until in zip(told, ends, strict=True):
        since, parked = utc(period.start), period.volume("PARKING_TIME")
        flowed = max(flow.until(until) - flow.until(since), Decimal(0))
        charged = min(max(parked + flowed - hours_between(since, until), Decimal(0)), parked, flowed)
        times = {"PARKING_TIME": parked - charged, "TIME": period.volume("TIME") + charged}
        made.append(replace(period, dimensions={**period.dimensions, **times}) if charged else period)
        hours += charged
    return (tuple(made), hours) if hours > PARKED_SLACK else (tuple(told), Decimal(0))


class _Flow:
    """How long energy had flowed by any moment, in hours."""

    def __init__(self, flows: Sequence[tuple[datetime, datetime]]) -> None:
        self.flows = sorted(flows)
        self.begins = [begin for begin, _end in self.flows]
        self.before = list(accumulate((hours_between(*one) for one in self.flows), initial=Decimal(0)))

    def until(self, moment: datetime) -> Decimal:
        index = bisect_right(self.begins, moment)
        if not index:
            return Decimal(0)
        begin, end = self.flows[index - 1]
        return self.before[index - 1] + hours_between(begin, min(end, moment))


def zone_between(told: datetime, since: datetime, until: datetime) -> timedelta:
    """Return how far stamps of another zone are moved, so that one of them lies between two moments of ours.

    What is off by less than a step is no zone: a car plugged in before the START, a message that was late.
    """
    early = utc(since) - utc(told)
    gap = early if early > timedelta(0) else min(utc(until) - utc(told), timedelta(0))
    return round(gap / ZONE_STEP) * ZONE_STEP if abs(gap) >= ZONE_STEP else timedelta(0)


def rest_between(told: datetime, since: datetime, until: datetime) -> timedelta:
    """Return how far a moment still lies outside two of ours: a clock that is minutes off, a car that was plugged in
    early. Where a few minutes make another price, the driver pays the lower one (rules 31, 32)."""
    rest = max(utc(since) - utc(told), timedelta(0)) or min(utc(until) - utc(told), timedelta(0))
    return rest if abs(rest) > WHOLE_SECONDS else timedelta(0)


def shift_periods(periods: Sequence[ChargingPeriod], by: timedelta) -> tuple[ChargingPeriod, ...]:
    """Return charging periods as they are by another clock: tariffs' hours are those of the true time (rule 31)."""
    return tuple(replace(period, start=period.start + by) for period in periods)
