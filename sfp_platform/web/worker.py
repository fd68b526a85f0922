"""A process of the web server, started by the supervisor: `python -m sfp_platform.web.worker LISTENING LINE`.

Both are numbers of files that it was given: the socket to accept from, and the line to the supervisor, over which it
says that it is ready and sees that nobody is there any more. `WEB_THREADS` requests are worked on at a time, so many
database connections it uses at most, and `MOST_CONNECTIONS` clients may be connected; the others wait to be accepted.
"""

import asyncio
import atexit
import os
import signal
import sys
from collections.abc import Sequence

from django.utils.module_loading import import_string
from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from sfp_platform.web.leaving import Door, leave

APPLICATION = "sfp_platform.asgi.application"
MOST_CONNECTIONS = 1024
BACKLOG = 2048


class Granian(Server):
    """Granian in this process, on a socket that is there already.

    Its own threads only accept and read, one: `front` has the bodies read before a thread of ours is taken.
    """

    def __init__(self, listening: int) -> None:
        super().__init__(
            None,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=False,
            blocking_threads=1,
            backlog=BACKLOG,
            backpressure=MOST_CONNECTIONS,
            log_level=LogLevels.error,
        )
        self.listening = listening

    def _init_shared_socket(self) -> None:
        # Its stubs know neither of the two.
        self._ssp, self._shd = None, SocketHolder(self.listening, False, BACKLOG)  # type: ignore[assignment,call-arg]


async def serve(listening: int, line: int) -> None:
    """Accept connections until told to leave, then finish what was taken."""
    # Before Django is loaded, whose logging is to stay as it is set up.
    server, door = Granian(listening), Door(listening)
    server.target = front = import_string(APPLICATION)
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    loop.add_reader(line, told.set)
    serving = asyncio.create_task(server.serve())
    os.write(line, b"1")
    asked = asyncio.create_task(told.wait())
    await asyncio.wait((serving, asked), return_when=asyncio.FIRST_COMPLETED)
    loop.remove_reader(line)
    if not serving.done():
        await leave(front, door)
        server.stop()  # type: ignore[no-untyped-call]
    await serving


def main(arguments: Sequence[str]) -> None:
    """Until it is told otherwise a signal ends this process at once: nothing was accepted."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    listening, line = map(int, arguments)
    asyncio.run(serve(listening, line))
    # Not by Python's own end: a thread of granian's that comes late to it has the whole process aborted.
    atexit._run_exitfuncs()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
