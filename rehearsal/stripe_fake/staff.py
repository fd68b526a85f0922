"""What a rehearsal asks of the fake: its books, the next fault, and what staff or banks do at Stripe's own pages."""

from collections.abc import Callable
from typing import Any

from rehearsal.stripe_fake.books import Books, Thing
from rehearsal.stripe_fake.checking import Wrong


def answer(fake: Any, what: str, given: Thing) -> Any:
    """`books`, `asked`, `events`, `delivered`; `fault` {call, how}; `webhooks` {mode}; `clock` {seconds}; what is done
    elsewhere: `capture`, `cancel`, `refund`, `fail_refund`, `dispute`, `close_dispute`, by id."""
    books: Books = fake.books
    with books.lock:
        if what in LISTS:
            return LISTS[what](fake)
        if what == "fault":
            fake.faults.insert(0, (given["call"], given["how"]))  # the newest comes first
        elif what == "weather":
            fake.lost_share, fake.herd = given.get("lost", 0.0), given.get("herd", 0)
        elif what == "webhooks":
            fake.webhooks.mode = given["mode"]
        elif what == "release":
            fake.webhooks.release()
        elif what == "clock":
            books.ahead += given["seconds"]
            for thing in list(books.things.values()):
                books.look_at_the_clock(thing)
        else:
            _done_elsewhere(books, what, given)
    return {}


LISTS: dict[str, Callable[[Any], Any]] = {
    "killed": lambda fake: fake.killed,
    "books": lambda fake: [thing for thing in fake.books.things.values() if thing["object"] != "data"],
    "asked": lambda fake: fake.asked,
    "events": lambda fake: fake.books.events,
    "delivered": lambda fake: fake.webhooks.delivered,
}


def _done_elsewhere(books: Books, what: str, given: Thing) -> None:
    thing = books.find("", given["id"])
    match what:
        case "capture":
            books.capture(thing, given.get("amount"))
        case "cancel":
            books.cancel(thing, "requested_by_customer")
        case "refund":
            books.refund({"payment_intent": thing["id"], "amount": given["amount"]}, given.get("status", "succeeded"))
        case "fail_refund":
            books.fail_refund(thing)
        case "dispute":
            books.dispute(thing, given["amount"])
        case "close_dispute":
            books.close_dispute(thing, given["status"])
        case _:
            raise Wrong(f"There is no {what}.", status=404)
