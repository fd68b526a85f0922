"""The one start line of the web server: `python -m sfp_platform.web.serve --host 127.0.0.1 --port 8000 --workers 2`.

What is not understood here goes to granian. Per worker process: `WEB_THREADS` requests are worked on at a time, so many
database connections it uses at most, and `MOST_CONNECTIONS` clients may be connected; the others wait to be accepted.
"""

import argparse
import os
import sys

APPLICATION = "sfp_platform.asgi:application"
MOST_CONNECTIONS = 1024
BACKLOG = 2048


def command(host: str, port: int, workers: int = 1, *options: str) -> list[str]:
    """Return granian's command line.

    Its own threads only accept and read, one per worker: `front` has the bodies read before a thread of ours is taken.
    """
    return [
        *(sys.executable, "-m", "granian", "--interface", "asginl", "--http", "1", "--no-ws"),
        *("--host", host, "--port", str(port), "--workers", str(workers), "--respawn-failed-workers"),
        *("--blocking-threads", "1", "--backpressure", str(MOST_CONNECTIONS), "--backlog", str(BACKLOG)),
        *options,
        APPLICATION,
    ]


def main(arguments: list[str]) -> None:
    """Become granian."""
    parser = argparse.ArgumentParser(prog="python -m sfp_platform.web.serve", description=__doc__, allow_abbrev=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--workers", type=int, default=1)
    known, others = parser.parse_known_args(arguments)
    line = command(known.host, known.port, known.workers, *others)
    os.execv(line[0], line)  # noqa: S606  (our own command line)


if __name__ == "__main__":
    main(sys.argv[1:])
