"""A party whose objects are stored, and what the layers above hear of it."""

from collections.abc import Callable
from typing import Any

import pytest

from ocpi import receivers
from ocpi.store import Party
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.factories import PartnerFactory


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create(code="ion", country_code="SK", party_id="ION")


@pytest.fixture
def party(partner: Partner) -> Party:
    return Party(partner, "SK", "ION", VERSIONS["2.2.1"])


@pytest.fixture
def speaking(partner: Partner) -> Callable[[str], Party]:
    """`speaking("2.1.1")`: the same party in another version."""
    return lambda number: Party(partner, "SK", "ION", VERSIONS[number])


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What receivers are told, in order."""
    told: list[Any] = []
    for name in ("_session", "_evse_status", "_cdr"):
        monkeypatch.setattr(receivers, name, [told.append])
    return told
