"""Which policy applies to a charger, and where each value comes from."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q

from partners.models import Policy

DEFAULTS: dict[str, Any] = {
    "start_strategy": Policy.StartStrategy.IMMEDIATE.value,
    "push_ad_hoc_tokens": False,
    "created_timeout": 900,
    "authorizing_timeout": 600,
    "connector_timeout": 300,
    "session_timeout": 300,
    "energy_timeout": 300,
    "meter_interval": 90,
    "silence_timeout": 1800,
    "pull_retry": 60,
    "stop_timeout": 120,
    "cdr_timeout": 600,
    "cdr_deadline": 86_400,
    "flap_delay": 5,
    "auto_retry": Policy.AutoRetry.DC.value,
    "retry_delay": 10,
    "retry_window": 900,
    "max_attempts": 5,
    "reservation_amount": 4000,
    "reservation_currency": "",
    "reservation_minimum": 500,
    "reservation_amounts": {
        "EUR": 4000,
        "BGN": 8000,
        "CHF": 4000,
        "CZK": 100_000,
        "DKK": 30_000,
        "GBP": 3500,
        "HUF": 1_600_000,
        "NOK": 45_000,
        "PLN": 17_000,
        "RON": 20_000,
        "SEK": 45_000,
    },
    "limit_choices": None,
    "own_calculation_after": 43_200,
    "hold_for_retry": 600,
    "hold_for_retry_terminal": 0,
    "at_limit": "stop",
    "totals_include_vat": False,
    "max_price_per_kwh": "1.50",
}
PLATFORM = "platform"
IMPLAUSIBLE = 10
"""Times the price of a kWh that is taken where no tariff is known: what is published beyond that is a slip, such as
cents for euros, and nobody's price."""


@dataclass(frozen=True)
class EffectivePolicy:
    """The values that apply (seconds, minor units) and, per field, the scope that gave it.

    `sources` maps a field to `EVSE`, `location`, `partner`, `platform` or `default`.
    """

    values: dict[str, Any]
    sources: dict[str, str]


def _is_set(value: Any) -> bool:
    return value is not None and value != ""


def _scope(policy: Policy) -> tuple[int, str]:
    if policy.evse_uid:
        return 0, "EVSE"
    if policy.location_id:
        return 1, "location"
    return (2, "partner") if policy.partner_id else (3, PLATFORM)


def effective_policy(partner_id: int, location_id: str = "", evse_uid: str = "") -> EffectivePolicy:
    """Return the policy for one EVSE: EVSE, then location, then partner, then platform, then the rules' defaults.

    One query. Ids are compared without regard to case, as OCPI 2.2 does.
    """
    wanted = Q(partner=None) | Q(partner=partner_id, location_id="")
    if location_id:
        wanted |= Q(partner=partner_id, location_id__iexact=location_id, evse_uid="")
        if evse_uid:
            wanted |= Q(partner=partner_id, location_id__iexact=location_id, evse_uid__iexact=evse_uid)
    values = {**DEFAULTS, "reservation_currency": settings.RESERVATION_CURRENCY}
    sources = dict.fromkeys(values, "default")
    for policy in sorted(Policy.objects.filter(wanted), key=_scope, reverse=True):
        for name in values:
            if _is_set(value := getattr(policy, name)):
                # Kept with each session as JSON.
                values[name] = f"{value:f}" if isinstance(value, Decimal) else value
                sources[name] = _scope(policy)[1]
    return EffectivePolicy(values, sources)


def most_plausible(values: dict[str, Any], currency: str) -> Decimal | None:
    """Return the most that a published kWh can cost, in the currency's major unit; None where nothing tells.

    The default is meant in euros; in other currencies it is in proportion to what is reserved by default.
    """
    usual = Decimal(str(values["max_price_per_kwh"]))
    amounts = DEFAULTS["reservation_amounts"]
    if currency != "EUR" and usual == Decimal(DEFAULTS["max_price_per_kwh"]):
        if currency not in amounts:
            return None
        usual = usual * amounts[currency] / amounts["EUR"]
    return IMPLAUSIBLE * usual
