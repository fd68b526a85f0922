"""`make long-run`, small; and that its checks notice what they are there for."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.utils import timezone

from ocpi.models import Message
from rehearsal.bench.long_run import checks, pusher
from rehearsal.bench.long_run.looking import Line, pushes
from tests.factories import OcpiSessionFactory
from tests.support.processes import ROOT

BEGAN = 1_000.0


def note(number: int, status: int = 200, tries: int = 0, ms: float = 5.0) -> pusher.Note:
    return pusher.Note(BEGAN + number, ms, status, f"LR-0-{number // 4}-{number}-{tries}")


def log(one: pusher.Note, http_status: int | None = 200) -> None:
    Message.objects.create(
        at=timezone.now(), direction="in", method="PUT", url="/", request_id=one.request_id, http_status=http_status
    )


def told(notes: list[pusher.Note]) -> list[str]:
    return [one.text for one in checks.violations(notes)]


def test_notes_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("1000.000 5.0 200 LR-0-0-0-0\n1001.000 30000.0 0 LR-0-0-1-0\n")
    taken, lost = pusher.read(tmp_path / "notes")
    assert taken == note(0)
    assert taken.is_taken
    assert lost.status == pusher.LOST
    assert not lost.is_taken


@pytest.mark.django_db
def test_what_was_taken_and_is_there_breaks_no_promise() -> None:
    """Whoever got no answer, or was asked to come again, came again."""
    notes = [note(0), note(1, pusher.LOST), note(1, 503, tries=1), note(1, tries=2), note(2), note(3)]
    for one in notes:
        if one.is_taken:
            log(one)
    OcpiSessionFactory.create(ocpi_id="LR-0-0", kwh="1.2")
    assert told(notes) == []
    assert checks.refused(notes) == {0: 1, 503: 1}


@pytest.mark.django_db
def test_each_loss_is_a_broken_promise() -> None:
    notes = [note(0), note(1), note(2, 500), note(2, tries=1), note(3)]
    log(notes[1], http_status=None)
    log(notes[2], http_status=500)
    log(notes[3])
    log(notes[4])
    OcpiSessionFactory.create(ocpi_id="LR-0-0", kwh="0.8")
    assert told(notes) == [
        "1 pushes were answered 500",
        "the log has 1 messages to  that were answered 500",
        "1 pushes were taken and are not in the log: LR-0-0-0-0",
        "1 pushes have another answer in the log: LR-0-0-1-0 (None)",
        "1 Sessions do not say what was pushed last: LR-0-0",
    ]


def test_the_table_of_pushes_has_the_minutes_of_the_other() -> None:
    notes = [note(0, ms=1), note(59, ms=3), note(60, ms=9), note(61, pusher.LOST)]
    _head, *lines = pushes(notes, [Line(BEGAN + 60), Line(BEGAN + 120)], BEGAN)
    assert [line.split() for line in lines] == [
        ["1.0", "2", "3.0", "3.0", "3", "0"],
        ["2.0", "1", "9.0", "9.0", "9", "1"],
    ]


@pytest.mark.heavy
def test_nothing_is_lost_while_all_of_it_is_restarted() -> None:
    small = ("--minutes", "1", "--pushes", "50", "--charges", "20", "--every", "0.5")
    done = subprocess.run(
        [sys.executable, "-m", "rehearsal.bench.long_run", *small],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=590,
        check=False,
    )
    sys.stdout.write(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing lost, stuck or done twice" in done.stdout
    for what in ("web reloaded in", "worker-engine left in", "postgres: SIGQUIT", "redis: SIGKILL"):
        assert what in done.stdout
