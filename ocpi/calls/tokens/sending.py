"""Sending one token to one partner: PATCH for what changed where it has the token, else PUT (OCPI 2.2.1 §12.2.2)."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from ocpi.calls.tokens.queue import hand_out
from ocpi.client import RECEIVER, CallFailed, Reply, functional
from ocpi.client.remote import version_in_use
from ocpi.hubs import hub_of
from ocpi.models import Command, Token, TokenPush
from ocpi.store.tokens import token_wire
from ocpi.versions import Invalid, Version
from partners.ground.deadlines import growing_pause, take_lease

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
BUSY_WAIT = timedelta(seconds=10)
MARGIN = timedelta(seconds=30)


def push(push_id: int, held: datetime | None = None) -> bool:
    """Send one due token; return whether the partner took it. Then the partner's next one is handed out.

    `held` is the end of the lease that was taken on behalf of the task.
    """
    until = _begin(push_id, held)
    if until is None:
        return False
    row = TokenPush.objects.select_related("token", "partner").get(pk=push_id)
    try:
        reply, values = _tell(row)
    except CallFailed as failure:
        _put_off(row, until, failure)
        return False
    except Invalid as error:
        _finish(row, until, None, error=f"The token cannot be expressed in this version: {error}", tries=row.tries + 1)
        return False
    _finish(row, until, None, **values, error="", tries=0, message_id=reply.message_id if reply else row.message_id)
    hand_out(row.partner)
    return True


def with_waiting(rows: QuerySet[Command]) -> QuerySet[Command]:
    """Commands, read with whether the token that each carries waits to be told to its partner."""
    named = rows.annotate(token_uid=KT("request__token__uid"), token_type=KT("request__token__type"))
    waiting = _waiting(OuterRef("partner"), OuterRef("token_uid"), OuterRef("token_type"))
    return named.annotate(token_waits=Exists(waiting))


def _waiting(partner: Any, uid: Any, token_type: Any) -> QuerySet[TokenPush]:
    named = TokenPush.objects.filter(partner=partner, token__uid=uid, token__type=token_type)
    return named.filter(pushed=None).exclude(next_check_at=None)


def push_before_use(command: Command) -> bool:
    """Tell the partner of the token that is about to be used there, if it is to know it and does not yet; return
    whether it was called.

    Whether it takes it or not, the command that follows carries the token itself (OCPI 2.2.1 §13.3.9).

    Args:
        command: one that was read `with_waiting`.
    """
    if not getattr(command, "token_waits", False):
        return False
    token = command.request["token"]
    row = _waiting(command.partner, token["uid"], token["type"]).first()
    if row is None:
        return False
    # Taken from the queue, or from a worker that is at it: to be told twice does no harm, too late does.
    push(row.pk, row.next_check_at)
    return True


def _begin(push_id: int, held: datetime | None) -> datetime | None:
    """Take the row, if it is due, or was claimed for this very task."""
    # PATCH, then PUT: two calls at most.
    lease = 2 * timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + MARGIN
    return take_lease(TokenPush.objects.filter(pk=push_id), lease, held, held=True)


def _tell(row: TokenPush) -> tuple[Reply | None, dict[str, Any]]:
    """(the answer that settled it, what the partner has now). Nothing is sent where it has that already.

    Raises:
        CallFailed: the partner does not have it.
        Invalid: the version cannot express the token.
    """
    version = version_in_use(row.partner)
    wire = token_wire(row.token, version)
    known = row.pushed_raw if row.version == version.number else None
    reply = None
    if known != wire:
        reply = _patch(row, version, known, wire) or _call(row, version, "PUT", wire)
    return reply, {
        "pushed": row.token.last_updated,
        "pushed_raw": wire,
        "pushed_at": timezone.now(),
        "version": version.number,
    }


def _patch(row: TokenPush, version: Version, known: dict[str, Any] | None, wire: dict[str, Any]) -> Reply | None:
    """PATCH the difference. None: it cannot be told by PATCH, or the partner refuses it; then PUT tells it."""
    if not known or known.keys() - wire.keys():
        return None
    change = {name: value for name, value in wire.items() if known.get(name) != value}
    change["last_updated"] = wire["last_updated"]
    try:
        return _call(row, version, "PATCH", change)
    except CallFailed as failure:
        if failure.kind == "ocpi_error" or failure.http_status in (400, 404, 405, 501):
            return None
        raise


def _call(row: TokenPush, version: Version, method: str, body: dict[str, Any]) -> Reply:
    path = (settings.OCPI_COUNTRY_CODE, settings.OCPI_PARTY_ID, row.token.uid)
    named = version.token_type_in_query and row.token.type != Token.Type.RFID
    return functional(
        row.partner,
        method,
        "tokens",
        RECEIVER,
        *path,
        params={"type": row.token.type} if named else None,
        body=body,
        kind="token" if method == "PUT" else "",
        to=hub_of(row.partner),
    )


def _put_off(row: TokenPush, until: datetime, failure: CallFailed) -> None:
    """Try again later, each time with a longer pause, until the partner has the newest state."""
    text = failure.in_full
    if failure.kind == "busy":  # nobody was asked
        _finish(row, until, timezone.now() + BUSY_WAIT, error=text)
        return
    tries = row.tries + 1
    wait = growing_pause(tries, FIRST_WAIT, LONGEST_WAIT)
    _finish(row, until, timezone.now() + wait, error=text, tries=tries, message_id=failure.message_id)


def _finish(row: TokenPush, until: datetime, next_check_at: datetime | None, **values: Any) -> None:
    """Write what came of it under the lease. What changed meanwhile makes the row due at once."""
    with transaction.atomic():
        held = TokenPush.objects.select_for_update().filter(pk=row.pk, next_check_at=until).first()
        if held is None:
            return
        if held.wanted > row.token.last_updated:
            next_check_at = timezone.now()
        TokenPush.objects.filter(pk=row.pk).update(next_check_at=next_check_at, held=False, **values)
