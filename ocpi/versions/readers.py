"""How a value of the wire is read: strictly, with errors that carry what was plainly meant.

Where a value breaks the letter of the specification but its meaning is plain, a reader raises an error that
holds what the value means (`read_as`). `ocpi.versions.reading` then puts that in its place, notes a
lenience with the exact wire path, and reads again. A message that keeps to the specification is read once.
"""

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import Any, TypeGuard

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

LARGEST_NUMBER = 10**15  # far above any amount, meter or duration; keeps floats exact and sums finite
LONGEST_QUOTE = 40


class Tolerated(str):
    """A string that was kept although its version forbids it: nothing a CPO says is lost.

    `received` is what stood on the wire where the value is our reading of it (PREPARING, read as BLOCKED).
    """

    received: str

    def __new__(cls, value: str, received: str | None = None) -> "Tolerated":
        kept = super().__new__(cls, value)
        kept.received = value if received is None else received
        return kept


def fault(detail: str, kind: str = "fault") -> PydanticCustomError:
    """An error nobody can read a meaning into."""
    return PydanticCustomError(kind, "{detail}", {"detail": detail})


def tolerate(kind: str, detail: str, read_as: object, **more: object) -> PydanticCustomError:
    """An error with a plain meaning: `read_as` replaces the value when reading.

    `write_as` in `more` replaces it when writing; without it a written value has to conform by itself.
    """
    return PydanticCustomError(kind, "{detail}", {"detail": detail, "read_as": read_as, **more})


def quote(text: str) -> str:
    """A received string in a message for people, cut to a sensible length."""
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "..."


def is_quantity(value: object) -> TypeGuard[int | float | Decimal]:
    """A finite number that can stand for something real. Booleans are no numbers.

    NaN is below no bound.
    """
    if isinstance(value, Decimal):
        return value.is_finite() and abs(value) < LARGEST_NUMBER
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST_NUMBER


def json_type(value: object) -> str:
    """What a CPO's developer calls the type of this JSON value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list | tuple) else "an object"


def wrong_type(expected: str, value: object) -> PydanticCustomError:
    """A value of another JSON type. null reaches a reader only where the field is required."""
    if value is None:
        return fault("is required: neither null nor an empty string will do")
    return fault(f"must be {expected}, not {json_type(value)}")


def empty(expected: str) -> PydanticCustomError:
    """`""` where a value was expected: many systems write an absent optional value so."""
    detail = f"an empty string stands for no value: leave out the field, or send {expected}"
    return tolerate("empty_string", detail, None)


class Reader(ABC):
    """A scalar type: `read` returns the canonical Python value or raises one of the errors above."""

    @abstractmethod
    def read(self, value: Any) -> Any:
        """The canonical value."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)
