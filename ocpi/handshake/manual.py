"""Credentials agreed by hand (guide 7.3.2, Method B): for a partner that has registered us before."""

from dataclasses import dataclass

from django.db import transaction

from ocpi.handshake.connection import Agreement, connect, request_first_pulls
from ocpi.handshake.credentials import Theirs
from ocpi.handshake.discovery import missing_modules, read_details, read_versions
from ocpi.handshake.failures import StepFailedError
from ocpi.handshake.runs import LIVE, HandshakeRefusedError
from ocpi.models import HandshakeRun
from ocpi.versions import VERSIONS
from partners import tokens
from partners.ground import secrets
from partners.models import IssuedToken, Partner

USABLE = (IssuedToken.State.PENDING, IssuedToken.State.ACTIVE)


@dataclass(frozen=True)
class Connected:
    """What came of it. `new_token` is to be given to the partner, and exists only here; empty where they have one."""

    version: str
    token_in_use: IssuedToken
    new_token: str = ""


def connect_manually(partner: Partner, their_token: str, our_token: str = "") -> Connected:
    """Connect with a token that the partner gave us by hand; its versions and endpoints are read with it now.

    Args:
        our_token: what they call us with, where they say which one they have. Otherwise the token that they used
            last stays, and where they have none a new one is made.

    Raises:
        HandshakeRefusedError: a handshake is under way, or their API does not fit; nothing is changed then.
    """
    if HandshakeRun.objects.filter(partner=partner, state__in=LIVE).exists():
        raise HandshakeRefusedError(f"A handshake with {partner.name} is under way. Call it off first.")
    version = VERSIONS[partner.agreed_version]
    try:
        offered = read_versions(partner, partner.versions_url, their_token, version).value
        if version.number not in offered:
            raise HandshakeRefusedError(
                f"They do not offer OCPI {version.number}. They offer: {', '.join(sorted(offered)) or 'none'}."
            )
        offers = read_details(partner, offered[version.number], their_token, version).value
    except StepFailedError as failure:
        raise HandshakeRefusedError(f"{failure.text} {failure.advice}") from failure
    if missing := missing_modules(version, offers):
        raise HandshakeRefusedError(f"Their details of {version.number} lack what we need: {', '.join(missing)}.")
    with transaction.atomic():
        locked = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        connect(locked, Agreement(version, Theirs(their_token, "", (), locked.hub_party_id), tuple(offers)))
        row, new_token = _our_token(locked, our_token)
        tokens.activate(row)
        request_first_pulls(locked)
    return Connected(version.number, row, new_token)


def _our_token(partner: Partner, our_token: str) -> tuple[IssuedToken, str]:
    """(the token that they are to call us with, its text if it is new to them)."""
    mine = IssuedToken.objects.filter(partner=partner, purpose=IssuedToken.Purpose.CONNECTION, state__in=USABLE)
    if our_token:
        digest = secrets.digest(our_token)
        known = IssuedToken.objects.filter(digest=digest).first()
        if known is None:
            last4 = secrets.last4(our_token)
            return IssuedToken.objects.create(partner=partner, digest=digest, last4=last4), ""
        if not mine.filter(pk=known.pk).exists():
            raise HandshakeRefusedError("The token that they name was revoked. Give them a new one.")
        return known, ""
    used = mine.exclude(last_used_at=None).order_by("-last_used_at", "-pk").first()
    return (used, "") if used else tokens.issue(partner)
