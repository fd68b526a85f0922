"""Sending a harmless message of ours once more: a question (GET), or a token as it is now. Never a command."""

from urllib.parse import parse_qs, unquote, urlsplit

from django.conf import settings

from ocpi.client import RECEIVER, SENDER, CallFailed, Reply, functional
from ocpi.client.remote import version_in_use
from ocpi.hubs import hub_of
from ocpi.models import Message, Token
from ocpi.store.tokens import token_wire
from ocpi.versions import Invalid
from partners.models import Partner, RemoteEndpoint

READ_TIMEOUT = 10.0
LONGEST_URL = 2000


class CannotResend(Exception):
    """This message cannot be sent again; the text says why to staff."""


def why_not(message: Message) -> str:
    """Why the message cannot be sent again; empty where it can."""
    if message.direction != Message.Direction.OUTBOUND or message.partner is None:
        return "Only what we sent to a partner can be sent again."
    told = message.module == "tokens" and message.method in ("PUT", "PATCH")
    if message.method != "GET" and not told:
        return "Only questions (GET) and tokens are sent again: they do no harm twice."
    return "Its URL was too long to be kept whole." if len(message.url) >= LONGEST_URL else ""


def resend(message: Message) -> int | None:
    """Send it again and return the new message's number. What the partner answers is shown, and stored nowhere.

    Raises:
        CannotResend: also where nobody could be asked.
    """
    if reason := why_not(message):
        raise CannotResend(reason)
    partner = Partner.objects.get(pk=message.partner_id or 0)
    try:
        reply = _ask_again(partner, message) if message.method == "GET" else _tell_again(partner, message)
    except CallFailed as failure:
        if failure.message_id is None:
            raise CannotResend(failure.in_full) from failure
        return failure.message_id
    except Invalid as error:
        raise CannotResend(f"The token cannot be expressed in this version: {error}") from error
    return reply.message_id


def _ask_again(partner: Partner, message: Message) -> Reply:
    """The token goes to hosts that the partner registered, whatever a link of theirs said once."""
    urls = [partner.versions_url, *RemoteEndpoint.objects.filter(partner=partner).values_list("url", flat=True)]
    if urlsplit(message.url).netloc not in {urlsplit(url).netloc for url in urls}:
        raise CannotResend("The address is none that the partner registered.")
    return functional(partner, "GET", message.module, SENDER, url=message.url, read_timeout=READ_TIMEOUT)


def _tell_again(partner: Partner, message: Message) -> Reply:
    """The token as it is now: an older state of it must not come back."""
    address = urlsplit(message.url)
    uid = unquote(address.path.rstrip("/").rpartition("/")[2])
    kind = parse_qs(address.query).get("type", [""])[0]
    tokens = Token.objects.filter(uid__iexact=uid)
    token = (tokens.filter(type=kind) if kind else tokens).first()
    if token is None:
        raise CannotResend(f"There is no token {uid} any more.")
    version = version_in_use(partner)
    named = version.token_type_in_query and token.type != Token.Type.RFID
    return functional(
        partner,
        "PUT",
        "tokens",
        RECEIVER,
        settings.OCPI_COUNTRY_CODE,
        settings.OCPI_PARTY_ID,
        token.uid,
        params={"type": token.type} if named else None,
        body=token_wire(token, version),
        kind="token",
        to=hub_of(partner),
        read_timeout=READ_TIMEOUT,
    )
