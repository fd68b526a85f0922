"""What reading a message yields: the object and its leniences, or every fault."""

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

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
    """The whole object after a PATCH; `raw` is the merged object in wire names, to be stored."""

    raw: Any = None


class Invalid(Exception):
    """A message cannot be read, or an object cannot be written. `faults` holds every reason."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = faults
