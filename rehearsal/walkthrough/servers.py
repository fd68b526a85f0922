"""What the walk needs to run: the platform's web server, worker and beat, and simulated CPOs, each its own process."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.demo import processes
from rehearsal.demo.place import Place, child_environment, free_port

SPEED, METER = "30", "2"
"""A minute of charging in two seconds, and a meter value each: the interval of the guide at that speed."""


@dataclass(frozen=True)
class Cpo:
    """A simulated CPO: what its technician knows, and the way to make it misbehave."""

    versions_url: str
    token_a: str
    control_url: str

    @classmethod
    def at(cls, ready_file: Path) -> "Cpo":
        ready = json.loads(ready_file.read_text())
        return cls(ready["versions_url"], ready["token_a"], ready["control_url"])

    def behave(self, **behaviour: Any) -> None:
        """Choose how it behaves: scenario, evses, faults and so on; what is not named is as usual."""
        self.control("behaviour", {"reset": True, **behaviour})

    def control(self, verb: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - a simulator of our own, on loopback
            f"{self.control_url}/{verb}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return json.load(answer)


@dataclass(frozen=True)
class Servers:
    """Everything that runs, and the first administrator's password."""

    url: str
    admin_password: str
    test: Cpo
    production: Cpo


@contextmanager
def running(folder: Path, environment: Mapping[str, str], port: int, admin_password: str) -> Iterator[Servers]:
    """Migrate, make the first administrator, start everything; all of it is stopped at the end of the block."""
    variables = {**environment, "DJANGO_SUPERUSER_PASSWORD": admin_password}
    _manage(variables, "migrate", "--verbosity", "0")
    _manage(variables, "createsuperuser", "--noinput", "--username", "admin", "--email", "admin@sfp.example")
    with processes.Processes(folder, environment) as started:
        for name in ("cpo", "cpo-production"):
            command = processes.simulator(free_port(0), folder / f"{name}.json")
            started.start(name, [*_slowed(command), "--quiet"])
        started.start("web", processes.web(port))
        started.start("worker", processes.worker())
        started.start("beat", processes.beat(folder))
        for name in ("cpo", "cpo-production"):
            started.wait_until(name, (folder / f"{name}.json").exists)
        url = f"http://127.0.0.1:{port}"
        started.wait_until("web", processes.answers(f"{url}/health/"))
        yield Servers(url, admin_password, Cpo.at(folder / "cpo.json"), Cpo.at(folder / "cpo-production.json"))


def _slowed(command: list[str]) -> list[str]:
    """The demonstration's simulator, slow enough to be watched."""
    return _with(_with(command, "--speed", SPEED), "--meter-interval", METER)


def _with(command: list[str], option: str, value: str) -> list[str]:
    """A command line with another value of an option that it has."""
    at = command.index(option) + 1
    return [*command[:at], value, *command[at + 1 :]]


def embedded(folder: Path) -> tuple[dict[str, str], int]:
    """The environment of a fresh clone in `folder`, and the port of its web server."""
    place = Place(folder, free_port(0), 0, ())
    return {**child_environment(place), **STRICT}, place.web_port


STRICT = {
    "ADMIN_SECOND_FACTOR_REQUIRED": "true",
    "OCPI_OUTBOUND_IPS": "203.0.113.10,203.0.113.11",
}
"""As in production, where the second factor is concerned."""


def _manage(environment: Mapping[str, str], *arguments: str) -> None:
    subprocess.run(  # noqa: S603 - the project's own command line
        [sys.executable, "manage.py", *arguments],
        cwd=processes.ROOT,
        env={**os.environ, **environment},
        check=True,
        timeout=300,
    )
