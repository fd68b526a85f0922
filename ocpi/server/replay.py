"""Handling a message of a partner once more, as if it came again; and asking or telling a partner once more.

What was logged has no token in it, so the partner of the log's row stands in for the caller. That is sound only for
messages whose token was right when they came, and whose body is kept as it was. Everything else is as at the first
time: the same view, the same store, a row of its own in the message log.
"""

import json
import uuid
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from ocpi.log.masking import REPLACEMENT, TOKEN_VALUE
from ocpi.models import Message
from ocpi.server.authentication import Caller
from ocpi.server.raw_path import RAW_PATH, path_of, variables
from ocpi.server.views.base import OcpiView
from ocpi.server.views.unknown import UnknownUrlView
from partners.models import IssuedToken, Partner, PartnerRole

SOURCE = "replay of "
CUT = ("[cut: ", "[too large to be kept]")
WRITES = ("PUT", "PATCH", "POST", "DELETE")
# Registration changes tokens, and what carries one is masked. Asking for authorization changes nothing.
NOT_AGAIN = ("credentials", "versions", "tokens")
LONGEST_URL = 2000


class CannotReplay(Exception):
    """This message cannot be handled again; the text says why to staff."""


def replay_of(source_address: str) -> int | None:
    """The message that this one is a replay of, by its source address: no caller can make one up."""
    number = source_address.removeprefix(SOURCE)
    return int(number) if number != source_address and number.isdigit() else None


def why_not(message: Message) -> str:
    """Why the message cannot be handled again; empty where it can."""
    if message.direction != Message.Direction.INBOUND or message.method not in WRITES:
        return "Only what a partner pushed can be handled again."
    if message.module in NOT_AGAIN or not message.module:
        return f"Messages of the module {message.module or 'none'} are not handled again."
    if message.partner is None or message.http_status in (None, 401, 403):
        return "Nobody knows whether the partner sent it: its token was not accepted."
    return _damage(message) or _overtaken(message)


def _damage(message: Message) -> str:
    """What the log changed in it."""
    body = message.request_body
    if body.rpartition("\n")[2].startswith(CUT[0]) or body == CUT[1]:
        return "Its body was too long to be kept whole."
    if TOKEN_VALUE.search(body):
        return "A token in its body was masked."
    if REPLACEMENT in body or len(message.url) >= LONGEST_URL:
        return "It has characters that could not be kept."
    return ""


def _overtaken(message: Message) -> str:
    """What it would undo: a deletion, or what is as new as something else, carries nothing that tells it is older."""
    if message.method == "PATCH" and not _has_date(message.request_body):
        return "It does not say when it was so: now it would count as the newest."
    later = Message.objects.filter(partner=message.partner_id, subject=message.subject, pk__gt=message.pk)
    accepted = later.filter(direction=Message.Direction.INBOUND, method__in=WRITES, module=message.module, failed=False)
    if message.subject and accepted.exists():
        return "A newer message about the same was accepted since: handled now, this one could undo it."
    return ""


def _has_date(body: str) -> bool:
    try:
        change = json.loads(body)
    except ValueError:
        return False
    return isinstance(change, dict) and bool(change.get("last_updated"))


def replay(message: Message) -> Message:
    """Handle the message again and return its new row in the message log, with the answer.

    Raises:
        CannotReplay
    """
    if reason := why_not(message):
        raise CannotReplay(reason)
    partner = Partner.objects.get(pk=message.partner_id or 0)
    if partner.connection == Partner.Connection.SUSPENDED:
        raise CannotReplay(f"{partner.name} is suspended: its messages are refused.")
    token = IssuedToken.objects.filter(
        partner=partner, purpose=IssuedToken.Purpose.CONNECTION, state=IssuedToken.State.ACTIVE
    ).first()
    if token is None:
        raise CannotReplay(f"{partner.name} has no usable token: it could not send this now either.")
    return _handle(message, Caller(partner, token, "", parties=_parties(partner)))


def _handle(message: Message, caller: Caller) -> Message:
    request = _request(message)
    try:
        found: Any = resolve(path_of(request))
    except Resolver404 as error:
        raise CannotReplay("There is nothing at this URL.") from error
    view_class: Any = getattr(found.func, "cls", None)
    if view_class is None or not issubclass(view_class, OcpiView) or view_class is UnknownUrlView:
        raise CannotReplay("There is no endpoint at this URL.")

    class StandIn(BaseAuthentication):
        """Stands for the token that the log does not keep."""

        def authenticate(self, _request: Request) -> tuple[Any, Caller]:
            return caller.partner, caller

    view = view_class(**found.func.initkwargs, authentication_classes=[StandIn])
    view.setup(request, *found.args, **variables(request, found))
    view.dispatch(request, *found.args, **variables(request, found))
    return Message.objects.get(pk=view.record.id)


def _request(message: Message) -> HttpRequest:
    """The request, as a server would hand it over. Its address says that it is none of the partner's."""
    url, body = urlsplit(message.url), message.request_body.encode()
    headers = {name: value for name, value in message.request_headers.items() if name.lower().startswith("ocpi-")}
    headers |= {
        "X-Request-ID": str(uuid.uuid4()),
        # The thread of the first time, so that both are found together.
        "X-Correlation-ID": message.correlation_id or f"replay-{message.pk}",
    }
    return WSGIRequest(
        {
            "REQUEST_METHOD": message.method,
            "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1"),
            RAW_PATH: url.path,
            "QUERY_STRING": url.query,
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "443",
            "REMOTE_ADDR": f"{SOURCE}{message.pk}",
            "wsgi.input": BytesIO(body),
            "wsgi.url_scheme": "https",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()},
        }
    )


def _parties(partner: Partner) -> frozenset[tuple[str, str]]:
    roles = partner.roles.filter(state=PartnerRole.State.APPROVED).values_list("country_code", "party_id")
    return frozenset(roles) | {(partner.country_code, partner.party_id)}
