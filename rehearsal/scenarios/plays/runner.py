"""Plays many scenarios at a time against a fleet of simulated CPOs."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from rehearsal.scenarios.plays.case import Case
from rehearsal.scenarios.plays.cpo import Cpo
from rehearsal.scenarios.plays.driver import Driver
from rehearsal.scenarios.plays.play import Play, books_of, states_of

POLL = 0.2
BOOKS_AGE = 0.7
BEGIN_AT_ONCE = 4
"""New plays per round: drivers do not all come in the same second."""


@dataclass
class Fleet:
    """The simulated CPOs of one version: some that all share, and one for each case that spoils a whole CPO."""

    version: str
    shared: list[Cpo] = field(default_factory=list)
    own: dict[str, Cpo] = field(default_factory=dict)

    def add(self, cpo: Cpo, case: str = "") -> None:
        """Take in a CPO, for all or for the case of this name alone."""
        if case:
            self.own[case] = cpo
        else:
            self.shared.append(cpo)

    @property
    def all(self) -> list[Cpo]:
        return [*self.shared, *self.own.values()]


class NoCharger(Exception):
    """The fleet has no charger left for a case."""


def cast(cases: Iterable[Case], fleets: Iterable[Fleet], driver: Driver) -> list[Play]:
    """Give every case of every version its charger; the longest come first.

    Raises:
        NoCharger: there are too few.
    """
    cases = list(cases)
    plays = [_cast(case, fleet, driver) for fleet in fleets for case in cases if fleet.version in case.versions]
    return sorted(plays, key=lambda play: -play.case.patience)


def _cast(case: Case, fleet: Fleet, driver: Driver) -> Play:
    candidates = [fleet.own[case.name]] if case.own_cpo else sorted(fleet.shared, key=lambda cpo: -len(cpo.chargers))
    for cpo in candidates:
        if charger := cpo.take(case.dc, case.least_kw):
            return Play(case, cpo, charger, driver)
    raise NoCharger(f"the simulated CPOs of {fleet.version} have no charger left for {case.name}")


class Runner:
    """Keeps at most `jobs` plays going until all are judged, then judges all once more.

    `tell` hears of every play that was judged; `watch` is called all the time and may raise.
    """

    def __init__(
        self, plays: list[Play], jobs: int, tell: Callable[[Play, int, int], None], watch: Callable[[], None]
    ) -> None:
        self.waiting, self.jobs, self.tell, self.watch = list(plays), jobs, tell, watch
        self.playing: list[Play] = []
        self.done: list[Play] = []
        self._kept: dict[str, tuple[float, dict[str, Any] | None]] = {}

    def run(self) -> list[Play]:
        """Return the plays, judged."""
        while self.waiting or self.playing:
            self.watch()
            self._begin()
            self._round()
            time.sleep(POLL)
        for play in self.done:
            if play.case.lasts and not play.faults and (books := books_of(play.cpo)) is not None:
                play.look_again(books)
        return self.done

    def _begin(self) -> None:
        for _ in range(min(BEGIN_AT_ONCE, self.jobs - len(self.playing), len(self.waiting))):
            play = self.waiting.pop(0)
            play.begin()
            self.playing.append(play)

    def _round(self) -> None:
        states = states_of(self.playing)
        for play in self.playing:
            play.follow(states.get(play.session_id, ""))
        for play in [one for one in self.playing if one.may_be_over]:
            books = self._books(play.cpo)
            if books is not None and play.judge(books):
                self.playing.remove(play)
                self.done.append(play)
                self.tell(play, len(self.done), len(self.done) + len(self.playing) + len(self.waiting))

    def _books(self, cpo: Cpo) -> dict[str, Any] | None:
        """The CPO's books, at most `BOOKS_AGE` old."""
        read_at, books = self._kept.get(cpo.name, (0.0, None))
        if books is None or time.monotonic() > read_at + BOOKS_AGE:
            books = books_of(cpo)
            self._kept[cpo.name] = (time.monotonic(), books)
        return books
