"""PATCH: merge a partial object into the stored one, in wire names, then read the whole (OCPI 2.2.1 §4.1).

A PATCH never removes information, so lists of objects that have a key are merged item by item: EVSEs by
uid, connectors and calendars by id, charging periods by the moment they start (a period delivered twice is
kept once, and the newer wording wins). Any other list or object is replaced as a whole, but for the terms of
a booking. null clears what is optional.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from pydantic_core import PydanticCustomError

from ocpi.versions.base import FieldPlan, WireModel, format_path, plan
from ocpi.versions.reading import Loc, read
from ocpi.versions.results import Fault, Invalid, Lenience, Patched
from ocpi.versions.salvaging import salvage
from ocpi.versions.times import Timestamp, format_timestamp

M = TypeVar("M", bound=WireModel)
N = TypeVar("N", Fault, Lenience)
INDEX = re.compile(r"\[\d+\]")


class Merge:
    """One merge: collects what is wrong on the way, by its path in the change.

    `places` tells where the items of merged lists stood in the change that was sent: path in the result -> path there.
    """

    def __init__(self, ids_ignore_case: bool) -> None:
        self.ids_ignore_case = ids_ignore_case
        self.places: dict[Loc, Loc] = {}
        self.faults: list[Fault] = []
        self.notes: list[Lenience] = []

    def merged(
        self, model: type[WireModel], patch: Any, stored: Mapping[str, Any], loc: Loc = (), at: Loc = ()
    ) -> dict[str, Any]:
        """`stored` with the changes of `patch`, which stands at `loc` in the change and `at` in the result."""
        result = dict(stored)
        if not isinstance(patch, Mapping):
            self.faults.append(Fault(format_path(loc), "must be an object", patch))
            return result
        for key, value in patch.items():
            field = self._field(model, key, loc)
            self._merge_field(model, result, field, key, value, (*loc, str(key)), at)
        return result

    def _field(self, model: type[WireModel], key: str, loc: Loc) -> FieldPlan | None:
        known = plan(model)
        field = known.by_wire.get(key)
        renamed = known.by_name.get(key)
        if field is None and renamed and renamed.on_wire:
            detail = f"the name in this version is {renamed.wire}"
            self.notes.append(Lenience("other_version_name", format_path((*loc, key)), detail))
            return renamed
        return field

    def _merge_field(
        self,
        model: type[WireModel],
        result: dict[str, Any],
        field: FieldPlan | None,
        key: str,
        value: Any,
        loc: Loc,
        at: Loc,
    ) -> None:
        wire = field.wire if field else key
        at = (*at, wire)
        key_name = model.keyed.get(wire)
        if value is None and field and field.required:
            self.faults.append(Fault(format_path(loc), "is required and cannot be cleared with null"))
        elif field and field.model and key_name:
            items, stored = as_list(value), as_list(result.get(wire))
            result[wire] = self._merge_list(field.model, key_name, items, stored, loc, at)
        elif field and field.model and wire in model.blended and value is not None:
            stored_part = result.get(wire)
            base = stored_part if isinstance(stored_part, Mapping) else {}
            result[wire] = self.merged(field.model, value, base, loc, at)
        elif value is not None:
            result[wire] = value
        else:
            result.pop(wire, None)

    def _merge_list(
        self, model: type[WireModel], key_name: str, items: list[Any], stored: list[Any], loc: Loc, at: Loc
    ) -> list[Any]:
        result = list(stored)
        positions = {self._key(item, key_name): position for position, item in enumerate(stored)}
        for index, item in enumerate(items):
            key = self._key(item, key_name)
            if key is None:
                self.faults.append(Fault(format_path((*loc, index)), f"must be an object with its {key_name}", item))
                continue
            position = positions.setdefault(key, len(result))
            self.places[*at, position] = (*loc, index)
            if position < len(result):
                result[position] = self._merge_item(model, item, result[position], (*loc, index), (*at, position))
            else:
                result.append(item)
        return result

    def as_sent(self, found: Iterable[N]) -> tuple[N, ...]:
        """What was found in the result, with the paths of the change that was sent."""
        listed = tuple(found)
        places = {format_path(at): format_path(loc) for at, loc in self.places.items()} if listed else {}
        return tuple(replace(one, path=_sent_path(one.path, places)) for one in listed)

    def _key(self, item: Any, key_name: str) -> Any:
        """What identifies an item: timestamps as moments, ids with or without regard to case."""
        value = item.get(key_name) if isinstance(item, Mapping) else None
        if value == "" or not isinstance(value, str | int):
            return None
        if key_name == "start_date_time":
            return moment(value)
        return str(value).lower() if self.ids_ignore_case else str(value)

    def _merge_item(self, model: type[WireModel], item: Any, stored: Any, loc: Loc, at: Loc) -> Any:
        """A part with a life of its own is merged; a charging period is a value and replaced."""
        return self.merged(model, item, stored, loc, at) if model.patchable else item


def _sent_path(path: str, places: Mapping[str, str]) -> str:
    """A path in the result as it was in the change; what the change did not name keeps its own."""
    for end in (found.end() for found in reversed(list(INDEX.finditer(path)))):
        if path[:end] in places:
            return places[path[:end]] + path[end:]
    return path


def as_list(value: Any) -> list[Any]:
    """The items of a list, which null and a single object can stand for."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def moment(value: str | int) -> Any:
    """A timestamp read leniently; what cannot be read stands for itself and fails when the whole is read."""
    try:
        return Timestamp().read(value)
    except PydanticCustomError as error:
        return (error.context or {}).get("read_as", value)


def patch(
    model: type[M],
    change: Any,
    stored: Mapping[str, Any],
    *,
    needs_last_updated: bool,
    ids_ignore_case: bool,
    received_at: datetime | None,
    unknown_allowed: bool,
    owner: tuple[str, str] | None = None,
    as_far_as_valid: bool = False,
) -> Patched[M]:
    """Merge `change` into `stored` and read the result; raises Invalid with every fault.

    `as_far_as_valid`: what is faulty in the change stays as it is stored, and is told in `left_out`; Invalid is then
    raised only where nothing of the change can be kept.
    """
    merge = Merge(ids_ignore_case)
    raw = merge.merged(model, change, stored)
    if isinstance(change, Mapping) and "last_updated" in plan(model).by_wire and not change.get("last_updated"):
        if needs_last_updated and as_far_as_valid:
            merge.notes.append(Lenience("missing_field", "last_updated", "every PATCH needs it"))
        elif needs_last_updated:
            merge.faults.append(Fault("last_updated", "every PATCH needs it"))
        elif received_at:
            raw["last_updated"] = format_timestamp(received_at)
    if as_far_as_valid and isinstance(change, Mapping):
        return _salvage(model, merge, raw, stored, unknown_allowed=unknown_allowed, owner=owner)
    if merge.faults:
        raise Invalid(tuple(merge.faults))
    try:
        whole = read(model, raw, unknown_allowed=unknown_allowed, owner=owner)
    except Invalid as error:
        raise Invalid(merge.as_sent(error.faults)) from error
    return Patched(whole.obj, (*merge.notes, *merge.as_sent(whole.leniences)), raw)


def _salvage(
    model: type[M],
    merge: Merge,
    raw: dict[str, Any],
    stored: Mapping[str, Any],
    *,
    unknown_allowed: bool,
    owner: tuple[str, str] | None,
) -> Patched[M]:
    try:
        found = salvage(model, raw, unknown_allowed=unknown_allowed, owner=owner, stored=stored)
    except Invalid as error:
        raise Invalid((*merge.faults, *merge.as_sent(error.faults))) from error
    left_out = (*merge.faults, *merge.as_sent(found.left_out))
    if left_out and _substance(found.raw) == _substance(stored):
        raise Invalid(left_out)
    return Patched(found.obj, (*merge.notes, *merge.as_sent(found.leniences)), found.raw, left_out)


def _substance(raw: Mapping[str, Any]) -> dict[str, Any]:
    """An object without the moment at which it was changed."""
    return {name: value for name, value in raw.items() if name != "last_updated"}
