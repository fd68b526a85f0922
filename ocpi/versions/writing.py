"""Strict writing: an object of any version, in the wire form of one version.

The attributes are read by their canonical names, so writing an object of another version is the conversion.
What the version requires and the object lacks comes from `WireModel.fallbacks`; a value the version has no
word for is left out where it is optional, replaced where a fallback is documented, and otherwise a fault.
What goes out is validated first.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic_core import ErrorDetails

from ocpi.versions.base import FieldPlan, WireModel, format_path, plan
from ocpi.versions.reading import Loc, Mended, Rule, is_waived, steps, validate
from ocpi.versions.results import Lenience
from ocpi.versions.times import format_timestamp
from ocpi.versions.types import Waived

DISPENSABLE = frozenset({"unknown_enum_value", "url_format", "too_few"})
DECIMALS = Decimal("0.0001")  # OCPI 2.2.1 §16.4: numbers have four decimals unless stated otherwise


def write(model: type[WireModel], obj: WireModel) -> dict[str, Any]:
    """`obj` as JSON-ready wire data of `model`; raises Invalid where the version cannot express it."""
    mended = Mended(build(model, obj))
    validate(model, mended, writing_rule(model))
    wire: dict[str, Any] = mended.data
    return wire


def build(model: type[WireModel], obj: WireModel) -> dict[str, Any]:
    """The wire data before it is checked."""
    given = model.sources(obj)
    wire: dict[str, Any] = {}
    for field in plan(model).fields:
        if not field.on_wire:
            continue
        value = given[field.name] if field.name in given else getattr(obj, field.name, None)
        if value is None or value == "" or value == ():
            value = model.fallbacks.get(field.name, value) if field.required else None
        if value is not None:
            wire[field.wire] = _wire_value(field, value)
    return wire


def _wire_value(field: FieldPlan, value: Any) -> Any:
    if field.bare:
        return plain(field.bare.write(value))
    if field.model is None:
        return plain(value)
    if field.many:
        return [build(field.model, item) for item in value]
    return build(field.model, value)


def plain(value: Any) -> Any:
    """A scalar, or a list of scalars, as the json module writes it."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return value


def number(value: Decimal) -> int | float:
    """A JSON number with at most four decimals; whole numbers without a point."""
    rounded = value.quantize(DECIMALS)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def writing_rule(model: type[WireModel]) -> Rule:
    """Writing shortens texts, and replaces or leaves out what the version has no word for."""

    def rule(mended: Mended, error: ErrorDetails) -> Lenience | None:
        context = error.get("ctx", {})
        if "write_as" in context:
            mended.replace(error["loc"], context["write_as"])
        elif error["type"] in ("missing", "too_few") and is_waived(model, mended, error["loc"]):
            mended.replace(error["loc"], Waived())
        elif error["type"] not in DISPENSABLE or not _make_do(model, mended, error["loc"]):
            return None
        return Lenience(error["type"], format_path(error["loc"]), error["msg"])

    return rule


def _make_do(model: type[WireModel], mended: Mended, loc: Loc) -> bool:
    """Replace or leave out the value at `loc`; False where neither is allowed."""
    path = list(steps(model, loc))
    position, owner, field = path[-1]
    if isinstance(loc[-1], int) or not field.required:
        mended.remove(loc)
    elif field.name in owner.fallbacks:
        mended.replace(loc, owner.fallbacks[field.name])
    elif owner.droppable and isinstance(loc[position - 2], int):
        mended.remove(loc[: position - 1])
    else:
        return False
    return True
