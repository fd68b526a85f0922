"""Changing who we are connected to: everything staff enter about a partner, checked before any of it is stored."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction

from partners import tokens
from partners.ground.ocpi_versions import RECOMMENDED
from partners.models import AllowedNetwork, Contact, IssuedToken, Partner, PartnerRole, ReceivedToken

LONGEST_TOKEN = 64  # OCPI 2.2.1 §7.3.1


@dataclass(frozen=True)
class ContactDetails:
    """Whom to write to (guide 3.1: technical contact)."""

    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True)
class PartnerDetails:
    """What a partner sends before the integration starts (guide 3.1).

    Args:
        code: becomes part of the host of its endpoint: ocpi-<code>.
        token_a: as text; may come later, with the handshake.
        networks: addresses or CIDR ranges that it calls from; none means any.
        enabled_versions: on-request versions switched on for it.
    """

    code: str
    name: str
    country_code: str
    party_id: str
    versions_url: str
    agreed_version: str = RECOMMENDED
    environment: str = Partner.Environment.TEST
    token_a: str = ""
    contacts: Sequence[ContactDetails] = ()
    networks: Sequence[str] = ()
    enabled_versions: Sequence[str] = ()


def add_partner(details: PartnerDetails) -> Partner:
    """Create a partner with its contacts, networks, role and Token A.

    Raises:
        ValidationError: with every fault by field; nothing is stored then.
    """
    partner = Partner(
        code=details.code.strip(),
        name=details.name.strip(),
        country_code=details.country_code.strip().upper(),
        party_id=details.party_id.strip().upper(),
        versions_url=details.versions_url.strip(),
        agreed_version=details.agreed_version,
        environment=details.environment,
        enabled_versions=list(details.enabled_versions),
    )
    contacts = [Contact(name=one.name, email=one.email, phone=one.phone) for one in details.contacts]
    networks = [AllowedNetwork(network=network.strip()) for network in details.networks]
    _check(partner, contacts, networks, details.token_a)
    with transaction.atomic():
        partner.save()
        for contact in contacts:
            contact.partner = partner
            contact.save()
        for network in networks:
            network.partner = partner
            network.save()
        PartnerRole.objects.create(
            partner=partner,
            country_code=partner.country_code,
            party_id=partner.party_id,
            business_name=partner.name,
        )
        if details.token_a:
            tokens.store_received(partner, details.token_a, ReceivedToken.Purpose.REGISTRATION)
    return partner


def _check(partner: Partner, contacts: Iterable[Contact], networks: Iterable[AllowedNetwork], token_a: str) -> None:
    faults: dict[str, list[str]] = {}
    _gather(faults, partner)
    rows: list[Contact | AllowedNetwork] = [*contacts, *networks]
    for row in rows:
        _gather(faults, row, exclude={"partner"})
    for field, check, value in (
        ("versions_url", check_versions_url, partner.versions_url),
        ("token_a", check_token, token_a),
    ):
        try:
            if value and field not in faults:
                check(value)
        except ValidationError as error:
            faults.setdefault(field, []).extend(error.messages)
    if faults:
        raise ValidationError(faults)


def _gather(
    faults: dict[str, list[str]], row: Partner | Contact | AllowedNetwork, exclude: set[str] | None = None
) -> None:
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        for name, messages in error.message_dict.items():
            faults.setdefault(name, []).extend(messages)


def check_versions_url(url: str) -> None:
    """Refuse what can never be called: other schemes, passwords in the URL, plain HTTP in production (guide 3.2)."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        raise ValidationError("A versions URL begins with https://.")
    if parts.username is not None:
        raise ValidationError("A versions URL holds no user name or password: the token goes into a header.")
    if parts.scheme == "http" and not settings.OCPI_ALLOW_INSECURE_PARTNERS:
        raise ValidationError("Plain HTTP is not supported: the versions URL must begin with https://.")


def check_token(token: str) -> None:
    """Refuse what is no OCPI token: at most 64 printable ASCII characters, no blanks (OCPI 2.2.1 §7.3.1)."""
    if len(token) > LONGEST_TOKEN or not all("!" <= char <= "~" for char in token):
        raise ValidationError(f"A token has at most {LONGEST_TOKEN} printable characters and no blanks.")


def issue_registration_token(partner: Partner) -> str:
    """Make the token that the partner reads our versions and registers with (guide 6: Token B); return its text.

    It exists only in the return value. Earlier ones stop working.
    """
    with transaction.atomic():
        row, token = tokens.issue(partner, IssuedToken.Purpose.REGISTRATION)
        tokens.activate(row)
    return token
