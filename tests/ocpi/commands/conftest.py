"""What tests of commands share: a connected partner whose commands module is scripted."""

import pytest

from ocpi import receivers
from partners import tokens
from partners.models import ReceivedToken, RemoteEndpoint
from tests.factories import PartnerFactory
from tests.ocpi.cpo import TOKEN_C, ScriptedCpo


@pytest.fixture
def cpo():
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def connected(db, cpo):
    """`connected(version)` makes a partner that is connected to the scripted CPO."""

    def connected(version: str = "2.2.1", url: str = ""):
        partner = PartnerFactory(code="ion", party_id="ION", version=version)
        tokens.store_received(partner, TOKEN_C, ReceivedToken.Purpose.CONNECTION)
        RemoteEndpoint.objects.create(
            partner=partner,
            version=version,
            module="commands",
            role="" if version == "2.1.1" else "RECEIVER",
            url=url or f"{cpo.url}/commands",
        )
        return partner

    return connected


@pytest.fixture(autouse=True)
def news(monkeypatch):
    """The commands that the higher layers were told of: (state, response, result) at that moment."""
    told = []
    monkeypatch.setattr(
        receivers, "_command", [lambda command: told.append((command.state, command.response, command.result))]
    )
    return told
