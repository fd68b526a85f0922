"""Whether a CDR can be true, and what the driver pays for it (rule 32)."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from billing import plausibility
from billing.plausibility import (
    Claimed,
    Doubt,
    Judgement,
    Known,
    Verdict,
    believable,
    flowing,
    judge,
    parked_as_metered,
    rest_between,
    shift_periods,
    zone_between,
)
from billing.pricing import ChargingPeriod, Reading
from ocpi.versions.times import EARLIEST, LATEST

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
CDR = Claimed("C1", Decimal(5), Decimal("3.01"), "EUR", NOON, NOON + HOUR)
KNOWN = Known(metered=Decimal(5), reach=Decimal(0), start=NOON, end=NOON + HOUR, price=Decimal("3.01"))


Summary = tuple[Verdict, str, str, list[Doubt]]


def judged(known: Any = KNOWN, **said: Any) -> Judgement:
    values: dict[str, Any] = {
        name: Decimal(value) if name in ("energy", "total") and value is not None else value
        for name, value in said.items()
    }
    return judge(replace(CDR, **values), known)


def knowing(**facts: Any) -> Known:
    numbers = ("metered", "reach", "price", "most_per_kwh")
    values: dict[str, Any] = {
        name: Decimal(value) if name in numbers and value is not None else value for name, value in facts.items()
    }
    return replace(KNOWN, **values)


def summary(judgement: Judgement) -> Summary:
    """(verdict, pays, claim, what is in doubt)."""
    doubts = [doubt for doubt, _words in judgement.doubts]
    return judgement.verdict, str(judgement.pays), str(judgement.claim), doubts


def held(doubt: Doubt) -> Summary:
    return Verdict.HOLD, "0", "0", [doubt]


def words(judgement: Judgement) -> str:
    return " ".join(text for _doubt, text in judgement.doubts)


# Its energy


def test_what_was_metered_is_billed() -> None:
    assert summary(judged()) == (Verdict.BILL, "3.01", "0", [])


@pytest.mark.parametrize(
    ("energy", "reach", "verdict"),
    [
        ("5.1", "0", Verdict.BILL),  # 2 %
        ("5.1001", "0", Verdict.HOLD),
        ("7.14", "2", Verdict.BILL),  # what could be delivered until the end, and 2 % of all
        ("7.1401", "2", Verdict.HOLD),
        ("5.1001", None, Verdict.HOLD),  # of unknown power: nothing more is believed
        ("5", None, Verdict.BILL),
    ],
)
def test_energy_beyond_what_could_be_delivered_is_held(energy: str, reach: str | None, verdict: Verdict) -> None:
    result = judged(knowing(reach=reach, price="4"), energy=energy, total="4")
    assert result.verdict is verdict
    assert [doubt for doubt, _ in result.doubts] == ([Doubt.TOO_MUCH_ENERGY] if verdict is Verdict.HOLD else [])


def test_both_figures_are_told() -> None:
    assert words(judged(knowing(reach="2"), energy="50")) == (
        "CDR C1 says 50 kWh, the meter said 5 kWh, and 7 kWh at most could have been delivered until the end."
    )
    assert words(judged(energy="50")) == "CDR C1 says 50 kWh, the meter said 5 kWh."


@pytest.mark.parametrize(
    ("energy", "reach", "outcome"),
    [
        ("20", "20", (Verdict.BILL, "3.01", "0", [])),
        ("20.5", "20", held(Doubt.TOO_MUCH_ENERGY)),
        ("1", None, held(Doubt.TOO_MUCH_ENERGY)),
        ("0", "20", (Verdict.NOTHING, "0", "0", [])),
    ],
)
def test_without_a_session_the_connector_tells_what_can_be_true(energy: str, reach: str | None, outcome: Any) -> None:
    assert summary(judged(knowing(metered=None, reach=reach), energy=energy)) == outcome


def test_without_a_session_it_is_told_what_the_connector_can_do() -> None:
    assert words(judged(knowing(metered=None, reach="20"), energy="50")) == (
        "CDR C1 says 50 kWh, no meter value came, and the connector could deliver 20 kWh at most."
    )
    assert words(judged(knowing(metered=None, reach=None), energy="50")) == (
        "CDR C1 says 50 kWh. No meter value came, and the connector's power is not known."
    )


@pytest.mark.parametrize("total", ["1.23", "0", None])
def test_no_energy_costs_nothing_whatever_the_total_says(total: str | None) -> None:
    assert summary(judged(knowing(metered="0"), energy="0", total=total)) == (Verdict.NOTHING, "0", "0", [])


def test_a_cdr_that_agrees_with_the_meter_does_not_wait_for_the_session() -> None:
    assert judged(knowing(over=False)).verdict is Verdict.BILL


@pytest.mark.parametrize("energy", ["0", "1", "4.8999"])
def test_less_than_was_metered_is_an_interim_cdr_while_the_session_goes_on(energy: str) -> None:
    assert summary(judged(knowing(over=False), energy=energy)) == (Verdict.WAIT, "0", "0", [])


@pytest.mark.parametrize(
    ("total", "price", "pays", "claim", "doubts"),
    [
        ("3.01", "1.81", "1.81", "1.20", [Doubt.LESS_ENERGY, Doubt.OTHER_PRICE]),
        ("1.84", "1.81", "1.81", "0", [Doubt.LESS_ENERGY]),
        ("1.50", "1.81", "1.50", "0.00", [Doubt.LESS_ENERGY, Doubt.OTHER_PRICE]),
    ],
)
def test_less_than_was_metered_is_billed_by_the_smaller_once_the_session_is_over(
    total: str, price: str, pays: str, claim: str, doubts: list[Doubt]
) -> None:
    result = judged(knowing(price=price), energy="3", total=total)
    assert summary(result) == (Verdict.BILL, pays, claim, doubts)
    assert result.doubts[0][1] == "CDR C1 says 3 kWh, the meter said 5 kWh."


def test_a_cdr_without_energy_for_a_session_that_delivered_is_held() -> None:
    result = judged(energy="0")
    assert summary(result) == held(Doubt.NO_ENERGY)
    assert words(result) == "CDR C1 says 0 kWh, the meter said 5 kWh."


# Its price


@pytest.mark.parametrize(
    ("total", "price", "pays", "claim", "doubts"),
    [
        ("3.06", "3.01", "3.06", "0", []),
        ("3.07", "3.01", "3.01", "0.06", [Doubt.OTHER_PRICE]),
        ("2.96", "3.01", "2.96", "0", []),
        ("2.95", "3.01", "2.95", "0.00", [Doubt.OTHER_PRICE]),
        ("30.30", "30.00", "30.30", "0", []),
        ("30.31", "30.00", "30.00", "0.31", [Doubt.OTHER_PRICE]),
        ("39.99", "3.01", "3.01", "36.98", [Doubt.OTHER_PRICE]),
        ("3.00", "0", "0", "3.00", [Doubt.OTHER_PRICE]),
    ],
)
def test_the_driver_pays_the_price_shown_and_no_more(
    total: str, price: str, pays: str, claim: str, doubts: Any
) -> None:
    assert summary(judged(knowing(price=price), total=total)) == (Verdict.BILL, pays, claim, doubts)


def test_the_difference_is_told() -> None:
    assert words(judged(total="39.99")) == (
        "CDR C1 says 39.99 EUR. By the tariff that the driver was shown it comes to 3.01 EUR."
    )


@pytest.mark.parametrize(
    ("total", "most", "outcome"),
    [
        ("7.50", "1.50", (Verdict.BILL, "7.50", "0", [])),
        ("7.51", "1.50", held(Doubt.NO_PRICE)),
        ("1.00", None, held(Doubt.NO_PRICE)),
    ],
)
def test_without_a_tariff_only_what_is_usual_is_taken(total: str, most: str | None, outcome: Any) -> None:
    assert summary(judged(knowing(price=None, most_per_kwh=most), total=total)) == outcome


def test_without_a_tariff_it_is_told_why() -> None:
    assert words(judged(knowing(price=None, most_per_kwh="1.5"), total="8")) == (
        "CDR C1 says 8.00 EUR for 5 kWh, and no tariff was known. At 1.50 EUR per kWh it is 7.50 EUR at most."
    )
    assert words(judged(knowing(price=None), total="8", currency="CZK")) == (
        "CDR C1 says 8.00 CZK for 5 kWh, and no tariff was known. The policy names no highest price in CZK."
    )
    short = judged(knowing(price=None, most_per_kwh="1.5"), energy="3", total="4")
    assert summary(short) == (Verdict.BILL, "4", "0", [Doubt.LESS_ENERGY])


@pytest.mark.parametrize(
    ("total", "price", "outcome"),
    [
        ("7.00", "7.00", (Verdict.BILL, "7.00", "0", [])),
        ("7.00", "3.01", (Verdict.BILL, "3.01", "3.99", [Doubt.OTHER_PRICE])),
        ("7.51", "7.51", held(Doubt.NO_PRICE)),
    ],
)
def test_a_tariff_that_only_the_cdr_carries_makes_nothing_usual(total: str, price: str, outcome: Any) -> None:
    result = judged(knowing(price=price, carried="T-1", most_per_kwh="1.5"), total=total)
    assert summary(result) == outcome
    if outcome[3] == [Doubt.OTHER_PRICE]:
        assert words(result) == "CDR C1 says 7.00 EUR. By the tariff in it, T-1, it comes to 3.01 EUR."


def test_a_gross_that_is_not_known_is_never_the_net() -> None:
    assert summary(judged(total=None)) == held(Doubt.NO_PRICE)


# Its times and its place


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        (0, 60, True),
        (-5, 65, True),
        (-6, 60, False),
        (0, 66, False),
        (-24 * 60, -23 * 60, False),
        (120, 180, True),  # local time sent as UTC
        (120, 186, False),
        (-119, -70, True),
        (23 * 60, 24 * 60, False),
        (30, 29, False),
    ],
)
def test_its_times_lie_inside_the_sessions(start: int, end: int, fits: bool) -> None:
    minutes = timedelta(minutes=1)
    result = judged(start=NOON + start * minutes, end=NOON + end * minutes)
    assert summary(result) == ((Verdict.BILL, "3.01", "0", []) if fits else held(Doubt.OTHER_TIMES))


def test_a_clock_that_jumped_meanwhile_is_no_doubt() -> None:
    jumped = {"start": NOON + 26 * HOUR, "end": NOON + 27 * HOUR}
    assert judged(**jumped).verdict is Verdict.HOLD
    assert judged(knowing(shift=-26 * HOUR), **jumped).verdict is Verdict.BILL


def test_a_session_that_ends_before_it_began_tells_nothing_of_times() -> None:
    """Their clock jumped back during the charge (rule 31)."""
    jumped = knowing(start=NOON, end=NOON - 13 * HOUR)
    assert judged(jumped, start=NOON - 14 * HOUR, end=NOON - 13 * HOUR).verdict is Verdict.BILL
    assert judged(jumped, start=NOON, end=NOON - HOUR).verdict is Verdict.HOLD


def test_times_that_no_session_told_are_not_doubted() -> None:
    assert judged(knowing(start=None, end=None)).verdict is Verdict.BILL
    assert judged(knowing(end=None), end=NOON + 5 * HOUR).verdict is Verdict.BILL
    assert judged(knowing(start=None)).verdict is Verdict.BILL


def test_other_times_are_told() -> None:
    late = judged(start=NOON, end=NOON + 3 * HOUR)
    assert words(late) == (
        "CDR C1 lasts from 4 May 12:00 to 4 May 15:00, its Session from 4 May 12:00 to 4 May 13:00 (the CPO's time)."
    )
    assert words(judged(knowing(start=None), end=NOON + 3 * HOUR)).endswith(
        "its Session to 4 May 13:00 (the CPO's time)."
    )


def test_another_connector_is_held() -> None:
    result = judged(knowing(place="EVSE E-2"))
    assert summary(result) == held(Doubt.OTHER_PLACE)
    assert words(result) == "CDR C1 is about EVSE E-2, which is not where this driver charged."
    assert judged(knowing(place="EVSE E-2", price=None, most_per_kwh="1.5")).verdict is Verdict.HOLD


# Its periods


def period(minutes: int = 0, **volumes: Any) -> ChargingPeriod:
    return ChargingPeriod(NOON + timedelta(minutes=minutes), {name: Decimal(value) for name, value in volumes.items()})


@pytest.mark.parametrize(
    ("periods", "believed"),
    [
        ([period(ENERGY="2", TIME="0.5"), period(30, ENERGY="3", PARKING_TIME="0.5")], True),
        ([period(ENERGY="5.1", TIME="1.08")], True),
        ([period(ENERGY="50", TIME="1")], False),
        ([period(ENERGY="5", TIME="1.09")], False),
        ([period(ENERGY="5", PARKING_TIME="100")], False),
        ([period(-6, ENERGY="5", TIME="1")], False),
        ([period(66, ENERGY="5", TIME="1")], False),
    ],
)
def test_periods_add_up_to_the_cdr_or_are_not_believed(periods: list[ChargingPeriod], believed: bool) -> None:
    one = (ChargingPeriod(NOON, {"ENERGY": Decimal(5), "TIME": Decimal(1)}),)
    assert believable(periods, CDR) == (tuple(periods) if believed else one)


@pytest.mark.parametrize(
    ("told", "by"),
    [(0, 0), (5, 0), (-14, 0), (19, 0), (490, -480), (-480, 480), (-475, 480), (35, -30)],
)
def test_stamps_of_another_zone_are_moved_between_two_moments_of_ours(told: int, by: int) -> None:
    """The START at minute 0, the Session seen at minute 5; `told` and `by` in minutes."""
    since = CDR.start
    start = since + timedelta(minutes=told)
    assert zone_between(start, since, since + timedelta(minutes=5)) == timedelta(minutes=by)
    period = ChargingPeriod(start, {})
    assert shift_periods([period], timedelta(minutes=by)) == (ChargingPeriod(start + timedelta(minutes=by), {}),)


@pytest.mark.parametrize(
    ("told", "meant", "began"), list(product([EARLIEST, LATEST, NOON], [EARLIEST, LATEST], [EARLIEST, LATEST, NOON]))
)
def test_every_moment_that_is_read_can_be_reckoned_with(told: Any, meant: Any, began: Any) -> None:
    """A CDR's start, the true time, and the start of one of its periods: each as far away as a message can say."""
    zone = zone_between(told, meant, meant)
    by = zone + rest_between(told + zone, meant, meant)
    (moved,) = shift_periods([ChargingPeriod(began, {})], by)
    assert (told + by, moved.start - began) == (meant, by)


# Parking, by the meter


def read(*values: tuple[float, float]) -> list[Reading]:
    """(minute, kWh) each."""
    return [Reading(NOON + timedelta(minutes=minute), Decimal(str(kwh))) for minute, kwh in values]


def minute_of(moment: datetime) -> float:
    return round((moment - NOON).total_seconds() / 60, 2)


def minutes_of(readings: list[Reading], most_kw: Decimal | None = Decimal(150)) -> list[tuple[float, float]]:
    return [(minute_of(begin), minute_of(end)) for begin, end in flowing(readings, most_kw)]


@pytest.mark.parametrize(
    ("values", "most_kw", "flows"),
    [
        ([], 150, []),
        ([(0, 0)], 150, []),
        ([(0, 0), (0, 3)], 150, []),  # a stamp told twice
        ([(0, 0), (2, 1)], 150, [(0, 2)]),
        ([(0, 0), (2, 1), (4, 2), (6, 2)], 150, [(0, 2), (2, 4)]),
        ([(0, 0), (2, 1), (4, 1.5), (6, 1.5)], 150, [(0, 2), (2, 3)]),  # it ends between two readings
        ([(0, 0), (2, 0), (4, 0.5), (6, 1.5)], 150, [(2, 3), (4, 6)]),
        ([(0, 0), (4, 0.02)], 150, []),  # 0.3 kW: no car charges so
        ([(0, 3), (2, 2)], 150, []),
        ([(0, 0), (40, 5)], 150, [(0, 2)]),  # the meter was silent: at the connector's power
        ([(0, 0), (40, 5)], None, []),
        ([(2, 1), (0, 0)], 150, []),
    ],
)
def test_when_energy_surely_flowed(values: Any, most_kw: int | None, flows: Any) -> None:
    assert minutes_of(read(*values), None if most_kw is None else Decimal(most_kw)) == flows


@pytest.mark.parametrize(
    ("told", "by"),
    [(0, 0), (5, 0), (-3, 180), (8, -180), (-1 / 60, 0), (5 + 1 / 60, 0)],
)
def test_what_is_left_of_minutes_outside_two_moments_of_ours(told: float, by: int) -> None:
    rest = rest_between(NOON + timedelta(minutes=told), NOON, NOON + timedelta(minutes=5))
    assert rest == timedelta(seconds=by)


def parking(*periods: tuple[float, float, float]) -> list[tuple[float, float]]:
    """(minute, minutes of charging, of parking) each, in a charge of 40 minutes of which energy flowed in 20: what the
    meter makes of them."""
    told = [
        ChargingPeriod(
            NOON + timedelta(minutes=at),
            {"ENERGY": Decimal(1), "TIME": Decimal(str(time)) / 60, "PARKING_TIME": Decimal(str(parked)) / 60},
        )
        for at, time, parked in periods
    ]
    flows = flowing(read((0, 0), (10, 5), (20, 10), (40, 10)), None)
    made, hours = parked_as_metered(told, NOON + timedelta(minutes=40), flows)
    assert hours == sum((one.volume("TIME") for one in made), Decimal(0)) - sum(
        (one.volume("TIME") for one in told), Decimal(0)
    )
    return [
        (round(float(one.volume("TIME")) * 60, 2), round(float(one.volume("PARKING_TIME")) * 60, 2)) for one in made
    ]


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ([(0, 20, 20)], [(20, 20)]),
        ([(0, 0, 40)], [(20, 20)]),
        ([(0, 19, 21)], [(19, 21)]),  # the meter is no finer
        ([(0, 17, 23)], [(20, 20)]),
        ([(0, 10, 0), (10, 0, 30)], [(10, 0), (10, 20)]),
        ([(0, 20, 0), (20, 0, 20)], [(20, 0), (0, 20)]),
        ([(0, 0, 0), (0, 0, 40)], [(0, 0), (20, 20)]),
        ([(0, 0, 5)], [(0, 5)]),
        ([(-5, 0, 5), (0, 20, 20)], [(0, 5), (20, 20)]),  # it began before the meter was read
    ],
)
def test_parking_is_none_where_the_meter_shows_energy(
    told: list[tuple[int, int, int]], made: list[tuple[int, int]]
) -> None:
    assert parking(*told) == made


def test_many_periods_and_many_readings_cost_no_more_than_both() -> None:
    values = [(number / 6, number / 10) for number in range(3_000)]
    flows = flowing(read(*values), None)
    told = [ChargingPeriod(NOON + timedelta(seconds=10 * n), {"PARKING_TIME": Decimal("0.0027")}) for n in range(3_000)]
    began = time.process_time()
    made, hours = parked_as_metered(told, NOON + timedelta(seconds=30_000), flows)
    assert time.process_time() - began < 5
    assert (len(made), round(hours, 1)) == (3_000, Decimal("8.1"))


def test_a_price_that_the_meter_lowers_says_so() -> None:
    found = judged(knowing(price="4.49", charged=Decimal("0.4667")), total="7.93")
    assert (found.pays, found.claim) == (Decimal("4.49"), Decimal("3.44"))
    assert found.doubts[0][1].endswith("For 28 min that it calls parking the meter shows energy.")


def test_what_the_meter_says_and_what_is_asked_may_differ_by_little() -> None:
    assert plausibility.agrees_in_energy(Decimal(10), Decimal("10.2"))
    assert not plausibility.agrees_in_energy(Decimal(10), Decimal("10.3"))
    assert plausibility.can_be_delivered(Decimal("10.2"), Decimal(10))
    assert not plausibility.can_be_delivered(Decimal("10.3"), Decimal(10))
    assert plausibility.agreed(Decimal("10.1"), Decimal(10)) == Decimal("10.1")
    assert plausibility.agreed(Decimal("10.2"), Decimal(10)) == 10
    assert plausibility.agreed(Decimal(9), Decimal(10)) == 9
