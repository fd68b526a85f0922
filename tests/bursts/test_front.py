"""The front: bodies are read before a thread is spent, in whatever pieces they come."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import Evse, Message, OcpiSession
from sfp_platform.web.environ import join_headers
from sfp_platform.web.worker import Granian
from tests.bursts.conftest import BROKEN, Answered, Server
from tests.factories import location_data, session_data

SESSION = "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1"


def body(**changes: Any) -> bytes:
    return json.dumps(session_data("S-1", **changes)).encode()


def test_a_body_without_a_length_is_read(server: Server, token: dict[str, str]) -> None:
    """`Transfer-Encoding: chunked`: the pieces come one after the other, and no header says how many bytes."""
    text = body(kwh=1.5)
    answer = server.ask("PUT", SESSION, text[:100], text[100:], headers={**token, "transfer-encoding": "chunked"})
    assert (answer.status, answer.json["status_code"]) == (201, 1000)
    assert OcpiSession.objects.get().kwh == 1.5
    assert Message.objects.get().request_body == text.decode()


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused(
    server: Server, token: dict[str, str], settings: Any, declared: bool
) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10_000
    length = {"content-length": "20000"} if declared else {"transfer-encoding": "chunked"}
    answer = server.ask("PUT", SESSION, *[b" " * 1000] * 20, headers={**token, **length})
    assert (answer.status, answer.json["status_code"]) == (413, 2001)
    assert answer.json["status_message"] == "The body is larger than 10000 bytes."
    assert server.front.buffered == 0


def test_chunks_that_are_none_are_the_clients_fault(server: Server, token: dict[str, str]) -> None:
    answer = server.ask("PUT", "/ocpi/emsp/2.2.1/locations/SK/ION/LOC-1", b"{", BROKEN, headers=token)
    assert (answer.status, answer.json["status_code"]) == (400, 2000)
    assert "not framed" in answer.json["status_message"]


def test_half_a_body_takes_no_thread(server: Server, token: dict[str, str], settings: Any) -> None:
    """Ten times as many as there are threads; the eleventh request is answered while they wait."""
    settings.MAX_BODY_SECONDS = 1.0

    async def together() -> tuple[list[Answered], Answered]:
        half = [
            asyncio.create_task(server.asked("PUT", SESSION, [b'{"id":'], {"content-length": "5000"}, complete=False))
            for _ in range(20)
        ]
        await asyncio.sleep(0)
        whole = await server.asked("PUT", SESSION, [body()], token, complete=True)
        assert not any(task.done() for task in half)
        return list(await asyncio.gather(*half)), whole

    refused, answer = asyncio.run(together())
    assert answer.status == 201
    assert {one.status for one in refused} == {408}
    assert refused[0].json["status_code"] == 2000
    assert refused[0].json["status_message"] == "The body was not complete after 1 seconds."
    assert server.front.buffered == 0


def test_all_bodies_together_are_bounded(server: Server, token: dict[str, str], settings: Any) -> None:
    settings.MAX_BUFFERED_BYTES = 1000
    answer = server.ask("PUT", SESSION, b" " * 1001, headers=token)
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert answer.json["status_code"] == 2000
    assert server.front.buffered == 0


def test_an_id_with_an_encoded_slash(server: Server, token: dict[str, str]) -> None:
    path = "/ocpi/emsp/2.2.1/sessions/SK/ION/2026%2F11%2FS-1"
    answer = server.ask("PUT", path, json.dumps(session_data("2026/11/S-1")).encode(), headers=token)
    assert (answer.status, answer.json["status_code"]) == (201, 1000)
    assert OcpiSession.objects.get().ocpi_id == "2026/11/S-1"
    assert Message.objects.get().url == path
    read = server.ask("GET", path, headers=token)
    assert read.json["data"]["id"] == "2026/11/S-1"


def test_a_location_and_its_evse_with_encoded_slashes(server: Server, token: dict[str, str]) -> None:
    data = location_data("L/1")
    data["evses"][0]["uid"] = "E/1"
    put = server.ask("PUT", "/ocpi/emsp/2.2.1/locations/SK/ION/L%2f1", json.dumps(data).encode(), headers=token)
    assert put.json["status_code"] == 1000, put.json
    change = json.dumps({"status": "CHARGING", "last_updated": "2026-11-23T10:00:00Z"}).encode()
    patched = server.ask("PATCH", "/ocpi/emsp/2.2.1/locations/SK/ION/L%2f1/E%2F1", change, headers=token)
    assert patched.json["status_code"] == 1000, patched.json
    assert Evse.objects.get().status == "CHARGING"


@pytest.mark.parametrize("path", ["/c/%00", "/c/a%00b/state.json", "/admin/%00", "/c/x?y=%00", "/api/v1/%00"])
def test_a_nul_in_a_path_leads_nowhere(server: Server, path: str) -> None:
    assert server.ask("GET", path).status == 404


def test_a_nul_in_an_ocpi_path_leads_nowhere(server: Server, token: dict[str, str]) -> None:
    answer = server.ask("GET", "/ocpi/emsp/2.2.1/sessions/SK/ION/%00", headers=token)
    assert (answer.status, answer.json["status_code"]) == (404, 2000)


def test_names_with_underscores_pose_as_no_other_header() -> None:
    pairs = [(b"X_Forwarded_For", b"1.2.3.4"), (b"X-A", b"1"), (b"x-a", b"2"), (b"Cookie", b"a=1"), (b"cookie", b"b=2")]
    assert join_headers(pairs) == {"x-a": "1,2", "cookie": "a=1; b=2"}


def test_a_process_bounds_its_threads_and_connections() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Granian(listening.fileno())
    assert (server.blocking_threads, server.runtime_threads) == (1, 1)
    assert (server.backpressure, server.backlog) == (1024, 2048)


def test_one_who_leaves_says_so_with_each_answer(server: Server, token: dict[str, str]) -> None:
    """Whoever answers: the front, the plain way of a push, a refusal, Django."""
    session = json.dumps(session_data("S-1")).encode()
    asked: tuple[Callable[[], Answered], ...] = (
        lambda: server.ask("GET", "/health/live"),
        lambda: server.ask("PUT", SESSION, session, headers=token),
        lambda: server.ask("PUT", SESSION, BROKEN, headers=token),
        lambda: server.ask("GET", "/c/nothing"),
    )
    assert [ask().headers.get("connection") for ask in asked] == [None, None, "close", None]
    server.front.leaving = True
    answers = [ask() for ask in asked]
    assert [answer.status for answer in answers] == [200, 200, 400, 404]
    assert [answer.headers.get("connection") for answer in answers] == ["close"] * 4
    assert server.front.inside == 0
