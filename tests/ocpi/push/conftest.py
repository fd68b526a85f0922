"""A CPO with a stored Location, which pushes by the plain way or has it left to the view."""

import json
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from ocpi import store
from ocpi.server import push
from ocpi.server.handed import HANDED
from ocpi.store import Party
from ocpi.versions import VERSIONS
from partners.models import Partner
from sfp_platform.web.environ import Arrived
from tests.factories import PartnerFactory, evse_data, location_data
from tests.ocpi.server.conftest import Cpo

SESSION, EVSE = "sessions/SK/ION/S-1", "locations/SK/ION/LOC-1/EVSE-1"
LATER, LATEST = "2026-11-22T10:05:00Z", "2026-11-22T10:06:00Z"
TO_THE_VIEW: dict[str, Any] = {HANDED: True}
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


@pytest.fixture(autouse=True)
def spool_folder(settings: Settings, tmp_path: Path) -> Path:
    settings.SPOOL_DIR = str(tmp_path)
    return tmp_path


def arrival(cpo: Cpo, method: str, path: str, body: Any) -> push.Arrival:
    return arrival_with(cpo.written_token(), method, path, body)


def arrival_with(written_token: str, method: str, path: str, body: Any) -> push.Arrival:
    """A push as the web server hands it over."""
    text = json.dumps(body).encode()
    meta = {
        "REQUEST_METHOD": method,
        "PATH_INFO": f"/ocpi/emsp/2.2.1/{path}",
        "QUERY_STRING": "",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "HTTP_AUTHORIZATION": f"Token {written_token}",
        "wsgi.url_scheme": "http",
    }
    found = push.receive(Arrived(meta), text)
    assert found is not None
    return found
