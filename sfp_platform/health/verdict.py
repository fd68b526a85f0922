"""What a process found when it last looked. However many ask, it looks once in two seconds."""

import threading
import time
from dataclasses import dataclass, field

from sfp_platform.health.looks import NAMES, NEEDED, look

GOOD_FOR = 2.0
WAIT = 5.0
"""Seconds to wait for somebody who looks already."""


@dataclass(frozen=True)
class Verdict:
    """What is wrong with each thing; "" where nothing is."""

    faults: dict[str, str] = field(default_factory=dict)

    @property
    def is_well(self) -> bool:
        return not any(self.faults.values())

    @property
    def is_ready(self) -> bool:
        """Whether this process can answer requests."""
        return not any(self.faults.get(name, "") for name in NEEDED)

    @property
    def checks(self) -> dict[str, bool]:
        return {name: not fault for name, fault in self.faults.items()}

    @property
    def wrong(self) -> dict[str, str]:
        """Those with a fault only."""
        return {name: fault for name, fault in self.faults.items() if fault}

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(name for people, fault) of each."""
        return [(NAMES[name], fault) for name, fault in self.faults.items()]


class Watch:
    """Remembers the last verdict for a moment."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.last, self.until = Verdict({"database": "Nobody has looked yet."}), 0.0

    def verdict(self) -> Verdict:
        """The newest one. Who asks while another looks waits for that, and takes the one before if it takes long."""
        if time.monotonic() >= self.until and self.lock.acquire(timeout=WAIT):
            try:
                if time.monotonic() >= self.until:
                    self.last = Verdict(dict(look()))
                    self.until = time.monotonic() + GOOD_FOR
            finally:
                self.lock.release()
        return self.last

    def forget(self) -> None:
        """Look anew the next time."""
        self.until = 0.0


watch = Watch()
