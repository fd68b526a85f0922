"""Pages of a list (OCPI 2.2.1 §4.1.3): following `Link`, and getting along with partners that do not send it."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

from django.conf import settings
from django.utils import timezone
from requests.utils import parse_header_links

from ocpi.client import SENDER, CallFailed, Reply, endpoint_url, functional
from ocpi.client.remote import join_url
from ocpi.versions import Lenience
from ocpi.versions.times import format_timestamp
from partners.models import Partner

MOST_PAGES = 10_000
MOST_SECONDS = 1800.0
# So many pages in a row that bring nothing which was not there before, or nothing at all, are no list any more.
MOST_REPETITIONS = 3
MOST_EMPTY = 20
# Lists below another module's URL (OCPI 2.3.0 mod_bookings).
LISTED_UNDER = {"booking_locations": "bookings"}
ADVICE = "Ask them to correct their Link header: it must hold the URL of the next page (OCPI 2.2.1 §4.1.3)."


@dataclass(frozen=True)
class Page:
    """Some objects as received, the exchange they came in, and X-Total-Count, if it was sent.

    `asked` is when it was asked for. `single`: the answer was one object and no list. `leniences`: what was overlooked
    about the list itself.
    """

    items: list[Any]
    message_id: int | None
    total: int | None
    asked: datetime
    single: bool = False
    leniences: tuple[Lenience, ...] = ()


def pages(
    partner: Partner,
    module: str,
    *,
    date_from: datetime | None = None,
    date_to: datetime | None = None,
    most_pages: int = MOST_PAGES,
    most_seconds: float = MOST_SECONDS,
) -> Iterator[Page]:
    """Read a list page by page; one page is in memory at a time.

    Raises:
        CallFailed: also `paging`: the pages do not end, repeat themselves, take longer than `most_seconds`, or lead
        elsewhere.
    """
    ends, novelty = time.monotonic() + most_seconds, _Novelty()
    base = list_url(partner, module)
    filters: dict[str, Any] = {}
    if date_from:
        filters["date_from"] = format_timestamp(date_from)
    if date_to:
        filters["date_to"] = format_timestamp(date_to)
    params: dict[str, Any] | None = {**filters, "limit": settings.OCPI_PAGE_LIMIT}
    url, received, asked, previous = base, 0, set[str](), None
    for _ in range(most_pages):
        asked_at = timezone.now()
        reply = functional(partner, "GET", module, SENDER, url=url, params=params)
        page = _page(reply, asked_at)
        yield page
        novelty.look_at(page.items)
        if time.monotonic() > ends:
            raise CallFailed("paging", f"their list does not end after {most_seconds:g} seconds", advice=ADVICE)
        received += len(page.items)
        following = next_url(reply.headers, url, base)
        if following is None:
            if not page.items or page.total is None or page.total <= received:
                return
            # No Link, yet there is more: ask for it by offset, as long as that brings anything new.
            if page.items == previous:
                raise CallFailed("paging", "their pages repeat themselves", advice=ADVICE)
            url, params = base, {**filters, "limit": settings.OCPI_PAGE_LIMIT, "offset": received}
        else:
            url, params = following, None
            if url in asked:
                raise CallFailed("paging", "their Link headers lead in a circle", advice=ADVICE)
            asked.add(url)
        previous = page.items
    raise CallFailed("paging", f"their list does not end after {most_pages} pages", advice=ADVICE)


class _Novelty:
    """Whether pages still bring something. An object may come twice, when it changes while its list is read."""

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.repeated = self.empty = 0

    def look_at(self, items: list[Any]) -> None:
        """Raise `CallFailed` when too many pages in a row brought nothing new."""
        keys = {hash(_key(item)) for item in items}
        self.empty = 0 if items else self.empty + 1
        self.repeated = self.repeated + 1 if items and keys <= self.seen else 0
        self.seen |= keys
        if self.repeated >= MOST_REPETITIONS or self.empty >= MOST_EMPTY:
            raise CallFailed("paging", "their pages go on, but bring nothing new", advice=ADVICE)


def _key(item: Any) -> str:
    """What an object is known by, or all of it where it has no id."""
    if isinstance(item, dict) and isinstance(named := item.get("id") or item.get("uid"), str):
        return json.dumps([item.get("country_code"), item.get("party_id"), named], default=str)
    return json.dumps(item, sort_keys=True)


def list_url(partner: Partner, module: str) -> str:
    """Where the list of a module's objects is.

    Raises:
        CallFailed: `not_offered`
    """
    if module in LISTED_UNDER:
        return join_url(endpoint_url(partner, LISTED_UNDER[module], SENDER), module)
    return endpoint_url(partner, module, SENDER)


def _page(reply: Reply, asked: datetime) -> Page:
    items = [] if reply.data is None else reply.data
    if not isinstance(items, list):
        raise CallFailed(
            "no_list",
            "their answer has no list in data",
            advice="Ask them to answer with a list, also of one or no object.",
            http_status=reply.http_status,
            status_code=reply.status_code,
            message_id=reply.message_id,
        )
    total = reply.headers.get("X-Total-Count", "").strip()
    missing = (Lenience("null_list", "", "null stands for an empty list"),) if reply.data is None else ()
    known_total = int(total) if total.isascii() and total.isdigit() else None
    return Page(items, reply.message_id, known_total, asked, leniences=missing)


def next_url(headers: Mapping[str, str], url: str, base: str) -> str | None:
    """Where the next page is, or None on the last. Only the host of the endpoint is sent our token.

    Raises:
        CallFailed: the link leads to another host.
    """
    links = parse_header_links(headers.get("Link", ""))
    target = next((link["url"] for link in links if link.get("rel", "").lower() == "next" and link["url"]), None)
    if target is None:
        return None
    home, found = urlsplit(base), urlsplit(urljoin(url, target))
    if found.hostname != home.hostname:
        raise CallFailed("paging", f"their Link header leads to another host: {found.hostname}", advice=ADVICE)
    # Behind a proxy that ends TLS many build links with http:// and an inner port.
    return urlunsplit((home.scheme, home.netloc, found.path, found.query, ""))
