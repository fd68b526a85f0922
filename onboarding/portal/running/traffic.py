"""The CPO's own messages: a list and one exchange, as they were logged, with every secret masked."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from ocpi.models import Message
from partners.models import Partner

PAGE = 50
LONGEST = 20_000
HEADERS = frozenset(
    (
        *("authorization", "content-type", "date", "link", "retry-after", "user-agent", "x-limit", "x-total-count"),
        *("x-request-id", "x-correlation-id", "ocpi-from-country-code", "ocpi-from-party-id"),
        *("ocpi-to-country-code", "ocpi-to-party-id"),
    )
)
"""Those that OCPI is made of. The others are between proxies, and nobody's business here."""


@dataclass(frozen=True)
class Page:
    """Newest first. `before` is where the next page begins; 0 where there is none."""

    rows: Sequence[Message]
    before: int


def list_messages(partners: Sequence[Partner], *, failed: bool = False, about: str = "", before: int = 0) -> Page:
    """The partners' own messages.

    Args:
        failed: only those that ended badly.
        about: an id: of a request, a correlation, or what the message is about.
        before: of older ones than this.
    """
    # Each by itself: an index finds the newest of one partner, and none the newest of several.
    found = [row for one in partners for row in _newest(one, failed=failed, about=about, before=before)]
    told = sorted(found, key=lambda row: row.pk, reverse=True)
    return Page(told[:PAGE], told[PAGE - 1].pk if len(told) > PAGE else 0)


def _newest(partner: Partner, *, failed: bool, about: str, before: int) -> QuerySet[Message]:
    rows = Message.objects.filter(partner=partner).order_by("-id")
    if failed:
        rows = rows.filter(failed=True)
    if about:
        rows = rows.filter(Q(request_id=about) | Q(correlation_id=about) | Q(subject=about))
    if before:
        rows = rows.filter(pk__lt=before)
    return rows.defer("request_body", "response_body", "request_headers", "response_headers")[: PAGE + 1]


@dataclass(frozen=True)
class Exchange:
    """One message, as its two sides have seen it."""

    row: Message
    asked: Mapping[str, str]
    answered: Mapping[str, str]
    request: str
    response: str
    why: str

    @property
    def remarks(self) -> list[tuple[str, str]]:
        """(path, what we noticed): faults, then what we overlooked."""
        faults = [(str(one.get("path", "")), str(one.get("message", ""))) for one in self.row.faults]
        return [*faults, *((str(one.get("path", "")), str(one.get("detail", ""))) for one in self.row.leniences)]


def read_exchange(partners: Sequence[Partner], pk: int) -> Exchange | None:
    """One of the partners' own messages; None for any other."""
    row = Message.objects.filter(pk=pk, partner__in=partners).first()
    if row is None:
        return None
    return Exchange(
        row,
        _headers(row.request_headers),
        _headers(row.response_headers),
        _body(row.request_body),
        _body(row.response_body),
        # What broke on our side is ours to read; why a call of ours had no answer is theirs.
        row.error if row.direction == Message.Direction.OUTBOUND else "",
    )


def _headers(kept: Any) -> dict[str, str]:
    return {name: str(value) for name, value in dict(kept).items() if name.lower() in HEADERS}


def _body(kept: str) -> str:
    try:
        told = json.dumps(json.loads(kept), indent=2, ensure_ascii=False)
    except ValueError:
        told = kept  # as it came
    return told if len(told) <= LONGEST else f"{told[:LONGEST]}\n… {len(told) - LONGEST} characters more"
