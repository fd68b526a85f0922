"""What a back end of our protocol says of the money. Pure: JSON in, answers out.

How the payment stands counts, whoever brought it there; `request` tells what became of one request, by its key, and is
what counts of a refund, of which there may be several.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, HttpUrl, StrictInt

from billing.gateways.base import Dispute, DriverAction, GatewayAnswer, Outcome, Standing, Verb

REFERENCE = r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,254}$"
"""What may stand in a path as it is."""
MOST = 2_000_000_000
Amount = Annotated[StrictInt, Field(ge=0, le=MOST)]
Text = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]
"""As the database takes it."""
Reference = Annotated[str, Field(pattern=REFERENCE)]


class Action(BaseModel):
    """What the driver has to do."""

    url: HttpUrl | Literal[""] = ""
    client_secret: str = Field("", max_length=1000, repr=False)
    expires_at: AwareDatetime | None = None


class Request(BaseModel):
    """What became of one request."""

    key: str
    status: Literal["done", "pending", "refused", "declined"]
    amount: Amount | None = None
    code: Text = ""
    message: Text = ""


class Payment(BaseModel):
    """How a payment stands. Amounts in minor units."""

    reference: Reference
    status: Literal[
        "open", "action_required", "pending", "held", "captured", "released", "expired", "declined", "refused"
    ]
    payment: str = ""
    amount: Amount
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    captured: Amount = 0
    refunded: Amount = 0
    disputed: Amount = 0
    dispute: Dispute = Dispute.NONE
    held_until: AwareDatetime | None = None
    card: str = Field("", pattern=r"^(\d{4})?$")
    code: Text = ""
    message: Text = ""
    action: Action | None = None


class Told(BaseModel):
    """The body of an answer: a payment, and the request that was made or asked about, if it is known."""

    payment: Payment
    request: Request | None = None

    def answer(self, verb: Verb, amount: int = 0) -> GatewayAnswer:
        """What became of `verb`; of Verb.RAISE to `amount`. UNKNOWN_KEY: it was not done, and may be asked."""
        return _READERS[verb](self) if verb is not Verb.RAISE else _of_raise(self, amount)


class Listed(Payment):
    """A payment of the list: `metadata` is what it was opened or adopted with."""

    opened_at: AwareDatetime
    metadata: dict[str, Text] = {}

    def standing(self) -> Standing:
        """How it stands in the back end's books."""
        withheld = self.dispute in (Dispute.OPEN, Dispute.LOST)
        return Standing(
            self.reference,
            self.payment,
            self.currency,
            self.amount if self.status == "held" else 0,
            self.captured,
            self.refunded,
            self.disputed if withheld else 0,
            self.amount,
            self.opened_at,
            self.metadata,
        )


class Page(BaseModel):
    """A page of the list; `next` is what the one after it is asked with, "" on the last."""

    payments: list[Listed]
    next: str = Field("", max_length=500)


class Error(BaseModel):
    """Why there is no payment to tell of."""

    code: Text
    message: Text = ""


def told(data: Any) -> Told:
    """Read an answer's body. Raises ValueError."""
    return Told.model_validate(data)


def page(data: Any) -> Page:
    """Read a page of the list. Raises ValueError."""
    return Page.model_validate(data)


def refused_with(data: Any) -> GatewayAnswer:
    """Read the body of a refusal that names no payment. Raises ValueError."""
    error = Error.model_validate(data.get("error") if isinstance(data, dict) else data)
    return refused(error.code, error.message)


def refused(code: str, message: str) -> GatewayAnswer:
    return GatewayAnswer(Outcome.REFUSED, code=code[:64] or "refused", message=message[:500])


def belongs_to_another(payment: Payment, ours: str) -> bool:
    """Whether somebody else's payment stands behind it; before it is taken over it is nobody's."""
    return payment.payment not in ("", ours)


def action_of(payment: Payment) -> DriverAction | None:
    if payment.status != "action_required" or payment.action is None:
        return None
    action = payment.action
    return DriverAction(str(action.url), action.client_secret, action.expires_at)


def _of_reservation(one: Told) -> GatewayAnswer:
    payment = one.payment
    outcome = _STANDS[payment.status]
    if payment.status == "held" and not payment.payment:
        outcome = Outcome.UNKNOWN_KEY  # held by a terminal, and not taken over
    is_taken = payment.status == "captured"
    return GatewayAnswer(
        outcome,
        gateway_reference=payment.reference,
        amount=payment.amount,
        captured_amount=payment.captured if is_taken else None,
        expires_at=payment.held_until,
        code=payment.code[:64],
        message=payment.message[:500],
        action=action_of(payment),
        refunded_amount=payment.refunded if is_taken else None,
        dispute=payment.dispute if is_taken else None,
        disputed_amount=payment.disputed if is_taken else None,
        card=payment.card,
    )


def _of_capture(one: Told) -> GatewayAnswer:
    payment = one.payment
    if payment.status == "captured":
        return GatewayAnswer(Outcome.DONE, payment.reference, captured_amount=payment.captured)
    return _expired(payment) if payment.status in _OVER else _of_request(one)


def _of_release(one: Told) -> GatewayAnswer:
    payment = one.payment
    if payment.status in _OVER:
        return GatewayAnswer(Outcome.DONE, payment.reference)
    if payment.status == "captured":
        text = "The payment was captured before."
        return GatewayAnswer(Outcome.REFUSED, captured_amount=payment.captured, code="already_captured", message=text)
    return _of_request(one)


def _of_raise(one: Told, amount: int) -> GatewayAnswer:
    payment = one.payment
    if payment.status in _OVER:
        return _expired(payment)
    return _of_reservation(one) if payment.status == "held" and payment.amount >= amount else _of_request(one)


def _of_request(one: Told) -> GatewayAnswer:
    """What the request itself came to. One that is done and has not moved the payment is asked about again."""
    request = one.request
    if request is None:
        return GatewayAnswer(Outcome.UNKNOWN_KEY)
    outcome = Outcome.PENDING if request.status == "done" else Outcome(request.status)
    return GatewayAnswer(outcome, code=request.code[:64], message=request.message[:500])


def _of_refund(one: Told) -> GatewayAnswer:
    if one.request is None or one.request.status != "done":
        return _of_request(one)
    return GatewayAnswer(Outcome.DONE, amount=one.request.amount)


def _expired(payment: Payment) -> GatewayAnswer:
    return GatewayAnswer(Outcome.EXPIRED, message=payment.message[:500] or "Nothing is held any more.")


_OVER = frozenset({"released", "expired", "declined", "refused"})
_STANDS = {
    "open": Outcome.UNKNOWN_KEY,
    "action_required": Outcome.ACTION_REQUIRED,
    "pending": Outcome.PENDING,
    "held": Outcome.DONE,
    "captured": Outcome.DONE,
    "released": Outcome.EXPIRED,
    "expired": Outcome.EXPIRED,
    "declined": Outcome.DECLINED,
    "refused": Outcome.REFUSED,
}
_READERS = {
    Verb.RESERVE: _of_reservation,
    Verb.CAPTURE: _of_capture,
    Verb.RELEASE: _of_release,
    Verb.REFUND: _of_refund,
}
