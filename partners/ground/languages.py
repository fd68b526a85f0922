"""The languages that drivers are spoken to in, and how numbers and moments look in them (Unicode CLDR, by Babel)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import get_language, override
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH = "en"
LANGUAGES = {
    "sk": "Slovenčina",
    "cs": "Čeština",
    "de": "Deutsch",
    "en": "English",
    "hu": "Magyar",
    "pl": "Polski",
}
"""By code, each named in itself."""

LOCALES = {name: Locale.parse("en_GB" if name == ENGLISH else name) for name in LANGUAGES}
NO_BREAK = "\u00a0"
CLOSE_PERCENT = frozenset({"hu", "pl"})
"""Where the sign follows the number without a space."""


def nearest(name: str) -> str:
    """The code of the language that a tag names, whatever its region (`de` of `de-AT`); "" for another one."""
    code = name.strip().lower().replace("_", "-").partition("-")[0]
    return code if code in LANGUAGES else ""


def accepted(header: str) -> str:
    """The first of ours that an Accept-Language header would take, best liked first; "" where it takes none."""
    liked = (nearest(name) for name, quality in parse_accept_lang_header(header.lower()) if quality)
    return next((name for name in liked if name), "")


def current() -> str:
    """The code of the language that is spoken now: English, unless another one was chosen."""
    return nearest(get_language() or "") or ENGLISH


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Within it all texts are in this language; English where the name is none of ours."""
    with override(nearest(name) or ENGLISH):
        yield


def locale() -> Locale:
    return LOCALES[current()]


def number(value: Decimal, least: int, most: int | None = None) -> str:
    """A number with so many decimals, and no more than `most` where the last ones are 0: `0,5904` in German."""
    places = "0" * least + "#" * ((least if most is None else most) - least)
    text: str = format_decimal(value, f"#,##0.{places}" if places else "#,##0", locale())
    return text


def percent(value: Decimal) -> str:
    """A share in percent: `23 %` in German, `23%` in Polish."""
    gap = "" if current() in CLOSE_PERCENT else NO_BREAK
    return f"{number(value, 0, 2)}{gap}%"


def moment(at: datetime) -> str:
    """A day and the time of it, in the zone that it has: `22 Nov 2026, 19:15`."""
    return f"{format_date(at, 'medium', locale())}, {at:%H:%M}"
