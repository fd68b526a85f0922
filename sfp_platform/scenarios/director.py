"""Starts everything, has the scenarios played, prints what came of them."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

from django.core.management import call_command

from sessions_adhoc.scenarios import onboarding, report
from sessions_adhoc.scenarios.case import Case
from sessions_adhoc.scenarios.cpo import Cpo
from sessions_adhoc.scenarios.driver import Driver
from sessions_adhoc.scenarios.play import Play
from sessions_adhoc.scenarios.runner import Fleet, NoCharger, Runner, cast
from sessions_adhoc.scenarios.table import SPEED
from sfp_platform.demo import processes
from sfp_platform.demo.printing import Printer

COUNTRIES = ("SK", "CZ", "AT", "PL", "HU", "DE", "SI", "HR")
WORKERS = 3
SHARED = 2
SHARED_CASES = 14
"""With so few cases of one version a single shared CPO has chargers enough of each kind."""


class Stopped(Exception):
    """Somebody asked for an end."""


class Director:
    """Plays `cases` in `versions`, at most `jobs` at a time."""

    def __init__(self, folder: Path, web_port: int, environment: dict[str, str], out: Printer) -> None:
        self.folder, self.web_port, self.environment, self.out = folder, web_port, environment, out
        self.web_url = f"http://127.0.0.1:{web_port}"

    def run(self, cases: Sequence[Case], versions: Sequence[str], jobs: int) -> int:
        """Return the exit code: 0 when every outcome is the expected one."""
        signal.signal(signal.SIGTERM, _stop)
        with processes.Processes(self.folder, self.environment) as running:
            try:
                return self._run(running, cases, versions, jobs)
            except (Stopped, KeyboardInterrupt):
                self.out.line("\nStopping everything that was started.")
            except (onboarding.NotConnected, processes.DidNotStart, NoCharger) as error:
                self.out.line(f"\nThe scenarios could not be played: {error}")
        return 1

    def _run(self, running: processes.Processes, cases: Sequence[Case], versions: Sequence[str], jobs: int) -> int:
        with self.out.step("database"):
            call_command("migrate", verbosity=0)
        with self.out.step("web, worker, beat and simulated CPOs"):
            fleets = self._start(running, cases, versions)
        with self.out.step("handshakes, locations and tariffs"):
            onboarding.connect([cpo for fleet in fleets for cpo in fleet.all])
        plays = cast(cases, fleets, Driver(self.web_url))
        self.out.line(f"\nPlaying {len(plays)} scenarios, {min(jobs, len(plays))} at a time")
        done = Runner(plays, jobs, self._tell).run()
        return self._report(done)

    def _start(self, running: processes.Processes, cases: Sequence[Case], versions: Sequence[str]) -> list[Fleet]:
        running.start("web", processes.web(self.web_port))
        for number in range(1, WORKERS + 1):
            running.start(f"worker-{number}", processes.worker())
        running.start("beat", processes.beat(self.folder))
        wanted = [_cpos_of(version, cases) for version in versions]
        for version, names in zip(versions, wanted, strict=True):
            for country, _name in zip(COUNTRIES, names, strict=False):
                running.start(_code(country, version), _simulator(country, version, self._ready(country, version)))
        for version, names in zip(versions, wanted, strict=True):
            for country, _name in zip(COUNTRIES, names, strict=False):
                running.wait_until(_code(country, version), self._ready(country, version).exists)
        running.wait_until("web", processes.answers(f"{self.web_url}/health/"))
        return [self._fleet(version, names) for version, names in zip(versions, wanted, strict=True)]

    def _fleet(self, version: str, names: Sequence[str]) -> Fleet:
        """`names` are of the cases that have a CPO of their own; a shared one has none."""
        fleet = Fleet(version)
        for country, name in zip(COUNTRIES, names, strict=False):
            ready = self._ready(country, version)
            cpo = onboarding.add(_code(country, version), country, _party(version), version, ready)
            _place(fleet, name, cpo)
        return fleet

    def _ready(self, country: str, version: str) -> Path:
        return self.folder / f"{_code(country, version)}.json"

    def _tell(self, play: Play, done: int, total: int) -> None:
        self.out.line(report.progress(play, done, total))

    def _report(self, done: Sequence[Play]) -> int:
        wrong = [play for play in done if play.faults]
        self.out.line(f"\n{report.table(done)}\n")
        self.out.line(report.summary(done, self.out.began))
        if wrong:
            self.out.line(f"Logs and database: {self.folder}")
        return 1 if wrong else 0


def _cpos_of(version: str, cases: Sequence[Case]) -> list[str]:
    """One entry per CPO that this version needs: empty for a shared one, else the case that has it alone."""
    mine = [case for case in cases if version in case.versions]
    own = [case.name for case in mine if case.own_cpo]
    shared = SHARED if len(mine) - len(own) > SHARED_CASES else 1
    return [""] * shared + own


def _place(fleet: Fleet, name: str, cpo: Cpo) -> None:
    if name:
        fleet.own[name] = cpo
    else:
        fleet.shared.append(cpo)


def _party(version: str) -> str:
    return version.replace(".", "").ljust(3, "0")


def _code(country: str, version: str) -> str:
    return f"cpo-{_party(version)}-{country.lower()}"


def _simulator(country: str, version: str, ready_file: Path) -> list[str]:
    return [
        sys.executable,
        "-m",
        "cpo_simulator",
        *("--versions", version, "--country", country, "--party", _party(version)),
        *("--speed", str(SPEED), "--meter-interval", "1", "--ready-file", str(ready_file)),
    ]


def _stop(_number: int, _frame: FrameType | None) -> None:
    with suppress(ValueError):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise Stopped
