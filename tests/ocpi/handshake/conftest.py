"""What tests of the handshake share."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import handshake
from ocpi.models import HandshakeRun, HandshakeStep
from partners import tokens
from partners.models import IssuedToken, Partner, ReceivedToken
from partners.services import PartnerDetails, add_partner
from tests.ocpi.cpo import TOKEN_A, ScriptedCpo, Simulator, simulator


@pytest.fixture
def cpo() -> Iterator[ScriptedCpo]:
    server = ScriptedCpo()
    yield server
    server.close()


@pytest.fixture
def fresh() -> Callable[..., Partner]:
    """`fresh(versions_url)` adds a partner that is not connected, with Token A."""

    def fresh(versions_url: str, **more: Any) -> Partner:
        details: dict[str, Any] = {
            "code": "ion",
            "name": "Ion",
            "country_code": "SK",
            "party_id": "ION",
            "token_a": TOKEN_A,
        }
        return add_partner(PartnerDetails(**{**details, "versions_url": versions_url, **more}))

    return fresh


@pytest.fixture
def our_server(live_server: LiveServer, settings: Settings) -> str:
    """Our own OCPI interface over HTTP: the partner calls it while our POST is open."""
    settings.OCPI_BASE_URL_TEMPLATE = live_server.url
    return live_server.url


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Simulator]:
    with simulator(tmp_path) as cpo:
        yield cpo


def go(partner: Partner, **more: Any) -> HandshakeRun:
    """Start a handshake and advance it as far as it goes at once."""
    return advanced(handshake.start(partner, **more))


def advanced(run: HandshakeRun, held: datetime | None = None) -> HandshakeRun:
    """Advance a run that is due, and return it."""
    found = handshake.advance(run.pk, held)
    assert found is not None, "another worker has it, or it is not due"
    return found


def last_step(run: HandshakeRun) -> HandshakeStep:
    step = run.steps.last()
    assert step is not None
    return step


def waits(run: HandshakeRun) -> timedelta:
    """How long until the next try."""
    assert run.next_check_at is not None, "it has ended"
    return run.next_check_at - timezone.now()


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
    row = tokens.received_token(partner.pk, ReceivedToken.Purpose.CONNECTION)
    return tokens.reveal_received(row) if row else ""
