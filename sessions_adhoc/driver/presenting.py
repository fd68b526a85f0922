"""An ad-hoc session in the driver's words. The API, the pages and the commands show the same."""

from typing import Any

from django.utils import timezone

from billing.models import PaymentAuthorization
from billing.payments.services import action_of
from billing.pricing import NOT_READABLE, describe, in_words, unit_prices
from sessions_adhoc.decide.limit import LIMIT
from sessions_adhoc.decide.stop import WITHOUT_EFFECT
from sessions_adhoc.engine.snapshot import attempt_facts, newest_attempt, valid_session
from sessions_adhoc.models import AdHocSession, Sample, TimelineEvent
from sessions_adhoc.money import estimating
from sessions_adhoc.money.offering import Offer, offer_of
from sessions_adhoc.states import BEFORE_START, TERMINAL, State

MESSAGES = {
    State.CREATED: "One moment: your payment is being prepared.",
    State.AUTHORIZING: "Reserving your payment.",
    State.AUTHORIZED: "Your payment is reserved.",
    State.WAITING_FOR_CONNECTOR: "Plug in your car: charging starts by itself.",
    State.STARTING: "Starting the charger. Plug in your car if you have not yet.",
    State.VALIDATING: "The charger has started. Waiting for the first energy.",
    State.CHARGING: "Charging.",
    State.STOPPING: "Stopping.",
    State.AWAITING_CDR: "Charging is over. Waiting for the operator's bill.",
    State.ESCALATED: "We are looking into this with the charger's operator.",
    State.SETTLED: "Done. Thank you for charging.",
    State.FAILED: "The session has ended. Nothing was charged to you.",
    State.CANCELLED: "Cancelled. Nothing was charged to you.",
}

REASONS = {
    "payment_declined": "Your payment was declined. Try another card.",
    "payment_failed": "The payment could not be made. Nothing was charged to you. Please try again.",
    "payment_expired": "The reservation expired before charging began. Nothing was charged to you.",
    "payment_released": "The reservation was released before charging began. Nothing was charged to you.",
    "payment_lost": "The reservation ended before it could be used. Nothing was charged to you.",
    "payment_timeout": "The payment was not confirmed in time. Nothing was charged to you.",
    "released": "The reservation was released. Nothing was charged to you.",
    "start_not_sent": "The charger could not be asked to start in time. Nothing was charged to you. Try again.",
    "partner_suspended": "This charger cannot be used at the moment. Nothing was charged to you.",
    "connector_never_ready": "The cable was not plugged in in time. Nothing was charged to you.",
    "command_rejected": "The charger refused to start. Nothing was charged to you. Try another connector.",
    "start_refused": "The charger could not start. Nothing was charged to you. Try another connector.",
    "cpo_unreachable": "The operator's system is not reachable. Nothing was charged to you. Try again later.",
    "no_session": "The charger did not start in time. Nothing was charged to you. You can try again.",
    "no_energy": "No energy reached your car. Nothing was charged to you. You can try again.",
    "stopped_by_driver": "Stopped. No energy was delivered and nothing was charged to you.",
}
WHY_HELD = {
    "cdr_energy": "The operator's bill says more energy than the charger could have delivered.",
    "cdr_without_energy": "The operator's bill says that no energy was delivered, but the charger metered some.",
    "cdr_price_unknown": "The operator's bill cannot be checked against a price that you were shown.",
    "cdr_times": "The operator's bill is about another time than your charge.",
    "cdr_place": "The operator's bill is about another charger.",
    "cdr_missing": "The operator has not sent a bill.",
}
HELD = "Your reservation is kept until it is clear what you owe."
TAKEN = "The session has ended."
SETTLED_FOR_NOTHING = "Done. Nothing was charged to you."
NOT_STOPPED = {
    State.STARTING: "The charger did not stop. It may still start: press stop again, or leave the cable unplugged.",
    State.VALIDATING: "The charger did not stop. It may still charge: press stop again, or stop at the charger.",
    State.CHARGING: "The charger did not stop. You are still charging: stop at the charger, or try again.",
}
RUNS_ON = "The charger says that it is free, but energy is still flowing: press stop, or stop at the charger."
CHARGER_MAY_RUN = frozenset({State.STARTING, State.VALIDATING, State.CHARGING})
CHARGING_IS_OVER = frozenset({State.AWAITING_CDR, State.ESCALATED})
LIMIT_REACHED = "Your reservation is nearly used up: we are ending the charge."
LIMIT_NEAR = {
    "stop": "90 % of your reservation is used. We end the charge before it is used up.",
    "go_on": "90 % of your reservation is used. Charging goes on.",
}
LIMIT_REFUSED = "Charging. Your bank does not hold more: the limit stays {}, and the charge ends before it is used up."
TO_PAY = "Please pay: the charger starts as soon as the amount is reserved on your card."
RETRYING = "The first try gave no energy. Trying again: leave the cable plugged in."


def payment_action(payment: PaymentAuthorization) -> dict[str, Any] | None:
    """What the driver has to do before anything is reserved; None where it is nothing."""
    action = action_of(payment, timezone.now())
    if action is None:
        return None
    kind = "redirect" if action.url else "client_secret"
    return {
        "type": kind,
        "url": action.url,
        "client_secret": "" if action.url else action.client_secret,
        "expires_at": action.expires_at,
    }


def message(session: AdHocSession, payment: PaymentAuthorization) -> str:
    """Return one sentence or two for the driver, true for the state and for the money (rule 40)."""
    state = State(session.state)
    if state == State.AUTHORIZING and action_of(payment, timezone.now()) is not None:
        return TO_PAY
    if state in TERMINAL:
        return _ending(session, state, payment)
    if state == State.STARTING and session.reason == "no_energy":
        return RETRYING
    if session.reason == WITHOUT_EFFECT and state in NOT_STOPPED:
        return NOT_STOPPED[state]
    if state in CHARGING_IS_OVER and runs_on(session):
        return RUNS_ON
    if state == State.ESCALATED and held_amount(payment):
        return " ".join(filter(None, [WHY_HELD.get(session.reason, ""), MESSAGES[state], HELD]))
    if state == State.STOPPING and session.reason == LIMIT:
        return LIMIT_REACHED
    return _limit_text(session) if state == State.CHARGING else MESSAGES[state]


def _limit_text(session: AdHocSession) -> str:
    """While energy flows: how the limit stands, where there is something to say of it."""
    if session.limit_wanted is not None:
        return f"Charging. Asking your bank to hold {in_words(session.limit_wanted, session.currency)}."
    if session.limit_refused_at is not None:
        return LIMIT_REFUSED.format(in_words(session.amount, session.currency))
    if session.limit_told_at is not None:
        return LIMIT_NEAR[session.policy.get("at_limit", "stop")]
    return MESSAGES[State.CHARGING]


def _ending(session: AdHocSession, state: State, payment: PaymentAuthorization) -> str:
    """How it ended; how much was taken stands beside it, and nothing says "nothing" where something was."""
    if state == State.SETTLED:
        return MESSAGES[state] if takes(payment) else SETTLED_FOR_NOTHING
    return TAKEN if takes(payment) else REASONS.get(session.reason, MESSAGES[state])


def takes(payment: PaymentAuthorization) -> bool:
    """Whether the driver pays anything, by now or by what is under way."""
    capturing = payment.state == PaymentAuthorization.State.CAPTURING
    return bool(payment.capture_amount if capturing else payment.kept_amount)


def can_stop(session: AdHocSession, state: State) -> bool:
    """Whether pressing stop makes sense: while it starts or charges; again when a STOP came to nothing (rule 19)."""
    if state in CHARGER_MAY_RUN:
        return session.stop_requested_at is None or session.reason == WITHOUT_EFFECT
    return state in CHARGING_IS_OVER and runs_on(session)


def runs_on(session: AdHocSession) -> bool:
    """Whether energy still flows although charging counts as over."""
    attempt = newest_attempt(session)
    return attempt is not None and attempt_facts(attempt, valid_session(attempt)).runs_on


def newest_sample(session: AdHocSession) -> Sample | None:
    """The newest reading that counts."""
    counting = Sample.objects.filter(attempt__session=session, ignored="").exclude(kwh=None)
    return counting.select_related("ocpi_session").order_by("-attempt__number", "-id").first()


def present(session: AdHocSession) -> dict[str, Any]:
    """Return the session, which the caller has just read, as the driver's API shows it.

    Reads what else changes in a constant number of queries; before the START there is little.
    """
    state, shown, payment = State(session.state), offer_of(session), session.authorization
    started = state not in BEFORE_START
    sample = newest_sample(session) if started else None
    events = session.timeline.filter(kind=TimelineEvent.Kind.STATE) if state != State.CREATED else ()
    return {
        "id": session.pk,
        "state": state.value,
        "reason": session.reason,
        "message": message(session, payment),
        "finished": state in TERMINAL,
        "can_stop": can_stop(session, state),
        "can_cancel": state in BEFORE_START,
        "evse": str(session.evse),
        "connector": session.connector_number,
        "connector_status": session.evse.status,
        "attempts": session.attempts.count() if started else 0,
        "created_at": session.created_at,
        "ended_at": session.ended_at,
        "money": {
            "currency": session.currency,
            "reserved": held_amount(payment),
            "limit": session.amount,
            "limit_wanted": session.limit_wanted,
            "kept_until": payment.kept_until,
            "captured": payment.captured_amount,
            "refunded": payment.refunded_amount,
            "estimated": estimating.estimate(session, sample, shown),
            "state": payment.state,
        },
        "payment_action": payment_action(payment) if state == State.AUTHORIZING else None,
        "quote": {"hash": session.offer_hash, **quote(shown)},
        "meter": {
            "kwh": sample.kwh if sample else None,
            "kw": sample.kw if sample else None,
            "kw_derived": bool(sample and sample.kw_derived),
            "soc": sample.soc if sample else None,
            "at": sample.at if sample else None,
        },
        "events": [{"at": event.at, "text": event.text} for event in events],
    }


def quote(shown: Offer) -> dict[str, Any]:
    """The price that the driver was shown, gross: in words with its restrictions, and per unit where there is one."""
    if shown.tariff is None:
        return {"text": NOT_READABLE if shown.unreadable else None, "per_kwh": None, "per_minute": None}
    return {"text": describe(shown.tariff), **unit_prices(shown.tariff)}


def held_amount(payment: PaymentAuthorization) -> int:
    """Minor units that the gateway holds of the driver's money now."""
    state = PaymentAuthorization.State
    return payment.amount if payment.state in (state.RESERVED, state.CAPTURING, state.RELEASING) else 0
