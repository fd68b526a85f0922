"""Unregistering at a partner (OCPI 2.2.1 §7.2.4): told once, closed in any case, everything that it sent is kept."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ocpi import handshake
from ocpi.models import HandshakeRun, HandshakeStep, Location, Message, TokenPush
from partners import tokens
from partners.models import Incident, Partner, RemoteEndpoint
from tests.factories import LocationFactory, issue_token
from tests.ocpi.cpo import TOKEN_C, Answer, ScriptedCpo, connected_partner, envelope
from tests.ocpi.handshake.conftest import advanced, last_step, token_state
from tests.ocpi.handshake.test_dying_workers import WorkerKilled, killed_at_call, killed_at_write

pytestmark = pytest.mark.django_db
CREDENTIALS = "DELETE /2.2.1/credentials"


@pytest.fixture
def registered(cpo: ScriptedCpo) -> Partner:
    cpo.on(CREDENTIALS, cpo.guarded(envelope(), (TOKEN_C,)))
    partner = connected_partner(f"{cpo.url}/2.2.1")
    LocationFactory.create(partner=partner)
    issue_token(partner)
    return partner


def left(run: HandshakeRun) -> HandshakeRun:
    return advanced(run)


def check_closed(partner: Partner) -> None:
    """No token of either side works, no endpoint is known, and the data is there."""
    partner.refresh_from_db()
    assert (partner.connection, partner.version) == (Partner.Connection.NOT_CONNECTED, "")
    states = token_state(partner)
    assert {state for side in states.values() for _, state in side} == {"revoked"}
    assert not RemoteEndpoint.objects.filter(partner=partner).exists()
    assert not TokenPush.objects.filter(partner=partner).exists()
    assert Location.objects.filter(partner=partner).count() == 1
    assert Message.objects.filter(partner=partner).exists()


def test_they_are_told_and_our_side_is_closed(cpo: ScriptedCpo, registered: Partner) -> None:
    run = left(handshake.unregister_from(registered))
    assert (run.state, run.kind, run.cause) == ("succeeded", "unregister", "")
    assert [seen.token for seen in cpo.calls("DELETE")] == [TOKEN_C]
    assert last_step(run).text == "They unregistered us."
    check_closed(registered)
    assert not Incident.objects.exists()


def test_again_it_does_no_harm(cpo: ScriptedCpo, registered: Partner) -> None:
    run = handshake.unregister_from(registered)
    assert handshake.unregister_from(registered) == run
    left(run)
    again = left(handshake.unregister_from(Partner.objects.get()))
    assert (again.state, len(cpo.calls("DELETE"))) == ("succeeded", 1)
    assert last_step(again).text.startswith("Not told")
    check_closed(registered)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (envelope(None, 2000, status=401), "They do not know us any more (HTTP 401)."),
        (envelope(None, 2000, status=405), "They do not know us any more (HTTP 405)."),
        (Answer("", 204), "They unregistered us (HTTP 204, without an OCPI answer)."),
    ],
)
def test_what_means_that_we_are_not_registered_there(
    cpo: ScriptedCpo, registered: Partner, answer: Answer, text: str
) -> None:
    cpo.on(CREDENTIALS, answer)
    assert last_step(left(handshake.unregister_from(registered))).text == text
    check_closed(registered)


def test_who_cannot_be_reached_is_tried_and_then_left_all_the_same(cpo: ScriptedCpo, registered: Partner) -> None:
    cpo.on(CREDENTIALS, Answer("", 503))
    run = left(handshake.unregister_from(registered))
    assert run.state == "running"
    registered.refresh_from_db()
    assert registered.connection == Partner.Connection.CONNECTED, "it is tried again"
    ends = timezone.now() - timedelta(seconds=1)
    HandshakeRun.objects.update(next_check_at=ends, window_ends_at=ends, window_starts_at=ends - timedelta(minutes=30))
    run = left(run)
    assert run.state == "succeeded"
    assert run.cause.startswith("Our side is closed, but they were not told. The window closed at")
    assert "HTTP 503" in run.cause
    check_closed(registered)
    incident = Incident.objects.get()
    assert (incident.symptom, incident.closed_at) == ("Unregistered on our side only", None)
    assert incident.resolution == "Ask them to remove our registration on their side, and to call us no more."


def test_a_refusal_that_time_does_not_heal_is_not_waited_for(cpo: ScriptedCpo, registered: Partner) -> None:
    cpo.on(CREDENTIALS, envelope(None, 2000, "no", status=400))
    run = left(handshake.unregister_from(registered))
    assert (run.state, len(cpo.calls("DELETE"))) == ("succeeded", 1)
    assert "they were not told" in run.cause
    check_closed(registered)


def test_a_suspended_partner_can_be_left(registered: Partner) -> None:
    Partner.objects.update(connection=Partner.Connection.SUSPENDED)
    left(handshake.unregister_from(Partner.objects.get()))
    check_closed(registered)


def test_it_takes_the_place_of_what_is_under_way(registered: Partner) -> None:
    rotation = handshake.rotate(registered)
    left(handshake.unregister_from(registered))
    rotation.refresh_from_db()
    assert rotation.state == "cancelled"
    check_closed(registered)


def test_not_while_tokens_are_exchanged_at_this_moment(registered: Partner) -> None:
    rotation = handshake.rotate(registered)
    HandshakeRun.objects.update(step="credentials", next_check_at=timezone.now() + timedelta(minutes=1))
    HandshakeStep.objects.create(run=rotation, step="credentials")
    with pytest.raises(handshake.HandshakeRefusedError, match="exchanged at this moment"):
        handshake.unregister_from(registered)
    rotation.refresh_from_db()
    assert rotation.state == "scheduled"


@pytest.mark.parametrize("number", range(1, 14))
def test_killed_at_any_write_it_comes_to_the_same_end(cpo: ScriptedCpo, registered: Partner, number: int) -> None:
    run = handshake.unregister_from(registered)
    try:
        with killed_at_write(number):
            handshake.advance(run.pk)
    except WorkerKilled:
        forget_us(cpo)
    finish(run)
    check_closed(registered)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_the_call_it_comes_to_the_same_end(cpo: ScriptedCpo, registered: Partner, after: bool) -> None:
    run = handshake.unregister_from(registered)
    with killed_at_call(1, after), pytest.raises(WorkerKilled):
        handshake.advance(run.pk)
    if after:
        forget_us(cpo)
    finish(run)
    check_closed(registered)


def forget_us(cpo: ScriptedCpo) -> None:
    """If the DELETE arrived, they do not know us when it comes again."""
    if cpo.calls("DELETE"):
        cpo.on(CREDENTIALS, envelope(None, 2000, status=401))


def finish(run: HandshakeRun) -> None:
    HandshakeRun.objects.filter(pk=run.pk, next_check_at__isnull=False).update(next_check_at=timezone.now())
    handshake.advance(run.pk)
    run.refresh_from_db()
    assert (run.state, run.cause) == ("succeeded", "")


def test_the_tick_does_it(registered: Partner, run_tasks: Any) -> None:
    handshake.unregister_from(registered)
    run_tasks()
    check_closed(registered)
    assert tokens.received_token(registered.pk, "connection") is None
