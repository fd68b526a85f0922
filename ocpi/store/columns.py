"""Fitting values into the columns beside `raw`: reading is lenient about lengths, columns are not."""

from decimal import Decimal
from typing import Any

from django.db import connection, models

from ocpi.versions import Fault, Invalid

LONGEST_ID = 255


def text(model: type[models.Model], column: str, value: Any) -> str:
    """Return `value` as the column can hold it, cut if need be; `raw` keeps the whole."""
    field = model._meta.get_field(column)
    return "" if value is None else str(value)[: getattr(field, "max_length", None)]


def identifier(value: str, path: str) -> str:
    """Return an id as its column holds it. Ids are never cut: two of them could become one.

    Raises:
        Invalid: it is longer than any id; `path` names the field.
    """
    if max(len(value), len(value.lower())) > LONGEST_ID:
        raise Invalid((Fault(path, f"is longer than {LONGEST_ID} characters"),))
    return str(value)


def number(model: type[models.Model], column: str, value: Decimal | None, path: str) -> Decimal | None:
    """Return `value` rounded to the column's decimals.

    Raises:
        Invalid: it has more digits before the point than the column has room for; `path` names the field.
    """
    if value is None:
        return None
    field: Any = model._meta.get_field(column)
    if abs(value) >= Decimal(10) ** (field.max_digits - field.decimal_places) - 1:
        raise Invalid((Fault(path, "is no number of any real quantity", str(value)),))
    return value.quantize(Decimal(1).scaleb(-field.decimal_places))


def fitting(model: type[models.Model], column: str, value: Decimal | None) -> Decimal | None:
    """The same for what is worth less than the object that it comes with: what does not fit is left out."""
    try:
        return number(model, column, value, column)
    except Invalid:
        return None


def seconds(model: type[models.Model], column: str, value: int | None) -> int | None:
    """Return whole seconds as the column can hold them: beyond its longest time nobody waits."""
    if value is None:
        return None
    _, most = connection.ops.integer_field_range(model._meta.get_field(column).get_internal_type())
    return min(value, most)


def required_number(model: type[models.Model], column: str, value: Decimal, path: str) -> Decimal:
    """The same for a column that is never empty."""
    fitted = number(model, column, value, path)
    assert fitted is not None
    return fitted
