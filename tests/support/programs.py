"""The platform's own programs for tests: the environment they need, the web server, the worker, manage.py."""

import os
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

from django.db import connection

from sfp_platform.celery import QUEUES
from sfp_platform.web import serve
from tests.support.processes import PATIENCE, ROOT, Process, file_contains, url_answers

SERVERS = ("DATABASE_URL", "REDIS_URL", "REDIS_KEY_PREFIX")


def embedded_environment(folder: Path, **more: str) -> dict[str, str]:
    """What a fresh clone has: no server configured, everything local in `folder`."""
    inherited = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return {**inherited, "ENVIRONMENT": "development", "VAR_DIR": str(folder), **more}


def server_environment(folder: Path, **more: str) -> dict[str, str]:
    """This test's database (so it must commit: `django_db(transaction=True)`), and Redis keys of its own."""
    environment = embedded_environment(folder, DATABASE_URL=database_url(), REDIS_URL=os.environ["REDIS_URL"])
    prefix = f"{os.environ['REDIS_KEY_PREFIX']}{secrets.token_hex(4)}:"
    return {**environment, "REDIS_KEY_PREFIX": prefix, **more}


def database_url() -> str:
    """The URL of the database that this test uses, for another process."""
    config = connection.settings_dict
    assert connection.vendor == "postgresql", "other processes cannot see this test's database: run `make test`"
    user, password = quote(config["USER"], safe=""), quote(config["PASSWORD"], safe="")
    login = f"{user}:{password}" if password else user
    port = f":{config['PORT']}" if config["PORT"] else ""
    server = f"{login}@/{config['HOST']}" if config["HOST"].startswith("/") else f"{login}@{config['HOST']}{port}"
    return f"postgres://{server}/{config['NAME']}"


def manage(environment: dict[str, str], *arguments: str, timeout: float = PATIENCE) -> str:
    """Run `manage.py` and return what it prints; its failure fails the test, with its output."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout


def web(environment: dict[str, str], port: int, log: Path, workers: int = 1) -> Process:
    """The web server as `make run` runs it, ready when it answers."""
    return Process(
        serve.command("127.0.0.1", port, workers),
        log=log,
        env=environment,
        ready=url_answers(f"http://127.0.0.1:{port}/"),
    )


def worker(environment: dict[str, str], log: Path, *options: str, queues: str = QUEUES) -> Process:
    """A Celery worker, ready when it says so. `--beat` among the options adds the schedule."""
    command = [sys.executable, "-m", "celery", "-A", "sfp_platform", "worker", "--queues", queues]
    command += ["--pool", "threads", "--concurrency", "2", "--loglevel", "INFO"]
    command += ["--schedule", str(log.with_suffix(".beat"))]
    return Process([*command, *options], log=log, env=environment, ready=file_contains(log, " ready."))
