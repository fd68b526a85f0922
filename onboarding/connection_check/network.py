"""Before OCPI: name, TLS, certificate, reachability, latency, clock."""

import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone

from ocpi.client.addresses import AddressError, permitted_addresses
from ocpi.client.reading import date_header
from ocpi.client.transport import tls_context
from onboarding.connection_check.case import Case, Finding, Problems, failed, not_applicable, passed, warned
from onboarding.connection_check.look import Look
from onboarding.connection_check.moments import read_moment
from onboarding.connection_check.scene import Scene

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

THEME = "Network"
LOOKS = 5
SLOW, TOO_SLOW = 1.0, 5.0  # seconds
CLOCK_OFF, CLOCK_WRONG = 10, 60  # seconds; a Date header tells whole ones
EXPIRES_SOON, EXPIRES_NOW = 30, 7  # days
PLAIN = "Their URL is plain HTTP: there is no TLS to look at. In production it must be https."
# OpenSSL's X509_V_ERR_...
_CERTIFICATE_FAULTS = {
    10: "it has expired",
    18: "it is self-signed",
    19: "its chain ends with an authority that nobody knows",
    20: "its chain is not complete: the intermediate certificate is missing, or the authority is not a public one",
    21: "its chain is not complete: only the server's own certificate is sent",
    62: "it was not issued for this host name",
    64: "it was not issued for this IP address",
}


@dataclass(frozen=True)
class Handshake:
    """A TLS connection that was opened and closed: the protocol spoken, the certificate shown."""

    protocol: str
    certificate: "Certificate | None"


def _host(scene: Scene) -> tuple[str, int]:
    parts = urlsplit(scene.partner.versions_url)
    return parts.hostname or "", parts.port or (443 if scene.secure else 80)


def dns(scene: Scene) -> Finding:
    host, port = _host(scene)
    try:
        addresses = permitted_addresses(host, port)
    except socket.gaierror as error:
        return failed(f"{host} cannot be resolved: {error.strerror}.")
    except (AddressError, UnicodeError) as error:
        return failed(f"{error}.")
    if host in addresses:
        return passed(f"The URL names the address {host} itself; there is no name to resolve.")
    return passed(f"{host} leads to {', '.join(addresses)}.")


def connect(host: str, port: int, context: ssl.SSLContext) -> Handshake:
    """Open a TLS connection to a permitted address of the host, and close it.

    Raises:
        OSError: with ssl.SSLError and socket.gaierror among them.
        AddressError: the host leads to an address that is not called.
    """
    from cryptography.x509 import load_der_x509_certificate

    failure: OSError = OSError(f"{host} has no address")
    for address in permitted_addresses(host, port):
        try:
            with (
                closing(socket.create_connection((address, port), settings.OCPI_CONNECT_TIMEOUT)) as plain,
                context.wrap_socket(plain, server_hostname=host) as secure,
            ):
                shown = secure.getpeercert(binary_form=True)
                certificate = load_der_x509_certificate(shown) if shown else None
                return Handshake(secure.version() or "", certificate)
        except ssl.SSLError:
            raise
        except OSError as error:
            failure = error
    raise failure


def _blind_context() -> ssl.SSLContext:
    """Looks at any certificate; nothing is ever sent over such a connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls(scene: Scene) -> Finding:
    if not scene.secure:
        return not_applicable(PLAIN)
    host, port = _host(scene)
    try:
        found = connect(host, port, _blind_context())
    except ssl.SSLError as error:
        return failed(f"No TLS 1.2 or 1.3 could be agreed with {host}:{port} ({error.reason or error}).")
    except (OSError, AddressError) as error:
        return failed(f"No connection to {host}:{port}: {error}.")
    return passed(f"{host}:{port} speaks {found.protocol}.")


def certificate(scene: Scene) -> Finding:
    if not scene.secure:
        return not_applicable(PLAIN)
    host, port = _host(scene)
    try:
        shown = connect(host, port, tls_context()).certificate
    except ssl.SSLCertVerificationError as error:
        fault = _CERTIFICATE_FAULTS.get(error.verify_code, error.verify_message)
        return failed(f"The certificate of {host} is not valid: {fault}.{_describe(_fetch_anyway(host, port))}")
    except (OSError, AddressError) as error:
        return failed(f"No secure connection to {host}:{port}: {error}.")
    if shown is None:
        return failed(f"{host} shows no certificate.")
    return _still_good(shown, timezone.now())


def _fetch_anyway(host: str, port: int) -> "Certificate | None":
    try:
        return connect(host, port, _blind_context()).certificate
    except (OSError, AddressError, ValueError):
        return None


def _describe(shown: "Certificate | None") -> str:
    if shown is None:
        return ""
    until = shown.not_valid_after_utc
    return f" It is for {shown.subject.rfc4514_string()}, by {shown.issuer.rfc4514_string()}, until {until:%-d %b %Y}."


def _still_good(shown: "Certificate", now: datetime) -> Finding:
    days = (shown.not_valid_after_utc - now).days
    text = f"Valid for this host, chain complete; it expires in {days} days.{_describe(shown)}"
    if days < EXPIRES_NOW:
        return failed(text)
    return warned(text) if days < EXPIRES_SOON else passed(text)


def reach(scene: Scene) -> Finding:
    look = scene.ask(scene.partner.versions_url, "versions")
    scene.notes["durations"] = [look.reply.duration] if look.reply else []
    # A server that answers at all is reached; whether the answer is right is for later cases.
    if look.http is not None:
        return passed(f"The versions URL answers (HTTP {look.http}).", look)
    advice = look.failure.advice if look.failure else ""
    return failed(look.why, look, change=advice)


def latency(scene: Scene) -> Finding:
    looks: list[Look] = []
    durations: list[float] = list(scene.notes.get("durations", []))
    while len(looks) + 1 < LOOKS:
        look = scene.ask(scene.partner.versions_url, "versions")
        looks.append(look)
        if look.message is not None and look.message.duration_ms is not None:
            durations.append(look.reply.duration if look.reply else look.message.duration_ms / 1000)
    middle = median(durations)
    text = (
        f"{round(middle * 1000)} ms in the middle of {len(durations)} calls, {round(max(durations) * 1000)} ms at most."
    )
    unanswered = [look for look in looks if look.http is None]
    if unanswered:
        return failed(f"{len(unanswered)} of {len(looks)} calls got no answer. {text}", *unanswered)
    if middle > TOO_SLOW:
        return failed(text, *looks)
    return warned(text, *looks) if middle > SLOW else passed(text, *looks)


def clock(scene: Scene) -> Finding:
    began = time.time()
    look = scene.ask(scene.partner.versions_url, "versions")
    middle = (began + time.time()) / 2
    told = {
        "Date header": date_header(look.headers),
        "timestamp": read_moment((look.envelope or {}).get("timestamp"))[0],
    }
    offs = {name: moment.timestamp() - middle for name, moment in told.items() if moment is not None}
    if not offs:
        return warned("Their answer tells no time: neither a Date header nor a timestamp.", look)
    problems = Problems([look])
    for name, off in offs.items():
        words = f"The {name} is {abs(off):.0f} seconds {'ahead of' if off > 0 else 'behind'} our clock."
        if abs(off) > CLOCK_WRONG:
            problems.fail(words)
        elif abs(off) > CLOCK_OFF:
            problems.warn(words)
    return problems.finding(f"Their clock and ours differ by less than {CLOCK_OFF} seconds.")


CASES = (
    Case(
        "dns",
        THEME,
        "Host name",
        "guide §3.2",
        "Publish a DNS record for the host in your versions URL that leads to a public address.",
        dns,
    ),
    Case(
        "tls",
        THEME,
        "TLS 1.2 or higher",
        "tls",
        "Let your server, or the proxy before it, offer TLS 1.2 or 1.3.",
        tls,
        needs=("dns",),
    ),
    Case(
        "certificate",
        THEME,
        "Certificate",
        "tls",
        "Install a certificate that is issued for this host by a public authority, together with its intermediate "
        "certificates, and renew it at least a month before it expires.",
        certificate,
        needs=("tls",),
    ),
    Case(
        "reach",
        THEME,
        "Reaching the versions URL",
        "guide §3.2",
        "Make your server reachable from the internet, or add our outbound IP addresses to your firewall's or WAF's "
        "allowlist.",
        reach,
        needs=("dns",),
    ),
    Case(
        "latency",
        THEME,
        "Latency",
        "guide §3.2",
        "A driver waits in front of the charger: answer within a second.",
        latency,
        needs=("reach",),
    ),
    Case(
        "clock",
        THEME,
        "Clock",
        "guide §5.11",
        "Synchronise the server's clock (NTP). Updates are put in order by their timestamps: with a wrong clock, newer "
        "ones are taken for old and ignored.",
        clock,
        needs=("reach",),
    ),
)
