"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
APPS = ("partners", "ocpi", "billing", "sessions_adhoc", "onboarding", "sfp_platform", "rehearsal", "cpo_simulator")
SOURCES = [path for app in APPS for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts]


def offending(pattern: str, files: list[Path]) -> list[str]:
    found = []
    for path in files:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    return found


def test_only_the_version_record_knows_what_a_version_changes() -> None:
    # The simulator is another company's program, and rehearsals compare versions for a living.
    exempt = {ROOT / "ocpi" / "versions", ROOT / "cpo_simulator", ROOT / "rehearsal"}
    outside = [path for path in SOURCES if not exempt & set(path.parents)]
    comparisons = r"""\bversion(\.number)?\s*(==|!=|in)\s*[\[\(\{]?\s*["'][0-9]"""
    assert offending(comparisons, outside) == []


def test_nothing_waits_by_sleeping() -> None:
    watching = {"rehearsal", "cpo_simulator"}
    elsewhere = [
        path
        for path in SOURCES
        if not any(str(path.relative_to(ROOT)).startswith(place) for place in watching)
        and "management" not in path.parts
    ]
    assert offending(r"\btime\.sleep\(", elsewhere) == []


def test_no_task_waits_in_the_broker_for_a_deadline() -> None:
    assert offending(r"(?<![-\w])(countdown|eta)\s*=", SOURCES) == []


@pytest.mark.parametrize("word", ["TODO", "FIXME", "HACK"])
def test_nothing_is_left_for_later(word: str) -> None:
    assert offending(rf"\b{word}\b", SOURCES) == []


def test_pages_of_the_admin_tell_the_time_in_the_zone_of_the_page() -> None:
    """What is formatted where it stands is in UTC: `partners.admin.kit.showing` knows the zone."""
    of_admin = [path for path in SOURCES if "admin" in path.parts and path.name != "showing.py"]
    assert len(of_admin) > 100
    assert offending(r"\} UTC|\{[^{}]*:%[^{}]*%H", of_admin) == []


def test_files_have_one_subject() -> None:
    long = {
        str(path.relative_to(ROOT)): count for path in SOURCES if (count := len(path.read_text().splitlines())) > 350
    }
    assert long == {}


def test_the_state_field_is_moved_in_one_place() -> None:
    moves = offending(r"\.enter\(", [path for path in SOURCES if "sessions_adhoc" in path.parts])
    assert [line.split(":")[0] for line in moves] == ["sessions_adhoc/engine/lifecycle.py"]
