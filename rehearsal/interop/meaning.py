"""Comparing two JSON objects in meaning, as OCPI defines it.

Numbers by value, timestamps by moment (no zone is UTC, OCPI 2.2.1 §16.2), null, [] and absence as one thing.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

TIMESTAMP = re.compile(r"\d{4}-\d{1,2}-\d{1,2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z?")


def differences(expected: Any, found: Any, path: str = "") -> Iterator[str]:
    """Where the two differ: `evses[0].status: 'AVAILABLE' became 'CHARGING'`."""
    if _empty(expected) and _empty(found):
        return
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in {**expected, **found}:
            where = f"{path}.{name}" if path else str(name)
            yield from differences(expected.get(name), found.get(name), where)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, pair in enumerate(zip(expected, found, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif _plain(expected) != _plain(found):
        yield f"{path}: {expected!r} became {found!r}"


def _empty(value: Any) -> bool:
    return value is None or value == []


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value), bool  # which is no number here
    if isinstance(value, int | float):
        return Decimal(str(value))
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        return _moment(value)
    return value


def _moment(text: str) -> datetime | str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
