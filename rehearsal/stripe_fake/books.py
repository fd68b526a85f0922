"""Stripe's books: payments, charges, refunds, disputes, pages, and what may follow what.

One lock for all of it. Each change notes its events; `server` delivers them.
"""

import json
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from threading import RLock
from typing import Any

from rehearsal.stripe_fake.cards import METHODS, SAID, Card
from rehearsal.stripe_fake.checking import Wrong, unexpected

SHAPES = json.loads((Path(__file__).parent / "shapes.json").read_text())
HOLD_SECONDS = 7 * 86_400
SHORTEST_PAGE, LONGEST_PAGE = 30 * 60, 24 * 3600
LEAST = {"eur": 50, "czk": 1500, "usd": 50}
CANCELLABLE = frozenset(
    {"requires_payment_method", "requires_capture", "requires_confirmation", "requires_action", "processing"}
)
Thing = dict[str, Any]


class Books:
    """All that this account has, by id. Amounts in Stripe's units."""

    def __init__(self, base: str) -> None:
        self.base, self.lock = base, RLock()
        self.things: dict[str, Thing] = {}
        self.lists: dict[tuple[str, str], list[Thing]] = {}
        self.events: list[Thing] = []
        self.on_event: Callable[[Thing], None] = lambda event: None
        self.ahead = 0

    # --- what all have -------------------------------------------------------------------------------------------
    def now(self) -> int:
        return int(time.time()) + self.ahead

    def make(self, kind: str, prefix: str, **values: Any) -> Thing:
        thing = {**SHAPES[kind], "id": f"{prefix}_{secrets.token_hex(12)}", "object": kind, "created": self.now()}
        thing |= {"livemode": False} if "livemode" in thing else {}
        thing |= values
        self.things[thing["id"]] = thing
        for about in {"", thing.get("payment_intent") or ""}:
            self.lists.setdefault((kind, about), []).append(thing)
        return thing

    def tell(self, kind: str, thing: Thing) -> None:
        event = {**SHAPES["event"], "id": f"evt_{secrets.token_hex(12)}", "object": "event", "created": self.now()}
        event |= {"type": kind, "data": {"object": self.shown(thing)}, "livemode": False, "pending_webhooks": 1}
        self.events.append(event)
        self.on_event(event)

    def shown(self, thing: Thing, expand: tuple[str, ...] = ()) -> Thing:
        """A copy, with what is to be expanded in it."""
        copy: Thing = json.loads(json.dumps(thing))
        for name in expand:
            if name not in copy:
                raise Wrong(f"This property cannot be expanded ({name}).", param="expand[0]")
            copy[name] = self.shown(self.things[copy[name]]) if copy[name] else None
        return copy

    def find(self, prefix: str, identifier: str) -> Thing:
        thing = self.things.get(identifier)
        if thing is None or not identifier.startswith(prefix):
            raise Wrong(f"No such object: '{identifier}'", status=404, code="resource_missing", param="id")
        self.look_at_the_clock(thing)
        return thing

    def look_at_the_clock(self, thing: Thing) -> None:
        """Time alone closes a page, and lets go of what is held."""
        if thing["object"] == "checkout.session" and thing["status"] == "open" and self.now() >= thing["expires_at"]:
            self.close_page(thing)
        if thing["object"] == "payment_intent" and thing["status"] == "requires_capture":
            charge = self.things[thing["latest_charge"]]
            if self.now() >= charge["payment_method_details"]["card"]["capture_before"]:
                self.tell("charge.expired", charge)
                self.end(thing, "canceled", reason="automatic")

    # --- payments ------------------------------------------------------------------------------------------------
    def create_intent(self, given: Thing) -> Thing:
        self.check_amount(given["amount"], given["currency"])
        method = given.get("payment_method")
        if method is not None and method not in METHODS:
            raise Wrong(f"No such PaymentMethod: '{method}'", code="resource_missing", param="payment_method")
        intent = self.make(
            "payment_intent",
            "pi",
            amount=given["amount"],
            currency=given["currency"],
            capture_method=given.get("capture_method", "automatic"),
            metadata=given.get("metadata", {}),
            description=given.get("description"),
            payment_method=method,
            status="requires_confirmation" if method else "requires_payment_method",
            latest_charge=None,
            next_action=None,
            last_payment_error=None,
            canceled_at=None,
            payment_method_types=["card"],
        )
        intent["client_secret"] = f"{intent['id']}_secret_{secrets.token_hex(8)}"
        self.tell("payment_intent.created", intent)
        return intent

    def check_amount(self, amount: int, currency: str) -> None:
        least = LEAST.get(currency, 50)
        if amount < least:
            raise Wrong(f"Amount must be at least {least}.", code="amount_too_small", param="amount")
        if amount > 99_999_999:
            raise Wrong("Amount must be no more than 99999999.", code="amount_too_large", param="amount")

    def confirm(self, intent: Thing, given: Thing) -> Thing:
        if intent["status"] not in ("requires_confirmation", "requires_payment_method"):
            raise unexpected(intent, "confirm")
        method = given.get("payment_method") or intent["payment_method"]
        if method is None:
            raise unexpected(intent, "confirm")
        self.pay(intent, METHODS[method], given.get("return_url") or "")
        return intent

    def pay(self, intent: Thing, card: Card, return_url: str = "", *, asked: bool = False) -> None:
        """The bank is asked. Raises Wrong with HTTP 402 where it says no."""
        if card.challenge and not asked:
            url = f"{self.base}/challenge/{intent['id']}"
            intent["status"] = "requires_action"
            intent["next_action"] = {
                "type": "redirect_to_url",
                "redirect_to_url": {"url": url, "return_url": return_url},
            }
            self.tell("payment_intent.requires_action", intent)
            return
        intent["next_action"] = None
        if card.decline:
            self.decline(intent, card.decline)
        charge = self.charge(intent)
        intent |= {"latest_charge": charge["id"], "last_payment_error": None}
        if intent["capture_method"] == "manual":
            intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
            self.tell("payment_intent.amount_capturable_updated", intent)
        else:
            self.take(intent, intent["amount"])

    def decline(self, intent: Thing, code: str) -> None:
        error = {"type": "card_error", "code": "card_declined", "decline_code": code}
        said = {**error, "message": SAID[code]}
        intent |= {"status": "requires_payment_method", "payment_method": None, "last_payment_error": said}
        self.tell("payment_intent.payment_failed", intent)
        raise Wrong(SAID[code], status=402, **error, payment_intent=self.shown(intent))

    def charge(self, intent: Thing) -> Thing:
        unavailable = {"status": "unavailable"}
        card = {**SHAPES["card"], "brand": "visa", "last4": "4242", "capture_before": self.now() + HOLD_SECONDS}
        card |= {"incremental_authorization": unavailable, "multicapture": unavailable}
        card |= {"overcapture": {**unavailable, "maximum_amount_capturable": intent["amount"]}}
        return self.make(
            "charge",
            "ch",
            amount=intent["amount"],
            currency=intent["currency"],
            payment_intent=intent["id"],
            payment_method_details={"type": "card", "card": card},
            metadata=intent["metadata"],
            status="succeeded",
            paid=True,
        )

    def capture(self, intent: Thing, amount: int | None) -> Thing:
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "capture")
        wanted = intent["amount_capturable"] if amount is None else amount
        if not 0 < wanted <= intent["amount_capturable"]:
            text = f"The amount to capture must be between 1 and {intent['amount_capturable']}."
            raise Wrong(text, code="amount_too_large", param="amount_to_capture")
        self.take(intent, wanted)
        return intent

    def take(self, intent: Thing, amount: int) -> None:
        charge = self.things[intent["latest_charge"]]
        charge |= {"captured": True, "amount_captured": amount}
        intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
        self.tell("charge.captured", charge)
        self.tell("payment_intent.succeeded", intent)

    def cancel(self, intent: Thing, reason: str | None) -> Thing:
        if intent["status"] not in CANCELLABLE:
            raise unexpected(intent, "cancel")
        return self.end(intent, "canceled", reason=reason)

    def end(self, intent: Thing, status: str, *, reason: str | None) -> Thing:
        intent |= {"status": status, "amount_capturable": 0, "canceled_at": self.now(), "cancellation_reason": reason}
        if intent["latest_charge"]:
            self.things[intent["latest_charge"]] |= {"refunded": True, "amount_refunded": intent["amount"]}
        self.tell("payment_intent.canceled", intent)
        return intent

    def raise_to(self, intent: Thing, amount: int) -> Thing:
        if intent["status"] != "requires_capture":
            raise unexpected(intent, "increment the authorization of")
        charge = self.things[intent["latest_charge"]]
        if charge["payment_method_details"]["card"]["incremental_authorization"]["status"] != "available":
            raise Wrong("This payment does not support incremental authorization.", param="amount")
        if amount <= intent["amount"]:
            raise Wrong("The amount must be greater than what is authorized.", param="amount")
        charge["amount"] = intent["amount"] = intent["amount_capturable"] = amount
        return intent

    # --- refunds and disputes ------------------------------------------------------------------------------------
    def refund(self, given: Thing, status: str = "succeeded") -> Thing:
        intent = self.find("pi_", given.get("payment_intent", ""))
        charge = self.things.get(intent["latest_charge"] or "")
        if charge is None or not charge["captured"]:
            raise Wrong("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = given.get("amount", left)
        if left == 0:
            raise Wrong("The charge has already been refunded.", code="charge_already_refunded")
        if not 0 < amount <= left:
            raise Wrong(f"Refund amount is greater than unrefunded amount on charge ({left}).", param="amount")
        refund = self.make(
            "refund",
            "re",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            metadata=given.get("metadata", {}),
            status=status,
        )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        self.tell("refund.created", refund)
        self.tell("charge.refunded", charge)
        return refund

    def fail_refund(self, refund: Thing) -> None:
        """The bank sends the money back, days later."""
        charge = self.things[refund["charge"]]
        refund |= {"status": "failed", "failure_reason": "expired_or_canceled_card"}
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False
        self.tell("refund.failed", refund)

    def dispute(self, intent: Thing, amount: int) -> Thing:
        charge = self.things[intent["latest_charge"]]
        charge["disputed"] = True
        dispute = self.make(
            "dispute",
            "dp",
            amount=amount,
            currency=charge["currency"],
            charge=charge["id"],
            payment_intent=intent["id"],
            reason="fraudulent",
            status="needs_response",
        )
        self.tell("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute: Thing, status: str) -> None:
        dispute["status"] = status
        self.tell("charge.dispute.closed", dispute)

    def listed(self, kind: str, given: Thing) -> Thing:
        """A page of a list, newest first: of one payment, since a moment, after another thing, as it is now."""
        intent, since, after = given.get("payment_intent"), given.get("created", {}), given.get("starting_after")
        rows = list(reversed(self.lists.get((kind, intent or ""), [])))
        for thing in rows:
            self.look_at_the_clock(thing)
        wanted = given.get("status")
        mine = [one for one in rows if one["created"] >= since.get("gte", 0) and wanted in (None, one["status"])]
        if after is not None:
            mine = mine[[thing["id"] for thing in mine].index(after) + 1 :]
        limit = given.get("limit", 10)
        data = [self.shown(thing) for thing in mine[:limit]]
        return {"object": "list", "url": f"/v1/{kind}s", "has_more": len(mine) > limit, "data": data}

    # --- the hosted page -----------------------------------------------------------------------------------------
    def create_page(self, given: Thing) -> Thing:
        if given.get("mode") != "payment" or not given.get("line_items"):
            raise Wrong("mode=payment needs line_items.", code="parameter_missing", param="line_items")
        expires_at = given.get("expires_at", self.now() + LONGEST_PAGE)
        if not self.now() + SHORTEST_PAGE - 60 <= expires_at <= self.now() + LONGEST_PAGE + 60:
            raise Wrong("The `expires_at` timestamp must be 30 minutes to 24 hours from now.", param="expires_at")
        for name in ("success_url", "cancel_url"):
            if not given.get(name, "").startswith(("http://", "https://")):
                raise Wrong("Not a valid URL", code="url_invalid", param=name)
        line = given["line_items"][0]
        price = line["price_data"]
        amount = price["unit_amount"] * line["quantity"]
        self.check_amount(amount, price["currency"])
        page = self.make(
            "checkout.session",
            "cs_test",
            amount_total=amount,
            amount_subtotal=amount,
            currency=price["currency"],
            client_reference_id=given.get("client_reference_id"),
            customer_email=given.get("customer_email"),
            expires_at=expires_at,
            locale=given.get("locale"),
            metadata=given.get("metadata", {}),
            mode="payment",
            payment_intent=None,
            payment_method_types=["card"],
            payment_status="unpaid",
            status="open",
            success_url=given["success_url"],
            cancel_url=given["cancel_url"],
        )
        page["url"] = f"{self.base}/c/pay/{page['id']}"
        self.things[f"data of {page['id']}"] = {"object": "data", **given.get("payment_intent_data", {})}
        return page

    def expire_page(self, page: Thing) -> Thing:
        if page["status"] != "open":
            text = f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {page["status"]}.'
            raise Wrong(text)
        return self.close_page(page)

    def close_page(self, page: Thing) -> Thing:
        page |= {"status": "expired", "url": None}
        self.tell("checkout.session.expired", page)
        return page

    def pay_page(self, page: Thing, card: Card, *, asked: bool = False) -> Thing:
        """The driver presses Pay: a PaymentIntent, and the page is complete once the bank says yes. Raises Wrong."""
        if page["status"] != "open":
            raise Wrong("This page was paid or closed.", status=409)
        if card.challenge and not asked:
            return page
        data = {**self.things[f"data of {page['id']}"]}
        intent = self.create_intent(
            {
                "amount": page["amount_total"],
                "currency": page["currency"],
                "capture_method": data.get("capture_method", "automatic"),
                "metadata": data.get("metadata", {}),
                "description": data.get("description"),
            }
        )
        self.pay(intent, card, asked=True)
        paid = "paid" if intent["status"] == "succeeded" else "unpaid"
        page |= {"status": "complete", "payment_intent": intent["id"], "payment_status": paid, "url": None}
        self.tell("checkout.session.completed", page)
        return page
