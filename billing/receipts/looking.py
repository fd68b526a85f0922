"""What stands on a receipt, in the order in which people read it: the page and the PDF are made of this alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext, gettext_noop

from billing.models import Receipt
from billing.spoken import in_words
from partners.ground import languages

MONEY = 2
"""Decimals that a price has at least: `1.10 EUR`."""

TITLES = {Receipt.Kind.RECEIPT: gettext_noop("Receipt"), Receipt.Kind.CREDIT_NOTE: gettext_noop("Credit note")}


@dataclass(frozen=True)
class Look:
    """`facts`: (name, lines). `lines`: (what, quantity, price, VAT, amount). `vat`: (rate, net, VAT, gross). `signed`:
    (name, text) of what the meter signed."""

    title: str
    number: str
    seller: Sequence[str]
    facts: Sequence[tuple[str, Sequence[str]]]
    lines: Sequence[tuple[str, str, str, str, str]]
    vat: Sequence[tuple[str, str, str, str]]
    total: str
    signed: Sequence[tuple[str, str]]


def look_of(receipt: Receipt) -> Look:
    """Return it as it was issued, in the language that is spoken."""
    kept, currency = receipt.contents, receipt.currency
    return Look(
        gettext(TITLES[Receipt.Kind(receipt.kind)]),
        receipt.number,
        kept["seller"],
        [(name, lines) for name, lines in _facts(kept, currency) if any(lines)],
        [_line(line, currency) for line in kept["lines"]],
        [_vat(one, kept["country"], currency) for one in kept["vat"]],
        in_words(receipt.total, currency),
        _signed(kept.get("signed_data") or {}),
    )


def _facts(kept: Mapping[str, Any], currency: str) -> list[tuple[str, list[str]]]:
    return [
        (gettext("Date"), [_moment(kept["issued_at"])]),
        (gettext("Corrects"), [kept["corrects"]]),
        (gettext("Charger"), [kept.get("evse_id", "")]),
        (gettext("Where"), list(kept.get("address", ()))),
        (gettext("Operator"), [kept.get("operator", "")]),
        (gettext("From"), [_moment(kept.get("start", ""))]),
        (gettext("To"), [_moment(kept.get("end", ""))]),
        (gettext("Time zone"), [kept.get("time_zone", "")]),
        (gettext("Energy"), [f"{_decimal(kept['kwh'])} kWh"] if kept.get("kwh") else []),
        (gettext("Paid"), [_payment(one, currency) for one in kept.get("payments", ())]),
        (gettext("Session"), [kept.get("session", "")]),
    ]


def _moment(text: str) -> str:
    """`22 Nov 2026, 19:15` of a moment of ISO 8601, in the zone that it names itself."""
    return languages.moment(datetime.fromisoformat(text)) if text else ""


def _decimal(text: str, least: int = 0) -> str:
    """A number of the document, all its decimals and at least so many, as the language that is spoken writes it."""
    places = max(least, -int(Decimal(text).as_tuple().exponent)) if text else 0
    return languages.number(Decimal(text), places) if text else ""


def _payment(one: Mapping[str, Any], currency: str) -> str:
    told = {"amount": in_words(one["amount"], currency), "gateway": one["gateway"].capitalize()}
    if one.get("last_four"):
        return gettext("{amount} by {gateway}, card ending in {digits}").format(digits=one["last_four"], **told)
    return gettext("{amount} by {gateway}").format(**told)


def _line(line: Mapping[str, Any], currency: str) -> tuple[str, str, str, str, str]:
    unit = f"/{line['unit']}" if line["unit"] else ""
    return (
        gettext(line["text"]) if line["text"] else "",
        f"{_decimal(line['quantity'])} {line['unit']}".strip(),
        f"{_decimal(line['unit_price'], MONEY)} {currency}{unit}" if line["unit_price"] else "",
        _rate(line["rate"]),
        in_words(line["gross"], currency),
    )


def _vat(one: Mapping[str, Any], country: str, currency: str) -> tuple[str, str, str, str]:
    known = [in_words(one[name], currency) if one[name] is not None else "" for name in ("net", "vat")]
    return f"{country} {_rate(one['rate'])}".strip(), known[0], known[1], in_words(one["gross"], currency)


def _rate(rate: str | None) -> str:
    return gettext("not known") if rate is None else f"{_decimal(rate)} %"


def _nature(told: str) -> str:
    """Where in the charge the meter signed (OCPI 2.2.1 §10.4.8): its start, its end, or between."""
    known = {"START": gettext("Signed at the start"), "END": gettext("Signed at the end")}
    return known.get(told.upper(), gettext("Signed in between"))


def _signed(kept: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a driver needs to verify the meter (OCPI 2.2.1 §10.4.7)."""
    values = [(_nature(row["nature"]), row["signed_data"]) for row in kept.get("signed_values", ())]
    named = [
        (gettext("Encoding"), "encoding_method"),
        (gettext("Public key"), "public_key"),
        (gettext("Where to check it"), "url"),
    ]
    return [*((name, str(kept[key])) for name, key in named if kept.get(key)), *values]
