"""A story that repeats itself is told once: what came again and again between the first and the last time folds."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_adhoc.admin.story import Line

LONGEST, FEWEST = 24, 3
"""Lines of a round at most, and rounds from which on those in the middle fold."""
MACHINES = re.compile(r"[0-9a-fA-F-]*\d[0-9a-zA-Z.:*_-]*")


@dataclass(frozen=True)
class Fold:
    """Rounds that say the same as the one before them.

    Attributes:
        times: how many rounds.
        lines: all of their lines.
    """

    times: int
    lines: tuple[Line, ...]

    @property
    def at(self) -> datetime:
        return self.lines[0].at

    @property
    def until(self) -> datetime:
        return self.lines[-1].until or self.lines[-1].at


def fold(lines: Sequence[Line]) -> list[Line | Fold]:
    """The lines in their order, with each round that came three times or oftener told first and last."""
    shapes = [_shape(line) for line in lines]
    told: list[Line | Fold] = []
    at = 0
    while at < len(lines):
        size, times = _round_at(shapes, at)
        if times < FEWEST:
            told.append(lines[at])
            at += 1
            continue
        last = at + size * (times - 1)
        middle = tuple(lines[at + size : last])
        told += [*lines[at : at + size], Fold(times - 2, middle), *lines[last : last + size]]
        at = last + size
    return told


def _round_at(shapes: Sequence[tuple[str, ...]], at: int) -> tuple[int, int]:
    """(lines, times) of the round that begins here: that which covers most, and of these the shortest."""
    found = [(size, _times(shapes, at, size)) for size in range(1, min(LONGEST, (len(shapes) - at) // 2) + 1)]
    repeated = [one for one in found if one[1] >= FEWEST]
    return max(repeated, key=lambda one: (one[0] * one[1], -one[0]), default=(1, 1))


def _times(shapes: Sequence[tuple[str, ...]], at: int, size: int) -> int:
    """How often the `size` shapes from here on come directly one after the other."""
    if shapes[at] != shapes[at + size]:
        return 1
    pattern, times = shapes[at : at + size], 1
    while shapes[at + times * size : at + (times + 1) * size] == pattern:
        times += 1
    return times


def _shape(line: Line) -> tuple[str, ...]:
    """What a line says, but for ids, numbers and moments."""
    return line.source, line.kind, line.states, line.actor, MACHINES.sub("#", line.text)
