"""A peer's own words about an error, in one line: whatever its framework makes of it.

`roles[0].business_details.logo Field required` from FastAPI's `detail`, `roles: This field is required.` from Django
REST framework, `message` or `error` from others, the title of a web page, the first line of a text. Secrets that we
sent are masked: frameworks like to repeat their input.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from html import unescape
from typing import Any

from ocpi.log.masking import decode, mask_body
from ocpi.versions.base import format_path
from partners.ground import secrets

LONGEST_QUOTE = 300
MOST_READ = 20_000
MOST_TOLD = 3
DEEPEST = 8
SAID = ("status_message", "detail", "details", "message", "msg", "error_description", "title", "error", "errors")
"""Where frameworks put it, the most telling first."""
TITLE = re.compile(r"<(?:title|h1)[^>]*+>([^<]*+)<", re.IGNORECASE)
TAG = re.compile(r"<[^>]*+>")
PLACES = frozenset({"body", "query", "path", "header"})
"""What FastAPI begins a place with."""


def words_of(body: bytes, sent: Iterable[str] = ()) -> str:
    """What an answer says is wrong; "" where it says nothing.

    Args:
        body: of the answer.
        sent: secrets that the request carried.
    """
    text = decode(body[:MOST_READ])
    try:
        said = _join(_texts(json.loads(text)))
    except (ValueError, RecursionError):
        said = _page(text) if "<" in text[:500] else text
    for secret in sent:
        said = said.replace(secret, secrets.mask(secret)) if secret else said
    line = " ".join(mask_body(said).split())
    return line if len(line) <= LONGEST_QUOTE else f"{line[: LONGEST_QUOTE - 1]}…"


def _page(html: str) -> str:
    found = TITLE.search(html)
    return unescape(found[1] if found and found[1].strip() else TAG.sub(" ", html))


def _join(texts: Iterator[str]) -> str:
    found = list(dict.fromkeys(text for text in texts if text.strip()))
    told = "; ".join(found[:MOST_TOLD])
    return f"{told}; and {len(found) - MOST_TOLD} more" if len(found) > MOST_TOLD else told


def _texts(said: Any, place: tuple[str | int, ...] = ()) -> Iterator[str]:
    """Each thing that is said, with the place that it is said of."""
    if len(place) > DEEPEST:
        return
    if isinstance(said, str):
        yield f"{format_path(place)}: {said}" if place else said
    elif isinstance(said, list):
        for index, one in enumerate(said):
            yield from _texts(one, (*place, index) if place and not isinstance(one, str) else place)
    elif _is_located(said):
        yield f"{_place(said['loc'])} {said['msg']}".strip()
    elif isinstance(said, Mapping):
        yield from _of_object(said, place)


def _of_object(said: Mapping[str, Any], place: tuple[str | int, ...]) -> Iterator[str]:
    named = [name for name in SAID if said.get(name)] if not place else []
    for name in named:
        found = list(_texts(said[name]))
        if any(text.strip() for text in found):
            yield from found
            return
    if not place and "data" in said and "status_code" in said:
        yield from _texts(said["data"])
        return
    for name, one in said.items():
        yield from _texts(one, (*place, name))


def _is_located(said: Any) -> bool:
    """An error of pydantic's: {loc, msg}."""
    return isinstance(said, Mapping) and isinstance(said.get("loc"), list) and isinstance(said.get("msg"), str)


def _place(loc: list[Any]) -> str:
    parts = tuple(part if isinstance(part, int) else str(part) for part in loc)
    return format_path(parts[1:] if len(parts) > 1 and parts[0] in PLACES else parts)
