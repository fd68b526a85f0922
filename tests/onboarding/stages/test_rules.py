"""What each stage asks for, what exactly is said to be missing, and whose turn it is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onboarding.guide import (
    BOTH,
    FAILED,
    GO_LIVE_ACTIONS,
    ORDER,
    PASSED,
    STAGE,
    TEST,
    TESTS,
    Facts,
    HandshakeFacts,
    Side,
    Stage,
    TestFacts,
    Verified,
    ahead,
    blocking,
    condition,
    lacking,
    stage_after,
    verify,
    what_next,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
ALL_ACTIONS = frozenset((action.key, side) for action in GO_LIVE_ACTIONS for side in action.sides)
ALL_PASSED = tuple(TestFacts(test.key, True, PASSED, PASSED if Side.CPO in test.validators else "") for test in TESTS)
CONNECTED = HandshakeFacts(connected=True, confirmed=True)
# Everything there is, in whatever stage.
COMPLETE = Facts(
    now=NOW,
    stage=Stage.PRE_INTEGRATION,
    window_starts_at=NOW,
    window_ends_at=NOW + timedelta(hours=1),
    endpoint="https://ocpi-ion.example/ocpi/emsp/versions",
    endpoint_answers=True,
    token_b_issued=True,
    setup_told=True,
    handshake=CONNECTED,
    check_failed=0,
    tests=ALL_PASSED,
    production_exists=True,
    production_connected=True,
    production_check_failed=0,
    production_charged=True,
    confirmed=ALL_ACTIONS,
)
EMPTY = Facts(now=NOW, stage=Stage.PRE_INTEGRATION, intake_missing=("Token A: missing",))
STAGES_AHEAD = ORDER[:-1]


def at(facts: Any, stage: Any, **changes: Any) -> Any:
    return replace(facts, stage=stage, **changes)


class TestStages:
    def test_it_names_them_as_the_guide_does(self) -> None:
        numbered = [(STAGE[stage].number, STAGE[stage].title, STAGE[stage].duration) for stage in STAGES_AHEAD]
        assert numbered == [
            ("0", "Pre-integration", "1-2 days"),
            ("1", "SFP infrastructure setup", "2-4 hours"),
            ("2", "OCPI handshake", "30-90 minutes"),
            ("3", "Functional testing", "1-3 hours"),
            ("4", "Go-live & sign-off", ""),
        ]
        assert [STAGE[stage].owners for stage in STAGES_AHEAD] == [BOTH, {Side.SFP}, BOTH, BOTH, BOTH]

    def test_it_goes_one_way(self) -> None:
        assert [stage_after(stage) for stage in ORDER] == [*ORDER[1:], None]
        assert stage_after(Stage.OFF_BOARDED) is None

    @pytest.mark.parametrize("stage", STAGES_AHEAD)
    def test_nothing_is_in_the_way_of_one_that_is_complete(self, stage: Stage) -> None:
        facts = at(COMPLETE, stage)
        assert blocking(facts) == []
        assert what_next(facts) is None
        assert all(one.met for one in ahead(facts))

    @pytest.mark.parametrize("stage", [Stage.LIVE, Stage.OFF_BOARDED])
    def test_nothing_is_ahead_at_the_end(self, stage: Stage) -> None:
        assert ahead(at(EMPTY, stage)) == []

    @pytest.mark.parametrize(
        ("stage", "keys"),
        [
            (Stage.PRE_INTEGRATION, ["information", "window"]),
            (Stage.INFRASTRUCTURE, ["endpoint", "token_b", "setup_told"]),
            (Stage.HANDSHAKE, ["connected", "modules", "confirmed"]),
            (Stage.TESTING, ["connection_check", *(f"test_{test.key}" for test in TESTS)]),
            (
                Stage.GO_LIVE,
                ["production", "production_check", "production_charge", *(action.key for action in GO_LIVE_ACTIONS)],
            ),
        ],
    )
    def test_everything_is_in_the_way_of_one_that_has_nothing(self, stage: Stage, keys: list[str]) -> None:
        blocked = blocking(at(EMPTY, stage))
        assert [one.key for one in blocked] == keys
        assert all(text for one in blocked for text in one.missing)


class TestConditions:
    @pytest.mark.parametrize(
        ("stage", "changes", "key", "missing", "owners"),
        [
            (
                Stage.PRE_INTEGRATION,
                {"intake_missing": ("Token A: missing", "Static IP address: missing")},
                "information",
                ("Token A: missing", "Static IP address: missing"),
                {Side.CPO},
            ),
            (
                Stage.PRE_INTEGRATION,
                {"window_starts_at": None, "handshake": HandshakeFacts()},
                "window",
                ("No integration window is agreed: agree on date and time with their technical team.",),
                BOTH,
            ),
            (
                Stage.PRE_INTEGRATION,
                {"window_ends_at": NOW, "handshake": HandshakeFacts()},
                "window",
                ("The agreed integration window is over: agree on a new one.",),
                BOTH,
            ),
            (
                Stage.INFRASTRUCTURE,
                {"endpoint_answers": False},
                "endpoint",
                ("https://ocpi-ion.example/ocpi/emsp/versions is not known to answer: it was not checked yet.",),
                {Side.SFP},
            ),
            (
                Stage.INFRASTRUCTURE,
                {"token_b_issued": False},
                "token_b",
                ("There is no Token B for them yet: issue it.",),
                {Side.SFP},
            ),
            (
                Stage.INFRASTRUCTURE,
                {"setup_told": False},
                "setup_told",
                ("The CPO was not sent the data sheet yet.",),
                {Side.SFP},
            ),
            (
                Stage.HANDSHAKE,
                {"handshake": replace(CONNECTED, modules_missing=("commands (RECEIVER)",))},
                "modules",
                ("They do not offer commands (RECEIVER).",),
                {Side.CPO},
            ),
            (
                Stage.HANDSHAKE,
                {"handshake": replace(CONNECTED, confirmed=False)},
                "confirmed",
                (
                    "Not seen yet: a GET of our versions endpoint with the token that they hold now, answered with "
                    "HTTP 200.",
                ),
                {Side.CPO},
            ),
            (
                Stage.TESTING,
                {"check_failed": None},
                "connection_check",
                ("The connection check was not run yet.",),
                {Side.SFP},
            ),
            (
                Stage.TESTING,
                {"check_failed": 1},
                "connection_check",
                ("The latest connection check failed in 1 case.",),
                {Side.CPO},
            ),
            (
                Stage.GO_LIVE,
                {"production_exists": False},
                "production",
                ("There is no connection in production yet: add it, with its own endpoint code and tokens.",),
                BOTH,
            ),
            (
                Stage.GO_LIVE,
                {"production_connected": False},
                "production",
                ("The connection in production is not made yet: start its handshake.",),
                BOTH,
            ),
            (
                Stage.GO_LIVE,
                {"production_check_failed": None},
                "production_check",
                ("The connection check was not run in production yet.",),
                {Side.SFP},
            ),
            (
                Stage.GO_LIVE,
                {"production_check_failed": 2},
                "production_check",
                ("The latest connection check in production failed in 2 cases.",),
                {Side.CPO},
            ),
            (
                Stage.GO_LIVE,
                {"production_charged": False},
                "production_charge",
                (
                    "Not seen yet: a charge in production that was started through us, brought energy, and whose CDR "
                    "came.",
                ),
                BOTH,
            ),
            (
                Stage.GO_LIVE,
                {"confirmed": ALL_ACTIONS - {("production_tested", Side.CPO)}},
                "production_tested",
                ("The CPO has to do this.",),
                {Side.CPO},
            ),
            (
                Stage.GO_LIVE,
                {"confirmed": ALL_ACTIONS - {("signed_off", Side.CPO), ("signed_off", Side.SFP)}},
                "signed_off",
                ("Both sides have to do this.",),
                BOTH,
            ),
            (
                Stage.GO_LIVE,
                {"incidents_open": 2},
                "no_incidents",
                ("2 are open. Close what is solved, solve the rest.",),
                BOTH,
            ),
            (
                Stage.INFRASTRUCTURE,
                {"suspended": True},
                "not_suspended",
                ("The partner is suspended: resume it first.",),
                {Side.SFP},
            ),
        ],
    )
    def test_it_says_exactly_what_is_missing(
        self, stage: Stage, changes: Any, key: str, missing: Any, owners: frozenset[Side] | set[Side]
    ) -> None:
        blocked = blocking(at(COMPLETE, stage, **changes))
        assert [(one.key, one.missing, one.owners) for one in blocked] == [(key, missing, owners)]

    def test_a_connection_that_stands_needs_no_window(self) -> None:
        facts = replace(COMPLETE, window_starts_at=None, window_ends_at=None)
        assert blocking(facts) == []

    def test_it_says_why_the_handshake_failed(self) -> None:
        facts = at(COMPLETE, Stage.HANDSHAKE, handshake=HandshakeFacts(problem="Token A is wrong. Ask for a new one."))
        assert [(one.key, one.missing) for one in blocking(facts)][:2] == [
            ("connected", ("Token A is wrong. Ask for a new one.",)),
            ("modules", ("Their modules are only known after the handshake.",)),
        ]

    def test_incidents_are_in_nobodys_way_before_going_live(self) -> None:
        assert blocking(at(COMPLETE, Stage.HANDSHAKE, incidents_open=3)) == []


class TestFunctionalTests:
    @pytest.mark.parametrize(
        ("key", "seen", "sfp", "cpo", "state"),
        [
            ("locations", False, "", "", Verified.WAITING),
            ("locations", True, "", "", Verified.SEEN),
            ("locations", True, PASSED, "", Verified.PASSED_BY_SFP),
            ("locations", False, "", PASSED, Verified.PASSED_BY_CPO),
            ("locations", True, PASSED, PASSED, Verified.PASSED),
            ("locations", True, PASSED, FAILED, Verified.FAILED),
            ("cdr", True, PASSED, "", Verified.PASSED),
            ("cdr", True, "", PASSED, Verified.PASSED_BY_CPO),
            ("meter_values", True, FAILED, "", Verified.FAILED),
        ],
    )
    def test_its_state(self, key: str, seen: bool, sfp: str, cpo: str, state: Verified) -> None:
        assert verify(key, seen=seen, sfp=sfp, cpo=cpo) == state

    def test_two_of_them_are_ours_alone(self) -> None:
        assert [test.key for test in TESTS if test.validators == {Side.SFP}] == ["cdr", "meter_values"]

    @pytest.mark.parametrize(
        ("test", "missing", "owners"),
        [
            (
                TestFacts("locations"),
                "Not seen yet: a location with an EVSE, pushed by them or pulled by us. "
                "Then both sides have to pass it.",
                BOTH,
            ),
            (TestFacts("locations", True, PASSED), "Passed by SFP: the CPO has to pass it.", {Side.CPO}),
            (TestFacts("locations", True, "", PASSED), "Passed by CPO: we have to pass it.", {Side.SFP}),
            (TestFacts("cdr", True), "Seen: we have to pass it.", {Side.SFP}),
            (TestFacts("cdr", True, FAILED, "", "Wrong total"), "Failed: Wrong total.", {Side.SFP}),
        ],
    )
    def test_it_says_who_has_to_pass_it(
        self, test: TestFacts, missing: str, owners: frozenset[Side] | set[Side]
    ) -> None:
        others = tuple(one for one in ALL_PASSED if one.key != test.key)
        blocked = blocking(at(COMPLETE, Stage.TESTING, tests=(*others, test)))
        assert [(one.key, one.missing, one.owners) for one in blocked] == [(f"test_{test.key}", (missing,), owners)]


class TestOverruling:
    def test_one_that_was_overruled_is_not_in_the_way_and_stays_unmet(self) -> None:
        facts = at(COMPLETE, Stage.TESTING, check_failed=3, overruled=frozenset({"connection_check"}))
        one = condition(facts, "connection_check")
        assert one is not None
        assert (one.met, one.holds, one.overruled) == (False, True, True)
        assert blocking(facts) == []

    def test_a_condition_of_another_stage_is_not_ahead(self) -> None:
        assert condition(at(COMPLETE, Stage.TESTING), "endpoint") is None


def next_key(facts: Facts) -> str:
    one = what_next(facts)
    assert one is not None
    return one.key


class TestWhatNext:
    def test_ours_comes_before_theirs(self) -> None:
        facts = replace(COMPLETE, intake_missing=("Token A: missing",), window_ends_at=NOW, handshake=HandshakeFacts())
        assert next_key(facts) == "window"

    def test_theirs_is_named_when_nothing_of_ours_is_left(self) -> None:
        assert next_key(replace(COMPLETE, intake_missing=("Token A: missing",))) == "information"

    def test_a_suspension_comes_first(self) -> None:
        assert next_key(at(EMPTY, Stage.PRE_INTEGRATION, suspended=True)) == "not_suspended"


VERDICTS = st.sampled_from(["", PASSED, FAILED])
FACTS = st.builds(
    Facts,
    now=st.just(NOW),
    stage=st.sampled_from(ORDER),
    suspended=st.booleans(),
    intake_missing=st.lists(st.just("Token A: missing"), max_size=1).map(tuple),
    window_starts_at=st.sampled_from([None, NOW - timedelta(hours=2)]),
    window_ends_at=st.sampled_from([None, NOW - timedelta(hours=1), NOW + timedelta(hours=1)]),
    endpoint_answers=st.booleans(),
    token_b_issued=st.booleans(),
    setup_told=st.booleans(),
    handshake=st.builds(
        HandshakeFacts,
        connected=st.booleans(),
        problem=st.just(""),
        modules_missing=st.just(()),
        confirmed=st.booleans(),
    ),
    check_failed=st.sampled_from([None, 0, 2]),
    tests=st.tuples(*(st.builds(TestFacts, st.just(key), st.booleans(), VERDICTS, VERDICTS) for key in TEST)),
    production_exists=st.booleans(),
    production_connected=st.booleans(),
    confirmed=st.frozensets(st.sampled_from(sorted(ALL_ACTIONS))),
    incidents_open=st.integers(0, 2),
    overruled=st.frozensets(st.sampled_from(["information", "endpoint", "connected", "test_cdr", "production"])),
)


class TestAlways:
    @given(FACTS)
    def test_what_blocks_says_why_and_whose_turn_it_is(self, facts: Any) -> None:
        for one in blocking(facts):
            assert one.missing
            assert all(one.missing)
            assert one.owners
            assert one.key not in facts.overruled

    @given(FACTS)
    def test_the_next_step_is_one_of_those_that_block(self, facts: Any) -> None:
        blocked = blocking(facts)
        following = what_next(facts)
        assert (following is None) == (not blocked)
        assert following is None or following in blocked

    @given(FACTS, st.sampled_from(["endpoint", "connected", "test_cdr", "signed_off", "window"]))
    def test_overruling_never_puts_more_in_the_way(self, facts: Any, key: Any) -> None:
        before = {one.key for one in blocking(facts)}
        after = {one.key for one in blocking(replace(facts, overruled=facts.overruled | {key}))}
        assert after == before - {key}

    @given(FACTS)
    def test_a_test_is_passed_exactly_when_nobody_lacks_and_nobody_failed_it(self, facts: Any) -> None:
        for test in facts.tests:
            state = verify(test.key, seen=test.seen, sfp=test.sfp, cpo=test.cpo)
            passed = not lacking(test.key, sfp=test.sfp, cpo=test.cpo) and FAILED not in (test.sfp, test.cpo)
            assert (state == Verified.PASSED) == passed
