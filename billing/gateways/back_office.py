"""Gateways that are a back end of our own protocol (docs/payments.md): signed calls out, signed events in.

A back end keeps each key as long as the payment it belongs to, and no failure of its own: so a key can be asked about,
and is never spent.
"""

import json
import re
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote, urlencode

from django.utils import timezone

from billing.gateways import back_office_reading as reading
from billing.gateways.base import (
    Gateway,
    GatewayAnswer,
    GatewayUnreachable,
    News,
    NotFromGateway,
    Outcome,
    Question,
    Standing,
    Verb,
)
from ocpi.client import signed
from partners.ground import signing

MOST_CALLS = 2
ANSWERED, REFUSED = 200, 422
NO_PAYMENT = frozenset({400, 404, 409})
NO_LIST = frozenset({400, 404})
IN_PROGRESS, NO_SUCH_PAYMENT = "in_progress", "no_such_payment"
KEPT = frozenset({"reference", "payment", "status", "amount", "currency", "captured", "refunded", "dispute", "code"})
"""What is kept of an event: what tells of money."""


class BackOffice(Gateway):
    """What both have: the verbs as calls, the lookup, the events. Each method makes one or two calls."""

    call_timeout = timedelta(seconds=MOST_CALLS * signed.CALL_SECONDS)

    called: ClassVar[str]
    """In messages: `The terminal's back end`."""

    @abstractmethod
    def peer(self) -> signed.Peer:
        """Whom to call, as the settings have it."""

    def capture(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self.act(Verb.CAPTURE, key, reference, amount=amount)

    def release(self, key: str, reference: str) -> GatewayAnswer:
        return self.act(Verb.RELEASE, key, reference)

    def refund(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        return self.act(Verb.REFUND, key, reference, amount=amount)

    def lookup(self, question: Question) -> GatewayAnswer:
        if not question.reference:
            # Opened perhaps, and its reference never saved: nothing is held by what is only opened.
            return GatewayAnswer(Outcome.UNKNOWN_KEY)
        found = self.find(question.key, question.reference)
        return self.meaning(found, question.verb, question.key, question.amount)

    def list_since(self, since: datetime | None) -> Iterator[Standing] | None:
        found = self._list("since", since)
        return None if found is None else (one.standing() for one in found)

    def moved_since(self, since: datetime) -> Iterator[str] | None:
        found = self._list("moved_since", since)
        return None if found is None else (one.reference for one in found)

    def _list(self, by: str, since: datetime | None) -> Iterator[reading.Listed] | None:
        """Its list, page by page; None where it has none to give."""
        asked = {by: since.astimezone(UTC).isoformat()} if since else {}
        first = self._page(asked)
        return None if first is None else self._pages(first, asked)

    def _pages(self, page: reading.Page, asked: Mapping[str, str]) -> Iterator[reading.Listed]:
        seen = set[str]()
        while True:
            yield from page.payments
            if not page.next:
                return
            following = None if page.next in seen else self._page({**asked, "after": page.next})
            if following is None:
                raise GatewayUnreachable(f"{self.called} lists its payments without an end.", might_have_arrived=True)
            seen.add(page.next)
            page = following

    def _page(self, asked: Mapping[str, str]) -> reading.Page | None:
        path = f"/payments?{urlencode(asked)}" if asked else "/payments"
        reply = self._answered(lambda: signed.get(self.peer(), path))
        if reply.status in NO_LIST:
            return None
        try:
            if reply.status == ANSWERED:
                return reading.page(reply.data)
        except ValueError:
            pass  # as of `read`
        raise self._unusable(reply)

    def act(self, verb: Verb, key: str, reference: str, *, how: str = "", **more: Any) -> GatewayAnswer:
        """Ask for `verb`; `how`: what the protocol calls it, where that is something else."""
        name = how or verb.value
        body = {"verb": name, "key": key, "reference": reference, "payment": ours(key), **more}
        found = self.ask(f"/payments/{reference}/{name}", body, reference)
        return self.meaning(found, verb, key, more.get("amount", 0))

    def find(self, key: str, reference: str) -> reading.Told | GatewayAnswer:
        """Look at a payment, and at what became of the request with this key."""
        if not re.fullmatch(reading.REFERENCE, reference):
            return reading.refused(NO_SUCH_PAYMENT, "There is no such payment.")
        path = f"/payments/{reference}?key={quote(key, safe='')}"
        return self.read(self._answered(lambda: signed.get(self.peer(), path)), reference)

    def ask(self, path: str, body: Mapping[str, Any], reference: str = "") -> reading.Told | GatewayAnswer:
        return self.read(self._answered(lambda: signed.post(self.peer(), path, body)), reference)

    def _answered(self, call: Callable[[], signed.SignedReply]) -> signed.SignedReply:
        try:
            return call()
        except signed.NoSignedAnswer as silence:
            text = f"{self.called}: {silence}."
            raise GatewayUnreachable(text, might_have_arrived=silence.might_have_arrived) from None

    def read(self, reply: signed.SignedReply, reference: str) -> reading.Told | GatewayAnswer:
        """A payment, or why there is none. `reference`: of the one that was asked about, "" for one to be opened."""
        try:
            if reply.status in (ANSWERED, REFUSED):
                found = reading.told(reply.data)
                if reference in ("", found.payment.reference):
                    return found
            elif reply.status in NO_PAYMENT:
                refusal = reading.refused_with(reply.data)
                if refusal.code != IN_PROGRESS:
                    return refusal
        except ValueError:
            # What was wrong with it may have what nobody is to see.
            pass
        raise self._unusable(reply)

    def _unusable(self, reply: signed.SignedReply) -> GatewayUnreachable:
        text = f"{self.called} gave no answer that can be used (HTTP {reply.status})."
        return GatewayUnreachable(text, might_have_arrived=True)

    def meaning(self, found: reading.Told | GatewayAnswer, verb: Verb, key: str, amount: int) -> GatewayAnswer:
        """What it means for `verb`. Of another's payment nothing is ours to take, and nothing ours to let go of."""
        if isinstance(found, GatewayAnswer):
            nothing = verb is Verb.RELEASE and found.code == NO_SUCH_PAYMENT
            return GatewayAnswer(Outcome.EXPIRED, message=found.message) if nothing else found
        if found.request is not None and found.request.key != key:
            raise GatewayUnreachable(f"{self.called} tells of another request.", might_have_arrived=True)
        if reading.belongs_to_another(found.payment, ours(key)):
            text = "It is held for another payment."
            if verb is Verb.RELEASE:
                return GatewayAnswer(Outcome.EXPIRED, code="anothers_payment", message=text)
            return reading.refused("anothers_payment", text)
        return found.answer(verb, amount)

    def read_event(self, headers: Mapping[str, str], body: bytes) -> News:
        try:
            identifier = signing.verify(self.peer().secrets, headers, body, timezone.now())
            return _news(identifier, json.loads(body))
        except signing.NotSigned as error:
            raise NotFromGateway(str(error)) from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise NotFromGateway("This is no event that we can read.") from None


def ours(key: str) -> str:
    """Our authorization's id, which each of its keys begins with."""
    return key.partition(":")[0]


def _news(identifier: str, event: Any) -> News:
    about = {name: _plain(event["data"][name]) for name in KEPT & event["data"].keys()}
    kind, at = str(_plain(event["type"]))[:64], datetime.fromisoformat(event["timestamp"])
    return News(
        id=identifier,
        kind=kind,
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        references=(str(about["reference"]),),
        payment=str(about.get("payment") or "")[:36],
        body={"type": kind, "data": about},
    )


def _plain(value: Any) -> Any:
    """A value that the database takes."""
    return value if isinstance(value, int) or value is None else str(value).replace("\0", "")[:255]
