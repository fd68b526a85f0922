"""What an answer of the gateway, or its silence, means for an authorization.

Works on the row in memory, locked by the caller; no I/O. The row may have moved on while the gateway was
being asked (a driver cancels while the bank still thinks), so each rule belongs to a pair: the state the row
is in now and the question that was asked.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum

from billing.gateways import Dispute, GatewayAnswer, Outcome, Verb
from billing.models import PaymentAuthorization
from billing.payments import sealing
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
# While the driver is at the gateway's page. Its event, and the driver's return, come first as a rule.
DRIVER_POLL = timedelta(seconds=15)
CONTRADICTION = "gateway_contradiction"
TAKEN_ELSEWHERE = "captured_elsewhere"
REFUND_FAILED = "refund_failed"


class Step(StrEnum):
    """What is asked of the gateway next."""

    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    RAISE = "raise"
    FIND = "find"  # releasing, and the reservation's fate is unknown
    CHECK = (
        "check"  # reserved or captured: how does the money stand? Its time is over, or the gateway told of something
    )
    WARN = "warn"  # reserved, and close to its expiry: the gateway is not asked

    @property
    def acts(self) -> bool:
        """The gateway may change something on this request."""
        return self in (Step.RESERVE, Step.CAPTURE, Step.RELEASE, Step.REFUND, Step.RAISE)

    @property
    def verb(self) -> Verb:
        """What a lookup asks about."""
        return Verb(self) if self.acts else Verb.RESERVE


def next_step(row: PaymentAuthorization, now: datetime) -> Step:
    """What a due row needs. LookupError for a state that awaits nothing."""
    if row.state == State.CAPTURED:
        return Step.CHECK
    if row.state == State.RESERVED:
        if row.raise_amount is not None:
            return Step.RAISE
        is_over = row.expires_at is None or row.expires_at <= now
        is_time = not is_over and row.expiry_warned_at is None and row.warn_at() <= now
        return Step.WARN if is_time and row.told_at is None else Step.CHECK
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
        row.next_check_at = row.expiry_clock(now)
    else:
        row.next_check_at = now


def apply_silence(row: PaymentAuthorization, step: Step, now: datetime) -> None:
    """Nobody answered; `row.called_at` says whether the gateway may have heard."""
    if step is Step.RAISE and row.attempts >= RESERVE_ATTEMPTS and row.called_at is None:
        row.end_raising(now, done=False)
        return
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
    row.card = answer.card or row.card
    if answer.outcome is Outcome.DONE:
        row.expires_at = answer.expires_at or row.expires_at
        row.most_capturable = answer.most_capturable


def _on_reservation(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    _learn(row, answer)
    match answer.outcome:
        case Outcome.DONE if not row.gateway_reference:
            _contradiction(row, "The gateway reserved the money and named no charge.")
            _later(row, now)
        case Outcome.OPENED:
            # Saved, and only now is it confirmed: whatever holds money can be asked about.
            row.called_at, row.spent_keys, row.attempts, row.next_check_at = None, 0, 0, now
        case Outcome.ACTION_REQUIRED:
            action = answer.action
            until = action.expires_at if action else None
            row.await_driver(now, sealing.sealed(action) if action else None, until, now + DRIVER_POLL)
        case Outcome.DONE if _is_another_amount(row, answer):
            _contradiction(row, f"Asked to reserve {row.amount}, the gateway reserved {answer.amount}.")
            row.start_releasing(now)
        case Outcome.DONE:
            row.hold(now)
            if answer.captured_amount:
                row.told_at = row.next_check_at = now
        case Outcome.DECLINED:
            row.mark_declined(now, answer.code or "declined", answer.message)
        case Outcome.REFUSED:
            row.mark_failed(now, answer.code or "refused", answer.message)
        case Outcome.EXPIRED:
            row.mark_expired(now, answer.message)
        case _:
            _later(row, now)


def _is_another_amount(row: PaymentAuthorization, answer: GatewayAnswer) -> bool:
    """A terminal may hold more than is taken over, what we asked for is held exactly."""
    if answer.amount is None:
        return False
    return answer.amount < row.amount if row.adopted else answer.amount != row.amount


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


def _on_raise(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    match answer.outcome:
        case Outcome.DONE:
            row.expires_at = answer.expires_at or row.expires_at
            row.end_raising(now, done=True)
        case Outcome.REFUSED | Outcome.DECLINED | Outcome.EXPIRED:
            row.end_raising(now, done=False)
        case _:
            _later(row, now)


def _on_release(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    match answer.outcome:
        case Outcome.DONE | Outcome.EXPIRED:
            row.mark_released(now)
        case Outcome.REFUSED | Outcome.DECLINED if answer.captured_amount:
            _take_note_of_capture(row, answer, now)
        case Outcome.REFUSED | Outcome.DECLINED if row.was_reserved:
            row.hold(now, answer.code or "refused", answer.message)
        case Outcome.REFUSED | Outcome.DECLINED:
            # It was never held, and a refusal does not make it so: it is asked again, under a new key.
            row.failure_code, row.failure_message = answer.code or "refused", answer.message[:500]
            row.intent_round += 1
            row.called_at = None
            _later(row, now)
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


def _take_note_of_capture(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    """Somebody took the money at the gateway's own pages. It is asked about by its own name from now on: what it was
    opened as may have been a page."""
    amount = answer.captured_amount or 0
    row.gateway_reference = answer.gateway_reference or row.gateway_reference
    row.capture_amount = None
    row.mark_captured(now, min(amount, row.amount))
    row.failure_code = TAKEN_ELSEWHERE
    row.failure_message = f"{amount} was captured at the gateway, and not by us."


def _on_standing(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    """Captured: what became of the money since, whoever moved it (a refund may fail days after it was made)."""
    match answer.outcome:
        case Outcome.DONE:
            row.next_check_at = None
            _note_refunds(row, answer)
            _note_dispute(row, answer)
        case Outcome.PENDING | Outcome.UNKNOWN_KEY:
            _later(row, now)
        case _:
            row.next_check_at = None


def _note_refunds(row: PaymentAuthorization, answer: GatewayAnswer) -> None:
    given_back = answer.refunded_amount
    if given_back is None or given_back == row.refunded_amount:
        return
    lost = row.refunded_amount - given_back
    row.refunded_amount = min(given_back, row.captured_amount)
    row.failure_code, row.failure_message = "", ""
    if lost > 0:
        row.failure_code, row.failure_message = REFUND_FAILED, f"A refund failed afterwards: {lost} was not given back."


def _note_dispute(row: PaymentAuthorization, answer: GatewayAnswer) -> None:
    if answer.dispute is not None:
        row.dispute = answer.dispute.value
        row.disputed_amount = 0 if answer.dispute in (Dispute.NONE, Dispute.WON) else answer.disputed_amount or 0


def _on_check(row: PaymentAuthorization, answer: GatewayAnswer, now: datetime) -> None:
    """Reserved: is it still?"""
    match answer.outcome:
        case Outcome.DONE if answer.captured_amount:
            _take_note_of_capture(row, answer, now)
        case Outcome.EXPIRED | Outcome.DECLINED | Outcome.REFUSED:
            row.mark_expired(now, answer.message)
        case Outcome.DONE if answer.expires_at and answer.expires_at > now:
            row.expires_at = answer.expires_at
            row.next_check_at = row.expiry_clock(now)
        case Outcome.DONE:
            held = row.expires_at is not None and row.expires_at > now
            row.next_check_at = row.expiry_clock(now) if held or row.kept_until else now + EXPIRY_RECHECK
        case _:
            _later(row, now)


_RULES: dict[tuple[str, Step], Callable[[PaymentAuthorization, GatewayAnswer, datetime], None]] = {
    (State.RESERVING, Step.RESERVE): _on_reservation,
    (State.RELEASING, Step.RESERVE): _on_void,
    (State.RELEASING, Step.FIND): _on_void,
    (State.CAPTURING, Step.CAPTURE): _on_capture,
    (State.RELEASING, Step.RELEASE): _on_release,
    (State.REFUNDING, Step.REFUND): _on_refund,
    (State.RESERVED, Step.CHECK): _on_check,
    (State.RESERVED, Step.RAISE): _on_raise,
    (State.CAPTURED, Step.CHECK): _on_standing,
}
