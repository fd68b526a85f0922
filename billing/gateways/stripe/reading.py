"""What Stripe's objects say of the money. Pure: objects in, answers out.

What counts is the PaymentIntent's own `status`. A Checkout Session's `payment_status` says `unpaid` of money that is
held and not captured, and a webhook may be older than what it tells of.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from billing.gateways.base import Dispute, DriverAction, GatewayAnswer, Outcome, Standing, intent_of
from billing.gateways.stripe.amounts import from_stripe

INTENT = "intent"
"""The name in `metadata` of what a refund was made for."""
UNFULFILLED = frozenset({"failed", "canceled"})
ENDED_WELL = frozenset({"won", "warning_closed", "prevented"})
LOST = "lost"
GIVEN_UP = "abandoned"
"""The reason with which one is cancelled that was declined: whoever looks later finds why nothing was ever held."""
BY_TIME = frozenset({"automatic", "expired"})
AVAILABLE = "available"


def moment(stamp: int | None) -> datetime | None:
    return datetime.fromtimestamp(stamp, UTC) if stamp else None


def of_checkout(session: Any) -> GatewayAnswer:
    """A Checkout Session that nobody has paid by now. Raises LookupError for one that was: ask its PaymentIntent."""
    if session["status"] == "open":
        action = DriverAction(url=session["url"] or "", expires_at=moment(session["expires_at"]))
        return GatewayAnswer(Outcome.ACTION_REQUIRED, gateway_reference=session["id"], action=action)
    if session["status"] == "expired":
        text = "The payment page was closed or ran out before anything was paid."
        return GatewayAnswer(Outcome.REFUSED, gateway_reference=session["id"], code="checkout_expired", message=text)
    raise LookupError(session["status"])


def of_reservation(intent: Any, *, refunds: Iterable[Any] = (), disputes: Iterable[Any] = ()) -> GatewayAnswer:
    """How the money of a PaymentIntent stands. `latest_charge` is expanded."""
    match intent["status"]:
        case "requires_capture":
            return held(intent)
        case "succeeded":
            return taken(intent, refunds, disputes)
        case "canceled" if intent["cancellation_reason"] == GIVEN_UP:
            return declined(intent)
        case "canceled":
            return cancelled(intent)
        case "requires_action":
            return GatewayAnswer(Outcome.ACTION_REQUIRED, gateway_reference=intent["id"], action=action_of(intent))
        case "requires_confirmation":
            return GatewayAnswer(Outcome.UNKNOWN_KEY, gateway_reference=intent["id"])
        case "requires_payment_method":
            return declined(intent)
        case _:
            return GatewayAnswer(Outcome.PENDING, gateway_reference=intent["id"])


def declined(intent: Any) -> GatewayAnswer:
    """The bank said no, in its own words as far as Stripe still has them."""
    error = intent["last_payment_error"]
    code = (error and (error.get("decline_code") or error.get("code"))) or "declined"
    text = (error and error.get("message")) or "The payment was not made."
    return GatewayAnswer(Outcome.DECLINED, gateway_reference=intent["id"], code=code, message=text)


def held(intent: Any) -> GatewayAnswer:
    amount, capturable = (
        from_stripe(sum_, intent["currency"]) for sum_ in (intent["amount"], intent["amount_capturable"])
    )
    return GatewayAnswer(
        Outcome.DONE,
        gateway_reference=intent["id"],
        amount=amount,
        expires_at=capture_before(intent["latest_charge"]),
        most_capturable=most_capturable(intent["latest_charge"], intent["currency"]) or capturable,
        card=card_of(intent["latest_charge"]).get("last4") or "",
    )


def capture_before(charge: Any) -> datetime | None:
    """Until when the charge itself says that its money is held; 7 days are only usual."""
    stamp = card_of(charge).get("capture_before")
    return moment(stamp)


def card_of(charge: Any) -> Any:
    """What the charge says of the card, or of the card at a terminal."""
    details = (charge.get("payment_method_details") if charge else None) or {}
    return details.get("card") or details.get("card_present") or {}


def most_capturable(charge: Any, currency: str) -> int | None:
    """What could be captured beyond what is held, where this very charge says so."""
    over = card_of(charge).get("overcapture") or {}
    if over.get("status") != AVAILABLE:
        return None
    return from_stripe(over["maximum_amount_capturable"], currency)


def may_be_raised(charge: Any) -> bool:
    """Whether this very charge may be raised."""
    return (card_of(charge).get("incremental_authorization") or {}).get("status") == AVAILABLE


def action_of(intent: Any) -> DriverAction:
    """3-D Secure: a page of the bank where Stripe gives one, else the app goes on with the secret."""
    redirect = (intent["next_action"] or {}).get("redirect_to_url") or {}
    return DriverAction(url=redirect.get("url") or "", client_secret=intent["client_secret"] or "")


def cancelled(intent: Any) -> GatewayAnswer:
    by_time = intent["cancellation_reason"] in BY_TIME
    text = "The hold ran out at Stripe." if by_time else "The payment was cancelled at Stripe."
    return GatewayAnswer(Outcome.EXPIRED, gateway_reference=intent["id"], message=text)


def taken(intent: Any, refunds: Iterable[Any] = (), disputes: Iterable[Any] = ()) -> GatewayAnswer:
    """Captured, by whomever; what was given back of it, and what the bank disputes."""
    rows = list(refunds)
    back = sum(row["amount"] for row in rows if row["status"] not in UNFULFILLED)
    dispute, disputed = standing_of(list(disputes))
    return GatewayAnswer(
        Outcome.DONE,
        gateway_reference=intent["id"],
        amount=from_stripe(intent["amount"], intent["currency"]),
        captured_amount=from_stripe(intent["amount_received"], intent["currency"]),
        refunded_amount=from_stripe(back, intent["currency"]),
        dispute=dispute,
        disputed_amount=from_stripe(disputed, intent["currency"]),
    )


def standing(intent: Any, refunds: Iterable[Any], disputes: Iterable[Any]) -> Standing:
    """A PaymentIntent of a list, with what was given back and disputed of it."""
    currency, told = intent["currency"], taken(intent, refunds, disputes)
    lost = told.disputed_amount if told.dispute in (Dispute.OPEN, Dispute.LOST) else 0
    return Standing(
        intent["id"],
        (intent["metadata"] or {}).get("payment", ""),
        currency.upper(),
        from_stripe(intent["amount_capturable"], currency),
        told.captured_amount or 0,
        told.refunded_amount or 0,
        lost,
        told.amount or 0,
        moment(intent["created"]),
        dict(intent["metadata"] or {}),
    )


def standing_of_page(page: Any) -> Standing:
    """A Checkout Session that is open: nothing is held by it, and its driver may still pay."""
    currency, about = page["currency"], dict(page["metadata"] or {})
    return Standing(
        page["id"],
        about.get("payment", ""),
        currency.upper(),
        held=0,
        captured=0,
        refunded=0,
        disputed=0,
        amount=from_stripe(page["amount_total"], currency),
        opened_at=moment(page["created"]),
        about=about,
    )


def by_payment(rows: Iterable[Any]) -> dict[str, list[Any]]:
    """Refunds or disputes by the PaymentIntent that they are of."""
    found: dict[str, list[Any]] = {}
    for row in rows:
        found.setdefault(str(row["payment_intent"]), []).append(row)
    return found


def standing_of(disputes: list[Any]) -> tuple[Dispute, int]:
    """(how it stands, Stripe's units). Several on one charge: an open one counts first, then a lost one."""
    by_state = {
        Dispute.OPEN: [row for row in disputes if row["status"] not in ENDED_WELL | {LOST}],
        Dispute.LOST: [row for row in disputes if row["status"] == LOST],
        Dispute.WON: [row for row in disputes if row["status"] in ENDED_WELL],
    }
    for state, rows in by_state.items():
        if rows:
            return state, sum(row["amount"] for row in rows)
    return Dispute.NONE, 0


def of_capture(intent: Any) -> GatewayAnswer:
    if intent["status"] == "requires_capture":
        return GatewayAnswer(Outcome.UNKNOWN_KEY, gateway_reference=intent["id"])
    return of_end(intent)


def of_release(intent: Any) -> GatewayAnswer:
    match intent["status"]:
        case "canceled":
            return GatewayAnswer(Outcome.DONE, gateway_reference=intent["id"])
        case "succeeded":
            amount = from_stripe(intent["amount_received"], intent["currency"])
            text = "The payment was captured at Stripe before."
            return GatewayAnswer(
                Outcome.REFUSED, intent["id"], captured_amount=amount, code="already_captured", message=text
            )
        case "processing":
            return GatewayAnswer(Outcome.PENDING, gateway_reference=intent["id"])
        case _:
            return GatewayAnswer(Outcome.UNKNOWN_KEY, gateway_reference=intent["id"])


def of_end(intent: Any) -> GatewayAnswer:
    """What a capture came to, by the PaymentIntent's status."""
    match intent["status"]:
        case "succeeded":
            return GatewayAnswer(
                Outcome.DONE, intent["id"], captured_amount=from_stripe(intent["amount_received"], intent["currency"])
            )
        case "canceled":
            return cancelled(intent)
        case _:
            return GatewayAnswer(Outcome.PENDING, gateway_reference=intent["id"])


def of_refund(refund: Any) -> GatewayAnswer:
    if refund["status"] in UNFULFILLED:
        reason = refund.get("failure_reason") or refund["status"]
        return GatewayAnswer(Outcome.REFUSED, code=reason, message="The refund came to nothing at Stripe.")
    done = refund["status"] == "succeeded"
    return GatewayAnswer(
        Outcome.DONE if done else Outcome.PENDING, amount=from_stripe(refund["amount"], refund["currency"])
    )


def refund_for(key: str, refunds: Iterable[Any]) -> GatewayAnswer:
    """The refund that was made for the intent of this key, whichever key it was made with."""
    intent = intent_of(key)
    mine = [row for row in refunds if (row["metadata"] or {}).get(INTENT) == intent]
    good = [row for row in mine if row["status"] not in UNFULFILLED]
    return of_refund((good or mine)[0]) if mine else GatewayAnswer(Outcome.UNKNOWN_KEY)
