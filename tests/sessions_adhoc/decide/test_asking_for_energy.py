"""A CPO that does not push its Sessions: while we wait for energy it is asked for meter values (G5.4, rule 17)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from sessions_adhoc.decide import decide
from sessions_adhoc.decide.session_facts import Facts
from sessions_adhoc.states import State
from tests.sessions_adhoc.decide.building import T0, at, attempt, done, facts, ocpi_session, rules


def validating(**changes: Any) -> Facts:
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


@pytest.mark.parametrize("lost", [{"session": ocpi_session(news_at=T0)}, {"connector_contradicts_at": T0}])
def test_where_energy_has_long_time_silence_or_a_contradiction_ends_it_without_another_try(
    lost: dict[str, Any],
) -> None:
    session = ocpi_session(news_at=at(minutes=29))
    patient = facts(
        State.VALIDATING,
        attempt=attempt(**{"session": session, "pull_asked_at": at(minutes=29), **lost}),
        rules=rules(energy_timeout=timedelta(hours=2), auto_retry="always", retry_window=timedelta(hours=2)),
    )
    before = decide(patient, at(minutes=29))
    assert (before.to, before.check_at) == (None, at(minutes=30))
    decision = decide(patient, at(minutes=30))
    assert (decision.to, decision.reason) == (State.FAILED, "no_energy")
    assert done(decision) == ["send_stop", "close_attempt", "let_go", "revoke_token"]
