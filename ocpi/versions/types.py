"""The basic OCPI types as annotations for wire models (OCPI 2.2.1 §16, 2.1.1 types.md)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from ocpi.versions.numbers import Bool, Int, Num
from ocpi.versions.readers import fault, tolerate, wrong_type
from ocpi.versions.strings import Code, Id, Url

T = TypeVar("T")


class Waived(tuple[Any, ...]):
    """An empty list where there should be an item, and none is asked for."""

    __slots__ = ()


@dataclass(frozen=True)
class ListOf:
    """A list. `*` may be empty, null or absent; `+` (at_least=1) needs an item."""

    at_least: int = 0

    def read(self, value: Any) -> Any:
        """The list, for pydantic to read its items."""
        if type(value) is Waived:
            return ()
        if type(value) is list or type(value) is tuple:
            if len(value) < self.at_least:
                raise fault("needs at least one item", "too_few")
            return value
        if value is None and not self.at_least:
            raise tolerate("null_list", "null stands for an empty list", ())
        if isinstance(value, Mapping) or (isinstance(value, str) and value):
            raise tolerate("single_for_list", "should be a list, even of one item", [value])
        raise wrong_type("a list", value)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, handler(source))


Many = Annotated[tuple[T, ...], ListOf()]
Several = Annotated[tuple[T, ...], ListOf(at_least=1)]

Number = Annotated[Decimal, Num()]
Amount = Annotated[Decimal, Num(minimum=0)]
Integer = Annotated[int, Int()]
Whole = Annotated[int, Int(minimum=0)]
Flag = Annotated[bool, Bool()]
Link = Annotated[str, Url()]
Id36 = Annotated[str, Id(36)]
CountryCode = Annotated[str, Code(2)]
PartyId = Annotated[str, Code(3, digits=True)]
Currency = Annotated[str, Code(3)]
