"""Reading an object as far as it is valid: what cannot be read falls, and nothing else.

A part that cannot be read stays as it was stored. Where nothing was stored an optional part is left out, a required one
is read as what its class holds ready (`WireModel.makeshift`), and else the list item falls that it belongs to. Only
where none of this helps the whole object is refused.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic_core import ErrorDetails

from ocpi.versions.base import FieldPlan, WireModel, plan
from ocpi.versions.limits import excesses
from ocpi.versions.reading import Loc, Mended, as_fault, reading_rule, steps, unknown_fields, validate
from ocpi.versions.results import Fault, Invalid, Lenience, Salvaged

M = TypeVar("M", bound=WireModel)
NOTHING = object()
MOST_FAULTS = 20_000
"""Of one object. What is nothing but faults is not worth the time of looking for what is none."""


@dataclass(frozen=True)
class _Cut:
    """What becomes of a part that cannot be read. `value` is `NOTHING` where it goes."""

    loc: Loc
    value: Any = NOTHING


class _Salvage:
    """One reading. `work` is mended as far as reading goes; `kept` is as received, but for the parts that fell."""

    def __init__(self, model: type[WireModel], data: Any, stored: Mapping[str, Any]) -> None:
        self.model, self.stored = model, stored
        self.work, self.kept = Mended(data), Mended(data)
        self.left: dict[Loc, list[int]] = {}
        self.by_key: dict[tuple[int, str], dict[str, Any]] = {}
        self.tried: Counter[Loc] = Counter()
        self.left_out: dict[Loc, Fault] = {}

    def cut(self, errors: list[ErrorDetails]) -> bool:
        """Take out, or replace, what the errors are about; False where that is not possible."""
        cuts: dict[Loc, _Cut] = {}
        for error in errors:
            loc: Loc = error["loc"]
            if (cut := next(iter(self._ways(loc)), None)) is None:
                return False
            self.left_out.setdefault(self._original(loc), as_fault({**error, "loc": self._original(loc)}))
            cuts.setdefault(cut.loc, cut)
        for cut in self._outermost(cuts):
            self._apply(cut)
        return True

    def _outermost(self, cuts: dict[Loc, _Cut]) -> list[_Cut]:
        """Without those that lie in a part that goes; the last ones of a list first."""
        whole = {cut.loc for cut in cuts.values() if cut.value is NOTHING}
        chosen = [cut for loc, cut in cuts.items() if not any(loc[:length] in whole for length in range(len(loc)))]
        return sorted(chosen, key=lambda cut: [(isinstance(part, int), part) for part in cut.loc], reverse=True)

    def _apply(self, cut: _Cut) -> None:
        *_, last = cut.loc
        original = self._original(cut.loc)
        self.tried[original] += 1
        if cut.value is NOTHING and isinstance(last, int):
            received = len(self.work.at(cut.loc[:-1]))
            del self.left.setdefault(original[:-1], list(range(received)))[last]
        for mended in (self.work, self.kept):
            if cut.value is NOTHING:
                _take_out(mended, cut.loc)
            else:
                mended.replace(cut.loc, cut.value)

    def _original(self, loc: Loc) -> Loc:
        """Where a part stood in what was received."""
        found: Loc = ()
        for part in loc:
            left = self.left.get(found) if isinstance(part, int) else None
            found = (*found, left[part] if left and isinstance(part, int) else part)
        return found

    def _ways(self, loc: Loc) -> list[_Cut]:
        """What can be done about an error at `loc`, what costs least first."""
        ways: list[_Cut] = []
        for position, owner, field in reversed(list(steps(self.model, loc))):
            if position < len(loc) and isinstance(loc[position], int):
                ways.append(_Cut(loc[: position + 1]))
            ways += self._about(loc[:position], owner, field)
        return ways

    def _about(self, loc: Loc, owner: type[WireModel], field: FieldPlan) -> list[_Cut]:
        instead = [self._stored(loc)]
        if field.required:
            instead.append(owner.makeshift.get(field.name, NOTHING))
        if field.name == "last_updated" and len(loc) > 1:
            instead.append(self.work.data.get(field.name, NOTHING))
        untried = [value for value in instead if value is not NOTHING][self.tried[self._original(loc)] :]
        return [_Cut(loc, value) for value in (*untried, *([] if field.required else [NOTHING]))]

    def _stored(self, loc: Loc) -> Any:
        """What is stored of that part; list items are told by their key."""
        received, owner, key = self.work.data, self.model, ""
        found: Any = self.stored
        for part in loc:
            received = received[part] if _holds(received, part) else None
            if isinstance(part, int):
                found = self._item(found, key, received)
                continue
            key, field = owner.keyed.get(part, ""), plan(owner).by_wire.get(part)
            owner = (field and field.model) or owner
            found = found.get(part) if isinstance(found, Mapping) else None
        return NOTHING if found is None else found

    def _item(self, stored: Any, key: str, received: Any) -> Any:
        """The item of a stored list that has the same key."""
        wanted = _key(received, key)
        if not wanted or not isinstance(stored, list):
            return None
        if (id(stored), key) not in self.by_key:
            self.by_key[id(stored), key] = {_key(item, key): item for item in stored}
        return self.by_key[id(stored), key].get(wanted)


def _key(item: Any, key: str) -> str:
    return str(item.get(key, "")).lower() if key and isinstance(item, Mapping) else ""


def _take_out(mended: Mended, loc: Loc) -> None:
    """Take a part out, or of what has another shape there as much as has to go with it."""
    here, depth = mended.data, 0
    while depth < len(loc) - 1 and _holds(here, loc[depth]):
        here, depth = here[loc[depth]], depth + 1
    if _holds(here, loc[depth]):
        mended.remove(loc[: depth + 1])
    else:
        _take_out(mended, loc[:depth])


def _holds(container: Any, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(container, list) and part < len(container)
    return isinstance(container, Mapping) and part in container


def salvage(
    model: type[M],
    data: Any,
    *,
    unknown_allowed: bool,
    owner: tuple[str, str] | None = None,
    stored: Mapping[str, Any],
) -> Salvaged[M]:
    """Read what can be read of wire data.

    Args:
        stored: the object as it was before, in the same version; what is known of it, if it is new.

    Raises:
        Invalid: nothing can be kept of it, or it is too large to be read.
    """
    if too_large := tuple(excesses(model, data)):
        raise Invalid(too_large)
    if not isinstance(data, Mapping):
        raise Invalid((Fault("", "must be an object", data),))
    reading = _Salvage(model, data, stored)
    notes: list[Lenience] = []
    while True:  # each round takes something out, or tries what was not tried
        try:
            obj, found = validate(model, reading.work, reading_rule(model), owner, notes)
        except Invalid as error:
            if len(error.details) > MOST_FAULTS or not reading.cut(list(error.details)):
                raise
            continue
        found.extend(unknown_fields(model, reading.work.data, unknown_allowed))
        return Salvaged(obj, tuple(dict.fromkeys(found)), dict(reading.kept.data), tuple(reading.left_out.values()))
