"""What the simulated acquirer does to its own books: requests by their keys, charges under one lock each."""

from datetime import datetime

from billing.gateways.base import GatewayAnswer, Outcome
from billing.gateways.simulated.tokens import TEST_TOKENS, TestToken
from billing.models import SimulatedCharge, SimulatedOperation

Status = SimulatedCharge.Status


def refuse(operation: SimulatedOperation, code: str, message: str) -> None:
    operation.outcome, operation.code, operation.message = Outcome.REFUSED, code, message


def is_busy(charge: SimulatedCharge) -> bool:
    """A capture, release, refund or raise is accepted and not finished."""
    return charge.operations.filter(
        verb__in=("capture", "release", "refund", "raise"), outcome=Outcome.PENDING
    ).exists()


def token_of(charge: SimulatedCharge | None) -> TestToken:
    """How the charge's payment method behaves; an unknown one does nothing special."""
    return TEST_TOKENS.get(charge.payment_method if charge else "", TEST_TOKENS["pm_sim_ok"])


def operation_of(key: str, now: datetime) -> SimulatedOperation | None:
    """The request with this key as it stands now."""
    operation = SimulatedOperation.objects.filter(pk=key).first()
    if operation is None or operation.charge_id is None:
        return operation
    # The charge is the only lock: requests of one charge change under it, never under a lock of their own.
    charge = charge_of(operation.charge_id, now)
    operation = SimulatedOperation.objects.get(pk=key)
    operation.charge = charge
    return operation


def charge_of(gateway_reference: str, now: datetime) -> SimulatedCharge | None:
    """The charge, locked, with everything done whose time has come."""
    charge = SimulatedCharge.objects.select_for_update().filter(pk=gateway_reference).first()
    if charge is None:
        return None
    for operation in charge.operations.filter(outcome=Outcome.PENDING, ready_at__lte=now):
        _apply(operation, charge)
        operation.outcome = Outcome.DONE
        operation.save()
    if charge.status == Status.RESERVED and charge.expires_at <= now:
        charge.status, charge.released_amount = Status.EXPIRED, charge.amount
    charge.save()
    return charge


def _apply(operation: SimulatedOperation, charge: SimulatedCharge) -> None:
    """Book what the finished request does to the charge."""
    if operation.verb == "reserve" and charge.status == Status.PENDING:
        charge.status = Status.RESERVED
    elif operation.verb == "capture" and charge.status == Status.RESERVED:
        charge.status, charge.captured_amount = Status.CAPTURED, operation.payload["amount"]
        charge.released_amount = charge.amount - charge.captured_amount
    elif operation.verb == "raise" and charge.status == Status.RESERVED:
        charge.amount = operation.payload["amount"]
    elif operation.verb == "refund" and charge.status == Status.CAPTURED:
        charge.refunded_amount += operation.payload["amount"]
    elif operation.verb == "release" and charge.status in (Status.PENDING, Status.RESERVED):
        charge.status, charge.released_amount = Status.RELEASED, charge.amount


def answer_of(operation: SimulatedOperation) -> GatewayAnswer:
    charge, outcome = operation.charge, Outcome(operation.outcome)
    if charge is None:
        return GatewayAnswer(outcome, code=operation.code, message=operation.message)
    # A reservation is asked about long after it was made: tell what it is worth now.
    over = charge.status in (Status.EXPIRED, Status.RELEASED)
    if operation.verb == "reserve" and outcome is Outcome.DONE and over:
        outcome = Outcome.EXPIRED
    taken = charge.status == Status.CAPTURED
    return GatewayAnswer(
        outcome,
        gateway_reference=charge.pk,
        amount=charge.amount,
        captured_amount=charge.captured_amount if taken else None,
        refunded_amount=charge.refunded_amount if taken else None,
        expires_at=charge.expires_at,
        code=operation.code,
        message=operation.message,
    )
