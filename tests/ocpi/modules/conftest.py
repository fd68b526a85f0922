"""What tests of the further modules share: a scripted CPO that is connected, the CPO's way in, a simulator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ocpi import handshake, receivers
from ocpi.models import Token
from partners.models import Partner
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import MODULES, ScriptedCpo, Simulator, connected_partner, simulator
from tests.ocpi.server.conftest import Cpo

OFFERED = {
    **MODULES,
    "chargingprofiles": "RECEIVER",
    "hubclientinfo": "SENDER",
    "bookings": "SENDER",
    "payments": "RECEIVER",
}


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def connected(db: None, cpo: ScriptedCpo) -> Callable[..., Partner]:
    """`connected(version)` makes SK*ION, which is connected to the scripted CPO."""

    def connected(version: str = "2.2.1", **changes: Any) -> Partner:
        partner = connected_partner(cpo.url, version, OFFERED)
        partner.enabled_versions = ["2.3.0"]
        for name, value in changes.items():
            setattr(partner, name, value)
        partner.save()
        return partner

    return connected


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No higher layer listens."""
    for registry in ("_session", "_evse_status", "_cdr", "_command"):
        monkeypatch.setattr(receivers, registry, [])


def caller(partner: Partner, version: str = "") -> Cpo:
    """The partner calling us in the version that is in use."""
    return Cpo(partner, version or partner.version)


def token(uid: str = "T-1", **changes: Any) -> Token:
    """A long-lived token of ours."""
    values = {"type": "RFID", "contract_id": f"SK-SFP-{uid}", "issuer": "SFP", "last_updated": timezone.now()}
    return Token.objects.create(uid=uid, **{**values, **changes})


@contextmanager
def registered(
    folder: Path, live_server: Any, settings: Any, version: str, *arguments: str
) -> Iterator[tuple[Simulator, Partner]]:
    """A simulator that we have registered with; it calls our own server."""
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url
    with simulator(folder, "--versions", version, *arguments) as cpo:
        details = PartnerDetails(
            "ion", "Ion", "SK", "ION", cpo.versions_url, version, token_a=cpo.token_a, enabled_versions=("2.3.0",)
        )
        partner = add_partner(details)
        assert handshake.advance(handshake.start(partner).pk)
        partner.refresh_from_db()
        assert partner.version == version
        yield cpo, partner
