"""What the walk needs to run: the platform's web server, worker and beat, and simulated CPOs, each its own process."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.stage import processes, programs
from rehearsal.stage.environment import Stage

SPEED, METER = 30, 2
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
        request = urllib.request.Request(
            f"{self.control_url}/{verb}", data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@dataclass(frozen=True)
class Servers:
    """Everything that runs, and the first administrator's password."""

    url: str
    admin_password: str
    test: Cpo
    production: Cpo


@contextmanager
def running(stage: Stage, admin_password: str) -> Iterator[Servers]:
    """Migrate, make the first administrator, start everything; all of it is stopped at the end of the block."""
    variables, folder = stage.environment(DJANGO_SUPERUSER_PASSWORD=admin_password), stage.folder
    _manage(variables, "migrate", "--verbosity", "0")
    _manage(variables, "createsuperuser", "--noinput", "--username", "admin", "--email", "admin@sfp.example")
    with processes.Processes(folder, stage.environment()) as started:
        for name in ("cpo", "cpo-production"):
            ready_file = folder / f"{name}.json"
            started.start(name, programs.simulator(ready_file, "--quiet", speed=SPEED, meter_interval=METER))
        started.start("web", programs.web(stage.web_port))
        started.start("worker", programs.worker())
        started.start("beat", programs.beat(folder))
        for name in ("cpo", "cpo-production"):
            started.wait_until(name, (folder / f"{name}.json").exists)
        started.wait_until("web", processes.answers(f"{stage.web_url}/health/ready"))
        yield Servers(
            stage.web_url, admin_password, Cpo.at(folder / "cpo.json"), Cpo.at(folder / "cpo-production.json")
        )


def embedded(folder: Path) -> Stage:
    """As a fresh clone has it, in `folder`."""
    return Stage.build(folder, {"LOG_LEVEL": "INFO", **STRICT})


STRICT = {
    "ADMIN_SECOND_FACTOR_REQUIRED": "true",
    "OCPI_OUTBOUND_IPS": "203.0.113.10,203.0.113.11",
}
"""As in production, where the second factor is concerned."""


def _manage(environment: dict[str, str], *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=processes.ROOT,
        env=environment,
        check=True,
        timeout=300,
    )
