"""Pushes that were received and are not in the message log yet: in a file, which outlives the process.

The log is written with the push itself, in one commit. What a process had taken before it died is known all the same:
each thread has an append-only file, locked as long as the thread lives, in which a push stands from before it is
trusted until it is written or left to its view. `recover` makes rows of what dead ones left.
"""

import fcntl
import json
import os
import secrets
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import DataError, IntegrityError
from django.utils.dateparse import parse_datetime

from ocpi.models import Message
from ocpi.server.push.arrival import Arrival
from partners.ground.rows import dump
from partners.models import IssuedToken

log = structlog.get_logger(__name__)
NOT_ANSWERED = "Not answered: the process that had received it ended before it was stored."
SUFFIX, ASIDE = ".jsonl", ".unreadable"
UNFIT = (TypeError, ValueError, LookupError, AttributeError, DataError, IntegrityError)
"""What a line raises of which no row can be made: a process of another release may have left it."""


class Spool:
    """The file of one thread."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.file = _open(path)
        weakref.finalize(self, _close, self.file, path)

    @contextmanager
    def keep(self, arrivals: Sequence[Arrival]) -> Iterator[None]:
        """Have some pushes in the file for as long as the block takes; raises OSError."""
        lines = "".join(f"{dump([{'digest': one.digest, **one.logged}])}\n" for one in arrivals)
        try:
            _write(self.file, lines.encode())
            yield
        finally:
            os.ftruncate(self.file, 0)


def _write(file: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def _open(path: Path) -> int:
    """Open a new file and lock it. Who tidies up may have found it before it was locked: then it is made again."""
    while True:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if os.fstat(file).st_nlink:
            return file
        os.close(file)


def _close(file: int, path: Path) -> None:
    """Remove the file, unless a push stands in it: a process that ends does not wait for the thread that has it."""
    if not os.fstat(file).st_size:
        path.unlink(missing_ok=True)
    os.close(file)


_mine = threading.local()


def of_this_thread() -> Spool:
    """The file of the calling thread; raises OSError where there can be none."""
    known: Spool | None = getattr(_mine, "spool", None)
    if known is None:
        known = _mine.spool = Spool(Path(settings.SPOOL_DIR))
    return known


def recover() -> int:
    """Make rows of the message log of what processes left that died; return how many.

    Raises:
        DatabaseError: not now; what was not made a row of is still there.
    """
    folder, count = Path(settings.SPOOL_DIR), 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            count += _recover(path)
        except FileNotFoundError:
            continue  # somebody else did it
        except OSError as error:
            log.warning("spool_not_readable", file=path.name, error=str(error))
    return count


def _recover(path: Path) -> int:
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        made, kept_aside = 0, False
        for line in path.read_bytes().splitlines():
            try:
                made += _keep(line)
            except UNFIT as error:
                log.warning("spool_line_is_no_row", file=path.name, error=repr(error))
                kept_aside = True
        if kept_aside:
            path.rename(path.with_suffix(ASIDE))
        else:
            path.unlink()
    except BlockingIOError:  # it has an owner that lives
        return 0
    finally:
        os.close(file)
    return made


def _keep(line: bytes) -> bool:
    """Put one line into the message log, unless it is there: the process may have died just after its commit."""
    try:
        read = json.loads(line)
    except ValueError:  # it died while it wrote this line
        log.warning("spool_line_unreadable", length=len(line))
        return False
    [values] = read
    row = _row(values)
    if Message.objects.filter(at=row.at, method=row.method, url=row.url).exists():
        return False
    row.save(force_insert=True)
    return True


def _row(values: dict[str, Any]) -> Message:
    token = IssuedToken.objects.filter(digest=values.pop("digest")).first()
    values["partner_id"] = token.partner_id if token else None
    return Message(**{**values, "at": parse_datetime(values["at"]), "error": NOT_ANSWERED})
