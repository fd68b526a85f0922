"""Sending what `Outgoing` rows hold: written first, sent by a worker, never by two of them (rules 1, 3 and 5).

A module says how its rows are sent:

    @sends(ProfileRequest)
    def _send(row: ProfileRequest, version: Version) -> Sent: ...

A worker takes a row (`begin` gives the columns that say so), makes the call and writes what came of it (`carry_out`).
What is not repeatable is sent once, unless it provably never arrived and somebody asks for it again. What is
repeatable is sent until the partner has it. Rows with a clock of their own (`QueuedRequest`) are queued and handed out
here; who takes a `Command`, and when, is said in `ocpi.calls.commands`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ocpi.client import CallFailed, Reply
from ocpi.client.failures import TOO_MANY_REQUESTS
from ocpi.client.remote import version_in_use
from ocpi.log import quirks
from ocpi.models.outgoing import Outgoing, QueuedRequest
from ocpi.store.base import NotFound
from ocpi.versions import VERSIONS, Invalid, Lenience, Version
from partners.ground.deadlines import growing_pause, is_free, take_lease
from partners.ground.enqueue import enqueue_after_commit, hand_out
from partners.ground.writes import update_returning
from partners.models import Partner

log = structlog.get_logger(__name__)
State = Outgoing.State
Row = TypeVar("Row", bound=Outgoing)
Columns = dict[str, Any]
SEND_TASK = "ocpi.tasks.push_outgoing"
LONGEST_TEXT = 512
LOST = "The worker that sent it ended before the answer was kept. It may have arrived."
# A timeout of theirs or of a proxy: the request may have been carried out. Who calls too often was not heard.
NO_REFUSALS = (408, TOO_MANY_REQUESTS)
# A hub's: its own fault, of whatever kind, or a timeout of what it had forwarded (OCPI 2.2.1 §5.4).
NOT_HEARD_BACK = (4000, 4002)
MARGIN = timedelta(seconds=30)
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
MOST_TRIES = 50  # two days


class Unsupported(Exception):
    """The partner's version of OCPI has no such thing, or the partner does not offer it."""


@dataclass(frozen=True)
class Sent:
    """What the partner of a module answered. `values` are further columns of the row."""

    module: str
    reply: Reply
    response: str = ""
    values: Columns = field(default_factory=dict)
    leniences: tuple[Lenience, ...] = ()


def _flat_refusal(failure: CallFailed) -> Columns:
    return {"response": "REFUSED", "failure": failure.in_full[:LONGEST_TEXT]}


def _no_delay(_failure: CallFailed) -> Columns:
    return {}


def _nobody_waits(_row: Any) -> None:
    """Most requests are only looked at."""


@dataclass(frozen=True)
class _Manner:
    """How the rows of a model are sent."""

    call: Callable[[Any, Version], Sent]
    refusal: Callable[[CallFailed], Columns]
    delay: Callable[[CallFailed], Columns]
    tell: Callable[[Any], None]


_MANNERS: dict[type[Outgoing], _Manner] = {}


def sends(
    model: type[Row],
    *,
    refusal: Callable[[CallFailed], Columns] = _flat_refusal,
    delay: Callable[[CallFailed], Columns] = _no_delay,
    tell: Callable[[Any], None] = _nobody_waits,
) -> Callable[[Callable[[Row, Version], Sent]], Callable[[Row, Version], Sent]]:
    """Register the function that makes the call for a model's rows.

    Args:
        refusal: the columns that say what a refusal says.
        delay: those that say for how long it is not to be sent again, after any other failure.
        tell: called with the row's key in the transaction that writes what came of it.
    """

    def register(function: Callable[[Row, Version], Sent]) -> Callable[[Row, Version], Sent]:
        _MANNERS[model] = _Manner(function, refusal, delay, tell)
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


def begin(row: Outgoing) -> Columns:
    """The columns of a row that is taken for sending."""
    return {
        "state": State.SENDING,
        "sent_at": timezone.now(),
        "tries": row.tries + 1,
        "failure": "",
        "message_id": None,
        # A callback's URL and the reading of its result depend on it, whatever is agreed on later; and the callback may
        # come before the answer.
        "version": row.partner.version or row.version,
    }


def carry_out(row: Outgoing, mine: "QuerySet[Any]") -> None:
    """Make the call for a row that was taken; write what came of it, where `mine` still finds the row."""
    record(row, mine, _outcome(row))


def lose(row: Outgoing, mine: "QuerySet[Any]") -> bool:
    """Give up a row whose worker died while it sent: it may have arrived, so it is never sent again (rule 5)."""
    return record(row, mine, {"state": State.UNANSWERED, "failure": LOST})


def record(row: Outgoing, mine: "QuerySet[Any]", values: Columns) -> bool:
    """Write what came of sending, and pass it on in the same transaction; False where `mine` finds no row."""
    if isinstance(row, QueuedRequest):
        values = {"next_check_at": None, **values}
    with transaction.atomic():
        written = update_returning(mine, **values)
        for one in written:
            _MANNERS[type(row)].tell(one)
    return bool(written)


def _outcome(row: Outgoing) -> Columns:
    """Make the call; return the columns that say what came of it."""
    try:
        version = version_in_use(row.partner)
        sent = _MANNERS[type(row)].call(row, version)
    except (Invalid, Unsupported) as error:
        return {"state": State.UNDELIVERED, "failure": str(error)[:LONGEST_TEXT]}
    except CallFailed as failure:
        return _failure_columns(row, failure)
    quirks.note(row.partner, version.number, sent.module, sent.leniences, sent.reply.message_id)
    return {
        "state": State.ANSWERED,
        "response": sent.response,
        "failure": "",
        "message_id": sent.reply.message_id,
        "answered_at": timezone.now(),
        **sent.values,
    }


def _failure_columns(row: Outgoing, failure: CallFailed) -> Columns:
    """Refused, never arrived, or nobody knows (rules 3 and 5)."""
    if is_refusal(failure) and not row.repeatable:
        return {
            "state": State.ANSWERED,
            "failure": "",
            "message_id": failure.message_id,
            "answered_at": timezone.now(),
            **_MANNERS[type(row)].refusal(failure),
        }
    state = State.UNANSWERED if failure.might_have_arrived else State.UNDELIVERED
    values: Columns = {"state": state, "failure": failure.in_full[:LONGEST_TEXT], "message_id": failure.message_id}
    values |= _MANNERS[type(row)].delay(failure)
    if row.repeatable and row.tries < MOST_TRIES:
        wait = growing_pause(row.tries, FIRST_WAIT, LONGEST_WAIT)
        values["next_check_at"] = timezone.now() + wait
    return values


def is_refusal(failure: CallFailed) -> bool:
    """Their server read the request and says no: status code 2xxx or 3xxx, or HTTP 4xx; a hub, that it did not deliver
    it. A hub that did not hear back does not say so, nor does a status code that OCPI does not have."""
    if failure.status_code in NOT_HEARD_BACK:
        return False
    if failure.kind == "http_error":
        status = failure.http_status or 0
        return 400 <= status < 500 and status not in NO_REFUSALS
    return failure.kind == "ocpi_error" and 2000 <= (failure.status_code or 0) < 5000


def queue(row: QueuedRequest) -> None:
    """Have a new row sent, once the current transaction is committed."""
    type(row)._base_manager.filter(pk=row.pk).update(next_check_at=timezone.now())
    enqueue_after_commit(SEND_TASK, row._meta.label, str(row.pk))


def queued_models() -> list[type[QueuedRequest]]:
    """The models whose rows wait for their time."""
    return [model for model in _MANNERS if issubclass(model, QueuedRequest)]


def hand_out_due() -> int:
    """Hand out rows whose time has come; return how many."""
    return sum(hand_out(model, SEND_TASK, model._meta.label) for model in queued_models())


def send_labelled(label: str, pk: str, held: datetime | None = None) -> None:
    """Send the row of the model with this label."""
    model: Any = apps.get_model(label)
    send(model, pk, held)


def send(model: type[QueuedRequest], pk: Any, held: datetime | None = None) -> None:
    """Send a due row and record what came of it. Does nothing where another worker has it, or it is done."""
    lease = timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + MARGIN
    rows: Any = model._base_manager.filter(pk=pk)
    row = rows.filter(is_free(timezone.now(), held)).select_related("partner").first()
    if row is None:
        return
    values = begin(row)
    until = take_lease(rows.filter(state=row.state), lease, held, **values)
    if until is None:
        return
    mine = rows.filter(state=State.SENDING, next_check_at=until)
    if row.state == State.SENDING and not row.repeatable:
        lose(row, mine)
        return
    row.tries, row.version = values["tries"], values["version"]
    carry_out(row, mine)
