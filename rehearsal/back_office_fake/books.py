"""The back end's books: payments, the requests that moved them by their keys, and what may follow what."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

HOLD = timedelta(days=7)
ACCOUNTS = {"acc_ok": "", "acc_declined": "account_blocked", "acc_poor": "insufficient_funds"}
"""Accounts by token, and what is said of those that pay nothing."""
NO_RAISE = "acc_fixed"
Thing = dict[str, Any]


class Wrong(Exception):
    """What was asked cannot be asked: an HTTP status and a code."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Refused(Exception):
    """It is understood, and will not be done."""

    def __init__(self, code: str, message: str, status: str = "refused") -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Books:
    """One lock for all of it. `pends`: verbs that are accepted first, and done when `finish` is called."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.payments: dict[str, Thing] = {}
        self.requests: dict[str, Thing] = {}
        self.pends: set[str] = set()
        self.page_size = 100
        self.waiting: list[tuple[Thing, Thing, Thing]] = []
        self.on_event: Callable[[str, Thing], None] = lambda kind, payment: None

    def now(self) -> datetime:
        return datetime.fromtimestamp(int(time.time()), UTC)

    def make(self, prefix: str, status: str, **values: Any) -> Thing:
        payment: Thing = {"reference": f"{prefix}_{secrets.token_hex(10)}", "status": status, "payment": "", "card": ""}
        payment |= {"opened_at": self.now().isoformat(), "moved_at": self.now().isoformat(), "metadata": {}}
        payment |= {"captured": 0, "refunded": 0, "dispute": "", "disputed": 0, "code": "", "message": "", **values}
        self.payments[payment["reference"]] = payment
        return payment

    def tap(self, amount: int, currency: str) -> Thing:
        """A driver holds his card to a terminal."""
        until = (self.now() + HOLD).isoformat()
        return self.make("trm", "held", amount=amount, currency=currency, held_until=until, card="4242")

    def find(self, reference: str) -> Thing:
        payment = self.payments.get(reference)
        if payment is None:
            raise Wrong(404, "no_such_payment", "There is no such payment.")
        if payment["status"] == "held" and datetime.fromisoformat(payment["held_until"]) <= self.now():
            self.move(payment, "expired")
        return payment

    def page(self, since: str, moved_since: str, after: str) -> Thing:
        """Those that were opened, or given back or disputed, since then; oldest first, `PAGE` at a time."""
        listed = [self.find(reference) for reference in list(self.payments)]
        chosen = [one for one in listed if _is_later(one["opened_at"], since)]
        if moved_since:
            chosen = [one for one in chosen if _is_later(one["moved_at"], moved_since)]
            chosen = [one for one in chosen if one["refunded"] or one["dispute"]]
        start = int(after or 0)
        more = str(start + self.page_size) if len(chosen) > start + self.page_size else ""
        return {"payments": chosen[start : start + self.page_size], "next": more}

    def move(self, payment: Thing, status: str, **values: Any) -> None:
        payment |= {"status": status, "moved_at": self.now().isoformat(), **values}
        self.on_event(f"payment.{status}", payment)

    def ask(self, given: Thing) -> tuple[Thing, Thing]:
        """(payment, request): do what is asked, once per key."""
        known = self.requests.get(given["key"])
        if known is not None:
            if known["given"] != given:
                raise Wrong(409, "key_reused", "This key belongs to another request.")
            return self.payments[known["about"]], known
        payment = self.open(given) if given["verb"] == "open" else self.find(given["reference"])
        request: Thing = {"given": given, "about": payment["reference"], "status": "done", "code": "", "message": ""}
        request |= {"key": given["key"], "verb": given["verb"], "amount": given.get("amount")}
        self.requests[given["key"]] = request
        if given["verb"] in self.pends:
            request["status"] = "pending"
            self.waiting.append((payment, request, given))
        elif given["verb"] != "open":
            self.do(payment, request, given)
        return payment, request

    def finish(self) -> None:
        """Do what was only accepted."""
        waiting, self.waiting = self.waiting, []
        for payment, request, given in waiting:
            request["status"] = "done"
            self.do(payment, request, given)
            self.on_event(f"request.{request['status']}", payment)

    def do(self, payment: Thing, request: Thing, given: Thing) -> None:
        try:
            if payment["payment"] not in ("", given["payment"]):
                raise Refused("anothers_payment", "It is held for another payment.")
            VERBS[given["verb"]](self, payment, given)
        except Refused as refusal:
            request |= {"status": refusal.status, "code": refusal.code, "message": refusal.message}

    def open(self, given: Thing) -> Thing:
        asks = not given["payment_method"]
        payment = self.make("acc", "action_required" if asks else "open", payment=given["payment"])
        payment |= {"amount": given["amount"], "currency": given["currency"], "opening": given}
        payment["metadata"] = given["metadata"]
        if asks:
            until = (self.now() + timedelta(minutes=10)).isoformat()
            payment["action"] = {"url": f"https://app.sfp.example/pay/{payment['reference']}", "expires_at": until}
        return payment

    def confirm(self, payment: Thing, given: Thing) -> None:
        token = payment["opening"]["payment_method"]
        said = ACCOUNTS.get(token, "") if token in ACCOUNTS or token == NO_RAISE else "no_such_account"
        if payment["status"] != "open":
            raise Refused(f"is_{payment['status']}", "It cannot be confirmed any more.")
        if said:
            self.move(payment, "declined", code=said, message="The account does not pay.")
        else:
            self.hold(payment)

    def hold(self, payment: Thing) -> None:
        self.move(payment, "held", held_until=(self.now() + HOLD).isoformat())

    def adopt(self, payment: Thing, given: Thing) -> None:
        fits = payment["currency"] == given["currency"] and payment["amount"] >= given["amount"]
        if payment["status"] != "held" or not fits:
            raise Refused("not_held", "That is not held.")
        payment["payment"], payment["metadata"] = given["payment"], given["metadata"]

    def raise_to(self, payment: Thing, given: Thing) -> None:
        self.check_held(payment)
        if payment["opening"]["payment_method"] == NO_RAISE:
            raise Refused("limit_reached", "The account has no more.", "declined")
        payment["amount"] = given["amount"]

    def capture(self, payment: Thing, given: Thing) -> None:
        self.check_held(payment)
        if not payment["payment"]:
            raise Refused("not_adopted", "Nobody has taken it over.")
        if not 0 < given["amount"] <= payment["amount"]:
            raise Refused("amount_too_large", f"Only {payment['amount']} is held.")
        self.move(payment, "captured", captured=given["amount"])

    def release(self, payment: Thing, given: Thing) -> None:
        if payment["status"] not in ("open", "action_required", "pending", "held"):
            raise Refused(f"is_{payment['status']}", "There is nothing to let go of.")
        self.move(payment, "released")

    def refund(self, payment: Thing, given: Thing) -> None:
        if payment["status"] != "captured" or given["amount"] > payment["captured"] - payment["refunded"]:
            raise Refused("amount_too_large", "That much was not captured.")
        self.move(payment, "captured", refunded=payment["refunded"] + given["amount"])

    def check_held(self, payment: Thing) -> None:
        if payment["status"] != "held":
            raise Refused(f"is_{payment['status']}", "Nothing is held.")


def _is_later(at: str, since: str) -> bool:
    return not since or datetime.fromisoformat(at) >= datetime.fromisoformat(since)


VERBS: dict[str, Callable[[Books, Thing, Thing], None]] = {
    "confirm": Books.confirm,
    "adopt": Books.adopt,
    "raise": Books.raise_to,
    "capture": Books.capture,
    "release": Books.release,
    "refund": Books.refund,
}
FIELDS = {
    "open": {
        *("amount", "currency", "payment_method", "return_url", "locale", "description", "email", "metadata"),
        "asked_at",
    },
    "confirm": {"reference", "amount"},
    "adopt": {"reference", "amount", "currency", "metadata"},
    "raise": {"reference", "amount"},
    "capture": {"reference", "amount"},
    "release": {"reference"},
    "refund": {"reference", "amount"},
}
"""What each has beside verb, key and payment: exactly that."""
