"""How large an object may be: generous for whatever a charger does, and no more than reading it is worth.

A charge of a whole day with a charging period every ten seconds has 8,640 of them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ocpi.versions.base import FieldPlan, WireModel, format_path, plan
from ocpi.versions.results import Fault

MOST_ITEMS = 5_000
MOST_OF: Mapping[str, int] = {"charging_periods": 10_000, "connectors": 500, "dimensions": 100}
LONGEST_UNKNOWN = 65_536
"""Characters, as JSON, of a field that no version knows: it is kept with the object, and read by nobody."""
MOST_UNKNOWN = 1_000


def excesses(model: type[WireModel], data: Any) -> Iterator[Fault]:
    """What makes the object too large to be read at all. Cheap: lists are counted, not looked into."""
    if not isinstance(data, Mapping):
        return
    known = plan(model)
    for field in known.fields:
        yield from _too_many(field, data.get(field.wire), field.wire)
        if field.model and field.many and isinstance(items := data.get(field.wire), list):
            yield from _check_nested(field.model, field.wire, items[:MOST_ITEMS])
    unknown = data.keys() - known.by_wire.keys() - known.by_name.keys()
    if len(unknown) > MOST_UNKNOWN:
        yield Fault("", f"has {len(unknown)} fields that are not part of this version, more than {MOST_UNKNOWN}")
        return
    for name in sorted(unknown):
        if _is_long(data[name]):
            yield Fault(name, f"is no field of this version and longer than {LONGEST_UNKNOWN} characters")


def _check_nested(model: type[WireModel], wire: str, items: list[Any]) -> Iterator[Fault]:
    """Lists within the items of a list: connectors of an EVSE, dimensions of a charging period."""
    lists = [field for field in plan(model).fields if field.many]
    for field in lists:
        most = MOST_OF.get(field.wire, MOST_ITEMS)
        for index, item in enumerate(items):
            if isinstance(item, dict) and isinstance(found := item.get(field.wire), list) and len(found) > most:
                yield from _too_many(field, found, format_path((wire, index, field.wire)))


def _too_many(field: FieldPlan, value: Any, path: str) -> Iterator[Fault]:
    most = MOST_OF.get(field.wire, MOST_ITEMS)
    if isinstance(value, list) and len(value) > most:
        yield Fault(path, f"has {len(value)} items, more than {most}")


def _is_long(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) > LONGEST_UNKNOWN
    return isinstance(value, dict | list) and len(json.dumps(value)) > LONGEST_UNKNOWN
