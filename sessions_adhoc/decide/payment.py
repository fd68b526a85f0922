"""From created to the funds reserved, and the choice of the start strategy (rules 1, 2)."""

from datetime import datetime, timedelta

from sessions_adhoc.decide.decision import Action, Decision, Do, cancel, fail, go, stay, suspended
from sessions_adhoc.decide.session_facts import CONNECTOR_READY, Facts
from sessions_adhoc.states import State

PAYMENT_POLL = timedelta(seconds=10)
"""How often we look at the authorization by ourselves; its news normally comes first."""

SECOND_LOOK = timedelta(seconds=5)
"""A status that was being stored when the wait began woke nobody, and was not there to be seen: by then it is."""

UNPAID = {
    "declined": "The payment was declined.",
    "failed": "The payment could not be made.",
    "expired": "The reservation expired before charging began.",
    "released": "The reservation was released before charging began.",
}


def created(facts: Facts, now: datetime) -> Decision:
    if facts.driver_ended:
        return cancel("cancelled_by_driver", "Cancelled before payment.")
    if now >= facts.created_at + facts.rules.created_timeout:
        return cancel("not_paid", "No payment began in time.")
    if facts.suspended:
        return cancel("partner_suspended", "The connection to the operator is suspended.")
    if facts.payment.state != "created":
        return go(State.AUTHORIZING, "Going on with what the last try left reserved.")
    return go(State.AUTHORIZING, "Asking the payment gateway to reserve the funds.", Action(Do.RESERVE))


def authorizing(facts: Facts, now: datetime) -> Decision:
    if facts.driver_ended:
        return cancel("cancelled_by_driver", "Cancelled by the driver while paying.")
    if facts.payment.state == "reserved" and not facts.payment.short:
        return go(State.AUTHORIZED, "The funds are reserved.")
    if facts.payment.state in UNPAID:
        return unpaid(facts)
    if facts.payment.state == "reserved" and not facts.payment.raising:
        text = "The gateway holds no more on top of the earlier reservation: reserving anew."
        return Decision(actions=(Action(Do.REPLACE_HOLD),), text=text, again=True)
    deadline = facts.state_since + facts.rules.authorizing_timeout
    if now >= deadline:
        return cancel("payment_timeout", "The payment was not confirmed in time.")
    return stay(min(deadline, now + PAYMENT_POLL))


def unpaid(facts: Facts) -> Decision:
    """Rule 1: without reserved funds nothing is started."""
    state = facts.payment.state
    if state in UNPAID:
        return fail(f"payment_{state}", UNPAID[state])
    return fail("payment_lost", "The funds are not reserved any more.")


def authorized(facts: Facts, now: datetime) -> Decision:
    if facts.driver_ended:
        return cancel("cancelled_by_driver", "Cancelled by the driver before the start.")
    if facts.payment.state != "reserved":
        return unpaid(facts)
    if facts.suspended:
        return suspended()
    if facts.rules.start_strategy == "wait_for_preparing" and facts.connector_status not in CONNECTOR_READY:
        return go(State.WAITING_FOR_CONNECTOR, "Waiting for the cable to be plugged in.")
    return start("Sending START_SESSION.")


def start(text: str) -> Decision:
    return go(State.STARTING, text, Action(Do.OPEN_ATTEMPT))


def waiting_for_connector(facts: Facts, now: datetime) -> Decision:
    if facts.driver_ended:
        return cancel("cancelled_by_driver", "Cancelled by the driver before the start.")
    if facts.payment.state != "reserved":
        return unpaid(facts)
    if facts.suspended:
        return suspended()
    if facts.connector_status in CONNECTOR_READY:
        return start("The connector is ready (BLOCKED). Sending START_SESSION.")
    deadline = facts.state_since + facts.rules.connector_timeout
    if now >= deadline:
        status = facts.connector_status or "of no known status"
        text = f"The connector did not become ready in time: it is {status}. START_SESSION was not sent."
        return fail("connector_never_ready", text)
    second_look = facts.state_since + SECOND_LOOK
    return stay(min(deadline, second_look) if now < second_look else deadline)
