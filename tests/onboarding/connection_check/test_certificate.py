"""TLS and certificate, looked at on real sockets."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django import Settings

from ocpi.client.transport import tls_context
from onboarding.connection_check import network
from onboarding.connection_check.scene import Scene
from onboarding.models import ConnectionCheck
from partners.models import Partner

LOOPBACK = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


def certificate(name: str, days: int, issuer: Any = None, alternative: Any = LOOPBACK) -> Any:
    """(certificate, key): good for so many days from now, signed by (certificate, key) or by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer_name, signer_key = (issuer[0].subject, issuer[1]) if issuer else (own, key)
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(signer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if issuer:
        builder = builder.add_extension(alternative, critical=False)
    return builder.sign(signer_key, hashes.SHA256()), key


@pytest.fixture(scope="session")
def authority() -> Any:
    """An authority that this process trusts: one, for of two by one name OpenSSL asks only the first."""
    made = certificate("Test Authority", 3650)
    tls_context().load_verify_locations(cadata=made[0].public_bytes(serialization.Encoding.PEM).decode())
    return made


@contextmanager
def https(folder: Path, pair: Any) -> Iterator[str]:
    """A server that shakes hands and hangs up; yields its versions URL."""
    pem = folder / "server.pem"
    pem.write_bytes(
        pair[0].public_bytes(serialization.Encoding.PEM)
        + pair[1].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                with suppress(OSError):
                    context.wrap_socket(plain, server_side=True).close()

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}/versions"


def scene_of(url: str) -> Scene:
    return Scene(ConnectionCheck(partner=Partner(versions_url=url), version="2.2.1"))


@pytest.mark.parametrize(
    ("days", "verdict"), [(400, "pass"), (31, "pass"), (29, "warn"), (8, "warn"), (6, "fail"), (0, "fail")]
)
def test_it_tells_how_long_a_certificate_is_good(tmp_path: Path, authority: Any, days: int, verdict: str) -> None:
    with https(tmp_path, certificate("cpo", days, authority)) as url:
        found = network.certificate(scene_of(url))
        assert network.tls(scene_of(url)).seen.endswith("speaks TLSv1.3.")
    assert found.verdict == verdict
    assert f"it expires in {days} days" in found.seen
    assert "by CN=Test Authority" in found.seen


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda authority: certificate("cpo", -1, authority), "it has expired"),
        (lambda authority: certificate("cpo", 90), "it is self-signed"),
        (
            lambda authority: certificate("cpo", 90, certificate("Unknown Authority", 900)),
            "its chain is not complete",
        ),
        (
            lambda authority: certificate(
                "cpo", 90, authority, x509.SubjectAlternativeName([x509.DNSName("cpo.example")])
            ),
            "it was not issued for this IP address",
        ),
    ],
)
def test_it_says_what_is_wrong_with_a_certificate(
    tmp_path: Path, authority: Any, made: Callable[..., Any], words: str
) -> None:
    with https(tmp_path, made(authority)) as url:
        found = network.certificate(scene_of(url))
        assert network.tls(scene_of(url)).verdict == "pass"
    assert (found.verdict, words in found.seen) == ("fail", True), found.seen
    assert "It is for CN=cpo" in found.seen


def test_a_server_that_speaks_no_tls_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            plain, _ = listener.accept()
            plain.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            plain.close()

        threading.Thread(target=serve, daemon=True).start()
        found = network.tls(scene_of(f"https://127.0.0.1:{listener.getsockname()[1]}/versions"))
    assert found.verdict == "fail"
    assert "No TLS 1.2 or 1.3 could be agreed" in found.seen or "No connection" in found.seen


def test_a_private_address_is_not_looked_at_in_production(settings: Settings) -> None:
    settings.OCPI_ALLOW_INSECURE_PARTNERS = False
    scene = scene_of("https://127.0.0.1:9/versions")
    for look in (network.dns, network.tls, network.certificate):
        found = look(scene)
        assert found.verdict == "fail"
        assert "no public address" in found.seen
