"""The plan of a torture run follows from its seed."""

import pytest

from cpo_simulator.scenarios.courses import SCENARIOS
from rehearsal.bench.torture.plan import CASTS, DOWN_SECONDS, TARGETS, make


def test_the_same_seed_makes_the_same_plan() -> None:
    assert make(7, 50, 60) == make(7, 50, 60)
    assert make(7, 50, 60) != make(8, 50, 60)


@pytest.mark.parametrize("seed", range(5))
def test_everything_lies_within_the_run(seed: int) -> None:
    plan = make(seed, 50, 60)
    assert len(plan.visits) == 50
    assert all(0 <= visit.at <= 60 for visit in plan.visits)
    assert all(0 < blow.at <= 60 for blow in plan.blows)
    assert all(DOWN_SECONDS[0] <= blow.down <= DOWN_SECONDS[1] for blow in plan.blows)


@pytest.mark.parametrize("seed", range(5))
def test_postgresql_is_hit_once_and_the_others_often(seed: int) -> None:
    targets = [blow.target for blow in make(seed, 1, 240).blows]
    assert targets.count("postgres") == 1
    assert len(targets) == 40
    assert set(targets) <= {"postgres", *(name for _often, name in TARGETS)}


def test_the_simulated_cpo_knows_every_scenario() -> None:
    assert {name for _often, name, _payment in CASTS} <= set(SCENARIOS)
