"""Lenient reading: read strictly; where an error carries its meaning, put that in place and read again.

A message that keeps to the specification costs one pass. Strict writing uses the same `validate`, with
another rule for what may be put in place.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ocpi.versions.base import FieldPlan, WireModel, format_path, plan
from ocpi.versions.limits import excesses
from ocpi.versions.results import Fault, Invalid, Lenience, Parsed
from ocpi.versions.types import Waived

M = TypeVar("M", bound=WireModel)
Loc = tuple[str | int, ...]
Rule = Callable[["Mended", ErrorDetails], Lenience | None]

MOST_ROUNDS = 10  # one layer of repairs per round: shape, emptiness, spelling. Nothing legible needs more.
IGNORED = "is not part of this version"
NATIVE_MESSAGES = {
    "missing": "is required and missing",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


class Mended:
    """JSON data in which values can be replaced; the original stays as it is, only what changes is copied."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self._owned: dict[int, Any] = {}

    def replace(self, loc: Loc, value: Any) -> None:
        """Put `value` at `loc`."""
        if not loc:
            self.data = value
            return
        self._container(loc[:-1])[loc[-1]] = value

    def at(self, loc: Loc) -> Any:
        """The value at `loc`."""
        here = self.data
        for part in loc:
            here = here[part]
        return here

    def remove(self, loc: Loc) -> None:
        """Take out the key or list item at `loc`. A key may be gone already: it can have several errors."""
        container = self._container(loc[:-1])
        if isinstance(container, dict):
            container.pop(loc[-1], None)
        else:
            del container[loc[-1]]

    def _container(self, loc: Loc) -> Any:
        here: Any
        here = self.data = self._own(self.data)
        for part in loc:
            here[part] = self._own(here[part])
            here = here[part]
        return here

    def _own(self, container: Any) -> Any:
        """A copy that may be changed. Kept by id, together with the object, so that no id is used twice."""
        if id(container) in self._owned:
            return container
        copied = dict(container) if isinstance(container, Mapping) else list(container)
        self._owned[id(copied)] = copied
        return copied


def read(model: type[M], data: Any, *, unknown_allowed: bool, owner: tuple[str, str] | None = None) -> Parsed[M]:
    """Read wire data as `model`; raises Invalid with every fault."""
    if too_large := tuple(excesses(model, data)):
        raise Invalid(too_large)
    mended = Mended(data)
    obj, notes = validate(model, mended, reading_rule(model), owner)
    notes.extend(unknown_fields(model, mended.data, unknown_allowed))
    return Parsed(obj, tuple(dict.fromkeys(notes)))


def validate(
    model: type[M],
    mended: Mended,
    rule: Rule,
    owner: tuple[str, str] | None = None,
    notes: list[Lenience] | None = None,
) -> tuple[M, list[Lenience]]:
    """Validate, and mend by `rule` as long as that helps. Returns the object and what was mended.

    `notes`: what was mended before; what is mended now is added, also where that does not suffice.
    """
    notes = [] if notes is None else notes
    context = {"owner": owner} if owner else None
    for _ in range(MOST_ROUNDS):
        try:
            return model.model_validate(mended.data, context=context), notes
        except ValidationError as error:
            # Backwards, so that taking an item out of a list leaves the positions before it as they are.
            errors = error.errors(include_url=False)[::-1]
        applied = [note for item in errors if (note := rule(mended, item))]
        if not applied:
            break
        notes.extend(applied[::-1])
    errors = errors[::-1]
    raise Invalid(tuple(as_fault(item) for item in errors), errors)


def reading_rule(model: type[WireModel]) -> Rule:
    """Take what the error says the value means; drop fields that are not of this version."""

    def rule(mended: Mended, error: ErrorDetails) -> Lenience | None:
        context, loc = error.get("ctx", {}), error["loc"]
        foreign = foreign_field(model, loc)
        if foreign:
            mended.remove(foreign)
            return Lenience("unknown_field", format_path(foreign), IGNORED)
        if error["type"] in ("missing", "too_few") and is_waived(model, mended, loc):
            mended.replace(loc, Waived())
            return Lenience("missing_field", format_path(loc), "is required here too")
        if error["type"] == "missing":
            return _stand_in(model, mended, loc)
        if "read_as" not in context:
            said_nothing = loc and isinstance(loc[-1], str) and error["input"] in (None, "")
            return _stand_in(model, mended, loc) if said_nothing else None
        mended.replace(loc, context["read_as"])
        return Lenience(error["type"], format_path(loc), context["detail"])

    return rule


def is_waived(model: type[WireModel], mended: Mended, loc: Loc) -> bool:
    """Whether a list that needs an item may be empty here: nobody asks for the plugs of an EVSE that is gone."""
    *_, (position, owner, field) = steps(model, loc)
    status = owner.waived.get(field.name)
    return status is not None and position == len(loc) and mended.at(loc[:-1]).get("status") == status


def _stand_in(model: type[WireModel], mended: Mended, loc: Loc) -> Lenience | None:
    """Put in what a required field that is left out, or says nothing, is read as, if its class tells."""
    *_, (_, owner, field) = steps(model, loc)
    if field.name not in owner.absent:
        return None
    value = owner.absent[field.name]
    mended.replace(loc, value)
    return Lenience("missing_field", format_path(loc), f"is required; read as {value}")


def as_fault(error: ErrorDetails) -> Fault:
    """A pydantic error in words for a CPO's developer."""
    missing = error["type"] == "missing"
    message = NATIVE_MESSAGES.get(error["type"], error["msg"])
    return Fault(format_path(error["loc"]), message, None if missing else error["input"])


def steps(model: type[WireModel], loc: Loc) -> Iterator[tuple[int, type[WireModel], FieldPlan]]:
    """The fields along a path: (position after the field's key, its class, the field)."""
    current = model
    for position, part in enumerate(loc, start=1):
        if isinstance(part, str):
            known = plan(current)
            field = known.by_wire.get(part) or known.by_name[part]
            yield position, current, field
            current = field.model or current  # below a field without a model there are positions only


def foreign_field(model: type[WireModel], loc: Loc) -> Loc | None:
    """The part of the path up to a field that this version does not have on the wire, if it goes through
    one.
    """
    return next((loc[:position] for position, _, field in steps(model, loc) if not field.on_wire), None)


def unknown_fields(model: type[WireModel], data: Any, allowed: bool, loc: Loc = ()) -> Iterator[Lenience]:
    """Fields the version does not know, and fields under the name another version gives them."""
    if not isinstance(data, Mapping):
        return
    known = plan(model)
    for key in data.keys() - known.by_wire.keys():
        field = known.by_name.get(key)
        if field and field.on_wire:
            detail = f"the name in this version is {field.wire}"
            yield Lenience("other_version_name", format_path((*loc, key)), detail)
        elif not allowed:
            yield Lenience("unknown_field", format_path((*loc, str(key))), IGNORED)
    for wire, nested in known.nesting:
        value = data.get(wire)
        if isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from unknown_fields(nested, item, allowed, (*loc, wire, index))
        elif value is not None:
            yield from unknown_fields(nested, value, allowed, (*loc, wire))
