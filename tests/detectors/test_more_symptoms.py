"""Beyond the guide's table: silence, errors, clocks, certificates, habits. Each is found, named, and closes."""

import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.core import mail

from ocpi import receivers
from ocpi.client.transport import tls_context
from ocpi.models import Evse, ServerCertificate, SyncRun, TokenPush
from ocpi.receivers import SessionNews
from ocpi.sync.requests import request_sync
from ocpi.tasks import sync_certificates_tick, sync_run
from partners.models import Contact, Incident, Mail, Partner, RemoteEndpoint
from partners.tasks import mail_tick
from tests.detectors.conftest import World, only, symptoms
from tests.detectors.reading import staff_page, told_apart
from tests.factories import TokenFactory, session_data
from tests.ocpi.cpo import Answer, Seen, envelope
from tests.sessions_adhoc.conftest import BEGINNING

pytestmark = pytest.mark.django_db


# Of each symptom: where it is, as the row says; what staff do; what the CPO reads; what the proof links to.
ROWS = {
    "SFP cannot reach your endpoints": (
        "127.0.0.1:9",
        "Call their technical contact: nobody can start there. It closes with the next answer.",
        "Our requests to your endpoints got no answer (",
        "message",
    ),
    "Your server fails to answer our requests": (
        "127.0.0.1:",
        "Send their technical contact the exchanges. It closes when most calls go through again.",
        "Your server answered our requests with errors of its own (",
        "message",
    ),
    "Clocks differ": (
        "",
        "Send their technical contact the text for the CPO. No charge is lost meanwhile.",
        "The ",
        "",
    ),
    "Messages depart from the specification in a new way": (
        "sessions",
        "Send their technical contact the text for the CPO, when there is time: nothing is lost.",
        "",
        "message",
    ),
    "Locations not visible in SFP system": (
        "GET /locations",
        "Open the sync: it says what was wrong. When they have mended it, press Pull again.",
        "We could not read your locations with GET: ",
        "sync",
    ),
    "Tokens do not reach the CPO": (
        "PUT /tokens",
        "Open the exchange: it has their answer. When it is mended, press Push again on a token push.",
        "Your Tokens endpoint does not accept our tokens (1 waiting): ",
        "",
    ),
    "The server's certificate expires": (
        "localhost:",
        "Ask their technical contact to renew it before that day. It closes when they have.",
        "The TLS certificate of your server localhost:",
        "",
    ),
    "We failed to answer a request": (
        "sessions",
        "Tell the developers, with the exchange. When it is mended, press Replay on the exchange.",
        "Our server failed to process requests of yours (",
        "message",
    ),
}


def found(world: World, symptom: str, evidence: str) -> Incident:
    """The one incident that the watch opens, once; in the words of its row."""
    assert world.detect() == [symptom]
    assert world.detect() == [symptom]
    incident = only()
    assert any(evidence in item["text"] for item in incident.evidence), incident.evidence
    place, to_do, letter, proof = ROWS[symptom]
    assert incident.place.startswith(place)
    assert incident.place, "two of them never look the same"
    assert incident.to_do == to_do
    assert incident.letter.startswith(letter)
    assert not proof or any(item.get(proof) for item in incident.evidence), incident.evidence
    told_apart(staff_page(), incident)
    return incident


def closed(world: World, incident: Incident, looks: int = 2) -> str:
    """Why the watch closed it."""
    for _ in range(looks):
        world.detect()
    incident.refresh_from_db()
    assert incident.closed_at is not None
    assert symptoms() == []
    return incident.close_reason


def test_a_server_that_does_not_answer(world: World) -> None:
    RemoteEndpoint.objects.filter(module="sessions").update(url="http://127.0.0.1:9/sessions")
    for _ in range(5):
        world.we_call()
    incident = found(world, "SFP cannot reach your endpoints", "refuses the connection")
    assert (incident.severity, incident.occurrences) == (Incident.Severity.URGENT, 5)
    RemoteEndpoint.objects.filter(module="sessions").update(url=f"{world.cpo.server.url}/sessions")
    world.clock.forward(minutes=1)
    world.we_call()
    assert closed(world, incident) == "Their server answers again."


def test_a_server_with_too_many_errors(world: World) -> None:
    answers = [Answer("broken", 500)] * 5 + [envelope([])] * 15

    def react(_seen: Seen) -> Answer:
        return answers.pop() if answers else envelope([])

    world.cpo.server.on("GET /sessions", react)
    for _ in range(20):
        world.we_call()
    incident = found(world, "Your server fails to answer our requests", "answered HTTP 500")
    assert "25% of our 20 requests" in incident.cause
    for _ in range(10):
        world.we_call()
    closed(world, incident)


def test_a_few_calls_of_which_none_goes_well(world: World) -> None:
    """Too few for a rate, and enough to know: no call of this quarter of an hour succeeded."""
    world.cpo.server.on("GET /sessions", Answer("broken", 500))
    for _ in range(10):
        world.we_call()
    incident = found(world, "Your server fails to answer our requests", "answered HTTP 500")
    assert "100% of our 10 requests" in incident.cause
    world.cpo.server.on("GET /sessions", envelope([]))
    world.clock.forward(minutes=15)
    world.we_call()
    assert closed(world, incident) == "A later request of ours was answered well."


def test_a_few_errors_are_no_incident(world: World) -> None:
    world.cpo.server.on("GET /sessions", Answer("broken", 500))
    for _ in range(4):
        world.we_call()
    assert world.detect() == []


@pytest.mark.parametrize(("ahead", "words"), [(3600, "3600 seconds ahead of"), (-7200, "7200 seconds behind")])
def test_stamps_that_are_wrong_beside_a_right_web_server(world: World, ahead: int, words: str) -> None:
    Evse.objects.update(last_updated=BEGINNING - timedelta(days=9))
    world.cpo.ahead = timedelta(seconds=ahead)
    world.charges()
    for number in range(4):
        world.clock.forward(seconds=20)
        world.sample(3 + number)
    incident = found(world, "Clocks differ", words)
    assert "local time that is sent as UTC" in incident.cause
    world.cpo.ahead = timedelta(0)
    for number in range(10):
        world.clock.forward(seconds=20)
        world.sample(7 + number)
    for _ in range(6):
        world.detect()
    incident.refresh_from_db()
    assert incident.close_reason == "Their clock is right again."


def test_a_clock_that_is_wrong(world: World) -> None:
    def answer(ahead: timedelta) -> Answer:
        at = world.clock.now() + ahead
        return envelope([], headers={"Date": at.strftime("%a, %d %b %Y %H:%M:%S GMT")})

    world.cpo.server.on("GET /sessions", lambda _seen: answer(timedelta(minutes=4)))
    world.we_call()
    incident = found(world, "Clocks differ", "240 seconds ahead of ours")
    world.clock.forward(minutes=2)
    world.cpo.server.on("GET /sessions", lambda _seen: answer(timedelta(seconds=5)))
    world.we_call()
    assert closed(world, incident, looks=6) == "Their clock is right again."


def test_a_new_departure_from_the_specification(world: World) -> None:
    Partner.objects.update(connected_at=world.clock.now() - timedelta(days=9))
    world.calls_us("PUT", "sessions/SK/ION/S-9/", session_data("S-9"))
    incident = found(world, "Messages depart from the specification in a new way", "slash too many")
    assert (incident.severity, incident.tell_cpo) == (Incident.Severity.NOTE, False)
    world.calls_us("PUT", "sessions/SK/ION/S-9/", session_data("S-9"))
    assert world.detect() == [incident.symptom], "known kinds are told once"
    world.clock.forward(hours=25)
    assert closed(world, incident) == "It was not needed for 24 hours."


def test_quirks_while_settling_in_are_left_to_the_connection_check(world: World) -> None:
    world.calls_us("PUT", "sessions/SK/ION/S-9/", session_data("S-9"))
    assert world.detect() == []


def test_a_pull_that_fails(world: World) -> None:
    url = f"{world.cpo.server.url}/locations"
    RemoteEndpoint.objects.create(partner=world.partner, version="2.2.1", module="locations", role="SENDER", url=url)
    world.cpo.server.on("GET /locations", Answer("<html>", 200))
    run = request_sync(world.partner, "locations", True, None)
    while sync_run(run.pk) is None and SyncRun.objects.get(pk=run.pk).state != "failed":
        world.clock.forward(minutes=10)
    incident = found(world, "Locations not visible in SFP system", f"Sync {run.pk} of locations failed")
    world.cpo.server.on("GET /locations", envelope([]))
    world.clock.forward(minutes=1)
    sync_run(request_sync(world.partner, "locations", True, None).pk)
    assert closed(world, incident) == "A later pull succeeded."


def test_tokens_that_the_cpo_does_not_take(world: World) -> None:
    now = world.clock.now()
    push = TokenPush.objects.create(
        partner=world.partner, token=TokenFactory.create(), wanted=now, next_check_at=now, tries=3, error="HTTP 500."
    )
    incident = found(world, "Tokens do not reach the CPO", "Tokens that wait: 1")
    TokenPush.objects.filter(pk=push.pk).update(next_check_at=None, tries=0)
    assert closed(world, incident) == "All tokens were delivered."


class TlsServer:
    """A server on loopback with a certificate of its own, trusted by this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
        self.server.daemon_threads = True
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.socket = self.context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def show(self, until: datetime, trusted: bool = True) -> None:
        """Show a new certificate for `localhost` from now on."""
        key, name = (
            ec.generate_private_key(ec.SECP256R1()),
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"CA until {until:%Y-%m-%d}")]),
        )
        made = (
            x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
            .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
            .not_valid_after(until)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        pem = made.public_bytes(serialization.Encoding.PEM)
        plain = serialization.NoEncryption()
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
        (self.folder / "server.pem").write_bytes(pem + secret)
        self.context.load_cert_chain(self.folder / "server.pem")
        if trusted:
            tls_context().load_verify_locations(cadata=pem.decode())

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        tls_context.cache_clear()


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[TlsServer]:
    server = TlsServer(tmp_path)
    yield server
    server.close()


def look_at_certificates(world: World) -> None:
    sync_certificates_tick()
    world.clock.run_tasks()


def test_a_certificate_that_expires(world: World, tls: TlsServer) -> None:
    # OpenSSL knows the real time only: the certificate is good in both.
    until = max(world.clock.now(), datetime.fromtimestamp(ssl_now(), UTC)) + timedelta(days=400)
    tls.show(until)
    Partner.objects.update(versions_url=f"https://localhost:{tls.port}/versions")
    look_at_certificates(world)
    row = ServerCertificate.objects.get()
    assert (row.host, row.not_after, row.problem) == ("localhost", until.replace(microsecond=0), "")
    assert world.detect() == []

    world.clock.traveller.move_to(until - timedelta(days=20))
    world.clock.sweep()
    assert "The server's certificate expires" in world.detect()
    incident = Incident.objects.get(detector="certificate")
    assert f"localhost:{tls.port} expires on" in incident.cause
    assert incident.severity == Incident.Severity.PROBLEM

    tls.show(until + timedelta(days=400))
    world.clock.forward(days=1)
    look_at_certificates(world)
    world.clock.forward(minutes=5)
    world.detect()
    incident.refresh_from_db()
    assert incident.close_reason == "The certificate was renewed."


def test_a_certificate_that_is_not_accepted(world: World, tls: TlsServer) -> None:
    tls.show(datetime.fromtimestamp(ssl_now(), UTC) + timedelta(days=400), trusted=False)
    Partner.objects.update(versions_url=f"https://localhost:{tls.port}/versions")
    look_at_certificates(world)
    world.clock.forward(minutes=5)
    incident = found(world, "The server's certificate expires", "issued by CN=CA until")
    assert "It is not accepted: self-signed certificate" in incident.cause
    assert incident.severity == Incident.Severity.URGENT
    Partner.objects.update(versions_url="http://127.0.0.1:9/versions")
    look_at_certificates(world)
    closed(world, incident, looks=6)


def ssl_now() -> float:
    """The real time, whatever the test's clock says."""
    import os

    return os.stat(".").st_atime


def test_our_own_failures_are_told_to_support_only(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_news: SessionNews) -> None:
        raise RuntimeError("no luck")

    Contact.objects.create(partner=world.partner, name="Ana", email="ana@ion.example")
    with monkeypatch.context() as patch:
        patch.setattr(receivers, "_session", [breaks])
        assert world.calls_us("PUT", "sessions/SK/ION/S-9", session_data("S-9")).status_code == 500
    incident = found(world, "We failed to answer a request", "answered HTTP 500")
    assert "RuntimeError: no luck" in incident.cause
    mail_tick()
    assert not mail.outbox, "it was told once"
    assert list(Mail.objects.values_list("to", "cc")) == [(["techsupport@smartfuelpass.com"], [])]
    world.clock.forward(hours=25)
    closed(world, incident)
