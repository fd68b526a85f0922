"""Giving a stored object back in the words of the specification: what a closed enumeration does not list is not said.

What was received stays as it came in `raw`; only answers to GET go through here, and only where they have to.
"""

import re
from collections.abc import Mapping
from typing import Any

from ocpi.versions.base import WireModel
from ocpi.versions.reading import Loc, Mended, steps
from ocpi.versions.results import Invalid, Lenience
from ocpi.versions.version import Version

UNKNOWN = "unknown_enum_value"
OWN_WORDS = frozenset({UNKNOWN, "enum_case", "preparing_status", "ocpp_status", "reserved_status"})
PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def in_listed_words(
    version: Version, kind: str, raw: Mapping[str, Any], owner: tuple[str, str] | None = None
) -> dict[str, Any]:
    """The object without values that its version does not list.

    An optional one is left out, a status becomes UNKNOWN, a connector of an unknown kind is not there.

    Raises:
        Invalid: nothing of it can be said.
    """
    try:
        parsed = version.parse(kind, raw, owner=owner)
    except Invalid:  # as it was received by a more generous reader
        return dict(raw)
    if not any(note.kind in OWN_WORDS for note in parsed.leniences):
        return dict(raw)
    try:
        return version.dump(parsed.obj)
    except Invalid:
        unsaid = _unsaid(version.model(kind), raw, parsed.leniences)
        return version.dump(version.salvage(kind, unsaid, stored={}, owner=owner).obj)


def _unsaid(model: type[WireModel], raw: Mapping[str, Any], leniences: tuple[Lenience, ...]) -> Any:
    """The object with nothing, or its fallback, in place of each unknown value."""
    mended = Mended(raw)
    for note in leniences:
        if note.kind == UNKNOWN:
            loc = _loc(note.path)
            *_, (_, owner, field) = steps(model, loc)
            mended.replace(loc, owner.fallbacks.get(field.name) if isinstance(loc[-1], str) else None)
    return mended.data


def _loc(path: str) -> Loc:
    return tuple(int(index) if index else name for name, index in PART.findall(path))
