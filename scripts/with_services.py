"""Runs a command with a real PostgreSQL and a real Redis: `python scripts/with_services.py -- pytest ...`.

For each of the two, the first of these that works is used:

1. `DATABASE_URL` / `REDIS_URL`, when set. If such a server does not answer, nothing else is tried.
2. A server that already runs on this machine, on its usual port, and lets us create databases
   (`SFP_TEST_IGNORE_LOCAL=1` skips this).
3. A throw-away server, started from the installed programs on a free loopback port with its data in a
   temporary folder, stopped and removed afterwards.
4. On Debian as root: the same, after `apt-get install`. The package's own service is not started.

The command finds in its environment `DATABASE_URL` (whose database need not exist: the test runner makes
`test_...` databases of that name), `REDIS_URL`, `REDIS_KEY_PREFIX` and an empty `VAR_DIR`. On a server that
is not ours, only databases and keys of this run's own name are touched, and they are removed at the end; what the
tests leave there are templates of their database (`tests/support/template.py`). The last line printed says which
servers were used; the exit code is the command's.
"""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

# Run by its path, this file finds only its neighbours; the servers are those that the rehearsals start, too.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from rehearsal.stage.servers import postgres, redis_server
from rehearsal.stage.servers.own_server import Service, UnavailableError, say

USAGE = "usage: python scripts/with_services.py -- command [argument ...]"


def main(arguments: list[str]) -> int:
    if arguments[:1] != ["--"] or len(arguments) < 2:
        say(USAGE)
        return 2
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    try:
        return with_services(arguments[1:])
    except UnavailableError as problem:
        say(str(problem))
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def leave(number: int, _frame: FrameType | None) -> None:
    """Turn a request to end into an exception, so that what was started gets stopped."""
    raise SystemExit(128 + number)


def with_services(command: list[str]) -> int:
    """Run the command between the services' start and stop; name them when all is over."""
    run = f"sfp_{secrets.token_hex(4)}"
    with ExitStack() as stack:
        database = stack.enter_context(postgres.provide(run))
        broker = stack.enter_context(redis_server.provide(run))
        folder = tempfile.mkdtemp(prefix="sfp-var-")
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own = {"VAR_DIR": folder, "ENVIRONMENT": "development"}
        code = run_command(command, {**os.environ, **own, **database.environment, **broker.environment})
    sys.stdout.write(f"{summary(database, broker)}\n")
    return code


def run_command(command: list[str], environment: dict[str, str]) -> int:
    """Wait for the command, whatever signals come: it is told to end, and then given the time to do so."""
    try:
        child = subprocess.Popen(command, env=environment)
    except OSError as problem:
        raise UnavailableError(f"cannot run {command[0]}: {problem.strerror}") from problem
    while True:
        try:
            code = child.wait()
        except KeyboardInterrupt:
            continue  # the terminal has sent it to the command as well
        except SystemExit:
            child.terminate()
        else:
            return code if code >= 0 else 128 - code


def summary(database: Service, broker: Service) -> str:
    return f"database: {database} · broker: {broker}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
