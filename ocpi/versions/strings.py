"""Strings, CiStrings, URLs and codes (OCPI 2.2.1 §16.1, §16.7, §16.8)."""

from dataclasses import dataclass
from typing import Any

from pydantic_core import PydanticCustomError

from ocpi.versions.readers import Reader, Tolerated, empty, fault, is_quantity, quote, tolerate, wrong_type

NOT_AVAILABLE = "#NA"  # OCPI 2.3.0 §16.11: stands for a required string that nobody can fill in
UNKNOWN_COUNTRY = "ZZ"  # ISO 3166-1 leaves ZZ to its users: the version that was read names no country


@dataclass(frozen=True)
class Text(Reader):
    """string(limit) for people: may be cut when we write it."""

    limit: int

    def read(self, value: Any) -> str:
        """The string as received."""
        if type(value) is str and len(value) <= self.limit and value.isprintable():
            return value
        if isinstance(value, Tolerated):
            return value
        return self._unusual(value)

    def _unusual(self, value: Any) -> str:
        if is_quantity(value):
            raise tolerate("number_for_string", "is a number where a string belongs: write it in quotes", str(value))
        if not isinstance(value, str):
            raise wrong_type("a string", value)
        if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in value):
            raise fault("contains a character that is no text (U+0000 or half a surrogate pair)")
        if len(value) > self.limit:
            detail = f"has {len(value)} characters, at most {self.limit} are allowed"
            raise tolerate("over_long", detail, Tolerated(value), **self._shortened(value))
        if not value.isprintable():
            raise tolerate("unprintable", "has control characters", Tolerated(value), write_as=_printable(value))
        return str(value)

    def _shortened(self, value: str) -> dict[str, str]:
        return {"write_as": _printable(value)[: self.limit]}


def _printable(value: str) -> str:
    return "".join(char if char.isprintable() else " " for char in value)


@dataclass(frozen=True)
class Id(Text):
    """CiString(limit) or string(limit) that identifies something: never empty, never cut."""

    def read(self, value: Any) -> str:
        """The identifier as received; its case does not matter from 2.2 on."""
        if value == "":
            raise empty("an identifier")
        return super().read(value)

    def _shortened(self, value: str) -> dict[str, str]:
        return {}


@dataclass(frozen=True)
class Url(Id):
    """URL: string(255), absolute."""

    limit: int = 255

    def read(self, value: Any) -> str:
        """The URL as received."""
        text = super().read(value)
        if not isinstance(text, Tolerated) and not text.lower().startswith(("https://", "http://")):
            raise tolerate("url_format", "should be an absolute http(s) URL", Tolerated(text))
        return text


@dataclass(frozen=True)
class Code(Id):
    """A code of `limit` letters (or digits) in capitals: country, party, currency."""

    digits: bool = False

    def read(self, value: Any) -> str:
        """The code in capitals."""
        text = super().read(value)
        if isinstance(text, Tolerated) or text == NOT_AVAILABLE:
            return text
        if text != text.upper():
            detail = f"{quote(text)} should be written in capitals"
            raise tolerate("lower_case_code", detail, text.upper(), write_as=text.upper())
        if not self._spelled_well(text):
            raise self._odd(text)
        return text

    def _spelled_well(self, text: str) -> bool:
        return len(text) == self.limit and text.isascii() and (text.isalnum() if self.digits else text.isalpha())

    def _odd(self, text: str) -> PydanticCustomError:
        characters = "letters or digits" if self.digits else "letters"
        return tolerate("code_format", f"{text} should be {self.limit} {characters}", Tolerated(text))


@dataclass(frozen=True)
class Country(Code):
    """ISO 3166-1 alpha-3. Alpha-2 is common (the examples of OCPI 2.1.1 do it) and just as clear."""

    limit: int = 3

    def _odd(self, text: str) -> PydanticCustomError:
        if len(text) != 2 or not text.isalpha():
            return super()._odd(text)
        known = {"write_as": ALPHA_3[text]} if text in ALPHA_3 else {}
        return tolerate("alpha2_country", f"{text} should be a code of three letters", Tolerated(text), **known)


_EUROPE = [
    "AD",
    "AND",
    "AL",
    "ALB",
    "AM",
    "ARM",
    "AT",
    "AUT",
    "AZ",
    "AZE",
    "BA",
    "BIH",
    "BE",
    "BEL",
    "BG",
    "BGR",
    "BY",
    "BLR",
    "CH",
    "CHE",
    "CY",
    "CYP",
    "CZ",
    "CZE",
    "DE",
    "DEU",
    "DK",
    "DNK",
    "EE",
    "EST",
    "ES",
    "ESP",
    "FI",
    "FIN",
    "FO",
    "FRO",
    "FR",
    "FRA",
    "GB",
    "GBR",
    "GE",
    "GEO",
    "GI",
    "GIB",
    "GR",
    "GRC",
    "HR",
    "HRV",
    "HU",
    "HUN",
    "IE",
    "IRL",
    "IS",
    "ISL",
    "IT",
    "ITA",
    "LI",
    "LIE",
    "LT",
    "LTU",
    "LU",
    "LUX",
    "LV",
    "LVA",
    "MC",
    "MCO",
    "MD",
    "MDA",
    "ME",
    "MNE",
    "MK",
    "MKD",
    "MT",
    "MLT",
    "NL",
    "NLD",
    "NO",
    "NOR",
    "PL",
    "POL",
    "PT",
    "PRT",
    "RO",
    "ROU",
    "RS",
    "SRB",
    "SE",
    "SWE",
    "SI",
    "SVN",
    "SK",
    "SVK",
    "SM",
    "SMR",
    "TR",
    "TUR",
    "UA",
    "UKR",
    "VA",
    "VAT",
    "XK",
    "XKX",
]
ALPHA_3 = dict(zip(_EUROPE[::2], _EUROPE[1::2], strict=True))
ALPHA_2 = {alpha_3: alpha_2 for alpha_2, alpha_3 in ALPHA_3.items()}
