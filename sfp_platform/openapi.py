"""Hooks for drf-spectacular."""

from typing import Any

DRIVERS_API_PREFIX = "/api/"


def only_drivers_api(endpoints: list[tuple[str, str, str, Any]]) -> list[tuple[str, str, str, Any]]:
    """Keep the driver's API in this document; OCPI is documented per version, for CPOs."""
    return [endpoint for endpoint in endpoints if endpoint[0].startswith(DRIVERS_API_PREFIX)]
