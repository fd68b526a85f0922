"""The states of an ad-hoc session in support's words: whom we wait for, and what happens when the clock runs out."""

from billing.admin.amounts import amount
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, clock_time
from sessions_adhoc.driver.presenting import held_in_all
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.money.holds import Holds
from sessions_adhoc.money.paid import kept_of
from sessions_adhoc.states import State

TONES = {
    **dict.fromkeys((State.CREATED, State.AUTHORIZING, State.AUTHORIZED, State.STARTING, State.VALIDATING), INFO),
    **dict.fromkeys((State.WAITING_FOR_CONNECTOR, State.STOPPING, State.AWAITING_CDR), INFO),
    **dict.fromkeys((State.CHARGING, State.SETTLED), SUCCESS),
    State.FAILED: WARNING,
    State.CANCELLED: NEUTRAL,
    # Red is for what waits for staff.
    State.ESCALATED: DANGER,
}

WAITING = {
    State.CREATED: ("Waiting for us: the payment is about to be reserved.", "the session is cancelled"),
    State.AUTHORIZING: (
        "Waiting for the payment gateway to reserve the money.",
        "the session is cancelled and whatever the gateway did is voided",
    ),
    State.AUTHORIZED: ("Waiting for us: the money is reserved and START_SESSION is about to be sent.", "we start"),
    State.WAITING_FOR_CONNECTOR: (
        "Waiting for the driver to plug in. Nothing is sent to the CPO until the connector is BLOCKED or PREPARING.",
        "the session fails and the money is released",
    ),
    State.STARTING: (
        "Waiting for the CPO: a Session with status ACTIVE. An accepted command alone starts nothing.",
        "we ask with GET /sessions and decide by the answer",
    ),
    State.VALIDATING: (
        "Waiting for the CPO: its Session is ACTIVE, and the first energy is still missing.",
        "the attempt has failed: the next one starts, or the money is released",
    ),
    State.CHARGING: ("Energy flows. Waiting for the CPO's next meter values.", "we ask with GET /sessions"),
    State.STOPPING: (
        "Waiting for the CPO: STOP_SESSION was sent, and the Session has not ended yet.",
        "we ask with GET /sessions; if it is still ACTIVE it goes on charging",
    ),
    State.AWAITING_CDR: (
        "Charging is over. Waiting for the CPO's CDR; the money stays reserved.",
        "we ask with GET /cdrs; after a day without a CDR it is escalated",
    ),
    State.ESCALATED: ("Waiting for us: news from the CPO, or staff, decide about the money.", ""),
    State.SETTLED: ("Nobody has to do anything: what was due was taken, and nothing more is held.", ""),
    State.FAILED: ("Nobody has to do anything: no money was taken.", ""),
    State.CANCELLED: ("Nobody has to do anything: no money was taken.", ""),
}

REASONS = {
    "payment_declined": "the payment was declined",
    "payment_failed": "the payment could not be made",
    "payment_expired": "the reservation expired",
    "payment_released": "the reservation was released",
    "payment_lost": "the gateway no longer holds the money",
    "connector_never_ready": "the connector did not become ready in time",
    "command_rejected": "the CPO refused START_SESSION",
    "start_refused": "the CPO refused to start",
    "cpo_unreachable": "the CPO's system could not be reached",
    "no_session": "no Session came in time",
    "no_energy": "no energy was delivered",
    "sessions_unavailable": "no Session came, and GET /sessions could not be used",
    "start_not_sent": "START_SESSION could not be sent in time",
    "payment_stuck": "the gateway does not finish the capture or release",
    "reservation_expires": "the reservation expires soon and there is no CDR",
    "cdr_missing": "the CDR did not come in time",
    "cdr_unusable": "the CDR does not fit the reservation",
    "cdr_energy": "the CDR says more energy than could have been delivered",
    "cdr_without_energy": "the CDR says no energy, and energy was metered",
    "cdr_price_unknown": "no price that was shown explains the CDR's total",
    "cdr_times": "the CDR's times are not inside its Session's",
    "cdr_place": "the CDR is about another EVSE",
    "released": "nothing was owed and everything was released",
    "stopped_by_driver": "the driver stopped before any energy",
    "stop_without_effect": "STOP_SESSION had no effect",
}

ADVICE = {
    State.ESCALATED: "Read the incident and the timeline, ask the CPO, then check again.",
    State.AWAITING_CDR: "If it takes long, ask the CPO for the CDR.",
}


def reason_in_words(reason: str) -> str:
    """The reason's code as a sentence part; an unknown one as it is."""
    return REASONS.get(reason, reason.replace("_", " "))


def money_of(session: AdHocSession) -> str:
    """What matters of the money, for lists: `40.00 EUR held`, `7.41 EUR paid`, `none taken`, `expired: none held`."""
    payment = session.authorization
    # With the list's rows, where it is a list; asked for only where there may be any.
    further = list(payment.further.all()) if payment.captured_amount or session.has_additions else []
    if any(row.captured_amount for row in (payment, *further)):
        return f"{amount(kept_of([payment, *further]), payment.currency)} paid"
    if holding := held_in_all(Holds(payment, further)):
        return f"{amount(holding, payment.currency)} held"
    if session.is_terminal:
        return "none taken"
    if payment.is_terminal:
        return f"{payment.get_state_display().lower()}: none held"
    return f"{amount(payment.amount, payment.currency)} to reserve"


def standing_of(session: AdHocSession) -> Standing:
    """Where the session stands."""
    state = State(session.state)
    text, then = WAITING[state]
    if session.reason:
        text = f"{text} Reason: {reason_in_words(session.reason)}."
    if (until := session.authorization.kept_until) is not None:
        text = f"{text} {money_of(session)} for another try until {clock_time(until)}; then it is released."
    if session.stop_requested_at and not session.is_terminal:
        text = f"{text} A stop was asked for."
    return Standing(
        state.label,
        text,
        TONES[state],
        ADVICE.get(state, ""),
        since=session.state_since,
        next_at=session.next_check_at,
        next_text=then if session.next_check_at else "",
    )
