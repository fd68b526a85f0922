"""The guards of the way out: addresses, redirects, deadlines, sizes; and what each failure is called."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import responses
from pytest_django import Settings
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError

from ocpi.client import transport
from ocpi.client.addresses import is_public
from ocpi.models import Message
from tests.ocpi.client.conftest import Ask
from tests.ocpi.cpo import Answer, ScriptedCpo, envelope
from tests.support.processes import free_port


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_it_follows_a_redirect_on_the_same_host(cpo: ScriptedCpo, ask: Ask, status: int) -> None:
    cpo.on("/old", Answer(status=status, headers={"Location": "/new"}))
    cpo.on("/new", envelope("here"))
    assert ask(f"{cpo.url}/old").data == "here"
    assert cpo.seen[1].token == cpo.seen[0].token


def test_it_does_not_follow_a_redirect_to_another_host(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/old", Answer(status=302, headers={"Location": "https://other.example/versions"}))
    failure = ask.in_vain(f"{cpo.url}/old")
    assert (failure.kind, failure.text) == ("redirect", "they redirect to another host: https://other.example/versions")
    assert "final URL" in failure.advice


def test_it_stops_in_a_ring_of_redirects(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/ring", Answer(status=302, headers={"Location": "/ring"}))
    failure = ask.in_vain(f"{cpo.url}/ring")
    assert failure.kind == "redirect"
    assert len(cpo.seen) == 4


def test_a_post_is_never_turned_into_a_get(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/old", Answer(status=302, headers={"Location": "/new"}))
    assert ask.in_vain(f"{cpo.url}/old", "POST", body={}).kind == "redirect"
    cpo.on("/old", Answer(status=307, headers={"Location": "/new"}))
    cpo.on("POST /new", envelope("posted"))
    assert ask(f"{cpo.url}/old", "POST", body={"a": 1}).data == "posted"
    assert cpo.seen[-1].body == {"a": 1}


def test_a_silent_server_costs_no_more_than_the_deadline(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", envelope(delay=5))
    began = time.monotonic()
    failure = ask.in_vain(f"{cpo.url}/x", connect_timeout=0.2, read_timeout=0.3)
    assert time.monotonic() - began < 2
    assert (failure.kind, failure.might_have_arrived) == ("read_timeout", True)
    assert "within 0.5 seconds" in failure.text
    assert failure.message_id is not None
    assert Message.objects.get(pk=failure.message_id).error == failure.text


def test_a_dripping_body_costs_no_more_than_the_deadline(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", Answer("x" * 1000, drip=0.05))
    began = time.monotonic()
    failure = ask.in_vain(f"{cpo.url}/x", connect_timeout=0.3, read_timeout=0.3)
    assert time.monotonic() - began < 2
    assert (failure.kind, failure.might_have_arrived) == ("read_timeout", True)


@pytest.fixture
def listener() -> Iterator[Callable[..., int]]:
    """`listener(talk)` runs `talk(connection)` for each connection; returns its port."""
    servers = []

    def listen(talk: Any) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                    talk(connection)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield listen
    for server in servers:
        server.close()


def test_dripping_headers_cost_no_more_than_the_deadline(listener: Callable[..., int], ask: Ask) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        for number in range(100):
            connection.sendall(f"X-{number}: 1\r\n".encode())
            time.sleep(0.1)

    began = time.monotonic()
    failure = ask.in_vain(f"http://127.0.0.1:{listener(drip)}/", connect_timeout=0.3, read_timeout=0.3)
    assert time.monotonic() - began < 2
    assert (failure.kind, failure.might_have_arrived) == ("read_timeout", True)


def test_a_connection_cut_off_may_have_delivered_the_request(listener: Callable[..., int], ask: Ask) -> None:
    def hang_up(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.close()

    failure = ask.in_vain(f"http://127.0.0.1:{listener(hang_up)}/", "POST", body={})
    assert (failure.kind, failure.might_have_arrived) == ("connection_lost", True)


def test_a_tls_handshake_that_hangs_delivers_nothing(listener: Callable[..., int], ask: Ask) -> None:
    failure = ask.in_vain(
        f"https://127.0.0.1:{listener(lambda connection: time.sleep(2))}/", connect_timeout=0.3, read_timeout=0.2
    )
    assert (failure.kind, failure.might_have_arrived) == ("tls", False)


def test_a_server_without_tls_on_https_delivers_nothing(cpo: ScriptedCpo, ask: Ask) -> None:
    failure = ask.in_vain(cpo.url.replace("http://", "https://") + "/x")
    assert (failure.kind, failure.might_have_arrived) == ("tls", False)
    assert "certificate" in failure.advice
    assert cpo.seen == []


def test_tls_below_1_2_is_not_spoken() -> None:
    assert transport.tls_context().minimum_version == ssl.TLSVersion.TLSv1_2
    assert transport.tls_context().verify_mode == ssl.CERT_REQUIRED
    assert transport.tls_context().check_hostname


def test_a_closed_port_is_a_refused_connection(ask: Ask) -> None:
    failure = ask.in_vain(f"http://127.0.0.1:{free_port()}/versions")
    assert (failure.kind, failure.might_have_arrived) == ("refused", False)
    assert failure.message_id is not None
    assert Message.objects.get(pk=failure.message_id).http_status is None


def test_a_large_answer_is_cut_off(cpo: ScriptedCpo, ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "LARGEST_BODY", 100_000)
    cpo.on("/x", Answer("x" * 200_000))
    assert ask.in_vain(f"{cpo.url}/x").kind == "too_large"


@pytest.mark.parametrize(
    ("broken", "kind"),
    [
        (requests.ConnectTimeout(), "connect_timeout"),
        (requests.ReadTimeout(), "read_timeout"),
        (requests.exceptions.SSLError("bad handshake"), "tls"),
        (requests.ConnectionError(ConnectionRefusedError()), "refused"),
        (
            requests.ConnectionError(
                NameResolutionError("cpo.example", HTTPConnection("cpo.example"), socket.gaierror())
            ),
            "dns",
        ),
        (requests.ConnectionError(ConnectionResetError()), "connection_lost"),
        (requests.exceptions.ChunkedEncodingError(), "connection_lost"),
    ],
)
def test_each_way_to_break_has_a_name(ask: Ask, broken: Any, kind: str) -> None:
    with responses.RequestsMock() as mock:
        mock.get("https://cpo.example/versions", body=broken)
        failure = ask.in_vain("https://cpo.example/versions")
    assert failure.kind == kind
    assert failure.might_have_arrived == (kind in ("read_timeout", "connection_lost"))


@pytest.mark.parametrize(
    "url", ["", "cpo.example/versions", "ftp://cpo.example/", "https://", "https://[::1", "https://u:p@cpo.example/"]
)
def test_what_is_no_url_is_not_called(ask: Ask, url: str) -> None:
    failure = ask.in_vain(url)
    assert (failure.kind, failure.might_have_arrived) == ("bad_url", False)


@pytest.mark.parametrize(
    "url",
    [
        "http://cpo.example/versions",
        "https://127.0.0.1/versions",
        "https://10.1.2.3/versions",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/versions",
        "https://[::ffff:10.0.0.1]/versions",
        "https://localhost/versions",
    ],
)
def test_production_calls_no_private_address_and_no_plain_http(ask: Ask, settings: Settings, url: str) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    failure = ask.in_vain(url)
    assert (failure.kind, failure.might_have_arrived) == ("insecure", False)
    assert "public https:// URL" in failure.advice


def test_a_public_name_with_a_private_address_is_not_called(
    ask: Ask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 443)) for ip in ("93.184.216.34", "192.168.1.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    failure = ask.in_vain("https://cpo.example/versions")
    assert (failure.kind, failure.text) == (
        "insecure",
        "cpo.example leads to 192.168.1.1, which is no public address",
    )


def test_a_redirect_to_plain_http_is_not_followed(settings: Settings) -> None:
    with pytest.raises(transport.RedirectError):
        transport._follow_redirect("GET", "https://cpo.example/a", 302, "http://cpo.example/a")


@pytest.mark.parametrize(
    "target",
    ["https://cpo.example:8443/a", "http://cpo.example:443/a", "//cpo.example:444/a", "https://cpo.example.:443/a"],
)
def test_a_redirect_leaves_neither_port_nor_scheme(target: str) -> None:
    with pytest.raises(transport.RedirectError):
        transport._follow_redirect("GET", "https://cpo.example/a", 307, target)


@pytest.mark.parametrize("target", ["/b", "https://cpo.example:443/b", "https://CPO.example/b"])
def test_a_redirect_may_write_the_same_origin_otherwise(target: str) -> None:
    assert transport._follow_redirect("GET", "https://cpo.example/a", 302, target).endswith("/b")


def test_a_redirect_to_another_port_gets_no_token(cpo: ScriptedCpo, ask: Ask, listener: Callable[..., int]) -> None:
    heard = []
    port = listener(lambda connection: heard.append(connection.recv(65536)))
    cpo.on("/old", Answer(status=307, headers={"Location": f"http://127.0.0.1:{port}/steal?token=s3cret-enough-1234"}))
    failure = ask.in_vain(f"{cpo.url}/old")
    assert failure.kind == "redirect"
    assert "another port" in failure.text
    assert "s3cret" not in failure.text
    assert heard == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::5db8:d822", True),
        ("64:ff9b::a00:1", False),
        ("64:ff9b:1::5db8:d822", False),
        ("64:ff9b:1:ffff::808:808", False),
        ("2002:7f00:1::", False),
        ("2002:a00:1::", False),
        ("2002:a9fe:a9fe::1", False),
        ("2002:5db8:d822::1", True),
        ("::", False),
        ("::1", False),
        ("::7f00:1", False),  # IPv4-compatible 127.0.0.1
        ("::127.0.0.1", False),
        ("::10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:93.184.216.34", True),
        ("::ffff:0:127.0.0.1", False),  # IPv4-translated
        ("::ffff:0:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False),  # Teredo
        ("2001:0:7f00:1::f5ff:fffe", False),
        ("fec0::1", False),  # site-local
        ("feff::1", False),
        ("ff02::1", False),
        ("ff0e::1", False),
        ("100::1", False),
        ("2001:db8::1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("169.254.169.254", False),
        ("192.168.1.1", False),
        ("198.18.0.1", False),
    ],
)
def test_which_addresses_are_public(address: str, public: bool) -> None:
    assert is_public(address) == public


def test_cookies_are_not_kept(cpo: ScriptedCpo, ask: Ask) -> None:
    cpo.on("/x", envelope(headers={"Set-Cookie": "session=1"}))
    ask(f"{cpo.url}/x")
    ask(f"{cpo.url}/x")
    assert "cookie" not in cpo.seen[1].headers


def test_a_connection_is_used_once(listener: Callable[..., int], ask: Ask) -> None:
    """The server would keep it open, and closes it just when the next request is written."""
    connections = []

    def answer(connection: socket.socket) -> None:
        connections.append(connection)
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{"status_code": 1000}')

    url = f"http://127.0.0.1:{listener(answer)}/"
    for _ in range(3):
        assert ask(url).status_code == 1000
    assert len(connections) == 3
