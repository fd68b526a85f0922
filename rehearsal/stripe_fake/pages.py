"""The pages that a driver sees: Checkout, and the bank's own question (3-D Secure)."""

from dataclasses import dataclass
from html import escape

from rehearsal.stripe_fake.books import Books, Thing
from rehearsal.stripe_fake.cards import CARDS, METHODS
from rehearsal.stripe_fake.checking import Wrong

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Checkout</title>
<h1>{title}</h1><p>{text}</p>{forms}"""
PAY = """<form method="post"><label>Card number <input name="card" value="4242424242424242"></label>
<button id="pay">Pay</button></form><a id="cancel" href="{cancel_url}">Back</a>"""
CHALLENGE = """<form method="post"><input type="hidden" name="card" value="{card}">
<button id="approve" name="bank" value="approve">Approve</button>
<button id="refuse" name="bank" value="refuse">Refuse</button></form>"""


@dataclass(frozen=True)
class Page:
    status: int
    body: str = ""
    location: str = ""


def answer(books: Books, method: str, path: str, form: dict[str, str]) -> Page:
    """Raises Wrong for a page that is not there."""
    with books.lock:
        if path.startswith("/c/pay/"):
            return _checkout(books, method, books.find("cs_", path[7:]), form)
        if path.startswith("/challenge/"):
            return _challenge(books, method, books.find("pi_", path[11:]), form)
    raise Wrong("There is no such page.", status=404)


def _checkout(books: Books, method: str, page: Thing, form: dict[str, str]) -> Page:
    if page["status"] != "open":
        return Page(410, PAGE.format(title="This page is over", text=page["status"], forms=""))
    number, amount = form.get("card", "").replace(" ", ""), f"{page['amount_total']} {page['currency']}"
    card = CARDS.get(number)
    pay = PAY.format(cancel_url=escape(page["cancel_url"]))
    if method == "GET":
        return Page(200, PAGE.format(title="Pay", text=amount, forms=pay))
    if card is None:
        return Page(402, PAGE.format(title="Pay", text="Your card number is invalid.", forms=pay))
    if card.challenge and "bank" not in form:
        return Page(200, PAGE.format(title="Your bank asks", text=amount, forms=CHALLENGE.format(card=escape(number))))
    if form.get("bank") == "refuse":
        return Page(402, PAGE.format(title="Pay", text="Your bank did not agree.", forms=pay))
    try:
        books.pay_page(page, card, asked=True)
    except Wrong as wrong:
        return Page(wrong.status, PAGE.format(title="Pay", text=str(wrong), forms=pay))
    return Page(303, location=page["success_url"])


def _challenge(books: Books, method: str, intent: Thing, form: dict[str, str]) -> Page:
    if intent["status"] != "requires_action":
        return Page(410, PAGE.format(title="This page is over", text=intent["status"], forms=""))
    back = intent["next_action"]["redirect_to_url"]["return_url"]
    if method == "GET":
        return Page(200, PAGE.format(title="Your bank asks", text="", forms=CHALLENGE.format(card="")))
    try:
        if form.get("bank") == "approve":
            books.pay(intent, METHODS[intent["payment_method"]], asked=True)
        else:
            books.decline(intent, "authentication_failed")
    except Wrong:
        return Page(303, location=back)
    return Page(303, location=back)
