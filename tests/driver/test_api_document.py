"""The examples of docs/driver-api.md run as they stand, and its table has every code that the API can answer with."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from tests.driver import scene

DOCUMENT = (settings.BASE_DIR / "docs" / "driver-api.md").read_text()
EXAMPLES = re.findall(r"```(sh|python)\n(.*?)```", DOCUMENT, re.DOTALL)
CURL = shutil.which("curl")
SAID = {"price_changed", "charger_in_use", "already_ended", "idempotency_conflict"}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "example"),
    [
        pytest.param(*one, id=f"{n}-{one[0]}", marks=[pytest.mark.heavy] if one[0] == "sh" and not CURL else [])
        for n, one in enumerate(EXAMPLES)
    ],
)
def test_an_example_runs(live_server: LiveServer, language: str, example: str) -> None:
    evse = scene.station()
    scene.add_tariff(evse)
    office = create_client_key("back office", is_back_office=True)[1]
    environment = {"BASE": live_server.url, "KEY": create_client_key("example")[1], "EVSE": evse.code}
    environment["OFFICE_KEY"] = office
    command = [sys.executable, "-c", example] if language == "python" else ["sh", "-euc", example]
    ran = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout
    assert AdHocSession.objects.count() == ("ad-hoc-sessions" in example)


def test_there_are_examples_in_both_languages() -> None:
    assert [language for language, _ in EXAMPLES].count("python") >= 3
    assert [language for language, _ in EXAMPLES].count("sh") >= 2


def test_every_code_of_the_source_is_in_the_table() -> None:
    table = set(re.findall(r"`([a-z_]+)`", DOCUMENT[DOCUMENT.index("| Code |") :]))
    folders = [settings.BASE_DIR / "sessions_adhoc" / name for name in ("driver", "engine", "contracts")]
    source = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    nested = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*?"
    refusing = rf'Cannot(?:Start|Raise|Release|Pay)\({nested},\s*"([a-z]+(?:_[a-z]+)+)"\s*,?\s*\)'
    found = set(re.findall(refusing, source))
    assert {"unknown_connector", "limit_pending", "not_ended", "nothing_open"} <= found
    assert (found | SAID) - table - {"unknown_token"} == set()
