"""`decide` in every situation that a world can get into, and over facts that no world could bring about.

Rules 1, 10 to 12, 24 to 26 and 29 as far as they are a matter of deciding; the table of states; every clock.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sessions_adhoc.decide import AttemptFacts, CdrFacts, CommandFacts, Do, Facts, PaymentFacts, SessionFacts, decide
from sessions_adhoc.models import TRANSITIONS
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State
from tests.sessions_adhoc.decide.building import T0, rules
from tests.sessions_adhoc.properties.pure_world import MOVING, World
from tests.support.examples import examples

DELIVERIES = st.sampled_from(["answered", "answered", "unanswered", "undelivered", "sending"])
RESPONSES = st.sampled_from(["ACCEPTED", "ACCEPTED", "REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION", "TIMEOUT"])
RESULTS = st.sampled_from(["", "ACCEPTED", "REJECTED", "EVSE_OCCUPIED", "FAILED", "TIMEOUT"])
STATUSES = st.sampled_from(["PENDING", "ACTIVE", "ACTIVE", "COMPLETED", "INVALID"])
CONNECTORS = st.sampled_from(["AVAILABLE", "BLOCKED", "CHARGING", "OUTOFORDER", "UNKNOWN"])
PAUSES = st.sampled_from([1, 5, 10, 31, 60, 91, 300, 901, 1801, 7200, 90_000])
ENERGY = st.sampled_from([Decimal(0), Decimal("0.01"), Decimal(7)])


class Deciding(RuleBasedStateMachine):
    """Any news at any time in any order."""

    world: World

    @initialize(strategy=st.sampled_from(["immediate", "wait_for_preparing"]), retry=st.sampled_from(["dc", "never"]))
    def begin(self, strategy: str, retry: str) -> None:
        self.world = World(start_strategy=strategy, auto_retry=retry)

    @rule(seconds=PAUSES)
    def time_passes(self, seconds: int) -> None:
        self.world.pass_time(timedelta(seconds=seconds))

    @rule(wakes=st.booleans(), seconds=st.sampled_from([0, 1, 30]))
    def the_payment_goes_well(self, wakes: bool, seconds: int) -> None:
        self.world.pass_time(timedelta(seconds=seconds))
        self.world.pay(MOVING.get(self.world.facts.payment.state, self.world.facts.payment.state))
        self.after(wakes)

    @rule(wakes=st.booleans(), outcome=st.sampled_from(["declined", "failed", "expired", "refused", "expires_soon"]))
    def the_payment_goes_badly(self, wakes: bool, outcome: str) -> None:
        state = self.world.facts.payment.state
        if outcome == "expires_soon" and state == "reserved":
            self.world.pay("reserved", expires_soon=True)
        elif outcome == "refused" and state in ("capturing", "releasing"):
            self.world.pay("reserved", refused=True)
        elif outcome == "expired" and state in ("reserved", "capturing"):
            self.world.pay("expired")
        elif outcome in ("declined", "failed") and state == "reserving":
            self.world.pay(outcome)
        self.after(wakes)

    @precondition(lambda self: self.world.start_wanted)
    @rule(wakes=st.booleans(), outcome=DELIVERIES, response=RESPONSES)
    def a_worker_sends_start(self, wakes: bool, outcome: str, response: str) -> None:
        self.world.send_start(outcome, response)
        self.after(wakes)

    @precondition(lambda self: self.world.stop_wanted)
    @rule(wakes=st.booleans(), outcome=DELIVERIES, response=RESPONSES)
    def a_worker_sends_stop(self, wakes: bool, outcome: str, response: str) -> None:
        self.world.send_stop(outcome, response)
        self.after(wakes)

    @rule(wakes=st.booleans(), result=RESULTS)
    def a_command_result_comes(self, wakes: bool, result: str) -> None:
        attempt = self.world.facts.attempt
        if attempt and attempt.command.tries:
            fields = {**vars(attempt.command), "result": result, "result_at": self.world.now}
            self.world.attempt(command=CommandFacts(**fields))
        self.after(wakes)

    @rule(wakes=st.booleans(), status=STATUSES, kwh=ENERGY)
    def a_session_comes(self, wakes: bool, status: str, kwh: Decimal) -> None:
        self.world.hear_session(status, kwh)
        self.after(wakes)

    @rule(wakes=st.booleans(), status=CONNECTORS)
    def the_connector_changes(self, wakes: bool, status: str) -> None:
        self.world.hear_connector(status)
        self.after(wakes)

    @rule(wakes=st.booleans(), energy=ENERGY, amount=st.sampled_from([None, 0, 1, 490]))
    def a_cdr_comes(self, wakes: bool, energy: Decimal, amount: int | None) -> None:
        self.world.hear_cdr(energy, amount)
        self.after(wakes)

    @rule(wakes=st.booleans(), ok=st.booleans())
    def a_pull_ends(self, wakes: bool, ok: bool) -> None:
        self.world.answer_pull(ok=ok)
        self.after(wakes)

    @rule(wish=st.sampled_from(["stop_requested_at", "cancel_requested_at"]))
    def the_driver_ends_it(self, wish: str) -> None:
        if self.world.facts.state not in TERMINAL:
            self.world.facts = Facts(**{**vars(self.world.facts), wish: self.world.now})
            self.world.advance()

    def after(self, wakes: bool) -> None:
        """News wakes the session, unless its task is lost: then the sweep comes later."""
        if wakes:
            self.world.advance()

    @invariant()
    def no_attempt_is_started_twice(self) -> None:
        """Rule 1: a START that may have arrived is the only one of its attempt."""
        attempt = self.world.facts.attempt
        if attempt and attempt.command.state in ("answered", "unanswered", "sending"):
            assert self.world.starts.count(attempt.number) == attempt.command.tries <= 3

    @invariant()
    def the_clock_runs_exactly_while_it_is_live(self) -> None:
        assert (self.world.check_at is None) == (self.world.facts.state in WITHOUT_CLOCK)

    @invariant()
    def whoever_waits_for_staff_is_on_their_queue(self) -> None:
        assert self.world.facts.state != State.ESCALATED or self.world.incidents

    def teardown(self) -> None:
        """When nothing comes any more, time alone ends it: nothing held, or staff know."""
        world = self.world
        for _ in range(60):
            world.pay(MOVING.get(world.facts.payment.state, world.facts.payment.state))
            self.commands_are_given_up()
            world.answer_pull(ok=False)
            world.advance()
            world.pass_time(timedelta(minutes=31))
        assert world.facts.state in WITHOUT_CLOCK, f"it never ends: {world.facts}"
        if world.facts.state in TERMINAL:
            assert world.facts.payment.state not in ("created", "reserving", "capturing"), world.facts

    def commands_are_given_up(self) -> None:
        """Nobody answers: what is being sent counts as unanswered, what is wanted cannot be delivered."""
        self.world.send_start("undelivered", "")
        self.world.send_stop("undelivered", "")
        attempt = self.world.facts.attempt
        if attempt and attempt.command.state == "sending":
            self.world.attempt(command=CommandFacts(**{**vars(attempt.command), "state": "unanswered"}))
        if attempt and attempt.stop and attempt.stop.state == "sending":
            self.world.attempt(stop=CommandFacts(**{**vars(attempt.stop), "state": "unanswered"}))


TestDeciding = Deciding.TestCase
TestDeciding.settings = examples(40, steps=40)

MOMENTS = st.integers(-100_000, 100_000).map(lambda seconds: T0 + timedelta(seconds=seconds))
MAYBE = st.none() | MOMENTS
COMMANDS = st.builds(
    CommandFacts,
    state=st.sampled_from(["created", "sending", "answered", "unanswered", "undelivered"]),
    created_at=MAYBE,
    tries=st.integers(0, 4),
    response=st.just("") | RESPONSES,
    result=RESULTS,
    sent_at=MAYBE,
    answered_at=MAYBE,
    result_at=MAYBE,
)
SESSIONS = st.builds(
    SessionFacts, status=STATUSES, kwh=ENERGY, energy_observed=st.booleans(), active_at=MAYBE, news_at=MOMENTS
)
ATTEMPTS = st.builds(
    AttemptFacts,
    number=st.integers(1, 6),
    created_at=MOMENTS,
    command=COMMANDS,
    stop=st.none() | COMMANDS,
    session=st.none() | SESSIONS,
    connector_charging_at=MAYBE,
    connector_fell_at=MAYBE,
    connector_contradicts_at=MAYBE,
    pull_asked_at=MAYBE,
    pull_answered_at=MAYBE,
    pull_failures=st.integers(0, 4),
    cdr_pulls=st.integers(0, 200),
    ended_at=MAYBE,
    ended_kwh=st.none() | ENERGY,
)
PAYMENTS = ["created", "reserving", "reserved", "capturing", "captured", "releasing", "released", "declined", "expired"]
FACTS: Any = st.builds(
    Facts,
    state=st.sampled_from(State),
    state_since=MOMENTS,
    created_at=MOMENTS,
    rules=st.sampled_from([rules(), rules(start_strategy="wait_for_preparing"), rules(auto_retry="always")]),
    payment=st.builds(
        PaymentFacts,
        state=st.sampled_from(PAYMENTS),
        expires_soon=st.booleans(),
        refused=st.booleans(),
        stuck=st.booleans(),
    ),
    connector_status=CONNECTORS,
    is_dc=st.booleans(),
    suspended=st.booleans(),
    attempt=st.none() | ATTEMPTS,
    cdr=st.none()
    | st.builds(CdrFacts, energy=ENERGY, amount=st.sampled_from([None, 0, 490]), text=st.just("CDR."), came_at=MAYBE),
    funds_reserved_at=MAYBE,
    stop_requested_at=MAYBE,
    cancel_requested_at=MAYBE,
    retry_at=MAYBE,
    charging_ended_at=MAYBE,
    reason=st.sampled_from(["", "no_energy", "sessions_unavailable", "cdr_missing", "stop_without_effect"]),
)


@examples(200)
@given(facts=FACTS, now=MOMENTS)
def test_whatever_the_facts_there_is_a_lawful_decision(facts: Facts, now: Any) -> None:
    decision = decide(facts, now)
    wanted = {action.do for action in decision.actions}
    if decision.to is not None:
        assert (facts.state, decision.to) in TRANSITIONS
        assert decision.text, "every change of state says why"
    elif not decision.again and facts.state not in WITHOUT_CLOCK:
        assert decision.check_at is not None
        assert decision.check_at > now
    if facts.payment.state != "reserved":
        assert not wanted & {Do.SEND_START, Do.OPEN_ATTEMPT, Do.CAPTURE}
    if Do.RELEASE in wanted and facts.state in (State.AWAITING_CDR, State.ESCALATED):
        assert facts.payment.state not in ("capturing", "captured")
    assert not wanted >= {Do.CAPTURE, Do.RELEASE}
