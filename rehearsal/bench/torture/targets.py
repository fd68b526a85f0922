"""The platform as in production, and simulated CPOs: started, killed, started again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from django.core.management import call_command

from partners.models import Policy
from rehearsal.bench.torture.servers import Server
from rehearsal.scenarios.plays import onboarding
from rehearsal.scenarios.plays.cpo import Charger, Cpo
from rehearsal.stage import processes, programs
from rehearsal.stage.ports import LOOPBACK

POLICY = {
    "connector_timeout": 8,
    "session_timeout": 15,
    "energy_timeout": 8,
    "meter_interval": 3,
    "silence_timeout": 20,
    "pull_retry": 1,
    "stop_timeout": 5,
    "cdr_timeout": 3,
    "cdr_deadline": 40,
    "flap_delay": 2,
    "hold_for_retry": 0,
    "retry_delay": 1,
    "retry_window": 40,
    "max_attempts": 3,
    "reservation_amount": 4000,
    "reservation_currency": "EUR",
}
SPEED = 60
KNOBS = {
    "car_kwh": 2,
    "car_dc_kw": 44,
    "car_ac_kw": 22,
    "session": 30,
    "energise": 60,
    "handshake": 60,
    "cdr": 30,
    "first_kwh": 0.6,
    "local_stop_kwh": 1,
    "late_session": 17,
    "late_cdr": 6,
    "slow_answer": 8,
    "between_cdrs": 120,
    "patience": 3,
    "push_timeout": 8,
}
"""The simulated CPOs': a charge takes a few seconds, and a second or so lies between two things that happen."""

CPOS = (("SK", "2.2.1"), ("CZ", "2.3.0"))
CPO_AWAY = 1.5
"""A CPO keeps books and is never killed; now and then it refuses every connection for a while."""


def worker(name: str, queues: str, pool: str, concurrency: int) -> list[str]:
    options = ["--queues", queues, "--pool", pool, "--concurrency", str(concurrency), "--hostname", f"{name}@%h"]
    return programs.celery("worker", *options, "--loglevel", "INFO")


@dataclass
class Targets:
    """What can be killed, by name."""

    running: processes.Processes
    servers: dict[str, Server]
    web_port: int
    cpos: list[Cpo] = field(default_factory=list)
    down: set[str] = field(default_factory=set)
    fallen: list[str] = field(default_factory=list)
    beats: int = 1
    web_processes: int = 1

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    def raise_curtain(self, cpos: int) -> None:
        """Migrate, start everything, connect the CPOs."""
        call_command("migrate", verbosity=0)
        Policy.objects.create(**POLICY)
        folder = self.running.folder
        self.running.start("web", programs.web(self.web_port, self.web_processes))
        self.running.start("worker-engine", worker("engine", "engine", "prefork", 2))
        self.running.start("worker-calls", worker("calls", "engine,push,sync,mail", "threads", 6))
        for number in range(1, self.beats + 1):
            self.running.start("beat" if number == 1 else f"beat-{number}", programs.beat(folder, number))
        chosen = CPOS[:cpos]
        for country, version in chosen:
            self.running.start(f"cpo-{country}", _simulator(country, version, folder / f"{country}.json"))
        for country, _version in chosen:
            self.running.wait_until(f"cpo-{country}", (folder / f"{country}.json").exists)
        self.running.wait_until("web", processes.answers(f"{self.web_url}/health/ready"))
        self.cpos = [self._connected(country, version) for country, version in chosen]
        onboarding.connect(self.cpos)

    def _connected(self, country: str, version: str) -> Cpo:
        ready = self.running.folder / f"{country}.json"
        return onboarding.add(f"cpo-{country.lower()}", country, "TOR", version, ready)

    def kill(self, target: str) -> str:
        """Kill it if it is up; return what was done."""
        if target in self.down:
            return ""
        if target == "cpo":
            return self._send_away()
        self.down.add(target)
        if target in self.servers:
            self.servers[target].kill()
            return f"{target}: {self.servers[target].how_to_kill.name}"
        return f"{target}: SIGKILL, pid {self.running.kill(target)}"

    def _send_away(self) -> str:
        with suppress(requests.RequestException):
            self.cpos[0].go_away(CPO_AWAY)
        return f"{self.cpos[0].name}: refuses connections for {CPO_AWAY:g} s"

    def revive(self, target: str) -> None:
        """Start again what `kill` ended."""
        if target not in self.down:
            return
        if target in self.servers:
            self.servers[target].start()
        else:
            self.running.restart(target)
        self.down.discard(target)

    def look_after(self) -> None:
        """Start again what ended without being killed, as a supervisor would; it is held against it."""
        for one in [one for one in self.running.running.values() if one.name not in self.down]:
            if one.popen.poll() is not None:
                self.fallen.append(f"{one.name} ended by itself with exit code {one.popen.returncode}")
                self.running.restart(one.name)


def _simulator(country: str, version: str, ready_file: Path) -> list[str]:
    who = ("--versions", version, "--country", country, "--party", "TOR", "--quiet")
    return programs.simulator(ready_file, *who, speed=SPEED, knobs=KNOBS)


def free_chargers(cpo: Cpo, taken: set[str]) -> Sequence[Charger]:
    """Chargers where nobody is, by the CPO's own knowledge. Raises `requests.RequestException` while it is away."""
    answer = requests.get(f"{cpo.control_url}/evses", timeout=5)
    answer.raise_for_status()
    idle = {one["uid"] for one in answer.json()["evses"] if _is_idle(one)}
    return [one for one in cpo.chargers if one.uid in idle and one.uid not in taken]


def _is_idle(evse: dict[str, Any]) -> bool:
    return not evse["session_id"] and not evse["cable_in"] and evse["status"] == "AVAILABLE"
