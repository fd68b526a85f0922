"""A charger with a tariff, and a browser that keeps the rules of CSRF."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from ocpi.models import Evse
from sessions_adhoc.driver.pages.paying import new_nonce
from tests.driver import scene


@pytest.fixture
def evse(db: None) -> Evse:
    """An available CCS charger for 0.49 EUR/kWh before VAT."""
    evse = scene.station()
    scene.add_tariff(evse)
    return evse


@pytest.fixture
def form() -> Callable[..., dict[str, Any]]:
    """What the page of the charger sends when Pay is pressed."""

    def filled(**changes: Any) -> dict[str, Any]:
        fields = {"nonce": new_nonce(), "amount": "4000", "connector": "1", "card": "pm_sim_ok", "previous": ""}
        return fields | changes

    return filled


@pytest.fixture
def strict() -> Client:
    """A browser whose posts are checked."""
    return Client(enforce_csrf_checks=True)
