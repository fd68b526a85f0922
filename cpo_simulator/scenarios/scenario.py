"""What a scenario is: an answer to START_SESSION, a script of steps, and how STOP_SESSION is met."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cpo_simulator.knobs import Knobs

if TYPE_CHECKING:
    from cpo_simulator.charging.run import Step


@dataclass(frozen=True)
class OnStop:
    """How STOP_SESSION is met: CommandResponse, CommandResult (empty: none), and whether charging ends."""

    answer: str = "ACCEPTED"
    result: str = "ACCEPTED"
    obeys: bool = True


@dataclass(frozen=True)
class Scenario:
    """One named course of a charge.

    ``summary`` says what this CPO does, ``expect`` what an eMSP ought to make of it. ``script`` holds the
    steps; ``failing``, if given, is played instead for the first ``Knobs.failures`` attempts at an EVSE.
    ``mute`` holds back pushes of these modules (``sessions``, ``locations``, ``cdrs``, ``commands``); GET
    still serves the truth. A new scenario is a new row in ``courses``, with steps of its own if needed.
    """

    name: str
    summary: str
    expect: str
    script: tuple["Step", ...] = ()
    failing: tuple["Step", ...] = ()
    answer: str = "ACCEPTED"
    message: str = ""
    mute: frozenset[str] = frozenset()
    on_stop: OnStop = OnStop()

    def steps(self, attempt: int, knobs: Knobs) -> tuple["Step", ...]:
        """The steps of this attempt at an EVSE, counted from 1."""
        return self.failing if self.failing and attempt <= knobs.failures else self.script
