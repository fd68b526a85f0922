"""Migrations are append-only: new ones are let in, an edited or a removed one is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "migrations_lock.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two migrations, and a lock of them."""
    for folder in ("scripts", "sfp_platform", "trial/migrations"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "scripts" / SCRIPT.name).write_text(SCRIPT.read_text())
    for name in ("__init__", "0001_initial", "0002_more"):
        (tmp_path / "trial/migrations" / f"{name}.py").write_text(f"# {name}\n")
    assert ran(tmp_path, "--remake") == (0, "")
    return tmp_path


def ran(project: Path, *options: str) -> tuple[int, str]:
    """(exit code, what was said)."""
    command = [sys.executable, str(project / "scripts" / SCRIPT.name), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def lock_of(project: Path) -> list[str]:
    return [line.split("  ")[1] for line in (project / "sfp_platform/migrations.lock").read_text().splitlines()]


def test_what_is_as_it_was_is_fine(project: Path) -> None:
    assert ran(project) == (0, "")
    assert lock_of(project) == ["trial/migrations/0001_initial.py", "trial/migrations/0002_more.py"]


def test_a_new_one_is_added_by_command(project: Path) -> None:
    (project / "trial/migrations/0003_new.py").write_text("# new\n")

    assert ran(project) == (1, "trial/migrations/0003_new.py is new: python scripts/migrations_lock.py --add\n")
    assert ran(project, "--add") == (0, "")
    assert ran(project) == (0, "")
    assert lock_of(project)[-1] == "trial/migrations/0003_new.py"


@pytest.mark.parametrize("options", [(), ("--add",)])
def test_an_edited_one_is_refused(project: Path, options: tuple[str, ...]) -> None:
    (project / "trial/migrations/0001_initial.py").write_text("# other\n")

    code, said = ran(project, *options)

    assert (code, said.partition(".py ")[2]) == (
        1,
        "was edited. Databases have run it: undo that, and write a new migration.\n",
    )
    assert ran(project, *options)[0] == 1, "it stays refused"


@pytest.mark.parametrize("options", [(), ("--add",)])
def test_a_removed_one_is_refused(project: Path, options: tuple[str, ...]) -> None:
    (project / "trial/migrations/0002_more.py").unlink()

    assert ran(project, *options) == (
        1,
        "trial/migrations/0002_more.py is gone. Databases have run it: bring it back.\n",
    )


def test_those_of_this_project_are_as_they_were() -> None:
    assert ran(SCRIPT.parents[1]) == (0, "")


def test_a_fold_gives_way_to_a_later_one(project: Path) -> None:
    folder = project / "trial/migrations"
    (folder / "0001_as_of_0002.py").write_text("# fold\n")
    assert ran(project, "--add") == (0, "")

    (folder / "0001_as_of_0002.py").rename(folder / "0001_as_of_0003.py")

    assert ran(project) == (1, "trial/migrations/0001_as_of_0003.py is new: python scripts/migrations_lock.py --add\n")
    assert ran(project, "--add") == (0, "")
    assert ran(project) == (0, "")
    assert lock_of(project) == [
        "trial/migrations/0001_as_of_0003.py",
        "trial/migrations/0001_initial.py",
        "trial/migrations/0002_more.py",
    ]


@pytest.mark.parametrize("other", [None, "trial/migrations/0001_as_of_0001.py", "other/migrations/0001_as_of_0003.py"])
def test_a_fold_without_a_later_one_of_its_app_stays(project: Path, other: str | None) -> None:
    folder = project / "trial/migrations"
    (folder / "0001_as_of_0002.py").write_text("# fold\n")
    assert ran(project, "--add") == (0, "")

    (folder / "0001_as_of_0002.py").unlink()
    if other:
        (project / other).parent.mkdir(parents=True, exist_ok=True)
        (project / other).write_text("# another fold\n")

    gone = "trial/migrations/0001_as_of_0002.py is gone. Databases have run it: bring it back.\n"
    assert ran(project, "--add") == (1, gone)
