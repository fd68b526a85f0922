"""What we call wrongly on purpose, and our calls of ourselves, raise no incident; the same from anybody else does."""

import pytest

from ocpi.models import Command, Message
from onboarding.connection_check.armed import charge_facts
from onboarding.connection_check.armed.starting import UNKNOWN_EVSE
from onboarding.connection_check.scene import Scene
from onboarding.models import ConnectionCheck
from tests.detectors.conftest import World
from tests.factories import TokenFactory
from tests.ocpi.cpo import Answer, envelope

pytestmark = pytest.mark.django_db

SYMPTOM_401 = "HTTP 401 on all requests after handshake"
REJECTED = envelope({"result": "REJECTED", "timeout": 5}, 2003, "Unknown location or EVSE")


@pytest.fixture
def scene(world: World) -> Scene:
    """A check with a test charge, under way."""
    run = ConnectionCheck.objects.create(
        partner=world.partner,
        version="2.2.1",
        state="running",
        next_check_at=world.clock.now(),
        armed=True,
        location_id="LOC-1",
        evse_uid="EVSE-1",
        notes={"token": TokenFactory.create().pk},
    )
    scene = Scene(run)
    scene.keep = run.save
    world.clock.forward(minutes=1)
    return scene


@pytest.mark.parametrize("status", [401, 403, 500])
def test_calls_of_a_check_that_are_wrong_on_purpose(world: World, scene: Scene, status: int) -> None:
    world.cpo.server.on("GET /sessions", Answer("no", status))
    for _ in range(20):
        scene.ask(f"{world.cpo.server.url}/sessions", "sessions", on_purpose=True)
    assert Message.objects.filter(module="connection_check", http_status=status).count() == 20
    assert world.detect() == []


@pytest.mark.parametrize("answer", [REJECTED, Answer("blocked", 403), Answer("no", 401)])
def test_starts_of_a_check(world: World, scene: Scene, answer: Answer) -> None:
    world.cpo.server.on("/commands/START_SESSION", answer)
    command = charge_facts.send_once(scene, "unknown", lambda: charge_facts.begin_charge(scene, UNKNOWN_EVSE))
    assert isinstance(command, Command)
    assert command.state in ("answered", "undelivered", "unanswered")
    assert world.detect() == []


def test_our_own_look_at_the_endpoint(world: World) -> None:
    world.clock.forward(minutes=1)
    for _ in range(3):
        assert _stranger(world, "endpoint-check") == 401
    assert world.detect() == []
    for _ in range(3):
        assert _stranger(world, "theirs") == 401
    assert world.detect() == [SYMPTOM_401]


def _stranger(world: World, request_id: str) -> int:
    """A call of our versions URL without a token: what it is answered with."""
    answer = world.cpo.http.get("/ocpi/emsp/versions", headers={"X-Request-ID": request_id})
    return int(answer.status_code)
