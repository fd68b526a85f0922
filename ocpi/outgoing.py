"""Sending what `Outgoing` rows hold: written first, sent by a worker, never by two of them.

A module says how its rows are sent:

    @sends(ProfileRequest)
    def _send(row: ProfileRequest, version: Version) -> Sent: ...

What is not repeatable is sent once, unless it provably never arrived and somebody asks for it again. What is
repeatable is sent until the partner has it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.apps import apps
from django.conf import settings
from django.utils import timezone

from ocpi import quirks
from ocpi.client import CallFailed, Reply
from ocpi.client.remote import version_in_use
from ocpi.enqueue import enqueue, enqueue_after_commit
from ocpi.models.outgoing import Outgoing
from ocpi.store.base import NotFound
from ocpi.versions import VERSIONS, Invalid, Lenience, Version
from partners.deadlines import claim_due, is_free
from partners.models import Partner

log = structlog.get_logger(__name__)
State = Outgoing.State
Row = TypeVar("Row", bound=Outgoing)
SEND_TASK = "ocpi.tasks.push_outgoing"
LONGEST_TEXT = 512
QUEUE_LEASE = timedelta(seconds=30)
MARGIN = timedelta(seconds=30)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 50  # two days
BATCH = 100


class Unsupported(Exception):
    """The partner's version of OCPI has no such thing, or the partner does not offer it."""


@dataclass(frozen=True)
class Sent:
    """What the partner of a module answered. `values` are further columns of the row."""

    module: str
    reply: Reply
    response: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    leniences: tuple[Lenience, ...] = ()


_SENDERS: dict[type[Outgoing], Callable[[Any, Version], Sent]] = {}


def sends(model: type[Row]) -> Callable[[Callable[[Row, Version], Sent]], Callable[[Row, Version], Sent]]:
    """Register the function that makes the call for a model's rows."""

    def register(function: Callable[[Row, Version], Sent]) -> Callable[[Row, Version], Sent]:
        _SENDERS[model] = function
        return function

    return register


@contextmanager
def reading(reply: Reply) -> Iterator[None]:
    """Around taking over an answer: one that cannot be read is no refusal, the request may have been carried out."""
    try:
        yield
    except (Invalid, NotFound) as error:
        advice = "Ask them to look up the request in their logs; the message log has both bodies."
        text = f"their answer cannot be read: {error}"
        raise CallFailed("unreadable", text, advice=advice, message_id=reply.message_id) from error


def version_with(partner: Partner, kind: str) -> Version:
    """Return the version in use, if it has objects of this kind.

    Raises:
        Unsupported
    """
    version = VERSIONS.get(partner.version)
    if version is None:
        raise Unsupported(f"{partner.name} is not connected yet.")
    if kind not in version.models:
        raise Unsupported(f"OCPI {version.number}, which {partner.name} speaks, has no {kind.replace('_', ' ')}.")
    return version


def queue(row: Outgoing) -> None:
    """Have a new row sent, once the current transaction is committed."""
    type(row)._base_manager.filter(pk=row.pk).update(next_check_at=timezone.now())
    enqueue_after_commit(SEND_TASK, row._meta.label, str(row.pk))


def hand_out_due(now: datetime) -> int:
    """Hand out rows whose time has come; return how many."""
    count = 0
    for model in _SENDERS:
        due = claim_due(model, now=now, lease=QUEUE_LEASE, limit=BATCH)
        for pk in due:
            enqueue(SEND_TASK, model._meta.label, str(pk), (now + QUEUE_LEASE).isoformat())
        count += len(due)
    return count


def send_labelled(label: str, pk: str, held: datetime | None = None) -> None:
    """Send the row of the model with this label."""
    model: Any = apps.get_model(label)
    send(model, pk, held)


def send(model: type[Outgoing], pk: Any, held: datetime | None = None) -> None:
    """Send a due row and record what came of it. Does nothing where another worker has it, or it is done."""
    now = timezone.now()
    until = now + timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + MARGIN
    free = is_free(now, held)
    rows: Any = model._base_manager.filter(pk=pk)
    row = rows.filter(free).select_related("partner").first()
    if row is None or not rows.filter(free, state=row.state).update(
        state=State.SENDING, next_check_at=until, sent_at=now, tries=row.tries + 1, failure="", message_id=None
    ):
        return
    lost = row.state == State.SENDING
    row.tries += 1
    values = _lost() if lost and not row.repeatable else _outcome(model, row)
    rows.filter(state=State.SENDING, next_check_at=until).update(**values)


def _outcome(model: type[Outgoing], row: Any) -> dict[str, Any]:
    """Make the call; return the columns that say what came of it."""
    try:
        version = version_in_use(row.partner)
        row.version = version.number
        # The URL of a callback depends on it, and the callback may come before the answer.
        model._base_manager.filter(pk=row.pk).update(version=version.number)
        sent = _SENDERS[model](row, version)
    except (Invalid, Unsupported) as error:
        return {"state": State.UNDELIVERED, "failure": str(error)[:LONGEST_TEXT], "next_check_at": None}
    except CallFailed as failure:
        return _failed(row, failure)
    quirks.note(row.partner, version.number, sent.module, sent.leniences, sent.reply.message_id)
    return {
        "state": State.ANSWERED,
        "response": sent.response,
        "message_id": sent.reply.message_id,
        "answered_at": timezone.now(),
        "next_check_at": None,
        **sent.values,
    }


def refused(failure: CallFailed) -> bool:
    """Their server read the request and says no. A timeout of theirs or of a proxy (HTTP 408) says nothing."""
    if failure.kind == "http_error":
        status = failure.http_status or 0
        return 400 <= status < 500 and status != 408
    return failure.kind == "ocpi_error"


def _failed(row: Any, failure: CallFailed) -> dict[str, Any]:
    text = failure.in_full
    values = {"failure": text[:LONGEST_TEXT], "message_id": failure.message_id, "next_check_at": None}
    if refused(failure) and not row.repeatable:
        return values | {"state": State.ANSWERED, "response": "REFUSED", "answered_at": timezone.now()}
    state = State.UNANSWERED if failure.might_have_arrived else State.UNDELIVERED
    if row.repeatable and row.tries < MOST_TRIES:
        wait = min(FIRST_WAIT * 2 ** min(row.tries - 1, 10), LONGEST_WAIT)
        values["next_check_at"] = timezone.now() + wait
    return values | {"state": state}


def _lost() -> dict[str, Any]:
    text = "The worker that sent it ended before the answer was kept. It may have arrived."
    return {"state": State.UNANSWERED, "failure": text, "next_check_at": None}
