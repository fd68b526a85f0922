"""The message log by days, on PostgreSQL: partitions are made ahead, and dropped whole, which gives the disk back.

A message's id says its day: those of a day begin at a number that is made of it, and the sequence is moved there when
the day begins. So a row is found by its id in one partition, and what is late by a minute stands with the day before.
Where the sequence was not moved, ids go on in the day before; where a partition is missing, rows go to `REST`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta

import structlog
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from psycopg.errors import LockNotAvailable

from ocpi.log import archive
from ocpi.models import Message
from partners.ground.rows import run

log = structlog.get_logger(__name__)
TABLE = Message._meta.db_table
SEQUENCE, BEFORE, REST = f"{TABLE}_id_seq", f"{TABLE}_before", f"{TABLE}_rest"
FIRST_DAY, IDS_A_DAY = date(2026, 1, 1), 10**9
AHEAD = 7
LOCK_MS = 500
GRACE = timedelta(days=3)
"""A day's partition may have rows of the day after, and is kept a day longer then."""
ONE_AT_A_TIME = 7_305_160_244
"""The key of the lock under which partitions are made and dropped: any number that nobody else uses."""


def are_used() -> bool:
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


def first_id(day: date) -> int:
    """The id with which a day begins."""
    return (day - FIRST_DAY).days * IDS_A_DAY


def day_of(message_id: int) -> date:
    """The day whose partition a message is in, unless it is older than partitions."""
    return FIRST_DAY + timedelta(days=message_id // IDS_A_DAY)


def name_of(day: date) -> str:
    return f"{TABLE}_{day:%Y%m%d}"


def there() -> set[str]:
    """The names of the partitions."""
    statement = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass"
    return {row[0] for row in run(statement, [TABLE])}


def begin_day(now: datetime) -> list[str]:
    """Have partitions for today and the days to come, and let ids be of today; return which were made.

    Safe at any time, by any number of workers at once. What cannot be locked at once is left to the next time.
    """
    today, known, made = now.astimezone(UTC).date(), there(), list[str]()
    earliest = min((day for name in known if (day := _day_in(name))), default=today)
    for day in (today + timedelta(days=number) for number in range(AHEAD + 1)):
        if name_of(day) not in known and day >= earliest and _add(day):
            made.append(name_of(day))
    if today >= earliest and name_of(today) in known | set(made):
        start = first_id(today)
        run(f"SELECT setval('{SEQUENCE}', %s) FROM {SEQUENCE} WHERE last_value < %s", [start, start])
    if lost := missing(now, there()):
        log.error("message_partitions_missing", partitions=lost)
    return made


def missing(now: datetime, known: set[str]) -> list[str]:
    """Which of the partitions of today and tomorrow are not among the known: rows go where they cannot be dropped."""
    today = now.astimezone(UTC).date()
    return [name for number in (0, 1) if (name := name_of(today + timedelta(days=number))) not in known]


def _add(day: date) -> bool:
    name, until = name_of(day), day + timedelta(days=1)
    kept = "INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION"
    with _changing() as may:
        if not may or name in there():
            return False
        run(f"CREATE TABLE {name} (LIKE {TABLE} {kept}) WITH (fillfactor = 50)", [])
        bounds = f"FROM ({first_id(day)}) TO ({first_id(until)})"
        run(f"ALTER TABLE {TABLE} ATTACH PARTITION {name} FOR VALUES {bounds}", [])
        return True
    return False


@contextmanager
def _changing() -> Iterator[bool]:
    """A transaction in which partitions may be changed, if nobody else is at it; given up where a lock is not free."""
    try:
        with transaction.atomic():
            run(f"SET LOCAL lock_timeout = {LOCK_MS}", [])
            yield bool(run("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])[0][0])
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        log.warning("message_partitions_locked")


def drop_old(now: datetime) -> list[str]:
    """Drop the partitions of days that are older than `OCPI_MESSAGE_DAYS`, oldest first; return their names.

    Each is written to the archive before, where there is one: what could not be written stays.
    """
    oldest_kept = now - timedelta(days=settings.OCPI_MESSAGE_DAYS)
    return [name for name in sorted(there()) if _is_past(name, oldest_kept) and _drop(name)]


def delete_old(now: datetime, limit: int = 1000) -> int:
    """Delete up to `limit` rows that are past their time by a day and are in no day's partition; return how many.

    Small bites, to be called until it returns 0: one long DELETE would hold up vacuum and every index. A day is dropped
    whole or stays whole: what could not be archived is deleted by nobody.
    """
    oldest_kept, done = now - timedelta(days=settings.OCPI_MESSAGE_DAYS + 1), 0
    for name in sorted({BEFORE, REST} & there()):
        found = f"SELECT id FROM {name} WHERE at < %s ORDER BY at LIMIT %s"
        gone = f"DELETE FROM {name} WHERE id IN ({found}) RETURNING id"
        done += len(run(gone, [oldest_kept, limit - done])) if done < limit else 0
    return done


def left_behind(now: datetime, known: set[str]) -> list[str]:
    """Which of the known partitions should have been dropped some days ago."""
    until = (now - timedelta(days=settings.OCPI_MESSAGE_DAYS) - GRACE).astimezone(UTC).date()
    return sorted(name for name in known if (day := _day_in(name)) and day < until)


def _day_in(name: str) -> date | None:
    """The day in a partition's name."""
    end = name.removeprefix(f"{TABLE}_")
    return datetime.strptime(end, "%Y%m%d").replace(tzinfo=UTC).date() if end.isdigit() else None


def _is_past(name: str, oldest_kept: datetime) -> bool:
    """Whether all of a partition is past its time; of what was there before partitions, when nothing is left of it."""
    if name == BEFORE:
        return not run(f"SELECT 1 FROM {BEFORE} LIMIT 1", [])
    day = _day_in(name)
    if day is None or day + timedelta(days=1) > oldest_kept.astimezone(UTC).date():
        return False
    [(newest,)] = run(f"SELECT max(at) FROM {name}", [])
    return newest is None or newest < oldest_kept


def _drop(name: str) -> bool:
    if name != BEFORE and not archive.keep(name):
        return False
    with _changing() as may:
        if may:
            run(f"ALTER TABLE {TABLE} DETACH PARTITION {name}", [])
            run(f"DROP TABLE {name}", [])
        return may
    return False
