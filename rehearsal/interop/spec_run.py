"""All example files of a folder: driven one by one, compared with what the table expects, printed as a table."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from ocpi.versions import VERSIONS
from rehearsal.interop.spec_driver import Outcome, SpecDriver
from rehearsal.interop.spec_table import Erratum, erratum, example
from rehearsal.interop.standin import StandIn

SETS = {
    **{number: number for number in VERSIONS},
    "2.3.0-payments": "2.3.0",
    "2.3.0-bookings": "2.3.0",
}


@dataclass(frozen=True)
class Line:
    """One file in the table."""

    folder: str
    name: str
    title: str
    outcome: str
    expected: str
    deviations: tuple[str, ...]


def run(folder: Path) -> Iterator[Line]:
    """Drive every file below the version folders of `folder`. The database is empty again after each."""
    with StandIn() as stand_in:
        for name, number in SETS.items():
            for path in sorted((folder / name).glob("*.json")):
                yield _line(name, path, number, stand_in)


def _line(folder: str, path: Path, number: str, stand_in: StandIn) -> Line:
    known, wrong = example(number, path.name), erratum(folder, path.name)
    if known is None:
        return Line(folder, path.name, "?", "not driven", "?", ("the table does not know this file",))
    driver = SpecDriver(VERSIONS[number], stand_in, wrong.lost)
    with transaction.atomic():
        outcome = driver.run(known, path.read_bytes())
        transaction.set_rollback(True)
    deviations = tuple(_deviations(outcome, wrong))
    found = _words(outcome.refused, outcome.faults, outcome.notes, outcome.left_out)
    expected = _words(bool(wrong.faults), wrong.faults, wrong.notes, wrong.left_out)
    return Line(folder, path.name, known.title, found, expected, deviations)


def _deviations(outcome: Outcome, wrong: Erratum) -> Iterator[str]:
    for what, found, expected in (
        ("refused for", outcome.faults, wrong.faults),
        ("noted", outcome.notes, wrong.notes),
        ("left out", outcome.left_out, wrong.left_out),
    ):
        for path in sorted(set(found) - set(expected)):
            yield f"{what} {path}, which is not expected"
        for path in sorted(set(expected) - set(found)):
            yield f"not {what} {path}"
    if outcome.refused != bool(wrong.faults):
        yield "refused" if outcome.refused else "accepted"
    yield from outcome.problems


def _words(refused: bool, faults: tuple[str, ...], notes: tuple[str, ...], left_out: tuple[str, ...]) -> str:
    if refused:
        return f"refused: {', '.join(sorted(faults))}"
    but_for = f" but for {', '.join(sorted(left_out))}" if left_out else ""
    noted = f", noted: {', '.join(sorted(notes))}" if notes else ""
    return f"accepted{but_for}{noted}"
