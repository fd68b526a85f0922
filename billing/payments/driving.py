"""Driving an authorization: claim it, ask the gateway outside any transaction, record the answer.

Crash-safe by construction. The claim commits "may have been asked" before the gateway is called, so whoever
comes next looks up the same idempotency key instead of guessing (rule 29). Only the holder of the lease talks
to the gateway about a row.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from billing import receivers
from billing.gateways import (
    Gateway,
    GatewayAnswer,
    GatewayUnreachable,
    OpenRequest,
    Outcome,
    Question,
    Verb,
    gateway_named,
)
from billing.gateways.base import AGAIN
from billing.models import PaymentAuthorization
from billing.models.payment_states import ASKED_ABOUT_STATES, Purpose, State
from billing.payments.answers import Step, apply_answer, apply_silence, apply_warning, is_stuck, next_step
from billing.payments.history import Action, write
from partners.ground.enqueue import enqueue_after_commit
from partners.ground.writes import table_of

__all__ = ["call_lease", "drive", "enqueue", "is_stuck"]

DRIVE_TASK = "billing.tasks.drive"
LEASE = ("leased_until", "next_check_at", "attempts", "called_at", "updated_at")
# A worker asks at most twice under one lease: it looks a key up, and asks only if the gateway never heard of it.
CALLS_PER_LEASE = 2
RECORDING_MARGIN = timedelta(seconds=5)
NOBODY_CAME = "release: nobody tried again in time"
NOBODY_PAID = "release: it was not paid in time"
DRIVER_PAYS_WITHIN = timedelta(minutes=30)
"""How long a driver may take to make a further payment. No charge waits for that, and ends it."""
ASKED_OF_DRIVER = frozenset({Purpose.ADDITION, Purpose.COLLECTION})


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to ask the gateway one question about one authorization, until `until`."""

    row: PaymentAuthorization
    step: Step
    key: str
    until: datetime
    called_before: datetime | None
    told_at: datetime | None

    @property
    def looks_at_all(self) -> bool:
        """Whether the answer tells how the money stands, with whatever the gateway told of before it was asked."""
        return self.step.verb is Verb.RESERVE

    @property
    def amount(self) -> int:
        """What is asked for, in minor units."""
        row = self.row
        asked = {Step.CAPTURE: row.capture_amount, Step.REFUND: row.refund_amount, Step.RAISE: row.raise_amount}
        return asked.get(self.step) or row.amount


def drive(authorization_id: UUID | str, handed_until: datetime | None = None) -> None:
    """Do the next step that this authorization needs, if it is due and nobody else is at it.

    `handed_until` is the lease under which the tick handed the row out: such a row counts as due, once. Safe
    to call at any time, any number of times and by several workers at once.
    """
    claim = _claim(authorization_id, handed_until)
    if claim is None:
        return
    try:
        told = _ask(gateway_named(claim.row.gateway), claim) if claim.step is not Step.WARN else None
    except GatewayUnreachable as silence:
        _record(claim, silence)
    else:
        _record(claim, told)


def call_lease(gateway: Gateway) -> timedelta:
    """How long a row belongs to the worker that asks `gateway`: longer than its calls can take, and not much longer,
    for a driver waits that long when the worker dies. If it runs out under a living worker no money is at stake: the
    next one looks up the same key, and the answer that comes too late is history."""
    return CALLS_PER_LEASE * gateway.call_timeout + RECORDING_MARGIN


def enqueue(row: PaymentAuthorization) -> None:
    """Have a worker drive the row after commit. If the broker is down the tick does it: the row is due."""
    enqueue_after_commit(DRIVE_TASK, str(row.pk))


def _claim(authorization_id: UUID | str, handed_until: datetime | None) -> Claim | None:
    with transaction.atomic(durable=True):
        row = PaymentAuthorization.objects.select_for_update().filter(pk=authorization_id).first()
        now = timezone.now()
        if row is None or row.next_check_at is None or row.is_leased(now):
            return None
        if row.next_check_at > now and row.next_check_at != handed_until:
            return None
        if row.was_kept_too_long(now):
            row.start_releasing(now)
            write(row, Action.REQUESTED, at=now, came_from=State.RESERVED, message=NOBODY_CAME)
        elif _was_left_unpaid(row, now):
            row.start_releasing(now)
            write(row, Action.REQUESTED, at=now, came_from=State.RESERVING, message=NOBODY_PAID)
        step, called_before = next_step(row, now), row.called_at
        row.leased_until = row.next_check_at = now + call_lease(gateway_named(row.gateway))
        row.attempts += 1
        key = _key(row, step)
        if step.acts:
            row.called_at = now
        if step.acts and called_before is None:
            write(row, Action.ASKED, at=now, came_from=row.state, key=key, message=step)
        else:
            table_of(PaymentAuthorization).update_only(row, *LEASE)
        return Claim(row, step, key, row.leased_until, called_before, row.told_at)


def _was_left_unpaid(row: PaymentAuthorization, now: datetime) -> bool:
    waits = row.purpose in ASKED_OF_DRIVER and row.state == State.RESERVING
    return waits and row.state_since + DRIVER_PAYS_WITHIN <= now


def _key(row: PaymentAuthorization, step: Step) -> str:
    """The idempotency key of the intent (rule 29), and how many the gateway has spent on failures of its own."""
    key = row.key(step) if step.acts and step is not Step.RESERVE else row.reserve_key
    return f"{key}{AGAIN}{row.spent_keys}" if row.spent_keys else key


def _ask(gateway: Gateway, claim: Claim) -> GatewayAnswer:
    """Ask the gateway: look up what may have been asked before, and ask only what it never heard of."""
    row, key, reference = claim.row, claim.key, claim.row.gateway_reference
    if claim.called_before is not None or not claim.step.acts:
        answer = gateway.lookup(Question(claim.step.verb, key, reference, claim.amount, row.currency))
        if answer.outcome is not Outcome.UNKNOWN_KEY or not claim.step.acts:
            return answer
    match claim.step:
        case Step.RESERVE:
            return _reserve(gateway, row, key)
        case Step.RELEASE:
            return gateway.release(key, reference)
        case Step.REFUND:
            return gateway.refund(key, reference, claim.amount)
        case Step.RAISE:
            return gateway.raise_to(key, reference, claim.amount)
        case _:
            return gateway.capture(key, reference, claim.amount)


def _reserve(gateway: Gateway, row: PaymentAuthorization, key: str) -> GatewayAnswer:
    """Open the reservation; confirm what was opened, once its reference is saved; or take over what is held."""
    if row.adopted:
        return gateway.adopt(key, row.gateway_reference, row.amount, row.currency, _about(row))
    request = _request(row, key)
    if row.gateway_reference:
        return gateway.confirm(request, row.gateway_reference)
    return gateway.open(request).as_answer()


def _request(row: PaymentAuthorization, key: str) -> OpenRequest:
    """The same for the same key: whatever the gateway compares is stored with the row."""
    opening = row.opening or {}
    return OpenRequest(
        key=key,
        amount=row.amount,
        currency=row.currency,
        payment_method=row.payment_method,
        reference=row.reference,
        asked_at=row.state_since,
        return_url=opening.get("return_url", ""),
        locale=opening.get("locale", ""),
        description=opening.get("description", ""),
        email=opening.get("email", ""),
        metadata=_about(row),
    )


def _about(row: PaymentAuthorization) -> dict[str, str]:
    """What the gateway keeps with it: what it is for, and whose it is."""
    return {**(row.opening or {}).get("metadata", {}), "payment": str(row.pk)}


def _record(claim: Claim, told: GatewayAnswer | GatewayUnreachable | None) -> None:
    """Keep what the gateway told, and pass it on to whoever owns the payment by now."""
    reference = claim.row.reference
    while True:
        try:
            return _record_for(reference, claim, told)
        except receivers.OwnerChanged:
            # Another try took the hold over while the gateway was being asked.
            reference = PaymentAuthorization.objects.values_list("reference", flat=True).get(pk=claim.row.pk)


def _record_for(reference: str, claim: Claim, told: GatewayAnswer | GatewayUnreachable | None) -> None:
    """Keep what the gateway told, move the row, and pass the news on: one short transaction."""
    with transaction.atomic(durable=True):
        row, owner = receivers.lock_with_owner(claim.row.pk, reference)
        now, before = timezone.now(), row.state
        answer = told if isinstance(told, GatewayAnswer) else None
        if row.leased_until != claim.until:
            # The lease ran out and another worker asks the same question: its answer counts, ours is history.
            write(row, Action.LATE, at=now, came_from=before, key=claim.key, answer=answer)
            return
        row.leased_until = None
        known, message = _known(row), ""
        if answer is not None:
            action = Action.ANSWERED
            if claim.looks_at_all and row.told_at == claim.told_at:
                row.told_at = None
            apply_answer(row, claim.step, answer, now)
        elif isinstance(told, GatewayUnreachable):
            action, message = Action.UNREACHABLE, str(told) or "no answer"
            if not told.might_have_arrived:
                row.called_at = claim.called_before
            row.spent_keys += told.key_is_spent
            apply_silence(row, claim.step, now)
        else:
            action = Action.EXPIRY_NEAR
            apply_warning(row, now)
        if _is_told_of_more(row, claim):
            row.next_check_at = now
        is_news = _known(row) != known or is_stuck(row)
        writes = owner.writes if owner is not None and is_news else None
        write(row, action, at=now, came_from=before, key=claim.key, answer=answer, message=message, writes=writes)
        if is_news:
            receivers.authorization_changed(row, owner)
        if row.next_check_at is not None and row.next_check_at <= now:
            enqueue(row)


def _known(row: PaymentAuthorization) -> tuple[object, ...]:
    """What the owner of the payment is told of when it changes."""
    moved = row.amount, row.raise_amount, row.refunded_amount, row.dispute, row.disputed_amount
    return row.state, row.expiry_warned_at, *moved


def _is_told_of_more(row: PaymentAuthorization, claim: Claim) -> bool:
    """The gateway told of something while it was being asked, or of something that was not asked about."""
    if row.told_at is None or row.state not in ASKED_ABOUT_STATES:
        return False
    if claim.looks_at_all and row.told_at == claim.told_at:
        return False  # nobody answered: it is asked again when its time comes
    rests = row.state in (State.RESERVED, State.CAPTURED) and row.raise_amount is None
    return rests or row.told_at != claim.told_at
