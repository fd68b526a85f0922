"""`python -m rehearsal.bench.torture --seed 7 --sessions 200 --minutes 4`: exit code 1 when a promise was broken."""

import argparse
import os
import secrets
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from rehearsal.bench.torture import plan as plans
from rehearsal.bench.torture import servers
from rehearsal.bench.torture.acquirers import ACQUIRERS, Acquirer
from rehearsal.stage.again import stop_on_sigterm
from rehearsal.stage.environment import Stage
from rehearsal.stage.ports import free_port

REST = 180.0


def main(arguments: list[str] | None = None) -> int:
    """Run once; the folder with the logs stays when something went wrong."""
    options = _options(arguments)
    seed = options.seed if options.seed is not None else secrets.randbelow(10**6)
    plan = plans.make(seed, options.sessions, options.minutes * 60, options.kills)
    stop_on_sigterm()
    folder = Path(tempfile.mkdtemp(prefix="sfp-torture-"))
    code = 1
    try:
        with servers.started() as (database, broker), ExitStack() as stack:
            pooled = stack.enter_context(servers.pgbouncer(database)) if options.pgbouncer else {}
            acquirer, port = ACQUIRERS[options.gateway](), free_port()
            own = servers.variables(database, broker) | acquirer.variables(port) | pooled
            stage = Stage.build(folder, own, web_port=port)
            os.environ.update(stage.environment())
            code = _play(plan, stage, {"postgres": database, "redis": broker}, acquirer, options)
    finally:
        if code or options.keep:
            sys.stdout.write(f"Logs: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def _play(
    plan: plans.Plan,
    stage: Stage,
    of_its_own: dict[str, servers.Server],
    acquirer: Acquirer,
    options: argparse.Namespace,
) -> int:
    """With the environment in place Django can be set up, and everything that needs it imported."""
    import django

    django.setup()
    from django.conf import settings

    from rehearsal.bench.torture.show import show

    # This process kills the server that it asks: it waits for no connection.
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)

    rest, beats = options.rest, options.beats
    return show(
        plan, stage, of_its_own, acquirer, cpos=options.cpos, patience=rest, beats=beats, restore=options.restore
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.bench.torture", description=__doc__)
    parser.add_argument("--seed", type=int, help="every choice follows from it; by default a new one, printed")
    parser.add_argument("--sessions", type=int, default=200, help="drivers (default 200)")
    parser.add_argument("--minutes", type=float, default=3.0, help="over how long they come (default 3)")
    parser.add_argument("--kills", type=int, help="how many (default: one every six seconds)")
    parser.add_argument("--cpos", type=int, choices=(1, 2), default=2, help="simulated CPOs (default 2)")
    parser.add_argument("--beats", type=int, default=1, help="beats at the same time (default 1)")
    parser.add_argument("--restore", action="store_true", help="put the database back to a backup in the midst of it")
    parser.add_argument("--pgbouncer", action="store_true", help="in transaction mode, before the database")
    parser.add_argument("--gateway", choices=ACQUIRERS, default="simulated", help="whose books the money is in")
    parser.add_argument("--rest", type=float, default=REST, help=f"longest wait for the end, in s (default {REST:g})")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs in any case")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
