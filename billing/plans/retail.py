"""Our own price as a tariff of OCPI 2.3.0 whose prices are gross: pricing understands it as any operator's."""

import re
from decimal import Decimal
from typing import Any

from django.utils.text import slugify

from billing.models import PricePlan

DAYS = {day[:3]: day for day in ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")}
LINE = re.compile(
    r"(?:(?P<days>[A-Za-z]{3}(?:,[A-Za-z]{3})*)\s+)?"
    r"(?P<start>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<end>(?:[01]\d|2[0-3]):[0-5]\d)"
    r"\s+(?P<kwh>\d{1,5}(?:\.\d{1,4})?)(?:\s+(?P<minute>\d{1,5}(?:\.\d{1,4})?))?"
)
VERSION = "2.3.0"
"""Of OCPI: the first that says whether prices are gross."""


def tariff_json(plan: PricePlan) -> dict[str, Any]:
    """Return a retail plan as a Tariff's JSON. ValueError where a line of `by_time` cannot be read."""
    return {
        "country_code": "SK",
        "party_id": "SFP",
        "id": f"{slugify(plan.name)[:24]}-{plan.version}",
        "currency": plan.currency,
        "tax_included": "YES",
        "elements": [*prices_by_time(plan.by_time), *_always(plan)],
        "last_updated": "2026-01-01T00:00:00Z",
    }


def prices_by_time(text: str) -> list[dict[str, Any]]:
    """Return the elements that lines like `SAT,SUN 08:00-20:00 0.45 0.02` are. ValueError names what cannot be read."""
    return [_by_time(line.strip()) for line in text.splitlines() if line.strip()]


def _by_time(line: str) -> dict[str, Any]:
    found = LINE.fullmatch(line)
    days = [day.upper() for day in found["days"].split(",")] if found and found["days"] else []
    if found is None or any(day not in DAYS for day in days):
        raise ValueError(f"“{line}” is not days, from-to, price per kWh and per minute.")
    restrictions: dict[str, Any] = {"start_time": found["start"], "end_time": found["end"]}
    if days:
        restrictions["day_of_week"] = [DAYS[day] for day in days]
    parts = [_component("ENERGY", Decimal(found["kwh"]))]
    if found["minute"]:
        parts.append(_component("TIME", Decimal(found["minute"]) * 60))
    return {"price_components": parts, "restrictions": restrictions}


def _always(plan: PricePlan) -> list[dict[str, Any]]:
    """What holds at any time, and where no line by time says otherwise."""
    parts = [("ENERGY", plan.per_kwh, 1), ("TIME", plan.per_minute, 60), ("FLAT", plan.per_session, 1)]
    always = [_component(kind, amount * times) for kind, amount, times in parts if amount is not None]
    found: list[dict[str, Any]] = [{"price_components": always}]
    if plan.idle_per_minute:
        idle: dict[str, Any] = {"price_components": [_component("PARKING_TIME", plan.idle_per_minute * 60)]}
        if plan.idle_after:
            idle["restrictions"] = {"min_duration": plan.idle_after * 60}
        found.append(idle)
    return found


def _component(kind: str, amount: Decimal) -> dict[str, Any]:
    return {"type": kind, "price": float(amount), "step_size": 1}
