"""Who calls: token, host and source address, which must all belong to one partner.

A token may be written raw or in base64 in every version: OCPI 2.2.1 §4.1.1 itself warns that peers disagree.
Refusals have one text per cause and never say which tokens exist.
"""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from ocpi import finishing
from ocpi.receivers import Names
from ocpi.routing import code_of_host, expected_host
from partners import tokens
from partners.ground.networks import address_in, covers
from partners.models import IssuedToken, Partner

SCHEME = "token"
LONGEST_HEADER = 512
HOW_TO = "Send `Authorization: Token <your token>`."
FOUND = "sfp.token"
UNKNOWN = "The token is not known, or no longer valid."


@dataclass(frozen=True)
class Caller:
    """An authenticated request: the token without its encoding, its row, and what was read with it.

    Args:
        encoded: the header carried it in base64; None: there is no header.
        networks: from where the partner may call; none of them: from everywhere.
        parties: (country_code, party_id) that it surely speaks for; behind a hub there may be more.
    """

    partner: Partner
    token: IssuedToken
    text: str
    encoded: bool | None = None
    networks: list[str] = field(default_factory=list)
    parties: frozenset[tuple[str, str]] = frozenset()

    @property
    def registering(self) -> bool:
        """Whether the token is only good for versions and credentials."""
        return self.token.purpose == IssuedToken.Purpose.REGISTRATION


class WrongToken(AuthenticationFailed):
    """HTTP 401. `partner` is whose token it is, if anybody's; `entrance` is whose host was called without its token."""

    def __init__(self, detail: str, partner: Partner | None = None, entrance: Partner | None = None) -> None:
        super().__init__(detail)
        self.partner, self.entrance = partner, entrance


class Barred(PermissionDenied):
    """HTTP 403: the token is right, but its partner may not call, or not from there."""

    def __init__(self, detail: str, partner: Partner) -> None:
        super().__init__(detail)
        self.partner = partner


class TokenAuthentication(BaseAuthentication):
    """`request.user` becomes the Partner, `request.auth` the Caller."""

    def authenticate(self, request: Request) -> tuple[Any, Caller]:
        caller = identify(request._request)
        check_partner(caller, request._request)
        if caller.registering and tokens.is_spent(caller.token):
            raise WrongToken(UNKNOWN, entrance=entrance_of(request._request))
        tokens.note_use(caller.token)
        return caller.partner, caller

    def authenticate_header(self, request: Request) -> str:
        return "Token"


def identify(request: HttpRequest) -> Caller:
    """Return who the request's token belongs to, as it was found, or in one query; raises WrongToken."""
    presented, fault = _presented_token(request)
    if fault:
        raise WrongToken(fault, entrance=entrance_of(request))
    if FOUND in request.META:
        found = request.META[FOUND]
    else:
        found = tokens.find_issued(presented) if len(presented) <= LONGEST_HEADER else None
    if found is None:
        raise WrongToken(UNKNOWN, entrance=entrance_of(request))
    if not is_at_own_host(found.token.partner, request):
        raise WrongToken(UNKNOWN, entrance=entrance_of(request))
    return caller_of(found, encoded=found.text != presented)


def is_at_own_host(partner: Partner, request: HttpRequest) -> bool:
    """Whether the request came to the partner's own entrance, where there is one for each."""
    host = expected_host(partner)
    return host is None or host == host_name(request)


def caller_of(found: tokens.Found, *, encoded: bool) -> Caller:
    """Return who a token belongs to; `encoded`: the header carries it in base64."""
    partner = found.token.partner
    parties = found.parties | {(partner.country_code, partner.party_id)}
    return Caller(partner, found.token, found.text, encoded, found.networks, parties)


def expected_reading(request: HttpRequest, in_base64: bool) -> str:
    """Return the token that the header carries where it is written as the version wants it; else nothing."""
    presented, fault = _presented_token(request)
    if fault or len(presented) > LONGEST_HEADER:
        return ""
    readings = tokens.candidates(presented) if in_base64 else ["", presented]
    return readings[1] if len(readings) > 1 else ""


def look_up(request: HttpRequest) -> tokens.Lookup | None:
    """Return how to find the token that the request carries, or None where its header names none."""
    presented, fault = _presented_token(request)
    return None if fault or len(presented) > LONGEST_HEADER else tokens.look_up(presented)


def note_found(request: HttpRequest, found: tokens.Found | None) -> None:
    """Keep what `look_up` led to, for `identify`."""
    request.META[FOUND] = found


def _presented_token(request: HttpRequest) -> tuple[str, str]:
    """Return the token that the header carries, as it is written there, and what is wrong with the header."""
    header = request.META.get("HTTP_AUTHORIZATION", "").strip()
    scheme, _, presented = header.partition(" ")
    if not header:
        return "", f"The Authorization header is missing. {HOW_TO}"
    if scheme.lower() != SCHEME or not presented.strip():
        return "", f"The Authorization header has another form. {HOW_TO}"
    return presented.strip(), ""


def suspension(partner: Partner) -> Barred:
    return Barred("The connection is suspended. Please contact us.", partner)


def check_partner(caller: Caller, request: HttpRequest) -> None:
    """Raise Barred when the partner is suspended or calls from an address that is not on its list (guide 3.1)."""
    partner, networks = caller.partner, caller.networks
    if not finishing.passes(partner, Names()):
        raise suspension(partner)
    if networks and not covers(networks, source := source_address(request)):
        raise Barred(f"The source address {source} is not on your list of allowed networks.", partner)


def host_name(request: HttpRequest) -> str:
    """Return the host that was called, in lower case and without its port."""
    host = request.META.get("HTTP_HOST", "") or request.META.get("SERVER_NAME", "")
    name, colon, port = host.rpartition(":")
    return str(name if colon and port.isdigit() else host).lower().rstrip(".")


def entrance_of(request: HttpRequest) -> Partner | None:
    """The partner whose entrance was used: a refused request is found beside that partner's messages."""
    code = code_of_host(host_name(request))
    return Partner.objects.filter(code=code).first() if code else None


def source_address(request: HttpRequest) -> str:
    """Return the address that the request came from.

    Each trusted proxy adds the address that it was called from to the right of X-Forwarded-For, so the
    rightmost one that is no proxy of ours is the caller; what stands further left the caller made up.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    if not settings.OCPI_TRUSTED_PROXIES or not covers(settings.OCPI_TRUSTED_PROXIES, address):
        return address
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if address_in(hop.strip()) is None:
            break
        address = hop.strip()
        if not covers(settings.OCPI_TRUSTED_PROXIES, address):
            break
    return address
