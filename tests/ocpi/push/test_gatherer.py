"""The one thread that takes pushes outlives whatever breaks in it, and leaves nobody waiting."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connections

from ocpi.models import Message, OcpiSession
from ocpi.server import push
from ocpi.server.push.arrival import LARGEST
from partners.models import Partner
from sfp_platform.web import gatherer
from tests.bursts.conftest import Server
from tests.factories import session_data
from tests.ocpi.server.conftest import Cpo
from tests.support.processes import eventually

pytestmark = pytest.mark.django_db(transaction=True)
BROKEN = RuntimeError("this breaks")


class Breaking:
    """Fails whenever it is called, and knows how often it was."""

    def __init__(self, error: BaseException = BROKEN) -> None:
        self.error, self.count = error, 0

    def __call__(self, *_: Any, **__: Any) -> Any:
        self.count += 1
        raise self.error


@pytest.fixture
def put(partner: Partner) -> Callable[[Server, str], int]:
    headers = {"authorization": f"Token {Cpo(partner).written_token()}"}

    def work(server: Server, name: str) -> int:
        body = json.dumps(session_data(name)).encode()
        return server.ask("PUT", f"/ocpi/emsp/2.2.1/sessions/SK/ION/{name}", body, headers=headers).status

    return work


@pytest.fixture
def plainly(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pushes were answered by the plain way, call by call."""
    answer, seen = push.answer, []

    def counted(arrivals: Any) -> Any:
        found = answer(arrivals)
        seen.append(len([one for one in found if one]))
        return found

    monkeypatch.setattr(push, "answer", counted)
    return seen


@pytest.mark.parametrize("error", [BROKEN, SystemExit(1)], ids=["an error", "an exit"])
@pytest.mark.parametrize("place", ["receive", "answer"])
def test_what_breaks_leaves_the_push_to_its_view(
    put: Any, plainly: list[int], monkeypatch: pytest.MonkeyPatch, place: str, error: BaseException
) -> None:
    server = Server()
    with monkeypatch.context() as broken:
        broken.setattr(push, place, breaks := Breaking(error))
        broken.setattr("sfp_platform.middleware.take_push", lambda _request: None)
        assert put(server, "S-1") == 201
        assert breaks.count == 1
    assert plainly == []
    assert put(server, "S-2") == 201
    assert plainly == [1]
    assert OcpiSession.objects.count() == Message.objects.count() == 2


def test_it_is_said_once_until_it_goes_well(put: Any, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    server = Server()

    for rounds in (1, 2):
        with monkeypatch.context() as broken:
            broken.setattr(push, "answer", Breaking())
            broken.setattr("sfp_platform.middleware.take_push", lambda _request: None)
            assert [put(server, f"S-{rounds}-{n}") for n in (1, 2, 3)] == [201] * 3
        assert "".join(capfd.readouterr()).count("pushes_left_to_views") == 1
        assert put(server, f"S-{rounds}") == 201
    assert OcpiSession.objects.count() == 8


def test_a_log_that_cannot_be_written_stops_nothing(put: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    monkeypatch.setattr(push, "answer", Breaking())
    monkeypatch.setattr("sfp_platform.middleware.take_push", lambda _request: None)
    monkeypatch.setattr(gatherer, "log", type("Log", (), {"error": Breaking(), "exception": Breaking()})())
    assert [put(server, f"S-{n}") for n in (1, 2)] == [201, 201]


def test_whoever_waited_in_a_loop_that_is_closed_stops_nothing(put: Any, plainly: list[int]) -> None:
    server = Server()
    loop = asyncio.new_event_loop()
    gone: Any = gatherer.Job(_push_of_nobody(), b"{}", loop, loop.create_future())
    loop.close()
    server.front.pushes.jobs.put(gone)
    assert put(server, "S-1") == 201
    assert plainly[-1] == 1


def test_a_connection_that_cannot_be_given_back_stops_nothing(
    put: Any, plainly: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gatherer, "IDLE_SECONDS", 0.01)
    server = Server()
    close, seen = Breaking(), []

    class Idle:
        def __getitem__(self, _alias: str) -> Any:
            seen.append(1)
            return type("Connection", (), {"close": close})()

    with monkeypatch.context() as broken:
        broken.setattr(gatherer, "connections", Idle())
        eventually(lambda: close.count > 1, what="an idle thread gives its connection back")
    assert put(server, "S-1") == 201
    assert plainly == [1]


def test_what_the_dead_left_may_be_beyond_reach(put: Any, plainly: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(push, "recover", Breaking())
        server = Server()
        assert put(server, "S-1") == 201
    assert plainly == [1]


def test_a_large_session_is_its_views_affair(partner: Partner, plainly: list[int]) -> None:
    """Others would wait for whoever reads it."""
    server, headers = Server(), {"authorization": f"Token {Cpo(partner).written_token()}"}
    for name, size, expected in (("S-1", LARGEST, [1]), ("S-2", LARGEST + 1, [1])):
        data = json.dumps(session_data(name))
        body = (data[:-1] + " " * (size - len(data)) + "}").encode()
        assert len(body) == size
        answer = server.ask("PUT", f"/ocpi/emsp/2.2.1/sessions/SK/ION/{name}", body, headers=headers)
        assert (answer.status, plainly) == (201, expected)
    assert OcpiSession.objects.count() == Message.objects.count() == 2


def _push_of_nobody() -> Any:
    from sfp_platform.web.environ import Arrived

    return Arrived({"REQUEST_METHOD": "PUT", "PATH_INFO": "/", "wsgi.url_scheme": "http", "QUERY_STRING": ""})


@pytest.fixture(autouse=True)
def _no_connection_stays_open() -> Any:
    yield
    connections[DEFAULT_DB_ALIAS].close()
