"""The CPO itself: its back office, and the runs under way at its chargers."""

from typing import TextIO

from cpo_simulator.charging.run import Course, Run, Runs
from cpo_simulator.charging.sessions import Start
from cpo_simulator.network.bay import Bay
from cpo_simulator.office import Office
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.config import Config


class Cpo(Office):
    """What the server answers for."""

    def __init__(self, config: Config, behaviour: Behaviour | None = None, out: TextIO | None = None) -> None:
        super().__init__(config, behaviour, out)
        self.runs = Runs()

    def begin(self, bay: Bay, start: Start, scenario: Course) -> None:
        """Start a run at an EVSE."""
        run = Run(self, self.runs, bay, start, scenario)
        bay.run = run
        bay.attempts[scenario.name] += 1
        self.behaviour.faults |= scenario.faults
        self.runs.add(run)
        self.later(run.play())
