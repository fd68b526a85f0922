"""`python -m rehearsal.bench.long_run --minutes 60 --pushes 200`: exit code 1 when a promise was broken."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rehearsal.bench.torture import plan as plans
from rehearsal.bench.torture import servers
from rehearsal.stage.again import stop_on_sigterm
from rehearsal.stage.environment import Stage
from rehearsal.stage.ports import free_port

UNLIMITED = {"LIMIT_PARTNERS": "0", "LIMIT_CLIENTS": "0", "LOG_LEVEL": "WARNING"}


def main(arguments: list[str] | None = None) -> int:
    """Run once; the folder with the logs stays when something went wrong."""
    options = _options(arguments)
    stop_on_sigterm()
    folder = Path(tempfile.mkdtemp(prefix="sfp-long-run-"))
    code = 1
    try:
        with servers.started() as (database, broker):
            stage = Stage.build(folder, servers.variables(database, broker) | UNLIMITED, web_port=free_port())
            os.environ.update(stage.environment())
            code = _play(stage, {"postgres": database, "redis": broker}, options)
    finally:
        if code or options.keep:
            sys.stdout.write(f"Logs: {folder}\n")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return code


def _play(stage: Stage, of_its_own: dict[str, servers.Server], options: argparse.Namespace) -> int:
    """With the environment in place Django can be set up, and everything that needs it imported."""
    import django

    django.setup()
    from django.conf import settings

    from rehearsal.bench.long_run.show import show

    # This process kills the server that it asks: it waits for no connection.
    settings.DATABASES["default"]["OPTIONS"].pop("pool", None)

    charges = round(options.charges * options.minutes)
    plan = plans.make(options.seed, charges, options.minutes * 60, kills=0)
    return show(plan, stage, of_its_own, rate=options.pushes, every=options.every * 60)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m rehearsal.bench.long_run", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="over how long drivers come (default 60)")
    parser.add_argument("--pushes", type=float, default=200.0, help="a second, by a CPO of their own (default 200)")
    parser.add_argument("--charges", type=float, default=60.0, help="a minute (default 60)")
    parser.add_argument("--every", type=float, default=5.0, help="minutes from one line of figures to the next")
    parser.add_argument("--seed", type=int, default=14, help="every choice follows from it (default 14)")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the logs in any case")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
