"""A world for `decide` alone: payment, commands, the CPO's session, connector, pulls and CDRs as plain values.

It does with a decision what the engine does with rows, and notes what must never happen. No database.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sessions_adhoc.decide import Action, AttemptFacts, CdrFacts, CommandFacts, Facts, PaymentFacts, SessionFacts
from sessions_adhoc.decide import decide as decide_facts
from sessions_adhoc.engine.lifecycle import MAX_STEPS
from sessions_adhoc.models import TRANSITIONS
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State
from tests.sessions_adhoc.decide.building import T0, rules

UNSENT = ("created", "undelivered")
MOVING = {"reserving": "reserved", "capturing": "captured", "releasing": "released"}


class World:
    """One ad-hoc session and everything that it depends on."""

    def __init__(self, **policy: object) -> None:
        self.now = T0
        self.check_at: datetime | None = T0
        self.facts = Facts(
            State.CREATED, T0, T0, rules(**policy), PaymentFacts("created"), connector_status="AVAILABLE", is_dc=True
        )
        self.starts: list[int] = []
        self.incidents: list[str] = []
        self.entered: list[State] = []
        self.captured: list[int] = []
        self.start_wanted = self.stop_wanted = False
        self.advance()

    # What the engine does

    def advance(self) -> None:
        """Decide and apply until it rests, as `lifecycle.settle_down` does."""
        for _ in range(MAX_STEPS):
            if self.facts.state in TERMINAL:
                return
            decision = decide_facts(self.facts, self.now)
            if decision.to is not None:
                self.enter(decision.to, decision.reason)
            for action in decision.actions:
                self.perform(action)
            self.set_clock(decision.check_at, resting=decision.to is None and not decision.again)
            if decision.to is None and not decision.again:
                return
        raise AssertionError(f"it does not come to rest in {self.facts.state}")

    def enter(self, target: State, reason: str) -> None:
        came_from = self.facts.state
        assert (came_from, target) in TRANSITIONS, f"{came_from} to {target}"
        changes: dict[str, Any] = {"state": target, "state_since": self.now, "reason": reason}
        if target == State.AUTHORIZED:
            changes["funds_reserved_at"] = self.now
        if target == State.AWAITING_CDR and self.facts.charging_ended_at is None:
            changes["charging_ended_at"] = self.now
        self.facts = replace(self.facts, **changes)
        self.entered.append(target)
        if (came_from, target) == (State.VALIDATING, State.CHARGING):
            assert self.facts.delivered, "rule 11: charging without energy"

    def set_clock(self, check_at: datetime | None, *, resting: bool) -> None:
        if self.facts.state in WITHOUT_CLOCK:
            self.check_at = None
            return
        if resting:
            assert check_at is not None, f"{self.facts.state} has no clock"
            assert check_at > self.now, f"{self.facts.state} looks again at once, for ever"
        self.check_at = check_at or self.now

    def perform(self, action: Action) -> None:
        handler = getattr(self, f"do_{action.do.value}", None)
        if handler:
            handler(action)

    def attempt(self, **changes: Any) -> None:
        assert self.facts.attempt is not None
        self.facts = replace(self.facts, attempt=replace(self.facts.attempt, **changes))

    def pay(self, state: str, **more: bool) -> None:
        self.facts = replace(self.facts, payment=replace(self.facts.payment, state=state, **more))

    def do_reserve(self, _action: Action) -> None:
        assert self.facts.payment.state == "created", "rule 24: one reservation"
        self.pay("reserving")

    def do_release(self, _action: Action) -> None:
        state = self.facts.payment.state
        assert state not in ("capturing", "captured"), "rule 24: released what is captured"
        if state in ("reserving", "reserved"):
            self.pay("releasing", refused=False)
        elif state == "created":
            self.pay("released")

    def do_capture(self, action: Action) -> None:
        assert self.facts.payment.state == "reserved", "rule 24: captured what is not reserved"
        cdr, attempt = self.facts.cdr, self.facts.attempt
        assert cdr is not None, "rule 26: captured without a CDR"
        assert action.amount == cdr.amount, "rule 26: captured another amount"
        session = attempt.session if attempt else None
        assert cdr.energy > 0 or (session and session.delivered), "rule 26: captured without energy"
        self.captured.append(action.amount)
        assert len(self.captured) == 1 or self.facts.payment.refused is False, "rule 24: captured twice"
        self.pay("capturing")

    def do_open_attempt(self, _action: Action) -> None:
        attempt = self.facts.attempt
        assert self.facts.payment.state == "reserved", "rule 1: an attempt without reserved funds"
        assert attempt is None or attempt.ended, "two open attempts"
        assert not self.facts.driver_ended, "an attempt after the driver's stop"
        number = attempt.number + 1 if attempt else 1
        assert number <= self.facts.rules.max_attempts
        fresh = AttemptFacts(number=number, created_at=self.now, command=CommandFacts("created"))
        self.facts = replace(self.facts, attempt=fresh, retry_at=None)
        self.start_wanted = True

    def do_send_start(self, _action: Action) -> None:
        assert self.facts.payment.state == "reserved", "rule 1: a START without reserved funds"
        self.start_wanted = True

    def do_send_stop(self, _action: Action) -> None:
        attempt = self.facts.attempt
        if attempt and attempt.session is not None and self.is_older(attempt.stop):
            self.attempt(stop=CommandFacts("created", created_at=self.now))
        self.stop_wanted = True

    def is_older(self, stop: CommandFacts | None) -> bool:
        """Whether no STOP was made for the driver's wish yet."""
        wish = self.facts.stop_requested_at
        return stop is None or bool(wish and stop.created_at and stop.created_at < wish)

    def do_forget_stop(self, _action: Action) -> None:
        self.facts = replace(self.facts, stop_requested_at=None, cancel_requested_at=None)
        self.attempt(stop=None)

    def do_renew_stop(self, _action: Action) -> None:
        self.attempt(stop=None)

    def do_close_attempt(self, _action: Action) -> None:
        if self.facts.attempt:
            session = self.facts.attempt.session
            self.attempt(ended_at=self.now, ended_kwh=session.kwh if session else None)

    def do_schedule_retry(self, _action: Action) -> None:
        self.facts = replace(self.facts, retry_at=self.now + self.facts.rules.retry_delay)

    def do_pull_sessions(self, _action: Action) -> None:
        self.attempt(pull_asked_at=self.now, pull_failures=0)

    def do_pull_cdrs(self, _action: Action) -> None:
        assert self.facts.attempt is not None
        self.attempt(cdr_pulls=self.facts.attempt.cdr_pulls + 1)

    def do_open_incident(self, action: Action) -> None:
        self.incidents.append(action.code)

    def do_close_incidents(self, _action: Action) -> None:
        self.incidents.clear()

    # What the others do

    def send_start(self, outcome: str, response: str) -> None:
        """A worker takes START_SESSION. The engine allows it only while the attempt is open and paid for."""
        attempt = self.facts.attempt
        self.start_wanted = False
        if attempt is None or attempt.ended or attempt.command.state not in UNSENT:
            return
        if self.facts.payment.state != "reserved":
            return
        self.starts.append(attempt.number)
        tries = attempt.command.tries + 1
        answered = self.now if outcome == "answered" else None
        said = response if outcome == "answered" else ""
        self.attempt(command=CommandFacts(outcome, None, tries, said, sent_at=self.now, answered_at=answered))

    def send_stop(self, outcome: str, response: str) -> None:
        attempt = self.facts.attempt
        self.stop_wanted = False
        if attempt is None or attempt.stop is None or attempt.stop.state not in UNSENT:
            return
        said = response if outcome == "answered" else ""
        tries = attempt.stop.tries + 1
        made_at = attempt.stop.created_at
        stop = CommandFacts(outcome, made_at, tries, said, sent_at=self.now, answered_at=self.now)
        self.attempt(stop=stop)

    def hear_session(self, status: str, kwh: Decimal) -> None:
        """The CPO's Session, new or updated. Before a START and after the attempt there is none that counts."""
        attempt = self.facts.attempt
        if attempt is None or attempt.ended or attempt.command.state in UNSENT:
            return
        before = attempt.session
        if before and before.over:
            return
        observed = bool(before and before.energy_observed) or (status == "ACTIVE" and kwh > 0)
        active_at = (before.active_at if before else None) or (self.now if status == "ACTIVE" else None)
        self.attempt(session=SessionFacts(status, kwh, observed, active_at, self.now))

    def hear_connector(self, status: str) -> None:
        self.facts = replace(self.facts, connector_status=status)
        attempt = self.facts.attempt
        if attempt is None or attempt.ended:
            return
        if status == "CHARGING":
            self.attempt(connector_charging_at=attempt.connector_charging_at or self.now, connector_fell_at=None)
        elif attempt.connector_charging_at:
            self.attempt(connector_fell_at=attempt.connector_fell_at or self.now)

    def hear_cdr(self, energy: Decimal, amount: int | None) -> None:
        attempt = self.facts.attempt
        if attempt is not None and attempt.command.state not in UNSENT:
            self.facts = replace(self.facts, cdr=CdrFacts(energy, amount, "CDR.", self.now))

    def answer_pull(self, *, ok: bool) -> None:
        attempt = self.facts.attempt
        if attempt is None or attempt.pull_asked_at is None:
            return
        if attempt.pull_answered_at and attempt.pull_answered_at >= attempt.pull_asked_at:
            return
        if ok:
            self.attempt(pull_answered_at=self.now, pull_failures=0)
        else:
            self.attempt(pull_failures=attempt.pull_failures + 1)

    def pass_time(self, delta: timedelta) -> None:
        """Let time pass; the sweep comes whenever the clock says so."""
        until = self.now + delta
        for _ in range(10_000):
            if self.check_at is None or self.check_at > until:
                break
            self.now = max(self.now, self.check_at)
            self.recover_lost()
            self.advance()
        else:
            raise AssertionError(f"the clock of {self.facts.state} hardly moves")
        self.now = until

    def recover_lost(self) -> None:
        """A command whose worker died while sending counts as unanswered after a minute."""
        attempt = self.facts.attempt
        if attempt is None:
            return
        for name in ("command", "stop"):
            command = getattr(attempt, name)
            if command and command.state == "sending" and self.now >= command.sent_at + timedelta(minutes=1):
                self.attempt(**{name: replace(command, state="unanswered")})
