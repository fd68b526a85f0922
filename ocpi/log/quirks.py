"""Counting how each partner departs from the specification, so that staff can tell it once and precisely."""

from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import structlog
from django.db import connection, transaction
from django.utils import timezone

from ocpi.log.masking import storable_text
from ocpi.log.remarks import remark
from ocpi.models import PartnerQuirk
from ocpi.versions import Lenience
from partners.models import Partner

log = structlog.get_logger(__name__)
LONGEST_KIND, LONGEST_EXAMPLE = 40, 500
COLUMNS = "partner_id, version, module, kind, count, first_seen, last_seen, last_message_id, example"  # in this order


def note(
    partner: Partner,
    version: str,
    module: str,
    leniences: Iterable[Lenience],
    message_id: int | None = None,
    *,
    logged: bool = False,
) -> None:
    """Count the kinds of lenience that one message needed, in one statement. Never raises: it is only a note.

    `logged`: the message has them already. An answer to us was logged before anybody read it: it gets them here.
    """
    leniences = tuple(leniences)
    kinds = {one.kind[:LONGEST_KIND]: _example(one) for one in leniences}
    if not kinds:
        return
    if not logged:
        remark(message_id, leniences=leniences)
    try:
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            _count(partner.pk, version, module, kinds, message_id)
    except Exception:
        log.exception("quirks_not_counted", partner=partner.pk, kinds=sorted(kinds))


def _example(lenience: Lenience) -> str:
    text = f"{lenience.path}: {lenience.detail}" if lenience.path else lenience.detail
    return storable_text(text)[:LONGEST_EXAMPLE]


def _count(partner_id: int, version: str, module: str, kinds: dict[str, str], message_id: int | None) -> None:
    """Add one to each kind. In the order of their names: two messages at once never wait for each other crosswise."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    values: list[Any] = []
    for kind, example in sorted(kinds.items()):
        values += [partner_id, version, module, kind, 1, now, now, message_id, example]
    table = connection.ops.quote_name(PartnerQuirk._meta.db_table)
    one_row = "(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
    statement = (
        f"INSERT INTO {table} ({COLUMNS}) VALUES {', '.join([one_row] * len(kinds))}"
        " ON CONFLICT (partner_id, version, module, kind) DO UPDATE SET"
        f" count = {table}.count + 1, last_seen = excluded.last_seen,"
        " last_message_id = excluded.last_message_id, example = excluded.example"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
