"""What an answer of the gateway, or its silence, means for an authorization.

Works on the row in memory, locked by the caller; no I/O. The row may have moved on while the gateway was
being asked (a driver cancels while the bank still thinks), so each rule belongs to a pair: the state the row
is in now and the question that was asked.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from billing.gateways import GatewayAnswer, Outcome
from billing.models import PaymentAuthorization
from partners.ground.deadlines import growing_pause

State = PaymentAuthorization.State

# Without a single answer, a reservation is given up after about a minute: a driver is standing at the
# charger.
RESERVE_ATTEMPTS = 6
# A capture, release or refund that did not come through for about four minutes needs people.
STUCK_ATTEMPTS = 8
# A request that timed out may still be on its way; only after this long does "never heard of it" mean never.
ARRIVAL_GRACE = timedelta(minutes=2)
EXPIRY_RECHECK = timedelta(hours=1)
CONTRADICTION = "gateway_contradiction"


class Step(StrEnum):
    """What is asked of the gateway next."""

    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    FIND = "find"  # releasing, and the reservation's fate is unknown
    CHECK = "check"  # reserved, and past its expiry
    WARN = "warn"  # reserved, and close to its expiry: the gateway is not asked

    @property
    def acts(self) -> bool:
        """The gateway may change something on this request."""
        return self in (Step.RESERVE, Step.CAPTURE, Step.RELEASE, Step.REFUND)


def next_step(row: PaymentAuthorization, now: datetime) -> Step:
    """What a due row needs. LookupError for a state that awaits nothing."""
    if row.state == State.RESERVED:
        return Step.CHECK if row.expires_at is None or row.expires_at <= now else Step.WARN
    if row.state == State.RELEASING:
        return Step.RELEASE if row.gateway_reference else Step.FIND
    return {State.RESERVING: Step.RESERVE, State.CAPTURING: Step.CAPTURE, State.REFUNDING: Step.REFUND}[row.state]


def is_stuck(row: PaymentAuthorization) -> bool:
    """Money neither comes nor goes: people must look (rule 24: held with an open incident)."""
    moving = (State.CAPTURING, State.RELEASING, State.REFUNDING)
    return row.state in moving and row.attempts >= STUCK_ATTEMPTS


def apply_answer(row: PaymentAuthorization, step: Step, answer: GatewayAnswer, now: datetime) -> None:
    """Move the row as the gateway's answer says."""
    rule = _RULES.get((row.state, step))
    if rule is None:
        # The row moved on to another question meanwhile, and this answer has no bearing on it.
        row.next_check_at = now
    else:
        rule(row, answer, now)


def apply_warning(row: PaymentAuthorization, now: datetime) -> None:
    """The reservation expires soon (rule 28)."""
    if row.state == State.RESERVED:
        row.expiry_warned_at = now
        row.next_check_at = row.expires_at
    else:
        row.next_check_at = now


def apply_silence(row: PaymentAuthorization, step: Step, now: datetime) -> None:
    """Nobody answered; `row.called_at` says whether the gateway may have heard."""
    unheard = row.called_at is None and not row.gateway_reference
    if row.state == State.RESERVING and row.attempts >= RESERVE_ATTEMPTS:
        if unheard:
            row.mark_failed(now, "gateway_unreachable", "The payment gateway cannot be reached.")
        else:
            row.start_releasing(now)
    elif row.state == State.RELEASING and unheard:
        row.mark_released(now)
    elif (row.state, step) in _RULES:
        _later(row, now)
    else:
        row.next_check_at = now


def _later(row: PaymentAuthorization, now: datetime) -> None:
    """Ask again after 1, 2, 4, ... seconds, at most half a minute while a driver waits, else five minutes."""
    longest = timedelta(seconds=30) if row.state == State.RESERVING else timedelta(minutes=5)
    row.next_check_at = now + growing_pause(row.attempts, timedelta(seconds=1), longest)


def _contradiction(row: PaymentAuthorization, message: str) -> None:
    row.failure_code, row.failure_message = CONTRADICTION, message


def _learn(row: PaymentAuthorization, answer: GatewayAnswer) -> None:
    row.gateway_reference = answer.gateway_reference or row.gateway_reference
    row.expires_at = answer.expires_at or row.expires_at


def _on_reservation(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    _learn(row, answer)
    match answer.outcome:
        case Outcome.DONE if not row.gateway_reference:
            _contradiction(row, "The gateway reserved the money and named no charge.")
            _later(row, now)
        case Outcome.DONE if answer.amount not in (None, row.amount):
            _contradiction(row, f"Asked to reserve {row.amount}, the gateway reserved {answer.amount}.")
            row.start_releasing(now)
        case Outcome.DONE:
            row.hold(now)
        case Outcome.DECLINED:
            row.mark_declined(now, answer.code or "declined", answer.message)
        case Outcome.REFUSED:
            row.mark_failed(now, answer.code or "refused", answer.message)
        case Outcome.EXPIRED:
            row.mark_expired(now, answer.message)
        case _:
            _later(row, now)


def _on_void(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    """Releasing, and this is what became of the reservation."""
    _learn(row, answer)
    never_arrived = answer.outcome is Outcome.UNKNOWN_KEY and _cannot_arrive_any_more(row, now)
    if never_arrived or answer.outcome in (Outcome.DECLINED, Outcome.REFUSED, Outcome.EXPIRED):
        row.mark_released(now)
    elif row.gateway_reference:
        row.called_at, row.attempts, row.next_check_at = None, 0, now
    else:
        _later(row, now)


def _cannot_arrive_any_more(row: PaymentAuthorization, now: datetime) -> bool:
    return row.called_at is None or now - row.called_at >= ARRIVAL_GRACE


def _on_capture(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    assert row.capture_amount is not None
    captured = row.capture_amount if answer.captured_amount is None else answer.captured_amount
    match answer.outcome:
        case Outcome.DONE if not 0 < captured <= row.amount:
            _contradiction(row, f"Asked to capture {row.capture_amount}, the gateway captured {captured}.")
            _later(row, now)
        case Outcome.DONE:
            asked = row.capture_amount
            row.mark_captured(now, captured)
            if captured != asked:
                _contradiction(row, f"Asked to capture {asked}, the gateway captured {captured}.")
        case Outcome.EXPIRED:
            row.mark_expired(now, answer.message)
        case Outcome.REFUSED | Outcome.DECLINED:
            row.hold(now, answer.code or "refused", answer.message)
        case _:
            _later(row, now)


def _on_release(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    match answer.outcome:
        case Outcome.DONE | Outcome.EXPIRED:
            row.mark_released(now)
        case Outcome.REFUSED | Outcome.DECLINED:
            row.hold(now, answer.code or "refused", answer.message)
        case _:
            _later(row, now)


def _on_refund(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    match answer.outcome:
        case Outcome.DONE:
            row.end_refunding(now, row.refund_amount or 0)
        case Outcome.REFUSED | Outcome.DECLINED | Outcome.EXPIRED:
            row.end_refunding(now, 0, answer.code or "refused", answer.message)
        case _:
            _later(row, now)


def _on_expiry_check(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    match answer.outcome:
        case Outcome.EXPIRED | Outcome.DECLINED | Outcome.REFUSED:
            row.mark_expired(now, answer.message)
        case Outcome.DONE if answer.expires_at and answer.expires_at > now:
            row.expires_at = row.next_check_at = answer.expires_at
        case Outcome.DONE:
            row.next_check_at = now + EXPIRY_RECHECK
        case _:
            _later(row, now)


_RULES: dict[tuple[str, Step], Callable[[PaymentAuthorization, GatewayAnswer, datetime], None]] = {
    (State.RESERVING, Step.RESERVE): _on_reservation,
    (State.RELEASING, Step.RESERVE): _on_void,
    (State.RELEASING, Step.FIND): _on_void,
    (State.CAPTURING, Step.CAPTURE): _on_capture,
    (State.RELEASING, Step.RELEASE): _on_release,
    (State.REFUNDING, Step.REFUND): _on_refund,
    (State.RESERVED, Step.CHECK): _on_expiry_check,
}
