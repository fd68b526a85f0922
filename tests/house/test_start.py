"""What a process loads when it starts: every command, every worker and every web process waits for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
WHERE_USED = ["fpdf", "fontTools", "PIL", "cloudflare", "segno", "cryptography.x509", "drf_spectacular.plumbing"]
PROBE = """
import sys
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "check"])
print([name for name in sys.argv[1:] if name in sys.modules])
"""


def loaded(tmp_path: Path, names: list[str], **environment: str) -> str:
    """Those of the modules that `manage.py check` has loaded: it imports models, tasks, admin and URLs."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("REDIS", "DATABASE", "COV"))}
    own = {"DJANGO_SETTINGS_MODULE": "sfp_platform.settings", "VAR_DIR": str(tmp_path), "ENVIRONMENT": "development"}
    return subprocess.run(
        [sys.executable, "-c", PROBE, *names],
        env={**inherited, **own, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout.splitlines()[-1]


def test_what_is_heavy_is_loaded_where_it_is_used(tmp_path: Path) -> None:
    assert loaded(tmp_path, [*WHERE_USED, "redis"]) == "[]"


@pytest.mark.parametrize("name", WHERE_USED)
def test_what_is_said_to_be_heavy_is_there(name: str) -> None:
    """A name that nobody has would pass the test above for ever."""
    __import__(name)


def test_no_search_for_garbage_looks_at_what_a_process_is_made_of() -> None:
    """While it starts, at its end and in between: searched is what came since, and that is searched."""
    probe = (
        "import gc, sfp_platform, django; before = gc.get_stats()[0]['collections']; django.setup(); "
        "print(gc.isenabled(), gc.get_freeze_count() > 100_000, gc.get_stats()[0]['collections'] - before < 10)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "sfp_platform.settings"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.split() == ["True"] * 3
