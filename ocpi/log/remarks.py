"""What is found in a partner's answer, added to its exchange: that was logged before the answer was read."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import structlog
from django.db import connection, transaction

from ocpi.log.masking import storable_text
from ocpi.log.message_log import MOST_NOTES, texts_of
from ocpi.models import Message
from ocpi.versions import Fault, Lenience

log = structlog.get_logger(__name__)


def remark(
    message_id: int | None,
    *,
    leniences: Iterable[Lenience] = (),
    faults: Iterable[Fault] = (),
    objects: Iterable[str] = (),
) -> None:
    """Add notes to an exchange; a clean one costs no statement. Never raises: they are only notes.

    Paths are relative to `data` of the answer; in a list `[3].coordinates`.
    """
    said: dict[str, list[Any]] = {
        "leniences": [texts_of(one) for one in leniences],
        "faults": [texts_of(one) for one in faults],
        "objects_touched": [storable_text(name) for name in objects],
    }
    if message_id is None or not any(said.values()):
        return
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            _add(message_id, said)
    except Exception:
        log.exception("remark_not_kept", message_id=message_id)


def _add(message_id: int, said: dict[str, list[Any]]) -> None:
    rows = Message.objects.filter(pk=message_id)
    known = rows.values(*said).first()
    if known is not None:
        rows.update(**{name: [*known[name], *more][:MOST_NOTES] for name, more in said.items() if more})
