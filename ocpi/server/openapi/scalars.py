"""The JSON schema of each scalar type: what a message should hold, not what we put up with."""

from functools import singledispatch
from typing import Any

from ocpi.versions.enums import OneOf
from ocpi.versions.numbers import Bool, Int, Num
from ocpi.versions.readers import Reader
from ocpi.versions.strings import Code, Country, Id, Text, Url
from ocpi.versions.times import CalendarDate, ClockTime, Degrees, Timestamp
from ocpi.versions.v2_1_1.types import NetAmount, NumberedId, OneTariffId

LONGEST_ID = 36

Schema = dict[str, Any]


@singledispatch
def scalar(reader: Reader) -> Schema:
    """Return the schema of what `reader` reads."""
    raise LookupError(f"{type(reader).__name__} has no JSON schema: give it one in ocpi.server.openapi.scalars")


@scalar.register
def _text(reader: Text) -> Schema:
    return {"type": "string", "maxLength": reader.limit}


@scalar.register
def _id(reader: Id) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": reader.limit}


@scalar.register
def _url(reader: Url) -> Schema:
    return {"type": "string", "format": "uri", "maxLength": reader.limit}


@scalar.register
def _code(reader: Code) -> Schema:
    return {"type": "string", "pattern": f"^[A-Z{'0-9' if reader.digits else ''}]{{{reader.limit}}}$"}


@scalar.register
def _country(reader: Country) -> Schema:
    return _code(reader) | {"description": "ISO 3166-1 alpha-3"}


@scalar.register
def _number(reader: Num) -> Schema:
    return {"type": "number"} | _bounds(reader)


@scalar.register
def _integer(reader: Int) -> Schema:
    return {"type": "integer"} | _bounds(reader)


def _bounds(reader: Num | Int) -> Schema:
    bounds = {"minimum": reader.minimum, "maximum": reader.maximum}
    return {name: value for name, value in bounds.items() if value is not None}


@scalar.register
def _flag(_reader: Bool) -> Schema:
    return {"type": "boolean"}


@scalar.register
def _moment(_reader: Timestamp) -> Schema:
    return {"type": "string", "format": "date-time", "maxLength": 25, "description": "UTC, with a Z"}


@scalar.register
def _clock(_reader: ClockTime) -> Schema:
    return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", "description": "local time of day"}


@scalar.register
def _day(_reader: CalendarDate) -> Schema:
    return {"type": "string", "format": "date"}


@scalar.register
def _degrees(reader: Degrees) -> Schema:
    decimals = f"{reader.fewest}" if reader.fewest == reader.most else f"{reader.fewest} to {reader.most}"
    return {
        "type": "string",
        "pattern": rf"^-?[0-9]{{1,3}}\.[0-9]{{{reader.fewest},{reader.most}}}$",
        "description": f"decimal degrees (WGS 84) with {decimals} decimals",
    }


@scalar.register
def _one_of(reader: OneOf) -> Schema:
    values = [member.value for member in reader.enum if member.value in reader.listed]
    if reader.open:
        return {"type": "string", "examples": values, "description": "One of: " + ", ".join(values) + "; or another."}
    return {"type": "string", "enum": values}


@scalar.register
def _net_amount(_reader: NetAmount) -> Schema:
    return {"type": "number", "description": "without VAT"}


@scalar.register
def _one_tariff_id(_reader: OneTariffId) -> Schema:
    return {"type": "string", "minLength": 1, "maxLength": LONGEST_ID}


@scalar.register
def _numbered_id(_reader: NumberedId) -> Schema:
    return {"type": "integer"}
