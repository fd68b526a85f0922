"""The embedded payment gateway: a small acquirer with books of its own.

It keeps what it did in its own tables, in its own short transactions, and knows nothing of our
authorizations: a crash on our side leaves its books as they are, exactly as with a real acquirer. Which way
it behaves is chosen by the payment method, like the test tokens of card processors (`TEST_TOKENS`).
"""

import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from billing.gateways.base import (
    NOTHING,
    Gateway,
    GatewayAnswer,
    GatewayUnreachable,
    Opened,
    OpenRequest,
    Outcome,
    Question,
    Standing,
)
from billing.gateways.simulated.books import answer_of, charge_of, is_busy, operation_of, refuse, token_of
from billing.gateways.simulated.tokens import HOLD, TEST_TOKENS
from billing.models import SimulatedCharge, SimulatedOperation

Status = SimulatedCharge.Status


class SimulatedGateway(Gateway):
    """The simulated acquirer. Each method is one transaction of its own and refuses to run inside another."""

    call_timeout = timedelta(seconds=3)
    usual_method = "pm_sim_ok"

    def open(self, request: OpenRequest) -> Opened:
        """Hold the money at once: this acquirer can be asked by the key, for ever."""
        token = TEST_TOKENS.get(request.payment_method)
        if token is not None and token.unreachable:
            raise GatewayUnreachable("connection refused", might_have_arrived=False)
        payload = {
            "amount": request.amount,
            "currency": request.currency,
            "payment_method": request.payment_method,
            "reference": request.reference,
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

        return Opened(told=self._request("reserve", request.key, payload, book))

    def adopt(
        self, key: str, reference: str, amount: int, currency: str, about: Mapping[str, str] = NOTHING
    ) -> GatewayAnswer:
        """Know a charge of its own books by a second key: that of the authorization that takes it over."""

        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = charge_of(reference, now)
            operation.charge = charge
            if charge is None:
                refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status != Status.RESERVED or charge.currency != currency or charge.amount < amount:
                refuse(operation, "not_held", f"{amount} {currency} is not held by this charge.")

        return self._request("reserve", key, {"charge": reference, "amount": amount, "adopted": True}, book)

    def raise_to(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = charge_of(reference, now)
            operation.charge = charge
            if charge is None or charge.status != Status.RESERVED or is_busy(charge):
                refuse(operation, "not_held", "The charge does not hold money that could be raised.")
            elif token_of(charge).refuses == "raise":
                refuse(operation, "raise_refused", "The bank refused to hold more.")

        return self._request("raise", key, {"charge": reference, "amount": amount}, book)

    def capture(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = charge_of(reference, now)
            operation.charge = charge
            if charge is None:
                refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status == Status.EXPIRED:
                operation.outcome, operation.message = Outcome.EXPIRED, "The reservation has expired."
            elif charge.status != Status.RESERVED:
                refuse(operation, f"already_{charge.status}", f"The charge is {charge.status}, not reserved.")
            elif not 0 < amount <= charge.amount:
                refuse(operation, "amount_too_large", f"Only {charge.amount} is reserved.")
            elif is_busy(charge):
                refuse(operation, "operation_in_progress", "Another request for this charge is under way.")
            elif token_of(charge).refuses == "capture":
                refuse(operation, "capture_refused", "The acquirer refused the capture.")

        return self._request("capture", key, {"charge": reference, "amount": amount}, book)

    def release(self, key: str, reference: str) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = charge_of(reference, now)
            operation.charge = charge
            if charge is None:
                refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status == Status.EXPIRED:
                operation.outcome, operation.message = Outcome.EXPIRED, "The reservation has expired."
            elif charge.status not in (Status.PENDING, Status.RESERVED, Status.DECLINED):
                refuse(operation, f"already_{charge.status}", f"The charge is {charge.status}.")
            elif is_busy(charge):
                refuse(operation, "operation_in_progress", "Another request for this charge is under way.")

        return self._request("release", key, {"charge": reference}, book)

    def refund(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        def book(operation: SimulatedOperation, now: datetime) -> None:
            charge = charge_of(reference, now)
            operation.charge = charge
            if charge is None:
                refuse(operation, "no_such_charge", "There is no such charge.")
            elif charge.status != Status.CAPTURED:
                refuse(operation, f"is_{charge.status}", f"The charge is {charge.status}, not captured.")
            elif not 0 < amount <= charge.captured_amount - charge.refunded_amount:
                refuse(operation, "amount_too_large", f"Only {charge.captured_amount} was captured.")
            elif is_busy(charge):
                refuse(operation, "operation_in_progress", "Another request for this charge is under way.")
            elif token_of(charge).refuses == "refund":
                refuse(operation, "refund_refused", "The acquirer refused the refund.")

        return self._request("refund", key, {"charge": reference, "amount": amount}, book)

    def lookup(self, question: Question) -> GatewayAnswer:
        with transaction.atomic(durable=True):
            operation = operation_of(question.key, timezone.now())
        if operation is None:
            return GatewayAnswer(Outcome.UNKNOWN_KEY, message="No request with this key was received.")
        return answer_of(operation)

    def list_since(self, since: datetime | None) -> Iterator[Standing]:
        charges = SimulatedCharge.objects.filter(created_at__gte=since) if since else SimulatedCharge.objects.all()
        for charge in charges.order_by("created_at", "pk").iterator(chunk_size=500):
            yield Standing(
                charge.pk, "", charge.currency, charge.held_amount, charge.captured_amount, charge.refunded_amount
            )

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
                delay = settings.SIMULATED_GATEWAY_DELAY_MS if token_of(operation.charge).slow else 0
                operation.ready_at = now + timedelta(milliseconds=delay)
                operation.save()
            SimulatedOperation.objects.filter(pk=key).update(calls=F("calls") + 1)
            operation = operation_of(key, now) or operation
        if fresh and token_of(operation.charge).loses_answer_to == verb:
            raise GatewayUnreachable("read timed out", might_have_arrived=True)
        return answer_of(operation)
