"""Pulls that the session rules ask for: GET /sessions and GET /cdrs, at once (G5.4, rules 8, 17; awaiting_cdr)."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ocpi.client import CallFailed
from ocpi.sync.paging import pages
from ocpi.sync.storing import Storing
from partners.models import Partner

MOST_PAGES = 100  # the caller asks for hours, not for years
MOST_SECONDS = 120.0  # a driver waits


@dataclass(frozen=True)
class PullResult:
    """What a pull brought. Everything readable was stored and told to the receivers before this is returned.

    Args:
        ok: the whole list was read, and nothing that concerns the caller was unreadable.
        offered: the partner offers the module.
        count: how many objects came; where somebody's are looked for, how many of theirs.
        error: why `ok` is False, in plain words.
        message_ids: the exchanges, as evidence.
        refused: how many objects could not be read.
        missing: those who were looked for, and whom nothing named.
    """

    ok: bool
    offered: bool
    count: int
    error: str
    message_ids: list[int]
    refused: int = 0
    missing: frozenset[str] = frozenset()


def _nothing() -> None:
    """What most callers do about each page."""


def pull_sessions(
    partner_id: int,
    date_from: datetime,
    whose: Mapping[str, Collection[str]] | None = None,
    *,
    on_page: Callable[[], None] = _nothing,
) -> PullResult:
    """GET sessions changed since `date_from` and store them. Never raises for what the partner does.

    `whose`: whose Sessions are looked for, and the names that each of them may have there (rule 7: token, contract,
    authorization reference). A faulty Session of somebody else then does not make the answer useless; one of theirs
    does, and one that names nobody, for nobody can say what it would have told.
    `on_page` is called for each page that came, before it is stored: the caller's lease wants to be renewed.
    """
    return pull(partner_id, "sessions", date_from, whose, on_page)


def pull_cdrs(partner_id: int, date_from: datetime, *, on_page: Callable[[], None] = _nothing) -> PullResult:
    """GET CDRs changed since `date_from` and store them. Never raises for what the partner does."""
    return pull(partner_id, "cdrs", date_from, on_page=on_page)


def pull(
    partner_id: int,
    module: str,
    date_from: datetime,
    whose: Mapping[str, Collection[str]] | None = None,
    on_page: Callable[[], None] = _nothing,
) -> PullResult:
    """GET what changed since `date_from` and store it; arguments as of `pull_sessions`."""
    partner = Partner.objects.get(pk=partner_id)
    missing = set(whose or ())
    concerns = _mentions(whose) if whose else None
    count, doubtful, message_ids = 0, 0, list[int]()
    refused = received = total = 0
    try:
        storing = Storing(partner, module)
        read = pages(partner, module, date_from=date_from, most_pages=MOST_PAGES, most_seconds=MOST_SECONDS)
        for page in read:
            on_page()
            if page.message_id is not None:
                message_ids.append(page.message_id)
            storing.store(page)
            refused = storing.tally.refused
            received, total = received + len(page.items), total if page.total is None else page.total
            for item in page.items:
                named = concerns(item) if concerns else set()
                missing -= named
                count += concerns is None or bool(named)
            refused_items = storing.tally.refused_items if concerns else []
            doubtful += sum(1 for item in refused_items if _names_nobody(item) or (concerns and concerns(item)))
    except CallFailed as failure:
        if failure.message_id is not None and failure.message_id not in message_ids:
            message_ids.append(failure.message_id)
        text = f"GET {module} failed: {failure.text}"
        return PullResult(False, failure.kind != "not_offered", count, text, message_ids, refused)
    if doubtful:
        return PullResult(False, True, count, _unreadable(module, storing), message_ids, refused)
    if received < total and (missing or concerns is None):
        # By its own count it is not the whole list: what is not in it may be there all the same.
        text = f"GET {module} brought {received} of the {total} objects that its X-Total-Count tells"
        return PullResult(False, True, count, text, message_ids, refused)
    return PullResult(True, True, count, "", message_ids, refused, frozenset(missing))


def _mentions(whose: Mapping[str, Collection[str]]) -> Callable[[Any], set[str]]:
    """Who an object, readable or not, is about: a name may stand in `cdr_token.uid`, `auth_id` or anywhere else."""
    wanted = [(key, json.dumps(name).lower()) for key, names in whose.items() for name in names if name]

    def mentions(item: Any) -> set[str]:
        text = json.dumps(item).lower()
        return {key for key, quoted in wanted if quoted in text}

    return mentions


def _names_nobody(item: Any) -> bool:
    """Whether an unreadable Session tells of no token at all, by which it would be somebody else's."""
    token = item.get("cdr_token") if isinstance(item, dict) else None
    uid = token.get("uid") if isinstance(token, dict) else item.get("auth_id") if isinstance(item, dict) else None
    return not (isinstance(uid, str) and uid.strip())


def _unreadable(module: str, storing: Storing) -> str:
    shown = "; ".join(
        f"{one['id'] or 'without id'}: {fault['path']} {fault['message']}".strip()
        for one in storing.tally.faults[:3]
        for fault in one["faults"][:3]
    )
    return f"GET {module} brought what cannot be read: {shown}"
