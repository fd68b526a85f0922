"""Turn the simulator's own objects into one version's JSON.

Own objects are dicts that use the newest names (2.2.1, plus what 2.3.0 added), with ``datetime``, ``Decimal``
and ``Price`` values. A version says per kind of object only what differs: renamed or dropped fields, a last
touch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from cpo_simulator.wire.money import Price

Json = Any
Object = dict[str, Any]

# Which kind of object sits in which field, so that a version's shape is found for it. Same in all versions.
NESTED: Mapping[str, Mapping[str, str]] = {
    "location": {"evses": "evse"},
    "evse": {"connectors": "connector"},
    "session": {"cdr_token": "cdr_token", "charging_periods": "session_period", "place": "location"},
    "cdr": {
        "cdr_token": "cdr_token",
        "charging_periods": "cdr_period",
        "cdr_location": "cdr_location",
        "place": "location",
        "tariffs": "tariff",
    },
    "tariff": {"elements": "element"},
    "element": {"price_components": "price_component", "restrictions": "restrictions"},
    "version_details": {"endpoints": "endpoint"},
}


@dataclass(frozen=True)
class Shape:
    """What one version changes about one kind of object."""

    rename: Mapping[str, str] = field(default_factory=dict)
    drop: frozenset[str] = frozenset()
    finish: Callable[[Object], Object] = dict


@dataclass(frozen=True)
class Values:
    """How one version writes single values."""

    timestamp: Callable[[datetime], str]
    price: Callable[[Price], Json]
    text: Callable[[str], str] = str


def render(shapes: Mapping[str, Shape], values: Values, kind: str, thing: Any) -> Json:
    """JSON of ``thing``: an object of this kind, a list of them, or a value. None fields are left out."""
    if isinstance(thing, dict):
        return _render_object(shapes, values, kind, thing)
    if isinstance(thing, list | tuple):
        return [render(shapes, values, kind, item) for item in thing]
    return _render_value(values, thing)


def _render_object(shapes: Mapping[str, Shape], values: Values, kind: str, thing: Object) -> Object:
    shape = shapes.get(kind, Shape())
    inner = NESTED.get(kind, {})
    out = {
        shape.rename.get(name, name): render(shapes, values, inner.get(name, ""), value)
        for name, value in thing.items()
        if value is not None and name not in shape.drop
    }
    return shape.finish(out)


def _render_value(values: Values, thing: Any) -> Json:
    if isinstance(thing, datetime):
        return values.timestamp(thing)
    if isinstance(thing, Price):
        return values.price(thing)
    if isinstance(thing, Decimal):
        return number(thing)
    return values.text(thing) if isinstance(thing, str) else thing


def number(amount: Decimal) -> int | float:
    """A JSON number of at most four decimals (OCPI 2.2.1 §16.4)."""
    rounded = round(amount, 4)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
