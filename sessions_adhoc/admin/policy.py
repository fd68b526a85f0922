"""A policy as staff read it: with units, and where each value came from."""

from collections.abc import Mapping
from typing import Any

from billing.admin.amounts import amount
from partners.admin.kit.showing import DAY, HOUR, MINUTE, NOTHING, duration
from partners.models import Policy
from sessions_adhoc.models import AdHocSession

# Numbers that are no seconds.
COUNTED = ("max_attempts",)


def policy(session: AdHocSession) -> list[tuple[str, Any, str]]:
    """That of a session, as agreed when it was created."""
    return in_words(session.policy, session.policy_sources, session.currency)


def in_words(values: Mapping[str, Any], sources: Mapping[str, str], currency: str) -> list[tuple[str, Any, str]]:
    """Name, value with its unit, and the scope that it came from."""
    money = str(values.get("reservation_currency") or currency)
    return [
        (_named(name), _with_unit(name, value, money), sources.get(name, "default"))
        for name, value in values.items()
        if name != "reservation_currency"
    ]


WRITTEN = {"cdr": "CDR", "kwh": "kWh", "vat": "VAT"}


def _named(name: str) -> str:
    """`max price per kWh` for `max_price_per_kwh`."""
    return " ".join(WRITTEN.get(word, word) for word in name.split("_"))


def _with_unit(name: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name in ("reservation_amount", "reservation_minimum"):
        return amount(int(value), currency)
    if isinstance(value, str):
        return _chosen(name, value)
    if isinstance(value, dict):
        return ", ".join(amount(int(minor), code) for code, minor in value.items())
    return _exactly(value) if isinstance(value, int) and name not in COUNTED else str(value)


def _chosen(name: str, value: str) -> str:
    """As the policy's form calls it, within a sentence."""
    field: Any = Policy._meta.get_field(name)
    chosen = {str(key): str(label) for key, label in field.flatchoices}
    label = chosen.get(value, value)
    return label if label[:2].isupper() else label.lower()


def _exactly(seconds: int) -> str:
    """`90 s`, `5 min`, `1 d`: never rounded."""
    exact = seconds % (HOUR if seconds >= DAY else MINUTE) == 0
    return duration(seconds) if exact else f"{seconds} s"
