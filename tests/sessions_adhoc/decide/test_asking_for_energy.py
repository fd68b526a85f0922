"""A CPO that does not push its Sessions: while we wait for energy it is asked for meter values (G5.4, rule 17)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from sessions_adhoc.decide import decide
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import T0, at, attempt, done, facts, ocpi_session, rules


def validating(**changes: Any):
    return facts(State.VALIDATING, attempt=attempt(session=ocpi_session(), **changes))


@pytest.mark.parametrize(
    ("asked_at", "now", "look_again"),
    [
        (None, T0, at(seconds=90)),
        (T0, at(seconds=89), at(seconds=90)),
        (at(seconds=90), at(seconds=120), at(seconds=180)),
    ],
)
def test_a_meter_value_is_waited_for(asked_at: datetime | None, now: datetime, look_again: datetime) -> None:
    decision = decide(validating(pull_asked_at=asked_at), now)
    assert (decision.to, done(decision), decision.check_at) == (None, [], look_again)


@pytest.mark.parametrize(("asked_at", "now"), [(None, at(seconds=90)), (at(seconds=90), at(seconds=180))])
def test_an_overdue_meter_value_is_asked_for_again_and_again(asked_at: datetime | None, now: datetime) -> None:
    decision = decide(validating(pull_asked_at=asked_at), now)
    assert (decision.to, done(decision), decision.check_at) == (
        None,
        ["pull_sessions"],
        at(seconds=90, minutes=0) + (now - T0),
    )


def test_the_time_for_energy_is_not_made_longer_by_asking() -> None:
    slow = replace(validating(), rules=rules(energy_timeout=at(seconds=100) - T0))
    assert decide(slow, at(seconds=90)).check_at == at(seconds=100)
    assert decide(slow, at(seconds=100)).reason == "no_energy"
