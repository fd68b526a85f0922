"""The model of a larger installation does what queues do."""

from rehearsal.bench.scale import MOST, Costs, play

COSTS = Costs(web_commit=1.0, web_push=0.5, database_commit=0.4, database_push=0.1)


def test_alone_a_push_takes_what_it_costs() -> None:
    """Hardly any meets another: 1.5 ms here and 0.5 ms in the database."""
    found = play(10, 4, 4, COSTS, seconds=20)
    assert round(found.p50, 6) == 2.0
    assert round(found.shared, 1) == 1.0
    assert 0.002 < found.web_busy < 0.006
    assert found.left == 0


def test_busier_processes_share_commits_and_take_longer() -> None:
    calm, busy = play(500, 4, 4, COSTS), play(4000, 4, 4, COSTS)
    assert calm.shared < 1.5 < busy.shared < MOST
    assert calm.p99 < busy.p99
    assert busy.left < 4000 * 0.02


def test_more_than_fits_is_left_waiting() -> None:
    """Four threads that take 64 at once in 40 ms do 6,400 a second and no more."""
    found = play(9000, 4, 4, COSTS)
    assert MOST - 4 < found.shared <= MOST
    assert 0.15 < found.left / (9000 * 5) < 0.35
    assert play(9000, 16, 16, COSTS).left < 100


def test_one_seed_plays_the_same() -> None:
    assert play(3000, 8, 2, COSTS) == play(3000, 8, 2, COSTS)
