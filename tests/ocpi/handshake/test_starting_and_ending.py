"""Starting a handshake, its window, and calling it off."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from ocpi import handshake
from ocpi.handshake import HandshakeRefusedError
from ocpi.models import HandshakeRun
from partners.models import Partner
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.ocpi.handshake.conftest import go, token_state

UNTOUCHED: dict[str, list[tuple[str, str]]] = {"issued": [], "received": [("registration", "active")]}
CREDENTIALS = "POST /2.2.1/credentials"


@pytest.mark.django_db
def test_a_closed_window_ends_it_with_the_last_cause(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    cpo.on("/versions", Answer("", 503))
    run = go(fresh(f"{cpo.url}/versions"), window_ends_at=timezone.now() + timedelta(seconds=3))
    assert run.state == "failed"
    assert "The window closed at" in run.cause
    assert "server failed (HTTP 503)" in run.cause
    assert "logs" in run.advice


@pytest.mark.django_db
def test_it_waits_for_its_window(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    opens = timezone.now() + timedelta(hours=1)
    run = handshake.start(partner, window_starts_at=opens)
    assert (run.next_check_at, run.window_ends_at) == (opens, opens + timedelta(minutes=30))
    assert handshake.advance(run.pk) is None
    assert cpo.seen == []


@pytest.mark.django_db
def test_one_at_a_time(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    run = handshake.start(partner)
    with pytest.raises(HandshakeRefusedError, match=f"under way already \\(number {run.pk}\\)"):
        handshake.start(partner, token_a="x" * 36)
    assert token_state(partner) == UNTOUCHED, "the refused start changed nothing"


@pytest.mark.django_db
def test_what_cannot_be_started_says_why(fresh: Callable[..., Partner]) -> None:
    partner = fresh("https://cpo.example/versions", token_a="")
    with pytest.raises(HandshakeRefusedError, match="No Token A is stored"):
        handshake.start(partner)
    with pytest.raises(HandshakeRefusedError, match="window must end"):
        handshake.start(partner, window_ends_at=timezone.now() - timedelta(minutes=1))
    partner.connection = Partner.Connection.SUSPENDED
    with pytest.raises(HandshakeRefusedError, match="is suspended"):
        handshake.start(partner)
    partner.connection = Partner.Connection.NOT_CONNECTED
    partner.agreed_version = "2.3.0"
    with pytest.raises(HandshakeRefusedError, match="on request only"):
        handshake.start(partner)


@pytest.mark.django_db
def test_called_off_it_leaves_everything_as_it_was(cpo: ScriptedCpo, fresh: Callable[..., Partner]) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on("/versions", Answer("", 503))
    run = handshake.cancel(go(partner).pk)
    assert (run.state, run.cause, run.next_check_at) == ("cancelled", "Called off.", None)
    assert token_state(partner) == UNTOUCHED
    with pytest.raises(HandshakeRefusedError, match="has ended"):
        handshake.cancel(run.pk)
    assert handshake.advance(run.pk) is None


@pytest.mark.django_db
def test_it_is_not_called_off_while_the_credentials_are_exchanged(
    cpo: ScriptedCpo, fresh: Callable[..., Partner]
) -> None:
    partner = fresh(cpo.register_normally())
    cpo.on(CREDENTIALS, envelope(None, 3001))
    run = go(partner)
    # As it is in the database while a worker waits for the answer.
    HandshakeRun.objects.filter(pk=run.pk).update(next_check_at=timezone.now() + timedelta(minutes=1))
    run.steps.create(step="credentials")
    with pytest.raises(HandshakeRefusedError, match="being exchanged"):
        handshake.cancel(run.pk)
