"""What reading a message yields: the object and its leniences, or every fault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from pydantic_core import ErrorDetails

T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Fault:
    """Something in a message that cannot be read.

    `path` is in wire names: `evses[0].connectors[1].standard`; the message itself is "".
    """

    path: str
    message: str
    value: Any = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@dataclass(frozen=True)
class Lenience:
    """Something in a message that breaks the specification and was read nevertheless."""

    kind: str
    path: str
    detail: str


@dataclass(frozen=True)
class Parsed(Generic[T_co]):
    """An object that was read, and what had to be overlooked to read it."""

    obj: T_co
    leniences: tuple[Lenience, ...] = ()


@dataclass(frozen=True)
class Patched(Parsed[T_co]):
    """The whole object after a PATCH; `raw` is the merged object in wire names, to be stored.

    `left_out`: what of the change could not be read, where it was read as far as it is valid.
    """

    raw: Any = None
    left_out: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Salvaged(Parsed[T_co]):
    """An object that was read as far as it is valid.

    Args:
        raw: the JSON as received, without what fell, to be stored.
        left_out: what fell, or stayed as it was stored, by its path in what was received.
    """

    raw: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[Fault, ...] = ()


class Invalid(Exception):
    """A message cannot be read, or an object cannot be written. `faults` holds every reason.

    `details`: the same as the reader told them, with paths that have not been put in words.
    """

    def __init__(self, faults: tuple[Fault, ...], details: Sequence[ErrorDetails] = ()) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults, self.details = faults, details
