"""The message log: each exchange is written when it begins and completed when it ends.

    record = open_message(Exchange(INBOUND, "PUT", "/ocpi/emsp/2.2.1/sessions/SK/ION/1", headers=..., body=...))
    record.finish(Outcome(http_status=200, ocpi_status=1000, headers=..., body=..., partner=partner))

The first statement runs by itself, outside the transaction that handles the message, so that no failure there
loses it. What is kept is masked (`ocpi.log.masking`).
"""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections, transaction
from django.utils import timezone

from ocpi.log import searching
from ocpi.log.masking import mask_body, mask_headers, mask_urls, storable_text
from ocpi.models import Message
from ocpi.models.message import ended_badly
from ocpi.versions.results import Fault, Lenience
from partners.ground import counting
from partners.ground.rows import Table, run, soon
from partners.models import Partner
from partners.tokens import Found, Lookup, found_columns, found_id, found_in

log = structlog.get_logger(__name__)

INBOUND = Message.Direction.INBOUND.value
OUTBOUND = Message.Direction.OUTBOUND.value
MOST_NOTES = 100
LONGEST_NOTE = 500
KEPT_OF_STRANGERS, WHOLE = 1024, 2**31 - 1
"""Characters of a body that are kept of whoever has no valid token."""
BEGUN = (
    *("at", "partner_id", "direction", "version", "module", "method", "url", "source_address"),
    *("request_id", "correlation_id", "subject", "request_headers", "request_body"),
)
"""What is known when an exchange begins, in the order of the values."""
ENDED = (
    *("http_status", "ocpi_status", "response_headers", "response_body", "duration_ms", "error"),
    *("leniences", "faults", "objects_touched", "failed"),
)
"""What is known when it ends."""
OF_JSON = ("request_headers", "response_headers", "leniences", "faults", "objects_touched")
MESSAGES = Table(Message)
COMPLETE = (
    f"UPDATE {MESSAGES.name} SET {', '.join(f'{name} = %s' for name in ENDED)},"
    " subject = CASE WHEN subject = '' THEN %s ELSE subject END,"
    " partner_id = COALESCE(%s, partner_id), entrance_id = COALESCE(%s, entrance_id)"
    " WHERE id = %s"
)


@dataclass(slots=True)
class Exchange:
    """What is known of an exchange when it begins.

    Args:
        subject: what its URL is about (`ocpi.log.searching`).
        at: when it began; now, if it is not given.
    """

    direction: str
    method: str
    url: str
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | str = ""
    source_address: str = ""
    partner: Partner | None = None
    version: str = ""
    module: str = ""
    subject: str = ""
    at: datetime | None = None


@dataclass(slots=True)
class Outcome:
    """What came of an exchange.

    Args:
        http_status, ocpi_status: None when there is no answer, or one without an envelope.
        partner: who turned out to call; None where that is as it was.
        entrance: whose host was called without its token.
        objects: what it touched, for example `session:SK*ION/S-1`.
        error: why there is no answer, or what broke.
    """

    http_status: int | None = None
    ocpi_status: int | None = None
    headers: Mapping[str, Any] = field(default_factory=dict)
    body: bytes | str = ""
    partner: Partner | None = None
    entrance: Partner | None = None
    leniences: Iterable[Lenience] = ()
    faults: Iterable[Fault] = ()
    objects: Iterable[str] = ()
    error: str = ""


@dataclass
class Record:
    """An exchange that is under way.

    Args:
        id: None when it could not be written (outbound only).
        found: what the token named that the request carries, where it was looked up.
    """

    id: int | None
    started: float = field(default_factory=time.monotonic)
    found: Found | None = None
    exchange: Exchange | None = None

    def finish(self, outcome: Outcome) -> None:
        """Complete the exchange, in one statement. Never raises: the answer matters more."""
        self._count(outcome)
        if self.id is None:
            return
        values = ended(outcome, self.started)
        params = [
            *_in_order(values, ENDED),
            searching.subject_of_objects(values["objects_touched"]),
            outcome.partner.pk if outcome.partner else None,
            outcome.entrance.pk if outcome.entrance else None,
        ]
        try:
            with _guard_transaction():
                run(f"{COMPLETE} AND {soon()}", [*params, self.id])
        except Exception:
            log.exception("message_not_completed", message_id=self.id)

    def _count(self, outcome: Outcome) -> None:
        begun = self.exchange
        if begun is not None:
            partner = outcome.partner or begun.partner
            seconds = time.monotonic() - self.started
            counting.count_message(
                begun.direction, partner.code if partner else "", begun.module, outcome.http_status, seconds
            )


def open_message(exchange: Exchange, lookup: Lookup | None = None) -> Record:
    """Write an exchange that begins and return it, to be finished.

    `lookup` finds the caller's token along with it: the record then has what was found.

    Raises:
        DatabaseError: an inbound message could not be written; it must then not be acted upon. An outbound one is sent
            all the same.
    """
    values = _in_order(begun(exchange), BEGUN)
    try:
        with _guard_transaction():
            record = _write(values, lookup)
    except Exception:
        if exchange.direction == INBOUND:
            raise
        log.exception("message_not_written", url=exchange.url)
        record = Record(None)
    record.exchange = exchange
    return record


def begun(exchange: Exchange) -> dict[str, Any]:
    """The columns of a row that are known when an exchange begins, masked."""
    given = {name.lower(): str(value) for name, value in exchange.headers.items()}
    return {
        "at": exchange.at or timezone.now(),
        "partner_id": exchange.partner.pk if exchange.partner else None,
        "direction": exchange.direction,
        "version": exchange.version,
        "module": exchange.module,
        "method": storable_text(exchange.method)[:8],
        "url": mask_urls(storable_text(exchange.url))[:2000],
        "source_address": exchange.source_address[:45],
        "request_id": storable_text(given.get("x-request-id", ""))[:64],
        "correlation_id": storable_text(given.get("x-correlation-id", ""))[:64],
        "subject": storable_text(exchange.subject)[: searching.LONGEST],
        "request_headers": mask_headers(exchange.headers),
        "request_body": mask_body(exchange.body),
    }


def ended(outcome: Outcome, started: float) -> dict[str, Any]:
    """Those that are known when it ends. `started`: by the monotonic clock."""
    status = outcome.ocpi_status
    return {
        "http_status": outcome.http_status,
        "ocpi_status": status if status is None or 0 <= status < 32_768 else None,
        "response_headers": mask_headers(outcome.headers),
        "response_body": mask_body(outcome.body),
        "duration_ms": round((time.monotonic() - started) * 1000),
        "error": mask_urls(storable_text(outcome.error)),
        "leniences": _notes(outcome.leniences),
        "faults": _notes(outcome.faults),
        "objects_touched": [storable_text(name) for name in outcome.objects],
        "failed": ended_badly(outcome.http_status, status, outcome.error),
    }


def _in_order(values: Mapping[str, Any], names: Sequence[str]) -> list[Any]:
    """Values for a statement of its own."""
    return [json.dumps(values[name]) if name in OF_JSON else values[name] for name in names]


def _write(values: list[Any], lookup: Lookup | None) -> Record:
    """Write the row. The first statement of a request finds out by itself whether its connection still lives.

    So it takes the place of Django's health check, which would be one statement more for every message.
    """
    database: Any = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block or database.connection is None or database.health_check_done:
        return _insert(values, lookup)
    database.health_check_done = True
    try:
        return _insert(values, lookup)
    except (OperationalError, InterfaceError):
        database.close()
        return _insert(values, lookup)


def _insert(values: list[Any], lookup: Lookup | None) -> Record:
    if lookup is None or connections[DEFAULT_DB_ALIAS].vendor != "postgresql":
        # SQLite writes in no part of another statement.
        found = lookup.alone() if lookup else None
        if found is None and values[2] == INBOUND:
            values = [*values[:-1], values[-1][:KEPT_OF_STRANGERS]]
        return Record(run(f"{_begin()} WHERE {soon()} RETURNING id", values)[0][0], found=found)
    statement = (
        f"WITH caller AS (SELECT {found_id()} AS partner FROM {found_in()} WHERE {lookup.condition} LIMIT 1),"
        f" logged AS ({_begin('(SELECT partner FROM caller)')} WHERE {soon()} RETURNING id)"
        f" SELECT logged.id, {found_columns()} FROM logged LEFT JOIN ({found_in()}) ON {lookup.condition}"
    )
    rows = run(statement, [*lookup.params, values[0], *values[2:], *lookup.params])
    named = [row[1:] for row in rows if row[1] is not None]
    return Record(rows[0][0], found=lookup.find_token(named))


@cache
def _begin(partner: str = "") -> str:
    """INSERT of a row as far as it is known when an exchange begins; the rest has the model's defaults.

    `partner` is an SQL expression in place of a value.
    """
    database = connections[DEFAULT_DB_ALIAS]
    fields = {one.attname: one for one in MESSAGES.fields if not one.primary_key}
    marks = [f"%s::{fields[name].db_type(database)}" if database.vendor == "postgresql" else "%s" for name in BEGUN]
    if partner:
        marks[BEGUN.index("partner_id")] = partner
        body = BEGUN.index("request_body")
        marks[body] = f"left({marks[body]}, CASE WHEN {partner} IS NULL THEN {KEPT_OF_STRANGERS} ELSE {WHOLE} END)"
    others = [name for name in fields if name not in BEGUN]
    defaults = [_literal(fields[name].get_default()) for name in others]
    columns = ", ".join(fields[name].column for name in (*BEGUN, *others))
    return f"INSERT INTO {MESSAGES.name} ({columns}) SELECT {', '.join([*marks, *defaults])}"


def _literal(default: Any) -> str:
    if default is None:
        return "NULL"
    if isinstance(default, bool):
        return "TRUE" if default else "FALSE"
    return f"'{default if isinstance(default, str) else json.dumps(default)}'"


def _guard_transaction() -> AbstractContextManager[Any]:
    """Keep a failure in here from spoiling a transaction around it; outside of one there is nothing to spoil."""
    return transaction.atomic() if connections[DEFAULT_DB_ALIAS].in_atomic_block else nullcontext()


def _notes(notes: Iterable[Lenience | Fault]) -> list[dict[str, str]]:
    """The first hundred notes, without the values themselves: those are in the body."""
    return [texts_of(note) for note, _ in zip(notes, range(MOST_NOTES), strict=False)]


def texts_of(note: Lenience | Fault) -> dict[str, str]:
    """A note as it is kept."""
    return {name: storable_text(str(value))[:LONGEST_NOTE] for name, value in vars(note).items() if name != "value"}


def header_in(headers: Mapping[str, Any], name: str) -> str:
    """A header of an exchange, however its sender wrote the name; empty where it is not there."""
    return next((str(value) for key, value in headers.items() if key.lower() == name.lower()), "")


def delete_old(limit: int = 1000) -> int:
    """Delete up to `limit` messages older than `OCPI_MESSAGE_DAYS`, oldest first; return how many.

    Small bites, to be called until it returns 0: one long DELETE would hold up everybody. Where days are partitions,
    `ocpi.log.partitions` does it.
    """
    oldest_kept = timezone.now() - timedelta(days=settings.OCPI_MESSAGE_DAYS)
    ids = list(Message.objects.filter(at__lt=oldest_kept).order_by("at").values_list("pk", flat=True)[:limit])
    return Message.objects.filter(pk__in=ids).delete()[0] if ids else 0
