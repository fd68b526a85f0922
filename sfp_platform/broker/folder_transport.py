"""Kombu's folder transport, made safe for several processes.

Kombu 5.7 creates a message's file under its final name and fills it afterwards. A worker that looks in
between reads nothing, and that error ends it (celery/kombu#1551). Exchange files are created in the same way,
and messages reach a worker through the system's temporary folder, where a move may be a copy. Here a file
gets its name when it is complete, and messages change folders by renaming: only one worker can do that.
"""

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps, loads

SCHEME = "folder"


class Channel(filesystem.Channel):
    """A message is one file, named `{time}_{uuid}.{queue}.msg`."""

    def _put(self, queue: str, payload: dict[str, Any], **_kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        staged = Path(self.processed_folder, name)
        staged.write_text(dumps(payload))
        staged.rename(Path(self.data_folder_out, name))

    def _get(self, queue: str) -> dict[str, Any]:  # type: ignore[override]
        suffix = f"{queue}.msg"
        for name in sorted(os.listdir(self.data_folder_in)):
            if name.partition(".")[2] == suffix and (taken := self._take(name)):
                payload: dict[str, Any] = loads(taken.read_text())
                taken.unlink()
                return payload
        raise Empty

    def _take(self, name: str) -> Path | None:
        """Move the message out of the others' sight; None when another worker was faster."""
        try:
            return Path(self.data_folder_in, name).rename(Path(self.processed_folder, name))
        except FileNotFoundError:
            return None

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str | None, queue: str) -> None:
        """Bind as kombu does, to an exchange file that is there and complete."""
        file: Path = self._exchange_file(exchange)  # type: ignore[attr-defined]
        staged = file.with_name(f".{uuid.uuid4()}")
        staged.write_text("[]")
        try:
            file.hardlink_to(staged)
        except FileExistsError:
            pass
        finally:
            staged.unlink()
        super()._queue_bind(exchange, routing_key, pattern, queue)


class Transport(filesystem.Transport):
    """`folder://`, with the options of kombu's `filesystem://`."""

    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
