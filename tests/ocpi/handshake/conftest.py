"""What tests of the handshake share."""

import pytest

from ocpi import handshake
from ocpi.models import HandshakeRun
from partners import tokens
from partners.models import IssuedToken, Partner, ReceivedToken
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import TOKEN_A, ScriptedCpo, simulator


@pytest.fixture
def cpo():
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def fresh():
    """`fresh(versions_url)` adds a partner that is not connected, with Token A."""

    def fresh(versions_url: str, **more) -> Partner:
        details = {"code": "ion", "name": "Ion", "country_code": "SK", "party_id": "ION", "token_a": TOKEN_A}
        return add_partner(PartnerDetails(**{**details, "versions_url": versions_url, **more}))

    return fresh


@pytest.fixture
def our_server(live_server, settings):
    """Our own OCPI interface over HTTP: the partner calls it while our POST is open."""
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url
    return live_server.url


@pytest.fixture
def simulated(tmp_path):
    with simulator(tmp_path) as cpo:
        yield cpo


def go(partner: Partner, **more) -> HandshakeRun:
    """Start a handshake and advance it as far as it goes at once."""
    run = handshake.start(partner, **more)
    advanced = handshake.advance(run.pk)
    assert advanced is not None
    return advanced


def due_now(run: HandshakeRun) -> None:
    """Let the time of the next try come."""
    HandshakeRun.objects.filter(pk=run.pk).update(next_check_at=run.window_starts_at)


def token_state(partner: Partner) -> dict[str, list[tuple[str, str]]]:
    """Every token of a partner, by direction: (purpose, state), oldest first."""
    return {
        "issued": list(IssuedToken.objects.filter(partner=partner).order_by("pk").values_list("purpose", "state")),
        "received": list(ReceivedToken.objects.filter(partner=partner).order_by("pk").values_list("purpose", "state")),
    }


def received_text(partner: Partner) -> str:
    row = tokens.received(partner.pk, ReceivedToken.Purpose.CONNECTION)
    return tokens.reveal_received(row) if row else ""
