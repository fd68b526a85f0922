"""Lists in pages (OCPI 2.2.1 §4.1.4)."""

from datetime import datetime

from cpo_simulator.clock import read
from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.store import Shelf

LARGEST_PAGE = 50


def page(call: Call, shelf: Shelf, kind: str, date_from_required: bool = False) -> Reply:
    """One page of a shelf with ``Link``, ``X-Total-Count`` and ``X-Limit``."""
    query = call.request.rel_url.query
    since, until = _moment(call, "date_from"), _moment(call, "date_to")
    if date_from_required and since is None:
        raise ProblemError(200, 2001, "date_from is required")
    offset = _number(call, "offset", 0)
    limit = min(_number(call, "limit", LARGEST_PAGE) or LARGEST_PAGE, LARGEST_PAGE)
    found = shelf.changed(since, until)
    headers = {"X-Total-Count": str(len(found)), "X-Limit": str(LARGEST_PAGE)}
    if offset + limit < len(found):
        again = {**query, "offset": str(offset + limit), "limit": str(limit)}
        url = call.request.rel_url.with_query(again)
        headers["Link"] = f'<{call.cpo.registration.base_url}{url}>; rel="next"'
    return Reply(kind, found[offset : offset + limit], headers=headers)


def _moment(call: Call, name: str) -> datetime | None:
    text = call.request.rel_url.query.get(name)
    if not text:
        return None
    try:
        return read(text)
    except ValueError:
        raise ProblemError(200, 2001, f"{name} is no DateTime") from None


def _number(call: Call, name: str, default: int) -> int:
    text = call.request.rel_url.query.get(name, "")
    if not text:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise ProblemError(200, 2001, f"{name} is no whole number")
    return int(text)
