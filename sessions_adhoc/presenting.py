"""An ad-hoc session in the driver's words. The API, the pages and the commands show the same."""

from typing import Any

from billing.models import PaymentAuthorization
from sessions_adhoc import estimating
from sessions_adhoc.models import AdHocSession, Sample, TimelineEvent
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
    State.ESCALATED: "We are looking into this with the charger's operator. Your reservation is safe.",
    State.SETTLED: "Done. Thank you for charging.",
    State.FAILED: "Charging did not start. Nothing was charged to you.",
    State.CANCELLED: "Cancelled. Nothing was charged to you.",
}

REASONS = {
    "payment_declined": "Your payment was declined. Try another card.",
    "payment_failed": "The payment could not be made. Nothing was charged to you. Please try again.",
    "connector_never_ready": "The cable was not plugged in in time. Nothing was charged to you.",
    "command_rejected": "The charger refused to start. Nothing was charged to you. Try another connector.",
    "start_refused": "The charger could not start. Nothing was charged to you. Try another connector.",
    "cpo_unreachable": "The operator's system is not reachable. Nothing was charged to you. Try again later.",
    "no_session": "The charger did not start in time. Nothing was charged to you. You can try again.",
    "no_energy": "No energy reached your car. Nothing was charged to you. You can try again.",
    "stopped_by_driver": "Stopped. No energy was delivered and nothing was charged to you.",
    "stop_without_effect": "The charger did not stop. You are still charging: stop at the charger, or try again.",
}
RETRYING = "The first try gave no energy. Trying again: leave the cable plugged in."


def message(session: AdHocSession) -> str:
    """Return one sentence for the driver."""
    state = State(session.state)
    if state == State.STARTING and session.reason == "no_energy":
        return RETRYING
    if state in TERMINAL or session.reason == "stop_without_effect":
        return REASONS.get(session.reason, MESSAGES[state])
    return MESSAGES[state]


def newest_sample(session: AdHocSession) -> Sample | None:
    """The newest reading that counts."""
    return (
        Sample.objects.filter(attempt__session=session, ignored="")
        .exclude(kwh=None)
        .order_by("-attempt__number", "-id")
        .first()
    )


def presented(session: AdHocSession) -> dict[str, Any]:
    """Return the session as the driver's API shows it. Reads what changes from the database, in a constant number of
    queries."""
    state = State(session.state)
    sample = newest_sample(session)
    payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
    events = session.timeline.filter(kind=TimelineEvent.Kind.STATE)
    return {
        "id": session.pk,
        "state": state.value,
        "reason": session.reason,
        "message": message(session),
        "finished": state in TERMINAL,
        "can_stop": state in (State.STARTING, State.VALIDATING, State.CHARGING) and session.stop_requested_at is None,
        "can_cancel": state in BEFORE_START,
        "evse": str(session.evse),
        "connector": session.connector_number,
        "connector_status": session.evse.status,
        "attempts": session.attempts.count(),
        "created_at": session.created_at,
        "ended_at": session.ended_at,
        "money": {
            "currency": session.currency,
            "reserved": held(payment),
            "captured": payment.captured_amount,
            "refunded": payment.refunded_amount,
            "estimated": estimating.estimate(session, sample),
            "state": payment.state,
        },
        "meter": {
            "kwh": sample.kwh if sample else None,
            "kw": sample.kw if sample else None,
            "kw_derived": bool(sample and sample.kw_derived),
            "soc": sample.soc if sample else None,
            "at": sample.at if sample else None,
        },
        "events": [{"at": event.at, "text": event.text} for event in events],
    }


def held(payment: PaymentAuthorization) -> int:
    """Minor units that the gateway holds of the driver's money now."""
    state = PaymentAuthorization.State
    return payment.amount if payment.state in (state.RESERVED, state.CAPTURING, state.RELEASING) else 0
