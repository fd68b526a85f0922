"""Lines and VAT of receipts: in minor units, and always to the total."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.pricing import Cost, CostLine, Dimension
from billing.receipts.lines import Line, VatLine, given_back, lines_of, vat_of

ENERGY = CostLine(
    Dimension.ENERGY,
    Decimal("20.5"),
    Decimal("0.49"),
    Decimal(23),
    Decimal("10.045"),
    Decimal("12.35535"),
    "EUR",
    Decimal("10.045"),
    Decimal(20500),
)
FEE = CostLine(
    Dimension.FLAT, Decimal(1), Decimal(1), Decimal(10), Decimal(1), Decimal("1.10"), "EUR", Decimal(1), Decimal(1)
)
COST = Cost("EUR", Decimal("11.05"), Decimal("13.46"), (ENERGY, FEE))


def test_they_are_what_was_shown() -> None:
    assert lines_of(COST, 1346, "EUR", None, "") == [
        Line("energy", "Energy", 1236, "23", "20.5", "kWh", "0.6027"),
        Line("flat", "Fee per session", 110, "10", "1", "", "1.1"),
    ]


def test_a_cent_is_rounding_and_more_is_a_line_with_its_reason() -> None:
    assert lines_of(COST, 1345, "EUR", None, "why")[2:] == [Line("rounding", "Rounding", -1, "23")]
    assert lines_of(COST, 1200, "EUR", None, "why")[2:] == [Line("difference", "why", -146, "23")]
    assert lines_of(COST, 1500, "EUR", None, "why")[2:] == [Line("difference", "why", 154, "23")]


@pytest.mark.parametrize(
    ("cost", "currency"),
    [
        (None, "EUR"),
        (COST, "CZK"),
        (Cost("EUR", Decimal(0), Decimal(0), ()), "EUR"),
        (Cost("EUR", Decimal(11), None, (replace(ENERGY, incl=None),)), "EUR"),
    ],
)
def test_without_a_price_there_is_one_line(cost: Cost | None, currency: str) -> None:
    whole = "Charging, as the operator billed it"
    assert lines_of(cost, 1000, currency, Decimal("23.00"), "") == [Line("charging", whole, 1000, "23")]
    assert lines_of(cost, 1000, currency, None, "") == [Line("charging", whole, 1000, None)]


def test_reserved_time_and_nothing_at_all() -> None:
    reserved = replace(ENERGY, dimension=Dimension.TIME, reservation=True, quantity=Decimal(0))
    [line, *_] = lines_of(Cost("EUR", None, None, (reserved,)), 1236, "EUR", None, "")
    assert (line.text, line.unit, line.unit_price) == ("Reservation", "h", "0")


def test_vat_by_rate_the_largest_first() -> None:
    lines = [*lines_of(COST, 1346, "EUR", None, ""), Line("difference", "x", -46, "23"), Line("y", "y", 50, None)]
    assert vat_of(lines) == [
        VatLine("23", 967, 223, 1190),
        VatLine("10", 100, 10, 110),
        VatLine(None, None, None, 50),
    ]


def test_what_is_given_back_is_so_by_rate() -> None:
    lines = lines_of(COST, 1346, "EUR", None, "")
    assert given_back(lines, 500, "Given back") == [
        Line("given_back", "Given back", -460, "23"),
        Line("given_back", "Given back", -40, "10"),
    ]
    assert [line.gross for line in given_back(lines, 1346, "all")] == [-1236, -110]


RATES = st.sampled_from(["0", "5", "10", "19", "20", "21", "23", "27", None])


@given(st.lists(st.tuples(st.integers(1, 10**6), RATES), min_size=1, max_size=5), st.integers(1, 100))
def test_parts_always_come_to_the_whole(parts: list[tuple[int, str | None]], percent: int) -> None:
    lines = [Line("energy", "Energy", gross, rate) for gross, rate in parts]
    whole = sum(line.gross for line in lines)
    amount = max(1, whole * percent // 100)
    back = given_back(lines, amount, "back")
    assert sum(line.gross for line in back) == -amount
    assert all(line.gross < 0 for line in back)
    for found in (vat_of(lines), vat_of(back)):
        assert all(one.net is None or one.net + (one.vat or 0) == one.gross for one in found)
