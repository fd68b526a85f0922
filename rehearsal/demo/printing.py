"""What the demonstration prints: steps with their time, a timeline, a progress bar."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

BAR = 24


class Printer:
    """Readable on a terminal and in a log: a step is one line, progress redraws it only on a terminal."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.live = sys.stdout.isatty()

    def line(self, text: str = "") -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """`text ... 1.2 s`, the time when it is done."""
        started = time.monotonic()
        sys.stdout.write(f"  {text} ... ")
        sys.stdout.flush()
        try:
            yield
        except BaseException:
            self.line("failed")
            raise
        self.line(f"{time.monotonic() - started:.1f} s")

    def event(self, text: str) -> None:
        self._clear()
        self.line(f"  {time.monotonic() - self.began:6.1f} s  {text}")

    def progress(self, done: float, text: str) -> None:
        """A bar of `done` (0 to 1) with `text`, on a terminal only: in a log each would be a line."""
        if self.live:
            full = round(BAR * min(max(done, 0.0), 1.0))
            sys.stdout.write(f"\r            [{'#' * full}{'.' * (BAR - full)}] {text}\033[K")
            sys.stdout.flush()

    def _clear(self) -> None:
        if self.live:
            sys.stdout.write("\r\033[K")
