"""What `manage.py scenarios` prints and answers: the promised columns, and exit code 1 on any deviation."""

from pathlib import Path
from typing import Any

import pytest

from rehearsal.scenarios.director import Director
from rehearsal.scenarios.plays.cpo import Charger, Cpo
from rehearsal.scenarios.plays.driver import Driver
from rehearsal.scenarios.plays.judging import deviations
from rehearsal.scenarios.plays.play import Play
from rehearsal.scenarios.plays.table import TABLE
from rehearsal.stage.environment import Stage
from tests.rehearsal.scenarios.test_judging import GOOD

pytestmark = pytest.mark.django_db


def played(name: str, **changes: Any) -> Play:
    """A play of a scenario in 2.2.1 that ended like `GOOD`, judged by its row of the table."""
    cpo = Cpo("cpo-221-sk", 1, "2.2.1", "http://127.0.0.1:9")
    play = Play(TABLE[name], cpo, Charger("E-7", "L-1", 150), Driver("http://127.0.0.1:9"), session_id="S-1")
    play.outcome = type(GOOD)(**{**vars(GOOD), "signs": GOOD.signs | {"power told"}, **changes})
    play.faults = deviations(play.case.outcome_in("2.2.1"), play.outcome)
    return play


def printed(capsys: pytest.CaptureFixture[str], *plays: Play) -> tuple[int, list[str]]:
    code = Director(Stage(Path("/tmp/stage"), 1), 1.0).conclude(plays)  # noqa: S108 - only its name is printed
    return code, capsys.readouterr().out.splitlines()


def test_each_scenario_has_its_columns(capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = printed(capsys, played("happy"))
    assert code == 0
    assert lines[1] == (
        "ok     happy                                  2.2.1"
        "  G5.1, G5.5, G5.12: reserve, start, observe energy, settle from the CDR"
    )
    assert lines[2].strip() == (
        "created > authorizing > authorized > starting > validating > charging > awaiting_cdr > settled;"
        " attempts 1, START 1, STOP 0, sessions: valid"
    )
    assert lines[3].strip() == (
        "reserved 40.00, ours: captured 1.60, released 38.40, held 0.00;"
        " gateway: captured 1.60, released 38.40, held 0.00; CPO billed 1.60"
    )
    assert "scenarios ok: 1 played" in lines[-1]


def test_a_second_time_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    second = played("local-stop")
    second.again = True
    code, lines = printed(capsys, played("happy"), second)
    assert code == 0
    assert [line.endswith("(the second time)") for line in lines if line.startswith("ok")] == [False, True]
    assert "scenarios ok: 2 played, 1 of them twice" in lines[-1]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"state": "failed"}, "! state: expected settled, found failed"),
        ({"starts": (2,)}, "! more START_SESSIONs than attempts"),
        ({"opened": ("CDRs not received by SFP",)}, "! open incidents: expected none, found CDRs not received by SFP"),
    ],
)
def test_one_deviation_among_many_makes_the_exit_code_1(
    capsys: pytest.CaptureFixture[str], changes: Any, fault: str
) -> None:
    code, lines = printed(capsys, played("happy"), played("local-stop", **changes), played("full-battery"))
    assert code == 1
    (row,) = [line for line in lines if line.startswith("WRONG")]
    assert row.split()[:3] == ["WRONG", "local-stop", "2.2.1"]
    told = [line.strip() for line in lines]
    assert fault in told
    assert "session S-1, charger E-7 of cpo-221-sk" in told
    assert "scenarios 1 WRONG: 3 played" in lines[-2]
    assert lines[-1].endswith("Logs and database: /tmp/stage")


def test_a_play_that_was_never_judged_is_no_success(capsys: pytest.CaptureFixture[str]) -> None:
    play = played("happy")
    play.faults = None
    assert printed(capsys, play)[0] == 1
