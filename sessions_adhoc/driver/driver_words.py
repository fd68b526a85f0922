"""Amounts, durations, plugs and states as a driver reads them."""

from datetime import timedelta
from decimal import Decimal

from django.utils.text import capfirst
from django.utils.translation import gettext, gettext_noop

from billing.spoken import amount, symbol, unit_price
from ocpi.models import Connector
from partners.ground import languages
from partners.ground.languages import NO_BREAK, percent

__all__ = ["NO_BREAK", "amount", "cable", "duration", "number", "percent", "plug", "power", "unit_price", "with_symbol"]

PLUGS = {
    "CHADEMO": "CHAdeMO",
    "CHAOJI": "ChaoJi",
    "GBT_AC": "GB/T AC",
    "GBT_DC": "GB/T DC",
    "IEC_62196_T1": gettext_noop("Type 1"),
    "IEC_62196_T1_COMBO": "CCS1",
    "IEC_62196_T2": gettext_noop("Type 2"),
    "IEC_62196_T2_COMBO": "CCS2",
    "IEC_62196_T3A": gettext_noop("Type 3A"),
    "IEC_62196_T3C": gettext_noop("Type 3C"),
    "MCS": gettext_noop("MCS (trucks)"),
    "SAE_J3400": "NACS",
    "TESLA_R": "Tesla Roadster",
    "TESLA_S": "Tesla",
    "DOMESTIC_E": gettext_noop("Household socket (French)"),
    "DOMESTIC_F": gettext_noop("Household socket (Schuko)"),
    "DOMESTIC_G": gettext_noop("Household socket (British)"),
}
PLUG_FAMILIES = {
    "DOMESTIC": gettext_noop("Household socket"),
    "IEC_60309": gettext_noop("Industrial socket (CEE)"),
    "NEMA": gettext_noop("NEMA socket"),
    "PANTOGRAPH": gettext_noop("Pantograph"),
}
FORMATS = {"CABLE": gettext_noop("cable on the charger"), "SOCKET": gettext_noop("bring your own cable")}


def with_symbol(text: str, currency: str) -> str:
    """A price sentence with the currency's sign, as in the amounts beside it, and a capital at its start."""
    signed = text.replace(currency, symbol(currency)).replace(" % ", f"{NO_BREAK}%{NO_BREAK}")
    return capfirst(signed)


def duration(span: timedelta) -> str:
    """A duration as one would say it: `45 s`, `12 min`, `1 h 05 min`."""
    seconds = max(int(span.total_seconds()), 0)
    minutes, hours = seconds // 60, seconds // 3600
    if hours:
        return f"{hours}{NO_BREAK}h {minutes % 60:02}{NO_BREAK}min"
    return f"{minutes}{NO_BREAK}min" if minutes else f"{seconds}{NO_BREAK}s"


def number(value: Decimal, places: int) -> str:
    """A measured value with a fixed number of decimals."""
    return languages.number(value, places)


def plug(standard: str) -> str:
    """The plug's everyday name; one that we have no name for as the operator wrote it."""
    if standard in PLUGS:
        return gettext(PLUGS[standard])
    for prefix, name in PLUG_FAMILIES.items():
        if standard.startswith(prefix):
            return gettext(name)
    return standard.replace("_", " ").strip() or gettext("Connector")


def power(connector: Connector) -> str:
    """`150 kW DC`, as far as it is known."""
    kind = connector.power_type.partition("_")[0]
    parts = [f"{languages.number(connector.max_kw, 0, 3)}{NO_BREAK}kW" if connector.max_kw else "", kind]
    return f"{NO_BREAK}".join(part for part in parts if part)


def cable(connector: Connector) -> str:
    """Whether the charger has a cable, where the operator says so."""
    known = FORMATS.get(str(connector.raw.get("format", "")))
    return gettext(known) if known else ""
