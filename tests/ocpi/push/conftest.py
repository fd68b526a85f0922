"""A CPO with a stored Location, which pushes by the plain way or has it left to the view."""

from typing import Any

import pytest

from ocpi import store
from ocpi.server.push.arrival import TRIED
from ocpi.store import Party
from ocpi.versions import VERSIONS
from partners.models import Partner
from tests.factories import PartnerFactory, evse_data, location_data
from tests.ocpi.server.conftest import Cpo

SESSION, EVSE = "sessions/SK/ION/S-1", "locations/SK/ION/LOC-1/EVSE-1"
LATER, LATEST = "2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"
TO_THE_VIEW: dict[str, Any] = {TRIED: True}
"""Makes a request of a test one that the plain way has had already."""


@pytest.fixture
def partner(db: None) -> Partner:
    partner = PartnerFactory.create(
        code="ion", country_code="SK", party_id="ION", enabled_versions=["2.3.0"], connection="connected"
    )
    evses = [evse_data(), evse_data(uid="EVSE-2", evse_id="SK*ION*E0002")]
    data = location_data(evses=evses, last_updated="2026-11-22T09:00:00Z")
    store.put_location(Party(partner, "SK", "ION", VERSIONS["2.2.1"]), "LOC-1", data)
    return partner


@pytest.fixture
def cpo(partner: Partner) -> Cpo:
    return Cpo(partner)
