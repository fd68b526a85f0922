"""What stands on a receipt, in the order in which people read it: the page and the PDF are made of this alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing.models import Receipt
from billing.pricing import in_words

TITLES = {Receipt.Kind.RECEIPT: "Receipt", Receipt.Kind.CREDIT_NOTE: "Credit note"}


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
    """Return it as it was issued."""
    kept, currency = receipt.contents, receipt.currency
    return Look(
        TITLES[Receipt.Kind(receipt.kind)],
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
        ("Date", [_moment(kept["issued_at"])]),
        ("Corrects", [kept["corrects"]]),
        ("Charger", [kept.get("evse_id", "")]),
        ("Where", list(kept.get("address", ()))),
        ("Operator", [kept.get("operator", "")]),
        ("From", [_moment(kept.get("start", ""))]),
        ("To", [_moment(kept.get("end", ""))]),
        ("Time zone", [kept.get("time_zone", "")]),
        ("Energy", [f"{kept['kwh']} kWh"] if kept.get("kwh") else []),
        ("Paid", [_payment(one, currency) for one in kept.get("payments", ())]),
        ("Session", [kept.get("session", "")]),
    ]


def _moment(text: str) -> str:
    """`22 Nov 2026, 19:15` of a moment of ISO 8601, in the zone that it names itself."""
    return datetime.fromisoformat(text).strftime("%-d %b %Y, %H:%M") if text else ""


def _payment(one: Mapping[str, Any], currency: str) -> str:
    card = f", card ending in {one['last_four']}" if one.get("last_four") else ""
    return f"{in_words(one['amount'], currency)} by {one['gateway'].capitalize()}{card}"


def _line(line: Mapping[str, Any], currency: str) -> tuple[str, str, str, str, str]:
    unit = f"/{line['unit']}" if line["unit"] else ""
    return (
        line["text"],
        f"{line['quantity']} {line['unit']}".strip(),
        f"{line['unit_price']} {currency}{unit}" if line["unit_price"] else "",
        _rate(line["rate"]),
        in_words(line["gross"], currency),
    )


def _vat(one: Mapping[str, Any], country: str, currency: str) -> tuple[str, str, str, str]:
    known = [in_words(one[name], currency) if one[name] is not None else "" for name in ("net", "vat")]
    return f"{country} {_rate(one['rate'])}".strip(), known[0], known[1], in_words(one["gross"], currency)


def _rate(rate: str | None) -> str:
    return "not known" if rate is None else f"{rate} %"


def _signed(kept: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a driver needs to verify the meter (OCPI 2.2.1 §10.4.7)."""
    values = [(f"Signed at the {row['nature'].lower()}", row["signed_data"]) for row in kept.get("signed_values", ())]
    named = [("Encoding", "encoding_method"), ("Public key", "public_key"), ("Where to check it", "url")]
    return [*((name, str(kept[key])) for name, key in named if kept.get(key)), *values]
