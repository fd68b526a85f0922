"""Signed calls: to machines with which we share secrets, instead of tokens, and whose answers are signed too.

What is signed of a POST is its body, which has to say itself what is wanted; of a GET, which has none, it is
`GET /path?query`. An answer is signed under the id of the call that it answers, so that no other answer fits it.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from ocpi.client import transport
from ocpi.client.diagnosis import FAILURES, diagnosis
from ocpi.client.failures import COULD_NOT_ARRIVE
from partners.ground import signing

CONNECT_SECONDS, READ_SECONDS = 3.0, 4.5
CALL_SECONDS = CONNECT_SECONDS + READ_SECONDS
"""The most that a call takes, all of it."""


@dataclass(frozen=True)
class Peer:
    """Whom we call: the URL below which all paths are, and the secrets; two while one is replaced."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class SignedReply:
    """An answer whose signature is right. `data`: its JSON."""

    status: int
    data: Any


class NoSignedAnswer(Exception):
    """There is no answer that could be trusted: only where `might_have_arrived` is False nobody has read the call.

    `status`: the HTTP status of an answer that is not signed, of which nothing else is believed; 0 without one.
    """

    def __init__(self, message: str, *, might_have_arrived: bool, status: int = 0) -> None:
        super().__init__(message)
        self.might_have_arrived, self.status = might_have_arrived, status


def get(peer: Peer, path: str) -> SignedReply:
    """Ask for `path`, with its query. Raises NoSignedAnswer."""
    url = _url(peer, path)
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return _call(peer, "GET", url, None, f"GET {target}".encode())


def post(peer: Peer, path: str, body: Mapping[str, Any]) -> SignedReply:
    """Send `body`, which names what is wanted and of what. Raises NoSignedAnswer."""
    content = json.dumps(body, separators=(",", ":")).encode()
    return _call(peer, "POST", _url(peer, path), content, content)


def _url(peer: Peer, path: str) -> str:
    if not peer.url or not peer.secrets:
        raise NoSignedAnswer("its URL and its secrets are not set", might_have_arrived=False)
    if settings.PRODUCTION and urlsplit(peer.url).scheme.lower() != "https":
        raise NoSignedAnswer("its URL is not https", might_have_arrived=False)
    return peer.url.rstrip("/") + path


def _call(peer: Peer, method: str, url: str, body: bytes | None, content: bytes) -> SignedReply:
    identifier, timeouts = f"call_{uuid.uuid4().hex}", (CONNECT_SECONDS, READ_SECONDS)
    try:
        headers = signing.sign(peer.secrets, identifier, timezone.now(), content)
    except ValueError as error:
        raise NoSignedAnswer(str(error), might_have_arrived=False) from None
    if body is not None:
        headers["Content-Type"] = "application/json"
    with transport.Progress(sum(timeouts)) as progress:
        try:
            reply = transport.fetch(method, url, headers, body, progress, timeouts)
        except FAILURES as error:
            kind, text = diagnosis(error, progress, timeouts)
            raise NoSignedAnswer(text, might_have_arrived=kind not in COULD_NOT_ARRIVE) from None
    return _checked(peer, identifier, reply)


def _checked(peer: Peer, identifier: str, reply: transport.RawReply) -> SignedReply:
    try:
        if signing.verify(peer.secrets, reply.headers, reply.body, timezone.now()) != identifier:
            raise signing.NotSigned
        return SignedReply(reply.status, json.loads(reply.body))
    except signing.NotSigned:
        text = f"its answer (HTTP {reply.status}) is not signed as an answer to this call"
    except (ValueError, RecursionError):
        text = f"its answer (HTTP {reply.status}) is no JSON"
    raise NoSignedAnswer(text, might_have_arrived=True, status=reply.status)
