"""How a partner is configured, as the dossier tells it: everything but secrets."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst

from onboarding.connection_facts import PortalFacts
from onboarding.documents.sign_off import parties
from onboarding.moments import clock
from partners.agreed.policies import effective_policy
from partners.models import Partner, Policy

LONGEST_LIST = 40


@dataclass(frozen=True)
class Configuration:
    """`facts` as names and values, `endpoints` as (module, role, URL), `policy` as (rule, value, scope)."""

    facts: list[tuple[str, str | list[str]]]
    endpoints: list[list[str]]
    policy: list[list[str]]


def configuration(partner: Partner, facts: PortalFacts) -> Configuration:
    return Configuration(_facts(partner, facts), _endpoints(partner), _policy(partner))


def _facts(partner: Partner, facts: PortalFacts) -> list[tuple[str, str | list[str]]]:
    window = [clock(partner.integration_window_starts_at), clock(partner.integration_window_ends_at)]
    return [
        ("Code", partner.code),
        ("Party", f"{partner.country_code}*{partner.party_id}"),
        ("Parties it speaks for", parties(partner)),
        ("Our Versions URL", facts.versions_url),
        ("Their Versions URL", partner.versions_url),
        ("OCPI version", f"{partner.version or 'none yet'} in use, {partner.agreed_version} agreed"),
        ("Versions on request", ", ".join(partner.enabled_versions) or "none"),
        ("Connection", f"{partner.get_connection_display()} {clock(partner.connected_at)}".strip()),
        ("How tokens are sent", partner.get_token_encoding_display()),
        ("Hub", partner.hub_party_id or "none"),
        ("Integration window", " to ".join(filter(None, window)) or "none agreed"),
        ("They call us from", [str(row) for row in partner.allowed_networks.all()[:LONGEST_LIST]] or "anywhere"),
        (
            "Contacts",
            [f"{row.name}, {row.email}, {row.phone or 'no phone'}" for row in partner.contacts.all()] or "none",
        ),
        ("Tokens that they use", _tokens(partner.issued_tokens.all()[:8]) or "none"),
        ("Tokens that we use", _tokens(partner.received_tokens.all()[:8]) or "none"),
    ]


def _tokens(rows: Iterable[Any]) -> list[str]:
    return [
        f"ends in {row.last4}, {row.get_purpose_display().split(' (')[0].lower()}, {row.get_state_display().lower()}, "
        f"{clock(row.created_at)}"
        for row in rows
    ]


def _endpoints(partner: Partner) -> list[list[str]]:
    rows = partner.endpoints.filter(version=partner.version or partner.agreed_version)
    return [[row.module, row.get_role_display() or "-", row.url] for row in rows]


def _policy(partner: Partner) -> list[list[str]]:
    policy = effective_policy(partner.pk)
    return [[_rule(name), _value(name, value), policy.sources[name]] for name, value in policy.values.items()]


def _rule(name: str) -> str:
    return capfirst(name.replace("_", " ")).replace("Cdr", "CDR")


def _value(name: str, value: Any) -> str:
    """Seconds, minor units, yes and no, as words."""
    field = Policy._meta.get_field(name)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if str(getattr(field, "help_text", "")).startswith("Seconds"):
        return f"{value} s"
    if name in ("reservation_amount", "reservation_minimum"):
        return f"{value} minor units"
    if isinstance(value, dict):
        return ", ".join(f"{amount} minor units of {currency}" for currency, amount in value.items()) or "none"
    return str(dict(getattr(field, "choices", None) or ()).get(value, value))
