"""What a scenario is: an answer to START_SESSION, a script of steps, and how STOP_SESSION is met."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from cpo_simulator.settings.knobs import Knobs

Played = TypeVar("Played")

ALL_VERSIONS = ("2.1.1", "2.2", "2.2.1", "2.3.0")
SINCE_2_2 = ("2.2", "2.2.1", "2.3.0")


@dataclass(frozen=True)
class OnStop:
    """How STOP_SESSION is met: CommandResponse, CommandResult (empty: none), and whether charging ends.

    The first ``refusals`` for a Session are answered REJECTED, whatever comes of those that follow.
    """

    answer: str = "ACCEPTED"
    result: str = "ACCEPTED"
    obeys: bool = True
    refusals: int = 0


@dataclass(frozen=True)
class Scenario(Generic[Played]):
    """One named course of a charge; ``Played`` is what its steps are played on, a run.

    ``summary`` says what this CPO does, ``expect`` what an eMSP ought to make of it, ``versions`` where it makes
    sense. ``script`` holds the steps; ``failing``, if given, is played instead for the first ``Knobs.failures``
    attempts at an EVSE. ``mute`` holds back pushes of these modules (``sessions``, ``locations``, ``cdrs``,
    ``commands``); GET still serves the truth.

    ``reply`` is how START_SESSION is answered over HTTP: ``properly``, ``late`` (knob ``late_response``), ``never``
    (knob ``slow_answer``) or with a ``crash``. ``on_sample`` replaces the plain PATCH with each meter value, and
    ``with_power`` says whether meter values carry kW. ``faults`` befall the whole server from the START on, and
    ``whole_server`` marks what spoils everybody's day: such a scenario wants a simulator of its own.

    A new scenario is a new row, with steps of its own if needed.
    """

    name: str
    summary: str
    expect: str
    script: tuple[Callable[[Played], Awaitable[None]], ...] = ()
    failing: tuple[Callable[[Played], Awaitable[None]], ...] = ()
    answer: str = "ACCEPTED"
    message: str = ""
    mute: frozenset[str] = frozenset()
    on_stop: OnStop = OnStop()
    versions: tuple[str, ...] = ALL_VERSIONS
    reply: str = "properly"
    on_sample: Callable[[Played], None] | None = None
    with_power: bool = True
    faults: frozenset[str] = frozenset()
    whole_server: bool = False

    def steps(self, attempt: int, knobs: Knobs) -> tuple[Callable[[Played], Awaitable[None]], ...]:
        """The steps of this attempt at an EVSE, counted from 1."""
        return self.failing if self.failing and attempt <= knobs.failures else self.script
