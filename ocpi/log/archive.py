"""Where a day of messages goes before it is dropped: a compressed file for each, in `MESSAGE_ARCHIVE`.

A line is a message, as JSON with the names of the columns, in the order of ids.
"""

import gzip
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import connection

log = structlog.get_logger(__name__)


def folder() -> Path | None:
    """Where archived days are; None where none are kept."""
    return Path(settings.MESSAGE_ARCHIVE) if settings.MESSAGE_ARCHIVE else None


def file_of(name: str) -> Path | None:
    """The file of a partition."""
    place = folder()
    return place / f"{name}.jsonl.gz" if place else None


def keep(name: str) -> bool:
    """Write a partition to its file, whole or not at all; return whether it may be dropped.

    Written under another name first, and flushed to the disk: a file that is there is complete.
    """
    file = file_of(name)
    if file is None or file.exists():
        return True
    unfinished = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.open("wb") as raw:
            with gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6, mtime=0) as packed:
                for block in _lines(name):
                    packed.write(block)
            raw.flush()
            os.fsync(raw.fileno())
        unfinished.replace(file)
    except OSError:
        log.exception("messages_not_archived", partition=name)
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        return False
    return True


def _lines(name: str) -> Iterator[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT row_to_json(m)::text FROM {name} m ORDER BY id")
        while rows := cursor.fetchmany(500):
            yield "".join(f"{text}\n" for (text,) in rows).encode()


def find(name: str, message_id: int) -> dict[str, Any] | None:
    """A message of an archived partition; None where it is not there."""
    file = file_of(name)
    if file is None or not file.exists():
        return None
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(f'{{"id":{message_id},'):
                found: dict[str, Any] = json.loads(line)
                return found
    return None
