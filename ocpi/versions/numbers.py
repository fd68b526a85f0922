"""Numbers and booleans (OCPI 2.2.1 §16.4)."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic_core import PydanticCustomError

from ocpi.versions.readers import Reader, empty, fault, is_quantity, json_type, quote, tolerate, wrong_type

_NUMBER_TEXT = re.compile(r"[+-]?\d{1,15}(?:[.,]\d{1,15})?", re.ASCII)


@dataclass(frozen=True)
class Num(Reader):
    """number: a JSON number, read exactly (Decimal), written as a JSON number."""

    minimum: int | None = None
    maximum: int | None = None

    def read(self, value: Any) -> Decimal:
        """The number as a Decimal, with the digits that stood in the JSON."""
        if not is_quantity(value):
            raise _number_problem(value)
        number = value if isinstance(value, Decimal) else Decimal(repr(value))
        if self.minimum is not None and number < self.minimum:
            raise fault(f"must not be less than {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise fault(f"must not be more than {self.maximum}")
        return number


@dataclass(frozen=True)
class Int(Reader):
    """int: a whole JSON number. 3.0 is the number 3 in JSON."""

    minimum: int | None = None
    maximum: int | None = None

    def read(self, value: Any) -> int:
        """The whole number; a fraction is rounded, with a lenience."""
        number = Num(self.minimum, self.maximum).read(value)
        whole = int(number.to_integral_value())
        if whole != number:
            raise tolerate("fraction_for_integer", f"{value} is no whole number", whole)
        return whole


def _number_problem(value: object) -> PydanticCustomError:
    """Why this is no number, or which number the string spells."""
    if isinstance(value, str):
        text = value.strip()
        if text == "":
            return empty("a number")
        if _NUMBER_TEXT.fullmatch(text):
            detail = f'"{quote(text)}" should be a JSON number, without quotes'
            return tolerate("number_as_string", detail, Decimal(text.replace(",", ".")))
    if json_type(value) == "a number":
        return fault("is no number of any real quantity")
    return wrong_type("a number", value)


@dataclass(frozen=True)
class Bool(Reader):
    """boolean. 0 and 1 are numbers."""

    def read(self, value: Any) -> bool:
        """True or False."""
        if isinstance(value, bool):
            return value
        if value == "":
            raise empty("true or false")
        if isinstance(value, str) and value.lower() in ("true", "false"):
            detail = f'"{value}" should be {value.lower()}, without quotes'
            raise tolerate("boolean_as_string", detail, value.lower() == "true")
        raise wrong_type("true or false", value)
