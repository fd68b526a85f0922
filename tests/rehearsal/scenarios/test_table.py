"""The table speaks of what there is: scenarios and knobs of the simulated CPO, policy, facts."""

import pytest
from django.core.management import CommandError, call_command

from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.server.wishes import change_behaviour
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.knobs import Knobs
from partners.models import Policy
from rehearsal.scenarios.plays.case import Case
from rehearsal.scenarios.plays.outcome import SIGNS
from rehearsal.scenarios.plays.play import SEEN
from rehearsal.scenarios.plays.table import KNOBS, POLICY, REAL_SECONDS, TABLE, ready
from sessions_adhoc.states import State

EACH_CASE = pytest.mark.parametrize("case", TABLE.values(), ids=lambda case: case.name)


@EACH_CASE
def test_it_plays_a_scenario_that_the_cpo_knows(case: Case) -> None:
    course = SCENARIOS[case.played]
    assert set(case.versions) <= set(course.versions)
    suspends = any(act.what == "suspend" for act in case.acts)
    assert case.own_cpo == (course.whole_server or suspends or bool(case.plan))
    change_behaviour(Behaviour(), {"knobs": {**KNOBS, **case.knobs}})


@EACH_CASE
def test_what_it_agrees_on_and_asks_for_exists(case: Case) -> None:
    Policy(**{**POLICY, **case.policy}).clean_fields(exclude=["partner"])
    for expected in (case.expected, *case.differs.values()):
        assert {expected.state, *expected.passes} <= set(State)
        assert set(expected.signs) <= {*SIGNS, *SEEN}
        assert expected.money in ("captured", "price", "all", "own", "released", "held", "declined")


def test_every_scenario_of_the_cpo_is_played() -> None:
    assert {case.played for case in TABLE.values()} == set(SCENARIOS)


def test_the_list_says_what_the_guide_says(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("scenarios", "--list")
    assert f"{'cdr-never':<38} {TABLE['cdr-never'].guide}" in capsys.readouterr().out


def test_one_scenario_is_played_in_one_version() -> None:
    from rehearsal.management.commands.scenarios import chosen

    (case, whole) = chosen(["happy@2.2", "cdr-never"])
    assert (case.name, case.versions, whole) == ("happy", ("2.2",), TABLE["cdr-never"])
    with pytest.raises(CommandError, match="result-occupied is not played in"):
        chosen(["result-occupied@2.1.1"])


def test_an_unknown_scenario_is_refused() -> None:
    with pytest.raises(CommandError, match="No such scenario: no-such"):
        call_command("scenarios", "no-such")


@pytest.mark.parametrize("name", sorted(REAL_SECONDS))
def test_knobs_in_real_seconds_are_known_as_such(name: str) -> None:
    assert Knobs.unit(name) == "real s"


def test_a_slower_pace_makes_every_second_longer_and_nothing_else() -> None:
    case = ready(TABLE["cpo-down-at-start"], 2)
    assert (case.policy["session_timeout"], case.policy["max_attempts"], case.policy["reservation_amount"]) == (
        2 * POLICY["session_timeout"],
        POLICY["max_attempts"],
        POLICY["reservation_amount"],
    )
    assert (case.knobs["late_cdr"], case.knobs["car_kwh"]) == (2 * KNOBS["late_cdr"], KNOBS["car_kwh"])
    assert (case.acts[0].lasting, case.patience) == (40, 120)
