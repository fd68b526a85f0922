"""Every deviation is found, and nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from rehearsal.scenarios.plays.case import Expected
from rehearsal.scenarios.plays.judging import deviations
from rehearsal.scenarios.plays.outcome import Money, Outcome

MONEY = Money(
    reserved=4000,
    state="captured",
    captured=160,
    gateway_state="captured",
    gateway_captured=160,
    gateway_released=3840,
    gateway_held=0,
    gateway_charges=1,
    gateway_captures=1,
    billed=160,
)
GOOD = Outcome(
    state="settled",
    reason="",
    path=("created", "authorizing", "authorized", "starting", "validating", "charging", "awaiting_cdr", "settled"),
    attempts=1,
    starts=(1,),
    stops=(),
    sessions=("valid",),
    opened=(),
    closed=(),
    verdict="Charging is over.",
    money=MONEY,
    signs=frozenset({"token revoked", "one CDR kept"}),
)
SETTLED = Expected(
    "settled",
    money="captured",
    sessions=("valid",),
    passes=("starting", "charging", "settled"),
    verdict="Charging",
    signs=("one CDR kept",),
)
HELD = replace(
    MONEY,
    state="reserved",
    captured=0,
    gateway_state="reserved",
    gateway_captured=0,
    gateway_released=0,
    gateway_held=4000,
    gateway_captures=0,
)


def test_a_good_outcome_has_no_deviation() -> None:
    assert deviations(SETTLED, GOOD) == []


def test_at_most_what_was_reserved_is_captured() -> None:
    most = replace(MONEY, captured=4000, gateway_captured=4000, gateway_released=0, billed=9999)
    assert deviations(SETTLED, replace(GOOD, money=most)) == []


def test_all_that_was_reserved_is_captured_and_the_rest_is_a_receivable() -> None:
    expected = replace(SETTLED, money="all")
    all_of_it = replace(MONEY, captured=4000, gateway_captured=4000, gateway_released=0, billed=4321, receivable=321)
    assert deviations(expected, replace(GOOD, money=all_of_it)) == []
    found = deviations(expected, replace(GOOD, money=replace(all_of_it, receivable=0)))
    assert found == ["the receivable: expected 321, found 0"]
    assert "something is owed beyond the reservation: expected True, found False" in deviations(expected, GOOD)


def test_a_driver_who_presses_again_has_a_second_stop() -> None:
    twice = replace(GOOD, stops=(2,))
    assert deviations(replace(SETTLED, stops=2, stops_each=2), twice) == []
    once = deviations(replace(SETTLED, stops=2), twice)
    assert once == ["a Session was stopped more often than anybody asked for"]


def test_held_money_needs_an_open_incident() -> None:
    expected = Expected("escalated", "cdr_missing", money="held", sessions=("valid",), opened=("CDR missing",))
    found = replace(GOOD, state="escalated", reason="cdr_missing", opened=("CDR missing",), money=HELD)
    assert deviations(expected, found) == []
    silent = deviations(replace(expected, opened=()), replace(found, opened=()))
    assert silent == ["money is held without an open incident"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": "failed"}, "state: expected settled, found failed"),
        ({"reason": "no_session"}, "reason: expected none, found no_session"),
        ({"attempts": 2, "starts": (1, 1)}, "attempts: expected 1, found 2"),
        ({"starts": (2,)}, "more START_SESSIONs than attempts"),
        ({"stops": (2,)}, "a Session was stopped more often than anybody asked for"),
        ({"sessions": ("valid", "late")}, "OCPI sessions: expected valid, found valid, late"),
        ({"opened": ("CDR missing",)}, "open incidents: expected none, found CDR missing"),
        ({"path": ("created", "settled")}, "it must pass starting > charging > settled"),
        ({"verdict": "No news"}, "the verdict must begin 'Charging', it is 'No news'"),
        ({"signs": frozenset({"token revoked"})}, "missing: one CDR kept"),
        ({"signs": frozenset({"one CDR kept"})}, "the one-off token still works"),
        ({"money": replace(MONEY, captured=150)}, "captured by our books: expected 160, found 150"),
        ({"money": replace(MONEY, gateway_captured=150)}, "captured by the gateway's: expected 160, found 150"),
        ({"money": replace(MONEY, gateway_released=0)}, "released by the gateway's: expected 3840, found 0"),
        ({"money": replace(MONEY, gateway_captures=2)}, "the gateway was asked to capture more than once"),
        ({"money": replace(MONEY, gateway_charges=2)}, "the gateway reserved more than once"),
        ({"money": replace(MONEY, billed=0)}, "something was billed: expected True, found False"),
    ],
)
def test_every_deviation_is_said(change: Any, words: str) -> None:
    assert words in deviations(SETTLED, replace(GOOD, **change))
