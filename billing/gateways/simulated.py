"""The embedded payment gateway: a small acquirer with books of its own.

It keeps what it did in its own tables, in its own short transactions, and knows nothing of our
authorizations: a crash on our side leaves its books as they are, exactly as with a real acquirer. Which way
it behaves is chosen by the payment method, like the test tokens of card processors (`TEST_TOKENS`).
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.gateways.base import Gateway, GatewayAnswer, GatewayUnreachable, Outcome
from billing.models import SimulatedCharge, SimulatedOperation

HOLD = timedelta(days=7)
SHORT_HOLD = timedelta(seconds=60)
Status = SimulatedCharge.Status


@dataclass(frozen=True, slots=True)
class TestToken:
    """A payment method that makes the simulated gateway behave in one particular way."""

    __test__ = False  # not a test case, whatever pytest makes of the name

    description: str
    slow: bool = False
    decline_code: str = ""
    unreachable: bool = False
    loses_answer_to: str = ""
    refuses: str = ""
    hold: timedelta = HOLD


TEST_TOKENS: dict[str, TestToken] = {
    "pm_sim_ok": TestToken("Reserves, captures and releases at once."),
    "pm_sim_slow": TestToken(
        "Every request is answered 'pending' first and done after SIMULATED_GATEWAY_DELAY_MS.", slow=True
    ),
    "pm_sim_declined": TestToken("The bank declines the reservation.", decline_code="card_declined"),
    "pm_sim_insufficient_funds": TestToken(
        "The bank declines the reservation: not enough money.", decline_code="insufficient_funds"
    ),
    "pm_sim_unreachable": TestToken("The gateway cannot be reached; nothing is reserved.", unreachable=True),
    "pm_sim_reserves_then_times_out": TestToken(
        "Reserves the money, but the first answer is lost.", loses_answer_to="reserve"
    ),
    "pm_sim_captures_then_times_out": TestToken(
        "Captures the money, but the first answer is lost.", loses_answer_to="capture"
    ),
    "pm_sim_expires": TestToken("The reservation expires after one minute.", hold=SHORT_HOLD),
    "pm_sim_capture_refused": TestToken("Every capture is refused; release works.", refuses="capture"),
    "pm_sim_refund_refused": TestToken("Captures, but every refund is refused.", refuses="refund"),
    "pm_sim_refunds_then_times_out": TestToken(
        "Refunds the money, but the first answer is lost.", loses_answer_to="refund"
    ),
}


class SimulatedGateway(Gateway):
    """The simulated acquirer. Each method is one transaction of its own and refuses to run inside another."""

    call_timeout = timedelta(seconds=3)

    def reserve(self, key: str, amount: int, currency: str, payment_method: str, reference: str) -> GatewayAnswer:
        token = TEST_TOKENS.get(payment_method)
        if token is not None and token.unreachable:
            raise GatewayUnreachable("connection refused", might_have_arrived=False)
        payload = {
            "amount": amount,
            "currency": currency,
            "payment_method": payment_method,
            "reference": reference,
        }

        def book(operation: SimulatedOperation, now: datetime) -> None:
            decline = "unknown_payment_method" if token is None else token.decline_code
            operation.charge = SimulatedCharge.objects.create(
                id=f"sim_{uuid.uuid4().hex}",
                **payload,
                status=Status.DECLINED if decline else Status.PENDING,
                expires_at=now + (token.hold if token else HOLD),
                created_at=now,
            )
            if decline:
                operation.outcome, operation.code = Outcome.DECLINED, decline
                operation.message = f"The bank declined: {decline.replace('_', ' ')}."

        return self._request("reserve", key, payload, book)

    def capture(self, key: str, gateway_reference: str, amount: int) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = _charge(gateway_reference, now)
            operation.charge = charge
            if charge is None:
                _refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status == Status.EXPIRED:
                operation.outcome, operation.message = Outcome.EXPIRED, "The reservation has expired."
            elif charge.status != Status.RESERVED:
                _refuse(operation, f"already_{charge.status}", f"The charge is {charge.status}, not reserved.")
            elif not 0 < amount <= charge.amount:
                _refuse(operation, "amount_too_large", f"Only {charge.amount} is reserved.")
            elif _is_busy(charge):
                _refuse(operation, "operation_in_progress", "Another request for this charge is under way.")
            elif _token(charge).refuses == "capture":
                _refuse(operation, "capture_refused", "The acquirer refused the capture.")

        return self._request("capture", key, {"charge": gateway_reference, "amount": amount}, book)

    def release(self, key: str, gateway_reference: str) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = _charge(gateway_reference, now)
            operation.charge = charge
            if charge is None:
                _refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status == Status.EXPIRED:
                operation.outcome, operation.message = Outcome.EXPIRED, "The reservation has expired."
            elif charge.status not in (Status.PENDING, Status.RESERVED, Status.DECLINED):
                _refuse(operation, f"already_{charge.status}", f"The charge is {charge.status}.")
            elif _is_busy(charge):
                _refuse(operation, "operation_in_progress", "Another request for this charge is under way.")

        return self._request("release", key, {"charge": gateway_reference}, book)

    def refund(self, key: str, gateway_reference: str, amount: int) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = _charge(gateway_reference, now)
            operation.charge = charge
            if charge is None:
                _refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status != Status.CAPTURED:
                _refuse(operation, f"is_{charge.status}", f"The charge is {charge.status}, not captured.")
            elif not 0 < amount <= charge.captured_amount - charge.refunded_amount:
                _refuse(operation, "amount_too_large", f"Only {charge.captured_amount} was captured.")
            elif _is_busy(charge):
                _refuse(operation, "operation_in_progress", "Another request for this charge is under way.")
            elif _token(charge).refuses == "refund":
                _refuse(operation, "refund_refused", "The acquirer refused the refund.")

        return self._request("refund", key, {"charge": gateway_reference, "amount": amount}, book)

    def lookup(self, key: str) -> GatewayAnswer:
        with transaction.atomic(durable=True):
            operation = _operation(key, timezone.now())
        if operation is None:
            return GatewayAnswer(Outcome.UNKNOWN_KEY, message="No request with this key was received.")
        return _answer(operation)

    def _request(
        self,
        verb: str,
        key: str,
        payload: dict[str, Any],
        book: Callable[[SimulatedOperation, datetime], None],
    ) -> GatewayAnswer:
        """Do the request once per key; repeat the first answer to the same request, refuse another one."""
        now = timezone.now()
        with transaction.atomic(durable=True):
            operation, fresh = SimulatedOperation.objects.get_or_create(
                pk=key,
                defaults={"verb": verb, "payload": payload, "outcome": Outcome.PENDING, "created_at": now},
            )
            if (operation.verb, operation.payload) != (verb, payload):
                return GatewayAnswer(
                    Outcome.REFUSED,
                    code="idempotency_key_reused",
                    message="This key belongs to another request.",
                )
            if fresh:
                book(operation, now)
                delay = settings.SIMULATED_GATEWAY_DELAY_MS if _token(operation.charge).slow else 0
                operation.ready_at = now + timedelta(milliseconds=delay)
                operation.save()
            SimulatedOperation.objects.filter(pk=key).update(calls=F("calls") + 1)
            operation = _operation(key, now) or operation
        if fresh and _token(operation.charge).loses_answer_to == verb:
            raise GatewayUnreachable("read timed out", might_have_arrived=True)
        return _answer(operation)


def _refuse(operation: SimulatedOperation, code: str, message: str) -> None:
    operation.outcome, operation.code, operation.message = Outcome.REFUSED, code, message


def _is_busy(charge: SimulatedCharge) -> bool:
    """A capture, release or refund is accepted and not finished."""
    return charge.operations.filter(verb__in=("capture", "release", "refund"), outcome=Outcome.PENDING).exists()


def _token(charge: SimulatedCharge | None) -> TestToken:
    """How the charge's payment method behaves; an unknown one does nothing special."""
    return TEST_TOKENS.get(charge.payment_method if charge else "", TEST_TOKENS["pm_sim_ok"])


def _operation(key: str, now: datetime) -> SimulatedOperation | None:
    """The request with this key as it stands now."""
    operation = SimulatedOperation.objects.filter(pk=key).first()
    if operation is None or operation.charge_id is None:
        return operation
    # The charge is the only lock: requests of one charge change under it, never under a lock of their own.
    charge = _charge(operation.charge_id, now)
    operation = SimulatedOperation.objects.get(pk=key)
    operation.charge = charge
    return operation


def _charge(gateway_reference: str, now: datetime) -> SimulatedCharge | None:
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
    elif operation.verb == "refund" and charge.status == Status.CAPTURED:
        charge.refunded_amount += operation.payload["amount"]
    elif operation.verb == "release" and charge.status in (Status.PENDING, Status.RESERVED):
        charge.status, charge.released_amount = Status.RELEASED, charge.amount


def _answer(operation: SimulatedOperation) -> GatewayAnswer:
    charge, outcome = operation.charge, Outcome(operation.outcome)
    if charge is None:
        return GatewayAnswer(outcome, code=operation.code, message=operation.message)
    # A reservation is asked about long after it was made: tell what it is worth now.
    over = charge.status in (Status.EXPIRED, Status.RELEASED)
    if operation.verb == "reserve" and outcome is Outcome.DONE and over:
        outcome = Outcome.EXPIRED
    return GatewayAnswer(
        outcome,
        gateway_reference=charge.pk,
        amount=charge.amount,
        captured_amount=charge.captured_amount if charge.status == Status.CAPTURED else None,
        expires_at=charge.expires_at,
        code=operation.code,
        message=operation.message,
    )
