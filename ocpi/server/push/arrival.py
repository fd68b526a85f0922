"""A push as it arrived, as far as its URL and headers tell it; and the answer to one that was taken."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from ocpi.log import message_log
from ocpi.log.message_log import INBOUND, Exchange
from ocpi.log.searching import subject_of_url
from ocpi.routing import PREFIX, served_modules
from ocpi.server import flooding
from ocpi.server.authentication import expected_reading, source_address
from ocpi.server.handed import HANDED, Handed
from ocpi.server.raw_path import RAW_PATH
from ocpi.versions import VERSIONS, Version
from partners.ground import limiting, secrets

LARGEST = 64 * 1024
"""Bytes of a body: a longer one takes so long to read that the others would wait for it. A usual one has 1 to 4 kB."""
METHODS = frozenset({"PUT", "PATCH"})
SERVING = {
    number: version
    for number, version in VERSIONS.items()
    if {"sessions", "locations"} <= {spec.identifier for spec in served_modules(version)}
}
# Exactly as we told it, with plain characters in its ids: everything else is a lenience, or needs decoding.
PATH = re.compile(
    rf"/{PREFIX}/(?P<version>{'|'.join(map(re.escape, SERVING))})/"
    r"(?:(?P<sessions>sessions)|locations)/(?P<country>[A-Z]{2})/(?P<party>[A-Z0-9]{3})/"
    r"(?P<id>[A-Za-z0-9*_.:~@+-]+)(?(sessions)|/(?P<evse>[A-Za-z0-9*_.:~@+-]+))"
)
IDS = {"sessions": ("session_id",), "locations": ("location_id", "evse_uid")}


@dataclass(slots=True)
class Arrival:
    """A push that is to be answered.

    Args:
        ids: those in its URL: of the Session, or of Location and EVSE.
        digest: of its token, as `partners.tokens` keeps it.
        logged: the columns of its row in the message log that are known so far, masked.
        started: by the monotonic clock.
        handed: what its view will know of it.
        data: its body, once it was read.
        names: what the body says that the object is to be found by (`ocpi.server.push.sessions`).
    """

    method: str
    version: Version
    module: str
    country_code: str
    party_id: str
    ids: tuple[str, ...]
    body: bytes
    digest: str
    source: str
    request: HttpRequest
    at: datetime
    started: float
    logged: dict[str, Any]
    handed: Handed
    data: Any = None
    names: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, ...]:
        """What it writes: of two with one key the second is decided when the first is stored.

        Whose it is is no part of it: while a token is being replaced, a partner may use either.
        """
        return self.module, self.country_code, self.party_id, self.ids[0].lower()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a push is answered with."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def is_one(meta: Mapping[str, Any]) -> bool:
    """Whether method and URL are a push's, by the request's META."""
    return _read_path(meta) is not None


def _read_path(meta: Mapping[str, Any]) -> re.Match[str] | None:
    if meta["REQUEST_METHOD"] not in METHODS or meta.get("QUERY_STRING"):
        return None
    return PATH.fullmatch(meta.get(RAW_PATH) or meta["PATH_INFO"])


def receive(request: HttpRequest, body: bytes) -> Arrival | None:
    """Read URL and headers, and count it for its token's limit; None: it is for the view."""
    meta = request.META
    found = _read_path(meta)
    if found is None or HANDED in meta or len(body) > LARGEST:
        return None
    version, module = SERVING[found["version"]], found["sessions"] or "locations"
    reading, source = expected_reading(request, version.encodes_token), source_address(request)
    if not reading or limiting.wait_for(limiting.STRANGERS, limiting.place_of(source)):
        return None
    at = timezone.now()
    meta[HANDED] = handed = Handed(at)
    if flooding.over_token_limit(request):
        return None
    method = str(meta["REQUEST_METHOD"])
    ids = (found["id"],) if module == "sessions" else (found["id"], found["evse"])
    exchange = Exchange(
        INBOUND,
        method,
        found[0],
        request.headers,
        body,
        source,
        version=version.number,
        module=module,
        subject=subject_of_url(dict(zip(IDS[module], ids, strict=True))),
        at=at,
    )
    return Arrival(
        method,
        version,
        module,
        found["country"],
        found["party"],
        ids,
        body,
        secrets.digest(reading),
        source,
        request,
        at,
        time.monotonic(),
        message_log.begun(exchange),
        handed,
    )
