"""The partner registers with us (OCPI 2.2.1 §7.1.2, §7.2): what the credentials module does with its POST, PUT, DELETE.

Each call reads the partner's own versions with the token it just gave us, inside its request: that is what the
specification asks for, and what proves that we can call it.
"""

from typing import Any

from django.db import transaction

from ocpi.envelope import Refusal, StatusCode
from ocpi.handshake import rotation, runs
from ocpi.handshake.connection import Agreement, connect, disconnect, request_first_pulls
from ocpi.handshake.credentials import Theirs, our_credentials, theirs
from ocpi.handshake.discovery import Offer, missing_modules, read_details, read_versions
from ocpi.handshake.failures import StepFailedError
from ocpi.versions import Version, WireModel
from partners import parties, tokens
from partners.models import IssuedToken, Partner
from partners.parties import PartyTaken


class RegistrationError(Refusal):
    """The registration is refused: HTTP 200 with an OCPI status code, or 405 where it does not fit the state."""

    def __init__(self, message: str, status_code: int, http_status: int = 200) -> None:
        super().__init__(http_status, status_code, message)


def register(partner: Partner, token_row: IssuedToken, body: Any, version: Version) -> WireModel:
    """POST credentials: register the partner; return our Credentials with a new token (Flow B).

    Until that new token was used nobody knows whether the answer arrived: so long the same request may come again, and
    is answered with another new token beside it (`ocpi.handshake.rotation`).

    Args:
        token_row: the token that the request carries. Only one made for registering will do.
        body: their Credentials, as received.
        version: of the credentials endpoint that was called.

    Raises:
        Invalid: their Credentials have faults.
        RegistrationError: 405 registered already; 3001, 3002, 3003 their API does not fit; 2001 another party than
            was agreed on, or one that is another partner's (an incident).
    """
    if token_row.purpose != IssuedToken.Purpose.REGISTRATION:
        raise RegistrationError("You are registered already: use PUT to update.", StatusCode.CLIENT_ERROR, 405)
    return _take_over(partner, token_row, body, version)


def update(partner: Partner, token_row: IssuedToken, body: Any, version: Version) -> WireModel:
    """PUT credentials: new token, endpoints or version; return our Credentials with a new token.

    The token of the request stays usable until the new one was used, so that a lost answer locks nobody out; see
    `ocpi.handshake.rotation`.

    Raises:
        Invalid: their Credentials have faults.
        RegistrationError: 405 not registered yet; 3001, 3002, 3003, 2001 as in `register`.
    """
    if token_row.purpose != IssuedToken.Purpose.CONNECTION or not _is_registered(partner):
        raise RegistrationError("You are not registered: use POST first.", StatusCode.CLIENT_ERROR, 405)
    return _take_over(partner, token_row, body, version)


def unregister(partner: Partner, token_row: IssuedToken) -> None:
    """DELETE credentials: no token works any more, in either direction.

    Raises:
        RegistrationError: 405 not registered.
    """
    if token_row.purpose != IssuedToken.Purpose.CONNECTION or not _is_registered(partner):
        raise RegistrationError("You are not registered.", StatusCode.CLIENT_ERROR, 405)
    with transaction.atomic():
        # A run's row is locked before its partner's, here as in its worker.
        runs.overtaken(partner, "They unregistered.")
        disconnect(Partner.objects.select_for_update(no_key=True).get(pk=partner.pk))


def _is_registered(partner: Partner) -> bool:
    return partner.connection != Partner.Connection.NOT_CONNECTED


def _take_over(partner: Partner, token_row: IssuedToken, body: Any, version: Version) -> WireModel:
    introduced = theirs(partner, version.parse("credentials", body).obj)
    _check_party(partner, introduced)
    try:
        parties.refuse_taken(partner, (role.party for role in introduced.roles))
        offers = _their_api(partner, introduced, version)
        return _settle(partner, token_row, Agreement(version, introduced, tuple(offers)))
    except PartyTaken as error:
        parties.report_taken(partner, error, "Their credentials")
        raise RegistrationError(" ".join(error.messages), StatusCode.INVALID) from error


def _settle(partner: Partner, token_row: IssuedToken, agreement: Agreement) -> WireModel:
    with transaction.atomic():
        locked = Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
        usable = IssuedToken.objects.filter(pk=token_row.pk).exclude(state=IssuedToken.State.REVOKED)
        if not usable.exists() or tokens.is_spent(token_row):
            raise RegistrationError("The token of this request was used up.", StatusCode.CLIENT_ERROR, 405)
        first = not _is_registered(locked)
        switched = connect(locked, agreement, used=token_row)
        locked.versions_url = agreement.theirs.url
        locked.save(update_fields=["versions_url"])
        token = rotation.issue_successor(locked, token_row)
        if first or switched:
            request_first_pulls(locked, again=switched and not first)
        return our_credentials(locked, token)


def _check_party(partner: Partner, introduced: Theirs) -> None:
    named = {(role.country_code, role.party_id) for role in introduced.roles}
    if (partner.country_code, partner.party_id) not in named:
        agreed = f"{partner.country_code}*{partner.party_id}"
        raise RegistrationError(
            f"Your credentials do not name {agreed}, which this connection was made for.", StatusCode.INVALID
        )


def _their_api(partner: Partner, introduced: Theirs, version: Version) -> list[Offer]:
    """Their endpoints of this version, read with the token they just gave us."""
    try:
        offered = read_versions(partner, introduced.url, introduced.token, version).value
        if version.number not in offered:
            listed = ", ".join(sorted(offered)) or "none"
            text = f"Your versions endpoint does not list {version.number}; it lists: {listed}."
            raise RegistrationError(text, StatusCode.UNSUPPORTED_VERSION)
        offers: list[Offer] = read_details(partner, offered[version.number], introduced.token, version).value
    except StepFailedError as failure:
        raise RegistrationError(f"We cannot use your API. {failure.text}", StatusCode.UNUSABLE_API) from failure
    missing = missing_modules(version, offers)
    if missing:
        raise RegistrationError(f"Your version details lack: {', '.join(missing)}.", StatusCode.NO_MATCHING_ENDPOINTS)
    return offers
