"""One check per item of guide 3.1: each returns the value as it is stored, or raises ValidationError in plain words."""

import ipaddress
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from partners.ground.countries import COUNTRIES
from partners.ground.ocpi_versions import CHOICES, ON_REQUEST
from partners.models import Partner
from partners.models.contact import validate_network
from partners.services import check_versions_url

LONGEST_URL = 255
# From where: a range this wide is no statement about one server any more.
SHORTEST_PREFIX = {4: 16, 6: 32}
# Printed in the guide, so everybody knows it.
EXAMPLE_TOKENS = frozenset({"a1b2c3d4-e5f6-7890-abcd-ef1234567890", str(uuid.UUID(int=0))})


def clean_versions_url(text: str) -> str:
    """Refuse what the handshake could never call."""
    url = text.strip()
    check_versions_url(url)
    host = urlsplit(url).hostname or ""
    if len(url) > LONGEST_URL or not host or re.search(r"\s", url):
        raise ValidationError("Enter the full URL, for example https://your-domain.com/ocpi/cpo/versions.")
    if not settings.OCPI_ALLOW_INSECURE_PARTNERS and not _is_public(host):
        raise ValidationError(f"{host} cannot be reached from the internet. Enter the public host name.")
    return url


def _is_public(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".localhost", ".internal", ".lan"))


def clean_token_a(text: str) -> str:
    """Refuse what is no UUID of the CPO's own (guide 3.1)."""
    token = text.strip()
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", token):
        raise ValidationError("Token A is a UUID: 8-4-4-4-12 characters, 0-9 and a-f, with hyphens.")
    if token.lower() in EXAMPLE_TOKENS:
        raise ValidationError("This is an example that everybody knows. Generate a UUID of your own.")
    return token


def clean_party_id(text: str) -> str:
    party = text.strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{3}", party):
        raise ValidationError("A Party ID has exactly 3 characters, A-Z and 0-9, for example ION.")
    return party


def clean_country_code(text: str) -> str:
    country = text.strip().upper()
    if country not in COUNTRIES:
        raise ValidationError(f"“{text.strip()}” is not a country of ISO 3166-1. Two letters, for example SK.")
    return country


def clean_networks(text: str | Iterable[str]) -> list[str]:
    """Return the addresses and ranges, as networks are written, each once."""
    entries = re.split(r"[\s,;]+", text) if isinstance(text, str) else list(text)
    found: dict[str, None] = {}
    for entry in filter(None, (one.strip() for one in entries)):
        found[_clean_network(entry)] = None
    if not found:
        raise ValidationError("Enter at least one address, for example 1.2.3.4 or 1.2.3.0/24.")
    return list(found)


def _clean_network(entry: str) -> str:
    validate_network(entry)
    network = ipaddress.ip_network(entry, strict=False)
    if network.prefixlen < SHORTEST_PREFIX[network.version]:
        raise ValidationError(f"{entry} covers too many addresses. Enter the range of your OCPI server only.")
    if not settings.OCPI_ALLOW_INSECURE_PARTNERS and not network.is_global:
        raise ValidationError(f"{entry} is a private address: we never see it. Enter the public outbound address.")
    single = network.prefixlen == network.max_prefixlen
    return str(network.network_address if single else network)


def clean_contact_name(text: str) -> str:
    name = " ".join(text.split())
    if not 2 <= len(name) <= 100:
        raise ValidationError("Enter the name of a person, at most 100 characters.")
    return name


def clean_contact_email(text: str) -> str:
    email = text.strip()
    try:
        validate_email(email)
    except ValidationError as error:
        raise ValidationError(f"“{email}” is not an email address.") from error
    return email


def clean_contact_phone(text: str) -> str:
    phone = " ".join(text.split())
    if not re.fullmatch(r"\+?[0-9 ()/.-]{6,30}", phone) or len(re.findall(r"\d", phone)) < 6:
        raise ValidationError("Enter a phone number with its country code, for example +421 900 123 456.")
    return phone


def clean_agreed_version(text: str, enabled: Iterable[str] = ()) -> str:
    """Refuse versions that do not exist, and those on request that were not switched on (guide 1.1)."""
    if text not in dict(CHOICES):
        raise ValidationError("Choose one of the versions offered.")
    if text in ON_REQUEST and text not in enabled:
        raise ValidationError(
            f"OCPI {text} is available on request. Write to {settings.SUPPORT_EMAIL}, and choose another one until "
            "we have switched it on for you."
        )
    return text


CHECKS: dict[str, Callable[[Any], Any]] = {
    "versions_url": clean_versions_url,
    "token_a": clean_token_a,
    "party_id": clean_party_id,
    "country_code": clean_country_code,
    "networks": clean_networks,
    "contact_name": clean_contact_name,
    "contact_email": clean_contact_email,
    "contact_phone": clean_contact_phone,
}


def check_field(partner: Partner, name: str, value: Any) -> Any:
    """Return the value of one field as it is stored. Raises ValidationError, or KeyError for an unknown field."""
    if name == "agreed_version":
        return clean_agreed_version(value, partner.enabled_versions)
    return CHECKS[name](value)
