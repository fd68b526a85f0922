"""Wire forms of OCPI 2.1.1 that later versions gave up."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from ocpi.versions.base import BareForm, WireModel
from ocpi.versions.numbers import Bool, Int, Num
from ocpi.versions.readers import Reader, tolerate
from ocpi.versions.strings import Id
from ocpi.versions.v2_2_1.common import Price

Id39 = Annotated[str, Id(39)]


class OneValue(Reader, BareForm):
    """An annotation that reads one bare value into what later versions write differently."""


@dataclass(frozen=True)
class NetAmount(OneValue):
    """A price as a bare number excluding VAT (OCPI 2.1.1 types.md, mod_cdrs.md)."""

    def read(self, value: Any) -> Price:
        """The net price."""
        if isinstance(value, Price):
            return value
        if isinstance(value, Mapping) and "excl_vat" in value:
            amount = value["excl_vat"]
            raise tolerate("price_object", "a number excluding VAT is expected, not an object", amount)
        return Price(before_taxes=Num().read(value))

    def write(self, value: Price) -> Decimal:
        """The net figure."""
        return value.before_taxes


@dataclass(frozen=True)
class OneTariffId(OneValue):
    """tariff_id: the one tariff of a connector, later a list (OCPI 2.1.1 mod_locations.md)."""

    def read(self, value: Any) -> tuple[str, ...]:
        """All ids there are: none or one, more only where a system sends the later list."""
        if value is None or value == "":
            return ()
        if isinstance(value, list):
            raise tolerate("list_for_single", "should be one tariff id, not a list", tuple(map(str, value)))
        return value if isinstance(value, tuple) else (self._one(value),)

    def _one(self, value: Any) -> str:
        try:
            return Id(36).read(value)
        except PydanticCustomError as error:
            context = error.context or {}
            if "read_as" not in context:
                raise
            raise tolerate(error.type, context["detail"], (context["read_as"],)) from None

    def write(self, value: tuple[str, ...]) -> str | None:
        """The first of them."""
        return value[0] if value else None


@dataclass(frozen=True)
class NumberedId(OneValue):
    """An identifier that is a whole number on the wire, a string in later versions: reservation_id."""

    def read(self, value: Any) -> str:
        """The number's digits."""
        return str(Int().read(value))

    def write(self, value: str) -> int | str:
        """The number; any other string fails the validation of what is written."""
        return int(value) if value.isascii() and value.isdigit() else value


@dataclass(frozen=True)
class FalseUnlessSaid(Bool):
    """An optional boolean that later versions require."""

    def read(self, value: Any) -> bool:
        """False where nothing is said."""
        return False if value is None else super().read(value)


@dataclass(frozen=True)
class EmptyUnlessSaid(Id):
    """An optional string that later versions require."""

    def read(self, value: Any) -> str:
        """Empty where nothing is said."""
        return "" if value is None else super().read(value)


NetPrice = Annotated[Price, NetAmount()]


class Owned(WireModel):
    """An object that does not name its owner.

    The reader may tell (`owner` of Version.parse), else the codes are empty. Some systems send the codes
    nevertheless; then they stand.
    """

    off_wire = frozenset({"country_code", "party_id"})

    country_code: str = ""
    party_id: str = ""

    @model_validator(mode="after")
    def _take_owner(self, info: ValidationInfo) -> "Owned":
        owner = (info.context or {}).get("owner")
        if owner and not self.country_code:
            self._derive(country_code=owner[0], party_id=owner[1])
        return self
