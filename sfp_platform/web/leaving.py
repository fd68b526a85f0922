"""How a process of the web server leaves: no request that it took is lost, and it takes no new one.

First it accepts no connections any more; those that are waiting are for the others, who accept from the same socket.
Those that are open get `Connection: close` with their next answer, for some seconds, so that clients and proxies that
keep connections go elsewhere by themselves, instead of sending a request to whoever hangs up at that moment. Then what
is still being worked on is waited for.
"""

import asyncio
import os
import socket
import time
from typing import Protocol

GOODBYE_SECONDS = 2.0
"""How long open connections are told to go elsewhere, while there are any."""
LOOK_SECONDS = 0.05
FINISH_SECONDS = 21.0
"""How long a request may be waited for, from the beginning; one more second is the supervisor's."""


class Serving(Protocol):
    """What answers requests."""

    leaving: bool
    inside: int


class Door:
    """The socket that connections come from."""

    def __init__(self, listening: int) -> None:
        self.listening, self.port = listening, _local_port(listening)

    def close(self) -> None:
        """Accept nothing more from it, without closing it for the others.

        Under its number this process gets a socket that nobody knows, and where nobody comes. To close the number would
        have the server's next look at it fail, or find another file there.
        """
        with socket.socket(socket.AF_UNIX) as nobodys:
            nobodys.bind("")
            nobodys.listen(1)
            nobodys.setblocking(False)
            os.dup2(nobodys.fileno(), self.listening, inheritable=False)

    def has_visitors(self) -> bool:
        """Whether a connection is open that came in by it."""
        return any(_local_port(int(number)) == self.port for number in os.listdir("/proc/self/fd"))


def _local_port(number: int) -> int | None:
    """The port on this side of an open file, if it is a connection. The file stays whose it is."""
    try:
        one = socket.socket(fileno=number)
    except OSError:
        return None
    try:
        return int(one.getsockname()[1]) if one.family in (socket.AF_INET, socket.AF_INET6) else None
    except OSError:
        return None
    finally:
        one.detach()


async def leave(front: Serving, door: Door) -> None:
    """Until all that was taken is answered, or nobody can wait for it any longer."""
    began = time.monotonic()
    front.leaving = True
    door.close()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        waited = time.monotonic() - began
        said_goodbye = waited >= GOODBYE_SECONDS or not door.has_visitors()
        if waited >= FINISH_SECONDS or (said_goodbye and not front.inside):
            return
