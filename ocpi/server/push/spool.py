"""Pushes that were received and are not in the message log yet: in a file, which outlives the process.

The log is written with the push itself, in one commit. What a process had taken before it died is known all the same:
each thread has an append-only file, locked as long as the thread lives, in which a push stands from before it is
trusted until it is stored, or answered by its view. `recover` makes rows of what dead ones left.
"""

import fcntl
import json
import os
import secrets
import threading
import weakref
from collections.abc import Sequence
from functools import partial
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
MOST = 8 * 1024 * 1024
"""Bytes after which a file is replaced by one with what still stands in it."""
SUFFIX, ASIDE = ".jsonl", ".unreadable"
UNFIT = (TypeError, ValueError, LookupError, AttributeError, DataError, IntegrityError)
"""What a line raises of which no row can be made: a process of another release may have left it."""


class Spool:
    """The file of one thread. Any thread may let go of what stands in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.lock = folder, threading.Lock()
        self.standing: dict[int, bytes] = {}
        self.count = self.size = 0
        self._begin()

    def _begin(self) -> None:
        path = self.folder / f"{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self.file = _open(path)
        self.end = weakref.finalize(self, _close, self.file, path)

    def keep(self, arrivals: Sequence[Arrival]) -> None:
        """Have some pushes in the file, each until it is let go; raises OSError, and then has none of them."""
        lines = [f"{dump([{'digest': one.digest, **one.logged}])}\n".encode() for one in arrivals]
        with self.lock:
            if self.size > MOST:
                self._renew()
            self._append(b"".join(lines))
            for one, line in zip(arrivals, lines, strict=True):
                self.count += 1
                self.standing[self.count] = line
                one.handed.let_go = partial(self._let_go, self.count)

    def _append(self, data: bytes) -> None:
        try:
            _write(self.file, data)
        except OSError:
            os.ftruncate(self.file, self.size)  # half a line would spoil the next one
            raise
        self.size += len(data)

    def _let_go(self, number: int) -> None:
        """Lines of which nobody cares any more do no harm, as they are in the message log: the last one empties it."""
        with self.lock:
            self.standing.pop(number, None)
            if not self.standing and self.size:
                os.ftruncate(self.file, 0)
                self.size = 0

    def _renew(self) -> None:
        """Go on in another file, with what stands: some view has been at work so long that this one grew."""
        before = self.end
        self._begin()
        self.size = 0
        self._append(b"".join(self.standing.values()))
        if found := before.detach():
            _, _, (file, path), _ = found
            path.unlink(missing_ok=True)
            os.close(file)


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
    if count:
        log.warning("pushes_not_answered", count=count, text=NOT_ANSWERED)
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
    """Tell of one line in the message log, unless it was answered: the process may have died just after its commit."""
    try:
        read = json.loads(line)
    except ValueError:  # it died while it wrote this line
        log.warning("spool_line_unreadable", length=len(line))
        return False
    [values] = read
    row = _row(values)
    known = Message.objects.filter(at=row.at, method=row.method, url=row.url)
    if known.exists():  # its view was at it
        return bool(known.filter(http_status=None, error="").update(error=NOT_ANSWERED, failed=True))
    row.save(force_insert=True)
    return True


def _row(values: dict[str, Any]) -> Message:
    token = IssuedToken.objects.filter(digest=values.pop("digest")).first()
    values["partner_id"] = token.partner_id if token else None
    return Message(**{**values, "at": parse_datetime(values["at"]), "error": NOT_ANSWERED})
