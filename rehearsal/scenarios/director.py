"""Starts everything, has the scenarios played, prints what came of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command

from rehearsal.demo.printing import Printer
from rehearsal.scenarios.plays import onboarding, report
from rehearsal.scenarios.plays.case import Case
from rehearsal.scenarios.plays.driver import Driver
from rehearsal.scenarios.plays.play import Play
from rehearsal.scenarios.plays.runner import Fleet, NoCharger, Runner, cast
from rehearsal.scenarios.plays.table import SPEED, ready
from rehearsal.stage import processes, programs
from rehearsal.stage.again import Stopped, stop_on_sigterm
from rehearsal.stage.environment import Stage

COUNTRIES = ("SK", "CZ", "AT", "PL", "HU", "DE", "SI", "HR", "IT", "FR", "BE", "NL", "LU", "DK", "SE", "FI")
WORKERS, THREADS = 2, 5
ONE_IS_ENOUGH = 16
"""For so few plays a second worker takes longer to start than it saves."""
SHARED_CASES = 14
"""With so few cases of one version a single shared CPO has chargers enough of each kind."""
LARGE = 26
"""Cases for which each further shared CPO has chargers, with some left for a second time."""
AT_ONCE_AGAIN = 3
MOST_AGAIN = 8
"""With more that went wrong it is no chance any more."""


class Director:
    """Plays scenarios on a stage, every second of them `pace` times as long."""

    def __init__(self, stage: Stage, pace: float) -> None:
        self.stage, self.pace = stage, pace
        self.out = Printer()

    def run(self, cases: Sequence[Case], versions: Sequence[str], jobs: int) -> int:
        """Play `cases` in `versions`, at most `jobs` at a time; return the exit code: 0 when all outcomes are right."""
        stop_on_sigterm()
        with processes.Processes(self.stage.folder, self.stage.environment()) as running:
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
        plays = cast([ready(case, self.pace) for case in cases], fleets, Driver(self.stage.web_url))
        slowly = f", at pace {self.pace:g} because the machine is busy" if self.pace > 1 else ""
        self.out.line(f"\nPlaying {len(plays)} scenarios, {min(jobs, len(plays))} at a time{slowly}")
        done = Runner(plays, jobs, self._tell, running.raise_if_ended).run()
        return self.conclude(self._again(running, done))

    def _again(self, running: processes.Processes, done: list[Play]) -> list[Play]:
        """What went wrong among many is played once more among few: time is short on a busy machine, rules are not.

        The table shows both.
        """
        failed = report.wrong(done)
        if not failed or len(failed) > MOST_AGAIN:
            return done
        self.out.line(f"\n{report.table(failed)}\n\nPlaying again what went wrong, {AT_ONCE_AGAIN} at a time")
        second = {play: play.anew() for play in failed}
        Runner(list(second.values()), AT_ONCE_AGAIN, self._tell, running.raise_if_ended).run()
        return [second.get(play, play) for play in done]

    def _start(self, running: processes.Processes, cases: Sequence[Case], versions: Sequence[str]) -> list[Fleet]:
        versions = [version for version in versions if any(version in case.versions for case in cases)]
        wanted = [one for version in versions for one in wanted_cpos(version, cases)]
        running.start("web", programs.web(self.stage.web_port))
        workers = 1 if sum(len(case.versions) for case in cases) <= ONE_IS_ENOUGH else WORKERS
        for number in range(1, workers + 1):
            running.start(f"worker-{number}", [*programs.worker(), "--concurrency", str(THREADS)])
        running.start("beat", programs.beat(self.stage.folder))
        for one in wanted:
            running.start(one.code, self._simulator(one))
        for one in wanted:
            running.wait_until(one.code, self._ready_file(one).exists)
        running.wait_until("web", processes.answers(f"{self.stage.web_url}/health/ready"))
        fleets = {version: Fleet(version) for version in versions}
        for one in wanted:
            cpo = onboarding.add(one.code, one.country, one.party, one.version, self._ready_file(one))
            fleets[one.version].add(cpo, one.case)
        return list(fleets.values())

    def _ready_file(self, one: "Wanted") -> Path:
        return self.stage.folder / f"{one.code}.json"

    def _simulator(self, one: "Wanted") -> list[str]:
        return programs.simulator(
            self._ready_file(one),
            *("--versions", one.version, "--country", one.country, "--party", one.party),
            speed=SPEED / self.pace,
            meter_interval=self.pace,
            knobs={"clock": one.clock},
        )

    def _tell(self, play: Play, done: int, total: int) -> None:
        self.out.line(report.progress(play, done, total))

    def conclude(self, done: Sequence[Play]) -> int:
        """Print the table and return the exit code: 1 as soon as one play deviates."""
        self.out.line(f"\n{report.table(done)}\n")
        self.out.line(report.summary(done, self.out.began))
        if not report.wrong(done):
            return 0
        self.out.line(f"Logs and database: {self.stage.folder}")
        return 1


@dataclass(frozen=True)
class Wanted:
    """A simulated CPO to be started; `case` names the one that has it alone, if one does."""

    version: str
    country: str
    case: str = ""
    clock: int = 0

    @property
    def party(self) -> str:
        return self.version.replace(".", "").ljust(3, "0")

    @property
    def code(self) -> str:
        return f"cpo-{self.party}-{self.country.lower()}"


def wanted_cpos(version: str, cases: Sequence[Case]) -> list[Wanted]:
    """The CPOs that the cases need in this version: some that all share, and one for each case that spoils it."""
    mine = [case for case in cases if version in case.versions]
    own = [(case.name, case.clock) for case in mine if case.own_cpo]
    sharing = len(mine) - len(own)
    shared = 1 + math.ceil(sharing / LARGE) if sharing > SHARED_CASES else 1
    names = [("", 0)] * shared + own
    return [Wanted(version, country, *one) for country, one in zip(COUNTRIES, names, strict=False)]
