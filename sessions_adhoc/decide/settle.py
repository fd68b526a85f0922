"""From the end of charging to the money (rules 24-28), and what can free an escalated session."""

from datetime import datetime

from sessions_adhoc.decide.decision import Action, Decision, Do, end_attempt, fail, go, stay
from sessions_adhoc.decide.payment import PAYMENT_POLL
from sessions_adhoc.decide.session_facts import AttemptFacts, CdrFacts, Facts
from sessions_adhoc.decide.start import PULL_POLL, Pull, pull_since
from sessions_adhoc.decide.stop import stop_running_on, told_by, untold_failure
from sessions_adhoc.states import State

CDR_MISSING = "CDRs not received by SFP"
CDR_UNUSABLE = "The CDR cannot be billed"
MONEY_STUCK = "The payment cannot be captured"
OWN = "own"
"""The code of a capture that no CDR asked for."""

INTERIM = "interim"
"""The reason of CDRs that bill nothing yet (`billing.settlement`)."""

CDR_ENERGY = "The CDR's energy does not fit the meter values"
CDR_PRICE = "The CDR's price cannot be checked"
CDR_ELSEWHERE = "The CDR is about another time or place"
DOUBTED = {
    "cdr_energy": CDR_ENERGY,
    "cdr_without_energy": CDR_ENERGY,
    "cdr_price_unknown": CDR_PRICE,
    "cdr_times": CDR_ELSEWHERE,
    "cdr_place": CDR_ELSEWHERE,
}
"""The symptom of each doubt for which money is held (rule 32)."""


def close_as_settled(text: str) -> Decision:
    """The attempt is over by now, unless staff captured while its start was in doubt."""
    return go(State.SETTLED, text, end_attempt("", text), Action(Do.CLOSE_INCIDENTS), Action(Do.REVOKE_TOKEN))


def escalate(code: str, reason: str, text: str) -> Decision:
    return go(State.ESCALATED, text, Action(Do.OPEN_INCIDENT, code=code, text=text), reason=reason)


def stale_meter(facts: Facts, cdr: CdrFacts, now: datetime) -> Decision | None:
    """The CDR says more than the last meter value allows, and the Session was not told to its end: ask for it first."""
    attempt = facts.attempt
    if cdr.reason != "cdr_energy" or cdr.came_at is None or attempt is None:
        return None
    if attempt.session is None or attempt.session.over:
        return None
    pull = pull_since(attempt, cdr.came_at)
    if pull is Pull.WANTED:
        text = "The CDR says more energy than was metered so far: asking for the Session (GET /sessions)."
        return stay(now + PULL_POLL, Action(Do.PULL_SESSIONS), text=text)
    return stay(now + PULL_POLL) if pull is Pull.UNDER_WAY else None


def hold(cdr: CdrFacts) -> Decision:
    """The money stays reserved: the CDR does not tell what the driver owes, or cannot be true (rule 32)."""
    if cdr.reason in DOUBTED:
        return escalate(DOUBTED[cdr.reason], cdr.reason, cdr.text)
    return escalate(CDR_UNUSABLE, "cdr_unusable", cdr.text)


def cdr_pull_due(facts: Facts) -> datetime:
    """When to ask for the CDR next: after 10, 20, 40 ... minutes."""
    ended_at = facts.charging_ended_at or facts.state_since
    pulls = facts.attempt.cdr_pulls if facts.attempt else 0
    factor: int = 1 << min(pulls, 20)
    return ended_at + facts.rules.cdr_timeout * factor


def money_moved(facts: Facts) -> Decision | None:
    """The gateway's work is done, or under way."""
    if facts.payment.state == "captured":
        return close_as_settled("Settled: the payment was captured.")
    if facts.payment.state == "released":
        if facts.state == State.AWAITING_CDR or facts.cdr:
            return close_as_settled("Settled: nothing to pay, the reservation was released.")
        return go(
            State.FAILED,
            "The reservation was released.",
            end_attempt("released", "The reservation was released."),
            Action(Do.CLOSE_INCIDENTS),
            Action(Do.REVOKE_TOKEN),
            reason="released",
        )
    return None


def from_cdr(facts: Facts, now: datetime) -> Decision | None:
    """Ask for the capture that the CDR calls for, and have the CDR compared with the tariff while it stands."""
    if facts.cdr is None or facts.cdr.amount is None or facts.payment.state != "reserved":
        return None
    if facts.payment.refused or facts.is_interim(now):
        return None
    if facts.cdr.amount == 0:
        return stay(now + PAYMENT_POLL, Action(Do.RELEASE), Action(Do.CHECK_BILL), text=facts.cdr.text)
    capture = Action(Do.CAPTURE, amount=facts.cdr.amount)
    return stay(now + PAYMENT_POLL, capture, Action(Do.CHECK_BILL), text=facts.cdr.text)


def by_ourselves(facts: Facts, now: datetime) -> Decision | None:
    """Ask for the capture that our own calculation comes to, once it is due. The CDR is compared when it comes."""
    own = facts.own
    if own is None or own.amount is None or now < own.due_at or facts.payment.state != "reserved":
        return None
    if facts.payment.refused or (facts.attempt is not None and facts.attempt.runs_on):
        return None
    take = Action(Do.CAPTURE, amount=own.amount, code=OWN) if own.amount else Action(Do.RELEASE, code=OWN)
    return stay(now + PAYMENT_POLL, take, Action(Do.CHECK_BILL), text=own.text)


def own_first(facts: Facts, now: datetime) -> bool:
    """At a price of our own the meter is heard before a CDR that cannot be billed."""
    return facts.is_retail and facts.own is not None and now < facts.own.due_at


def at_our_price(facts: Facts, now: datetime) -> Decision | None:
    """A price of our own needs no CDR."""
    return by_ourselves(facts, now) if facts.is_retail else None


def awaiting_cdr(facts: Facts, now: datetime) -> Decision:
    first = money_moved(facts) or running_on(facts, now) or at_our_price(facts, now)
    if decision := first or from_cdr(facts, now):
        return decision
    if facts.payment.state in ("capturing", "releasing"):
        if facts.payment.stuck:
            return escalate(
                MONEY_STUCK, "payment_stuck", "The gateway does not finish: the money neither comes nor goes."
            )
        return stay(now + PAYMENT_POLL)
    if facts.payment.state == "expired":
        text = "The reservation has expired: it cannot be captured."
        # What a CDR asks is owed all the same (rule 33).
        return go(
            State.ESCALATED,
            text,
            Action(Do.OPEN_INCIDENT, code=MONEY_STUCK, text=text),
            Action(Do.CHECK_BILL),
            reason="payment_lost",
        )
    if facts.payment.state != "reserved" or facts.payment.refused:
        return escalate(MONEY_STUCK, "payment_lost", f"The payment is {facts.payment.state}: it cannot be captured.")
    if (
        facts.cdr is not None
        and facts.cdr.reason != INTERIM
        and not facts.is_interim(now)
        and not own_first(facts, now)
    ):
        return stale_meter(facts, facts.cdr, now) or hold(facts.cdr)
    return waiting_for_cdr(facts, now)


def running_on(facts: Facts, now: datetime) -> Decision | None:
    """Rule 19: what still delivers after its end is stopped, and the driver hears of a STOP that fails."""
    attempt = facts.attempt
    if attempt is None:
        return None
    return stop_running_on(facts, attempt, now) or (untold_failure(facts, attempt, now) if attempt.runs_on else None)


def waiting_for_cdr(facts: Facts, now: datetime) -> Decision:
    if decision := by_ourselves(facts, now):
        return decision
    deadline = (facts.charging_ended_at or facts.state_since) + facts.rules.cdr_deadline
    if facts.cdr_elsewhere and (now >= deadline or facts.payment.expires_soon):
        text = f"CDR {facts.cdr_elsewhere} is about another charger, and no other came: the funds stay reserved."
        return escalate(CDR_ELSEWHERE, "cdr_place", text)
    if now >= deadline:
        why = facts.own.text if facts.own and facts.own.amount is None else ""
        text = f"No CDR arrived in time: the funds stay reserved. {why}".strip()
        return escalate(CDR_MISSING, "cdr_missing", text)
    if facts.payment.expires_soon:
        return escalate(
            CDR_MISSING, "reservation_expires", "The reservation expires soon and there is no CDR (rule 28)."
        )
    due = cdr_pull_due(facts)
    if now >= due:
        return stay(now + PAYMENT_POLL, Action(Do.PULL_CDRS), text="No CDR yet: asking for it (GET /cdrs).")
    attempt, latest = facts.attempt, min(due, deadline)
    if facts.own is not None and now < facts.own.due_at:
        latest = min(latest, facts.own.due_at)
    if attempt is None:
        return stay(latest)
    if attempt.session and facts.is_interim(now):
        latest = min(latest, attempt.session.news_at + facts.rules.silence_timeout)
    return stay(told_by(facts, attempt, latest, now))


def escalated(facts: Facts, now: datetime) -> Decision:
    """Late news frees it; otherwise it stays on the staff queue, without a clock."""
    if decision := money_moved(facts):
        return decision
    if facts.payment.state in ("capturing", "releasing"):
        return Decision()
    if facts.attempt is not None and not facts.attempt.ended:
        return start_in_doubt(facts, facts.attempt)
    if decision := running_on(facts, now):
        return decision if decision.again else Decision(actions=decision.actions, text=decision.text)
    if decision := from_cdr(facts, now):
        return Decision(actions=decision.actions, text=decision.text)
    return Decision()


def start_in_doubt(facts: Facts, attempt: AttemptFacts) -> Decision:
    """GET /sessions failed at the window's end: what is learned later decides as it would have then (rule 8)."""
    if facts.delivered or (attempt.session and attempt.session.status == "ACTIVE"):
        return go(State.VALIDATING, "The Session was found after all.", Action(Do.CLOSE_INCIDENTS))
    if facts.over:
        return fail("no_energy", "The Session ended without energy.", Action(Do.CLOSE_INCIDENTS), again=False)
    if pull_since(attempt, facts.state_since) is Pull.ANSWERED:
        text = "The CPO has no Session: the charger did not start."
        return fail("no_session", text, Action(Do.CLOSE_INCIDENTS), again=False)
    return Decision()
