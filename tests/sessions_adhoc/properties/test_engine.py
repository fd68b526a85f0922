"""The engine under any history: news in any order, twice, late or never; lost tasks; workers that die anywhere.

Rules 1, 10, 12, 24 to 27 and 29, the table of states, and: every session ends, or staff know of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import event, given
from hypothesis import strategies as st

from tests.sessions_adhoc.properties import holding
from tests.sessions_adhoc.properties.engine_world import World
from tests.support.examples import examples

pytestmark = pytest.mark.django_db

DIES = st.none() | st.integers(1, 60)
FIRST, SECOND = st.just(0), st.integers(0, 2)
ANSWERS = ["ACCEPTED", "REJECTED", "TIMEOUT", "broken", "error", "word", "unreachable"]
RESULTS = st.sampled_from(["ACCEPTED", "REJECTED", "EVSE_OCCUPIED", "FAILED", "TIMEOUT"])
KINDS = st.sampled_from(["START_SESSION", "STOP_SESSION"])
METHODS = st.sampled_from(
    [
        "pm_sim_ok",
        "pm_sim_ok",
        "pm_sim_slow",
        "pm_sim_declined",
        "pm_sim_unreachable",
        "pm_sim_reserves_then_times_out",
        "pm_sim_captures_then_times_out",
        "pm_sim_expires",
        "pm_sim_capture_refused",
    ]
)
WHICH = st.sampled_from([0, 0, 0, 1])
NUMBER = st.sampled_from([0, 0, 0, 0, 1])
STATUSES = st.sampled_from(["PENDING", "ACTIVE", "ACTIVE", "ACTIVE", "COMPLETED", "INVALID"])
HOW = st.sampled_from(["once", "once", "once", "twice", "kept", "old", "elsewhere"])
CHARGES = st.tuples(st.just("charge"), WHICH, NUMBER, STATUSES, st.sampled_from([0.0, 0.0, 0.02, 5.0, -0.5]), HOW, DIES)
CDRS = st.tuples(
    st.just("cdr"),
    WHICH,
    NUMBER,
    st.sampled_from(["usual", "usual", "usual", "again", "credit", "currency", "no energy"]),
    st.sampled_from([3.21, 0.0, 99.0]),
    DIES,
)
STEPS = st.one_of(
    CHARGES,
    CHARGES,
    CDRS,
    st.tuples(st.just("work"), DIES),
    st.tuples(st.just("work"), st.none()),
    st.tuples(st.just("sweep"), DIES),
    st.tuples(st.just("wait"), st.sampled_from([0, 1, 5, 30, 61, 120, 301, 1000, 5000])),
    st.tuples(st.just("pass"), st.sampled_from([1, 3, 6, 31])),
    st.tuples(st.just("lose")),
    st.tuples(st.just("start"), METHODS, DIES),
    st.tuples(st.just("leave"), st.integers(0, 1), st.sampled_from(["stop", "cancel"]), DIES),
    st.tuples(st.just("staff"), st.integers(0, 1), st.sampled_from(["check", "release", "capture", "refund"]), DIES),
    st.tuples(st.just("answers"), KINDS, st.sampled_from(ANSWERS)),
    st.tuples(
        st.just("offers"), st.sampled_from(["sessions", "cdrs"]), st.sampled_from(["ok", "broken", "unreachable"])
    ),
    st.tuples(
        st.just("connector"),
        st.sampled_from(["AVAILABLE", "BLOCKED", "CHARGING", "OUTOFORDER"]),
        st.sampled_from([0, 0, 0, 400]),
        DIES,
    ),
    st.tuples(st.just("result"), KINDS, RESULTS, DIES),
)
STARTED = [("start", "pm_sim_ok", None), ("work", None)]
ACTIVE = [*STARTED, ("charge", 0, 0, "ACTIVE", 0.0, "once", None), ("connector", "CHARGING", 0, None), ("work", None)]
CHARGING = [*ACTIVE, ("wait", 30), ("charge", 0, 0, "ACTIVE", 5.0, "once", None), ("work", None)]
OVER = [*CHARGING, ("wait", 60), ("charge", 0, 0, "COMPLETED", 1.0, "once", None), ("work", None)]
STOPPING = [*CHARGING, ("leave", 0, "stop", None), ("work", None)]
BEGINNINGS: Any = st.sampled_from([STARTED[:1], STARTED, ACTIVE, ACTIVE, CHARGING, CHARGING, OVER, STOPPING])
POLICIES = st.fixed_dictionaries(
    {
        "start_strategy": st.sampled_from(["", "", "", "", "wait_for_preparing"]),
        "auto_retry": st.sampled_from(["", "", "always", "never"]),
    }
)


@contextmanager
def forgotten_afterwards() -> Iterator[None]:
    """Every example begins with the same database. For `durable=True`, this counts as the test's own transaction."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        yield
        transaction.set_rollback(True)
    connection.run_on_commit = []


@examples(5)
@given(
    policy=POLICIES,
    power=st.sampled_from(["DC", "DC", "AC_3_PHASE"]),
    beginning=BEGINNINGS,
    steps=st.lists(STEPS, min_size=3, max_size=25),
)
def test_any_history_ends_well(
    cpo: Any, evse: Any, clock: Any, policy: dict[str, str], power: str, beginning: list[Any], steps: list[Any]
) -> None:
    world = World(cpo, clock.traveller)
    with forgotten_afterwards():
        world.begin(policy, power)
        for step in [*beginning, *steps]:
            world.act(step)
            holding.at_every_moment(world)
        world.do_pass(27 * 60)
        holding.at_every_moment(world)
        holding.at_the_end(world)
        for session in world.sessions:
            event(f"ended {session.state} {session.reason}")
