"""Writing what is left out as null: some peers' libraries refuse an object in which an optional field is absent.

A list that may be empty is written as `[]`, which is what such a library takes in either case.
"""

from typing import Any

from ocpi.versions.base import FieldPlan, WireModel, plan


def with_nulls(model: type[WireModel], wire: dict[str, Any]) -> dict[str, Any]:
    """The wire data of a model with every optional field of its version, on every level."""
    full = dict(wire)
    for field in plan(model).fields:
        if not field.on_wire:
            continue
        if field.wire in wire:
            full[field.wire] = _fill_nested(field, wire[field.wire])
        elif not field.required:
            full[field.wire] = [] if field.many else None
    return full


def _fill_nested(field: FieldPlan, value: Any) -> Any:
    if field.model is None or field.bare:
        return value
    if isinstance(value, list):
        return [_fill_nested(field, item) for item in value]
    return with_nulls(field.model, value) if isinstance(value, dict) else value
