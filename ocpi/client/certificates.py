"""Looking at the certificates of partners' servers once a day, before they expire."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Q

from ocpi.client.addresses import AddressError, permitted_addresses
from ocpi.client.transport import tls_context
from ocpi.models import ServerCertificate
from partners.ground.deadlines import claim_due
from partners.models import Partner, RemoteEndpoint

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

EVERY = timedelta(days=1)
LEASE = timedelta(minutes=2)
LONGEST_TEXT = 255


def plan(now: datetime) -> int:
    """Watch every https host of connected partners, and no other; return how many are new. Four statements."""
    connected = Q(partner__connection=Partner.Connection.CONNECTED)
    urls = set(RemoteEndpoint.objects.filter(connected).values_list("partner_id", "url"))
    urls |= set(Partner.objects.filter(connection=Partner.Connection.CONNECTED).values_list("pk", "versions_url"))
    wanted = {(pk, *place) for pk, url in urls if (place := _place(url))}
    known = {(row.partner_id, row.host, row.port): row.pk for row in ServerCertificate.objects.all()}
    gone = [pk for key, pk in known.items() if key not in wanted]
    if gone:
        ServerCertificate.objects.filter(pk__in=gone).delete()
    new = [
        ServerCertificate(partner_id=pk, host=host, port=port, next_check_at=now)
        for pk, host, port in sorted(wanted - known.keys())
    ]
    ServerCertificate.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)


def _place(url: str) -> tuple[str, int] | None:
    """(host, port) of an https URL."""
    try:
        parts = urlsplit(url)
        return (parts.hostname, parts.port or 443) if parts.scheme == "https" and parts.hostname else None
    except ValueError:
        return None


def claim(now: datetime, limit: int = 50) -> list[int]:
    """Claim the hosts whose look is due."""
    return claim_due(ServerCertificate, now=now, lease=LEASE, limit=limit)


def check(certificate_id: int, now: datetime) -> bool:
    """Look at one host and write down what it shows; False where it cannot be reached, which others tell of."""
    row = ServerCertificate.objects.filter(pk=certificate_id).first()
    if row is None:
        return False
    try:
        address = permitted_addresses(row.host, row.port)[0]
        problem = _problem(row.host, address, row.port)
        shown = _fetch_certificate(row.host, address, row.port)
    except (OSError, AddressError, ValueError, IndexError):
        ServerCertificate.objects.filter(pk=row.pk).update(next_check_at=now + EVERY / 24)
        return False
    ServerCertificate.objects.filter(pk=row.pk).update(
        issuer=shown.issuer.rfc4514_string()[:LONGEST_TEXT],
        not_after=shown.not_valid_after_utc,
        problem=problem[:LONGEST_TEXT],
        checked_at=now,
        next_check_at=now + EVERY,
    )
    return True


def _problem(host: str, address: str, port: int) -> str:
    """Why a call would refuse the certificate; empty where it would not."""
    try:
        _handshake(tls_context(), host, address, port)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    return ""


def _fetch_certificate(host: str, address: str, port: int) -> "Certificate":
    """The certificate, whatever it is worth: nothing is sent over this connection."""
    from cryptography.x509 import load_der_x509_certificate

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return load_der_x509_certificate(_handshake(context, host, address, port))


def _handshake(context: ssl.SSLContext, host: str, address: str, port: int) -> bytes:
    """Connect, and return the certificate in DER."""
    with (
        socket.create_connection((address, port), timeout=settings.OCPI_CONNECT_TIMEOUT) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def days_left(not_after: datetime, now: datetime) -> int:
    """Whole days until then; negative when it is over."""
    return (not_after.astimezone(UTC) - now).days
