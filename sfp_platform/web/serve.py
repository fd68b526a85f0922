"""The one start line of the web server: `python -m sfp_platform.web.serve --host 127.0.0.1 --port 8000 --workers 2`.

It becomes the supervisor, which is a file by itself: what it has loaded stays as it was when the code is replaced.
"""

import os
import sys
from pathlib import Path

SUPERVISOR = Path(__file__).with_name("supervisor.py")


def command(host: str, port: int, workers: int = 1) -> list[str]:
    """Return the supervisor's command line."""
    options = ["--host", host, "--port", str(port), "--workers", str(workers)]
    return [*_supervisor(), *options]


def main(arguments: list[str]) -> None:
    """Become the supervisor."""
    line = [*_supervisor(), *arguments]
    os.execv(line[0], line)  # noqa: S606  (our own command line)


def _supervisor() -> list[str]:
    """Started by its path, with nothing of the folder that it is in to be found as a module (-P)."""
    return [sys.executable, "-P", str(SUPERVISOR)]


if __name__ == "__main__":
    main(sys.argv[1:])
