"""Stripe as a gateway: which call a verb is, and what its answer means.

An idempotency key at Stripe repeats its first answer, failures too, and may be forgotten after a day. So nothing here
rests on one: a payment is made known first, its reference saved, and confirmed or handed to the driver after that;
captures and cancellations happen once because a PaymentIntent has one end; a refund carries in its metadata what it
was made for, and is looked for there.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any

from stripe.params import PaymentIntentCaptureParams, PaymentIntentCreateParams, RefundCreateParams
from stripe.params.checkout import SessionCreateParams

from billing.gateways.base import (
    NOT_OFFERED,
    NOTHING,
    Gateway,
    GatewayAnswer,
    News,
    Opened,
    OpenRequest,
    Outcome,
    Question,
    Standing,
    Verb,
    intent_of,
)
from billing.gateways.stripe import events, locales, reading
from billing.gateways.stripe.amounts import LEAST, NotTaken, to_stripe
from billing.gateways.stripe.calling import CALL_SECONDS, Refusal, api, call, within_time

CHECKOUT = "cs_"
PAGE_LIFE = timedelta(hours=1)
EXPAND: Any = {"expand": ["latest_charge"]}
MOST_REFUNDS = 100
MOST_LISTED = 100
WHAT_FOR = "Reservation for charging"
PROMISE = "You pay only for what you charge; the rest of the reservation is released."
CARDS: list[Any] = ["card"]
"""Wallets of cards, such as Apple Pay and Google Pay, come with them."""


class StripeGateway(Gateway):
    """Each method makes one to four calls; none of them rests on a key being remembered."""

    call_timeout = timedelta(seconds=CALL_SECONDS)
    asks_driver = True

    def least(self, currency: str) -> int:
        return LEAST.get(currency.upper(), 1)

    @within_time
    def open(self, request: OpenRequest) -> Opened:
        """A Checkout Session for the driver; a PaymentIntent, not confirmed, for a payment method that an app made."""
        try:
            amount = to_stripe(request.amount, request.currency)
            if request.payment_method:
                made = call(api().payment_intents.create, payment_intent(request, amount), key=request.key)
                return Opened(made["id"])
            page = call(api().checkout.sessions.create, checkout_session(request, amount), key=request.key)
        except NotTaken as error:
            return Opened(told=GatewayAnswer(Outcome.REFUSED, code="currency_not_taken", message=str(error)))
        except Refusal as refusal:
            return Opened(told=refused(refusal))
        answer = reading.of_checkout(page)
        return Opened(page["id"], answer.action, None if answer.action else answer)

    @within_time
    def confirm(self, request: OpenRequest, reference: str) -> GatewayAnswer:
        more = {"return_url": request.return_url} if request.return_url else {}
        try:
            intent = call(api().payment_intents.confirm, reference, {**EXPAND, **more}, key=f"{request.key}:confirm")
        except Refusal as refusal:
            return self._not_confirmed(reference, refusal)
        return self._of_reservation(intent)

    def _not_confirmed(self, reference: str, refusal: Refusal) -> GatewayAnswer:
        """What the PaymentIntent says counts. One that could be confirmed again is closed: Stripe said why not."""
        answer = self._of_reservation(self._intent(reference))
        if answer.outcome is not Outcome.UNKNOWN_KEY:
            return answer
        self._cancel(reference)
        return refused(refusal)

    @within_time
    def adopt(
        self, key: str, reference: str, amount: int, currency: str, about: Mapping[str, str] = NOTHING
    ) -> GatewayAnswer:
        try:
            intent = self._intent(reference)
        except Refusal as refusal:
            return refused(refusal)
        if intent["currency"].upper() != currency.upper() or intent["status"] != "requires_capture":
            text = f"No {currency} are held by this payment."
            return GatewayAnswer(Outcome.REFUSED, code="not_held", message=text)
        return reading.held(intent)

    @within_time
    def capture(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        intent = self._intent(reference)
        wanted: PaymentIntentCaptureParams = {"amount_to_capture": to_stripe(amount, intent["currency"])}
        return self._end(
            reference,
            lambda: call(api().payment_intents.capture, reference, {**wanted, **EXPAND}, key=key),
            reading.of_capture,
        )

    @within_time
    def release(self, key: str, reference: str) -> GatewayAnswer:
        """Close the page before the driver paid, cancel the PaymentIntent after it."""
        if not reference.startswith(CHECKOUT):
            return self._release_intent(reference, key)
        page = call(api().checkout.sessions.retrieve, reference)
        if page["status"] == "open":
            try:
                page = call(api().checkout.sessions.expire, reference)
            except Refusal:
                page = call(api().checkout.sessions.retrieve, reference)  # paid, or over, a moment ago
        if page["status"] == "complete":
            return self._release_intent(str(page["payment_intent"]), key)
        return GatewayAnswer(
            Outcome.DONE if page["status"] == "expired" else Outcome.PENDING, gateway_reference=reference
        )

    def _release_intent(self, reference: str, key: str) -> GatewayAnswer:
        return self._end(
            reference, lambda: call(api().payment_intents.cancel, reference, EXPAND, key=key), reading.of_release
        )

    def _end(self, reference: str, do: Callable[[], Any], read: Callable[[Any], GatewayAnswer]) -> GatewayAnswer:
        """Bring a PaymentIntent to its end. Where Stripe refuses, what it is by now is the answer, if it has one."""
        try:
            return read(do())
        except Refusal as refusal:
            answer = read(self._intent(reference))
            return refused(refusal) if answer.outcome is Outcome.UNKNOWN_KEY else answer

    @within_time
    def refund(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        intent = self._intent(reference)
        wanted: RefundCreateParams = {
            "payment_intent": reference,
            "amount": to_stripe(amount, intent["currency"]),
            "metadata": {reading.INTENT: intent_of(key)},
        }
        try:
            return reading.of_refund(call(api().refunds.create, wanted, key=key))
        except Refusal as refusal:
            return refused(refusal)

    @within_time
    def raise_to(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        intent = self._intent(reference)
        if not reading.may_be_raised(intent["latest_charge"]):
            return NOT_OFFERED
        wanted = {"amount": to_stripe(amount, intent["currency"]), **EXPAND}
        try:
            intent = call(api().payment_intents.increment_authorization, reference, wanted, key=key)
        except Refusal as refusal:
            return refused(refusal)
        return reading.held(intent)

    @within_time
    def lookup(self, question: Question) -> GatewayAnswer:
        if not question.reference:
            # Opened perhaps, but its reference was never saved: nobody could pay it, and nobody will.
            return GatewayAnswer(Outcome.UNKNOWN_KEY)
        intent = question.reference
        if intent.startswith(CHECKOUT):
            page = call(api().checkout.sessions.retrieve, intent)
            if page["status"] != "complete":
                closed = page["status"] == "expired" and question.verb is Verb.RELEASE
                return GatewayAnswer(Outcome.DONE) if closed else _unpaid(page, question.verb)
            intent = str(page["payment_intent"])
        if question.verb is Verb.REFUND:
            return reading.refund_for(question.key, self._refunds(intent))
        found = self._intent(intent)
        match question.verb:
            case Verb.CAPTURE:
                return reading.of_capture(found)
            case Verb.RELEASE:
                return reading.of_release(found)
            case Verb.RAISE:
                enough = found["amount_capturable"] >= to_stripe(question.amount, found["currency"])
                return reading.held(found) if enough else GatewayAnswer(Outcome.UNKNOWN_KEY)
            case _:
                return self._of_reservation(found)

    def list_since(self, since: datetime | None) -> Iterator[Standing]:
        back, disputes = (
            reading.by_payment(self._all("refunds", since)),
            reading.by_payment(self._all("disputes", since)),
        )
        # Pages first: one that is paid meanwhile is told twice, and not missed.
        for page in self._all("checkout.sessions", since, status="open"):
            yield reading.standing_of_page(page)
        for intent in self._all("payment_intents", since):
            yield reading.standing(intent, back.get(intent["id"], ()), disputes.get(intent["id"], ()))

    def moved_since(self, since: datetime) -> Iterator[str]:
        for kind in ("refunds", "disputes"):
            yield from (str(one["payment_intent"]) for one in self._all(kind, since))

    def _all(self, kind: str, since: datetime | None, **more: str) -> Iterator[Any]:
        """Every object of a kind that was made since then, newest first."""
        asked: dict[str, Any] = {"limit": MOST_LISTED, **more}
        if since:
            asked["created"] = {"gte": int(since.timestamp())}
        while True:
            page = self._page(kind, asked)
            yield from page["data"]
            if not page["has_more"]:
                return
            asked["starting_after"] = page["data"][-1]["id"]

    @within_time
    def _page(self, kind: str, asked: dict[str, Any]) -> Any:
        return call(attrgetter(kind)(api()).list, asked)

    def read_event(self, headers: Mapping[str, str], body: bytes) -> News:
        return events.read(headers, body)

    def _of_reservation(self, intent: Any) -> GatewayAnswer:
        if intent["status"] == "succeeded":
            disputes = call(api().disputes.list, {"payment_intent": intent["id"], "limit": MOST_REFUNDS})
            return reading.of_reservation(intent, refunds=self._refunds(intent["id"]), disputes=disputes["data"])
        answer = reading.of_reservation(intent)
        if answer.outcome is Outcome.DECLINED:
            # With its secret an app could try another card, when nobody here waits for it any more.
            cancelled = self._cancel(intent["id"])
            return answer if cancelled else GatewayAnswer(Outcome.PENDING, gateway_reference=intent["id"])
        return answer

    def _cancel(self, reference: str) -> bool:
        """Whether the PaymentIntent can never be paid any more."""
        try:
            given_up: Any = {"cancellation_reason": reading.GIVEN_UP}
            return bool(call(api().payment_intents.cancel, reference, given_up)["status"] == "canceled")
        except Refusal:
            return bool(self._intent(reference)["status"] == "canceled")

    def _intent(self, reference: str) -> Any:
        return call(api().payment_intents.retrieve, reference, EXPAND)

    def _refunds(self, intent: str) -> list[Any]:
        return list(call(api().refunds.list, {"payment_intent": intent, "limit": MOST_REFUNDS})["data"])


def refused(refusal: Refusal) -> GatewayAnswer:
    outcome = Outcome.DECLINED if refusal.declined else Outcome.REFUSED
    return GatewayAnswer(outcome, code=refusal.code[:64], message=refusal.message)


def _unpaid(page: Any, verb: Verb) -> GatewayAnswer:
    """A page that nobody paid: how the reservation stands; anything else was not done."""
    return reading.of_checkout(page) if verb is Verb.RESERVE else GatewayAnswer(Outcome.UNKNOWN_KEY)


def payment_intent(request: OpenRequest, amount: int) -> PaymentIntentCreateParams:
    wanted: PaymentIntentCreateParams = {
        "amount": amount,
        "currency": request.currency.lower(),
        "capture_method": "manual",
        "payment_method": request.payment_method,
        "allowed_payment_method_types": CARDS,
        "metadata": dict(request.metadata),
        "description": request.description or WHAT_FOR,
    }
    if request.email:
        wanted["receipt_email"] = request.email
    return wanted


def checkout_session(request: OpenRequest, amount: int) -> SessionCreateParams:
    """A page that reserves, in the currency that the operator bills in, and ends before anybody forgets it."""
    name = request.description or WHAT_FOR
    wanted: SessionCreateParams = {
        "mode": "payment",
        "client_reference_id": request.metadata.get("payment", request.reference),
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": request.currency.lower(),
                    "unit_amount": amount,
                    "product_data": {"name": name},
                },
            }
        ],
        "payment_intent_data": {
            "capture_method": "manual",
            "description": name,
            "metadata": dict(request.metadata),
        },
        "allowed_payment_method_types": CARDS,
        "adaptive_pricing": {"enabled": False},
        "metadata": dict(request.metadata),
        "locale": locales.nearest(request.locale),
        "success_url": request.return_url,
        "cancel_url": request.return_url,
        "expires_at": int((request.asked_at + PAGE_LIFE).timestamp()),
    }
    if not request.takes_all:
        wanted["custom_text"] = {"submit": {"message": PROMISE}}
    if request.email:
        wanted["customer_email"] = request.email
    return wanted
