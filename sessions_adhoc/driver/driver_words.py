"""Amounts, durations, plugs and states as a driver reads them."""

from datetime import timedelta
from decimal import Decimal

from django.utils.text import capfirst

from billing.pricing import from_minor, minor_exponent
from ocpi.models import Connector

NO_BREAK = "\u00a0"
SYMBOLS = {"EUR": "€", "GBP": "£", "CZK": "Kč", "PLN": "zł", "HUF": "Ft", "CHF": "CHF", "USD": "$"}

PLUGS = {
    "CHADEMO": "CHAdeMO",
    "CHAOJI": "ChaoJi",
    "GBT_AC": "GB/T AC",
    "GBT_DC": "GB/T DC",
    "IEC_62196_T1": "Type 1",
    "IEC_62196_T1_COMBO": "CCS1",
    "IEC_62196_T2": "Type 2",
    "IEC_62196_T2_COMBO": "CCS2",
    "IEC_62196_T3A": "Type 3A",
    "IEC_62196_T3C": "Type 3C",
    "MCS": "MCS (trucks)",
    "SAE_J3400": "NACS",
    "TESLA_R": "Tesla Roadster",
    "TESLA_S": "Tesla",
    "DOMESTIC_E": "Household socket (French)",
    "DOMESTIC_F": "Household socket (Schuko)",
    "DOMESTIC_G": "Household socket (British)",
}
PLUG_FAMILIES = {
    "DOMESTIC": "Household socket",
    "IEC_60309": "Industrial socket (CEE)",
    "NEMA": "NEMA socket",
    "PANTOGRAPH": "Pantograph",
}
FORMATS = {"CABLE": "cable on the charger", "SOCKET": "bring your own cable"}


def amount(minor: int, currency: str) -> str:
    """Minor units as people read them: `40.00 €`, never broken over two lines."""
    value = from_minor(minor, currency)
    return f"{value:.{minor_exponent(currency)}f}{NO_BREAK}{SYMBOLS.get(currency.upper(), currency.upper())}"


def unit_price(value: Decimal, currency: str) -> str:
    """A price per unit with two to four decimals: `0.5904 €`, never broken over two lines."""
    text = f"{value:.4f}"
    return f"{text[:-2]}{text[-2:].rstrip('0')}{NO_BREAK}{SYMBOLS.get(currency, currency)}"


def with_symbol(text: str, currency: str) -> str:
    """A price sentence with the currency's sign, as in the amounts beside it, and a capital at its start."""
    signed = text.replace(currency, SYMBOLS.get(currency, currency)).replace(" % ", f"{NO_BREAK}%{NO_BREAK}")
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
    return f"{value:.{places}f}"


def plug(standard: str) -> str:
    """The plug's everyday name; one that we have no name for as the operator wrote it."""
    if standard in PLUGS:
        return PLUGS[standard]
    for prefix, name in PLUG_FAMILIES.items():
        if standard.startswith(prefix):
            return name
    return standard.replace("_", " ").strip() or "Connector"


def power(connector: Connector) -> str:
    """`150 kW DC`, as far as it is known."""
    kind = connector.power_type.partition("_")[0]
    parts = [f"{connector.max_kw.normalize():f}{NO_BREAK}kW" if connector.max_kw else "", kind]
    return f"{NO_BREAK}".join(part for part in parts if part)


def cable(connector: Connector) -> str:
    """Whether the charger has a cable, where the operator says so."""
    return FORMATS.get(str(connector.raw.get("format", "")), "")
