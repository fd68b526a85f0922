"""A Session that delivers after its end is running (rule 19); a CDR of it is an interim one (rule 27)."""

from decimal import Decimal
from typing import Any

import pytest

from sessions_adhoc.decide import CdrFacts, CommandFacts, Facts, decide
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import ACCEPTED, at, attempt, cdr, done, facts, ocpi_session

BOTH = pytest.mark.parametrize("state", [State.AWAITING_CDR, State.ESCALATED])


def ended(state: State, kwh: str, *, status: str = "ACTIVE", stop: CommandFacts | None = None, **more: Any) -> Facts:
    """Charging was called over at 5 kWh, a minute after the start."""
    session = ocpi_session(status=status, kwh=Decimal(kwh), energy_observed=True, news_at=at(seconds=70))
    told = attempt(session=session, ended_at=at(seconds=60), ended_kwh=Decimal(5), stop=stop)
    return facts(state, attempt=told, charging_ended_at=at(seconds=60), **more)


@BOTH
def test_it_is_stopped_once_by_itself(state: State) -> None:
    assert done(decide(ended(state, "5.5"), at(seconds=70))) == ["renew_stop", "send_stop"]
    by_itself = CommandFacts(state="answered", created_at=at(seconds=70), response="ACCEPTED")
    assert "send_stop" not in done(decide(ended(state, "6", stop=by_itself), at(seconds=80)))


@BOTH
def test_a_stop_from_before_the_end_does_not_count(state: State) -> None:
    earlier = CommandFacts(state="answered", created_at=at(seconds=30), response="ACCEPTED")
    assert done(decide(ended(state, "6", stop=earlier), at(seconds=80))) == ["renew_stop", "send_stop"]


@BOTH
def test_the_driver_may_press_again(state: State) -> None:
    by_itself = CommandFacts(state="answered", created_at=at(seconds=70), response="ACCEPTED")
    pressed = ended(state, "6", stop=by_itself, stop_requested_at=at(seconds=90))
    assert done(decide(pressed, at(seconds=90))) == ["send_stop"]


@BOTH
@pytest.mark.parametrize("facts_of", [("5", "ACTIVE"), ("9", "COMPLETED")])
def test_what_does_not_rise_or_is_over_is_left_alone(state: State, facts_of: tuple[str, str]) -> None:
    kwh, status = facts_of
    assert "send_stop" not in done(decide(ended(state, kwh, status=status), at(seconds=80)))


def test_without_a_known_end_nothing_runs_on() -> None:
    session = ocpi_session(kwh=Decimal(9), energy_observed=True)
    given = facts(State.AWAITING_CDR, attempt=attempt(session=session, ended_at=at(seconds=60)))
    assert "send_stop" not in done(decide(given, at(seconds=80)))


@pytest.mark.parametrize(("state", "looks"), [(State.CHARGING, 140), (State.STOPPING, 120)])
def test_a_cdr_of_an_active_session_waits_for_its_end(state: State, looks: int) -> None:
    session = ocpi_session(kwh=Decimal(10), energy_observed=True, news_at=at(seconds=50))
    came = CdrFacts(energy=Decimal(10), amount=490, came_at=at(seconds=50))
    given = facts(state, attempt=attempt(session=session, stop=ACCEPTED), cdr=came)
    waiting = decide(given, at(seconds=60))
    assert (waiting.to, waiting.check_at) == (None, at(seconds=looks))
    assert decide(given, at(seconds=140)).to == State.AWAITING_CDR


def test_an_interim_cdr_settles_nothing() -> None:
    given = ended(State.AWAITING_CDR, "5", cdr=cdr(energy="1", amount=100))
    assert "capture" not in done(decide(given, at(seconds=80)))
    assert done(decide(ended(State.AWAITING_CDR, "5", cdr=cdr(energy="5", amount=500)), at(seconds=80))) == [
        "capture",
        "check_bill",
    ]
