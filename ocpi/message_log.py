"""The message log: each exchange is written when it begins and completed when it ends.

    record = open_message(direction="in", method="PUT", url="/ocpi/emsp/2.2.1/sessions/SK/ION/1", headers=...,
    body=...) record.finish(http_status=200, ocpi_status=1000, headers=..., body=..., partner=partner)

The first statement runs by itself, outside the transaction that handles the message, so that no failure there
loses it. What is kept is masked (`ocpi.masking`).
"""

import json
import time
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone

from ocpi.masking import masked_body, masked_headers, storable_text
from ocpi.models import Message
from ocpi.versions.results import Fault, Lenience
from partners.models import Partner
from partners.rows import Table, execute, soon

log = structlog.get_logger(__name__)

INBOUND = Message.Direction.INBOUND.value
OUTBOUND = Message.Direction.OUTBOUND.value
MOST_NOTES = 100
LONGEST_NOTE = 500
MESSAGES = Table(Message)
COMPLETE = (
    f"UPDATE {MESSAGES.name} SET http_status = %s, ocpi_status = %s, response_headers = %s, response_body = %s,"  # noqa: S608
    " duration_ms = %s, error = %s, leniences = %s, faults = %s, objects_touched = %s,"
    " partner_id = COALESCE(%s, partner_id), version = COALESCE(%s, version), module = COALESCE(%s, module)"
    " WHERE id = %s"
)


@dataclass
class Record:
    """An exchange that is under way. `id` is None when it could not be written (outbound only)."""

    id: int | None
    started: float = field(default_factory=time.monotonic)

    def finish(
        self,
        *,
        http_status: int | None = None,
        ocpi_status: int | None = None,
        headers: Mapping[str, Any] | None = None,
        body: bytes | str = "",
        partner: Partner | None = None,
        version: str = "",
        module: str = "",
        leniences: Iterable[Lenience] = (),
        faults: Iterable[Fault] = (),
        objects: Iterable[str] = (),
        error: str = "",
    ) -> None:
        """Complete the exchange with its answer, in one statement. Never raises: the answer matters more.

        Args:
            http_status, ocpi_status: None when there is no answer, or one without an envelope.
            partner, version, module: what was learnt while handling it; what is left out stays as it was.
            objects: what it touched, for example `session:SK*ION/S-1`.
            error: why there is no answer, or what broke.
        """
        if self.id is None:
            return
        values = [
            http_status,
            ocpi_status if ocpi_status is None or 0 <= ocpi_status < 32_768 else None,
            json.dumps(masked_headers(headers or {})),
            masked_body(body),
            round((time.monotonic() - self.started) * 1000),
            storable_text(error),
            json.dumps(_notes(leniences)),
            json.dumps(_notes(faults)),
            json.dumps([storable_text(name) for name in objects]),
            partner.pk if partner else None,
            version or None,
            module or None,
        ]
        try:
            with _guarded():
                execute(f"{COMPLETE} AND {soon()}" if soon() else COMPLETE, [*values, self.id])
        except Exception:
            log.exception("message_not_completed", message_id=self.id)


def open_message(
    *,
    direction: str,
    method: str,
    url: str,
    headers: Mapping[str, Any] | None = None,
    body: bytes | str = "",
    source_address: str = "",
    partner: Partner | None = None,
    version: str = "",
    module: str = "",
) -> Record:
    """Write an exchange that begins and return it, to be finished.

    Raises:
        DatabaseError: an inbound message could not be written; it must then not be acted upon. An outbound
        one is
            sent all the same.
    """
    given = {name.lower(): str(value) for name, value in (headers or {}).items()}
    message = Message(
        at=timezone.now(),
        partner=partner,
        direction=direction,
        version=version,
        module=module,
        method=storable_text(method)[:8],
        url=storable_text(url)[:2000],
        source_address=source_address[:45],
        request_id=storable_text(given.get("x-request-id", ""))[:64],
        correlation_id=storable_text(given.get("x-correlation-id", ""))[:64],
        request_headers=masked_headers(headers or {}),
        request_body=masked_body(body),
    )
    try:
        with _guarded():
            _insert(message)
    except Exception:
        if direction == INBOUND:
            raise
        log.exception("message_not_written", url=message.url)
    return Record(message.pk)


def _insert(message: Message) -> None:
    """Write the row. The first statement of a request finds out by itself whether its connection still lives.

    So it takes the place of Django's health check, which would be one statement more for every message.
    """
    database: Any = connection
    if database.in_atomic_block or database.connection is None or database.health_check_done:
        MESSAGES.insert(message, soon())
        return
    database.health_check_done = True
    try:
        MESSAGES.insert(message, soon())
    except (OperationalError, InterfaceError):
        database.close()
        MESSAGES.insert(message, soon())


def _guarded() -> AbstractContextManager[Any]:
    """Keep a failure in here from spoiling a transaction around it; outside of one there is nothing to spoil."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()


def _notes(notes: Iterable[Lenience | Fault]) -> list[dict[str, str]]:
    """The first hundred notes as JSON, without the values themselves: those are in the body."""
    shown = []
    for note, _ in zip(notes, range(MOST_NOTES), strict=False):
        texts = {name: str(value) for name, value in vars(note).items() if name != "value"}
        shown.append({name: storable_text(text)[:LONGEST_NOTE] for name, text in texts.items()})
    return shown


def delete_old(limit: int = 1000) -> int:
    """Delete up to `limit` messages older than `OCPI_MESSAGE_DAYS`, oldest first; return how many.

    Small bites, to be called until it returns 0: one long DELETE would hold up vacuum and every index.
    """
    oldest_kept = timezone.now() - timedelta(days=settings.OCPI_MESSAGE_DAYS)
    ids = list(Message.objects.filter(at__lt=oldest_kept).order_by("at").values_list("pk", flat=True)[:limit])
    return Message.objects.filter(pk__in=ids).delete()[0] if ids else 0
