"""The headers that OCPI wants on an answer (OCPI 2.2.1 §4.1.1, §4.1.3)."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from ocpi.versions import Version
from partners.models import Partner

LONGEST_ECHO = 128
ECHOED = ("X-Request-ID", "X-Correlation-ID")


def correlation_headers(version: Version | None, asked_by: Mapping[str, Any]) -> dict[str, str]:
    """Those that tell which request it answers."""
    if version is not None and not version.correlation_headers:
        return {}
    return {name: value[:LONGEST_ECHO] for name in ECHOED if (value := asked_by.get(name, ""))}


def routing_headers(version: Version | None, asked_by: Mapping[str, Any], partner: Partner | None) -> dict[str, str]:
    """Those of a functional module: from us, to whoever asked. A hub names itself or the party that it asks for."""
    if version is None or not version.routing_headers or partner is None:
        return {}
    return {
        "OCPI-to-country-code": asked_by.get("OCPI-from-country-code") or partner.country_code,
        "OCPI-to-party-id": asked_by.get("OCPI-from-party-id") or partner.party_id,
        "OCPI-from-country-code": settings.OCPI_COUNTRY_CODE,
        "OCPI-from-party-id": settings.OCPI_PARTY_ID,
    }
