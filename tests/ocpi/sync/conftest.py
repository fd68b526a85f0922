"""What tests of pulls share: a connected partner whose lists are scripted, page by page."""

import pytest

from ocpi import receivers
from partners import tokens
from partners.models import Partner, ReceivedToken, RemoteEndpoint
from tests.factories import PartnerFactory
from tests.ocpi.cpo import MODULES, TOKEN_C, Answer, ScriptedCpo, Seen, envelope


@pytest.fixture
def cpo():
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No higher layer listens."""
    for registry in ("_session", "_evse_status", "_cdr", "_command"):
        monkeypatch.setattr(receivers, registry, [])


def connect(partner: Partner, base: str) -> None:
    tokens.store_received(partner, TOKEN_C, ReceivedToken.Purpose.CONNECTION)
    for module, role in MODULES.items():
        RemoteEndpoint.objects.create(
            partner=partner,
            version=partner.version,
            module=module,
            role="" if partner.version == "2.1.1" else role,
            url=f"{base}/{module}",
        )


@pytest.fixture
def partner(db, cpo):
    partner = PartnerFactory(code="ion", party_id="ION")
    connect(partner, cpo.url)
    return partner


def paged(cpo: ScriptedCpo, module: str, items: list, size: int = 2, link: bool = True, total: bool = True) -> None:
    """Script a list as the specification has it; without `link` only X-Total-Count says that there is more."""

    def react(seen: Seen) -> Answer:
        offset = int(seen.query.get("offset", 0))
        headers = {"X-Limit": str(size)}
        if total:
            headers["X-Total-Count"] = str(len(items))
        if link and offset + size < len(items):
            headers["Link"] = f'<{cpo.url}/{module}?offset={offset + size}&limit={size}>; rel="next"'
        return envelope(items[offset : offset + size], headers=headers)

    cpo.on(f"/{module}", react)
