"""A fresh clone, with no server configured, does real work: SQLite, and a folder as broker."""

import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.processes import PATIENCE, eventually, free_port
from tests.support.programs import embedded_environment, manage, web, worker

pytestmark = pytest.mark.slow

RESERVE = """
from uuid import uuid4
from billing.payments.services import open_authorization, request_reserve
opened = open_authorization(reference=str(uuid4()), amount=4000, currency="EUR", payment_method="pm_sim_slow")
request_reserve(opened.pk)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `VAR_DIR` of an installation that has just been migrated."""
    path = tmp_path_factory.mktemp("var")
    manage(embedded_environment(path), "migrate", "--verbosity", "0")
    return path


def payment_state(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "sfp.sqlite3")) as connection:
        return str(connection.execute("SELECT state FROM billing_paymentauthorization").fetchone()[0])


def test_migrations_are_complete_and_the_configuration_is_sound(folder: Path) -> None:
    manage(embedded_environment(folder), "migrate", "--check")
    manage(embedded_environment(folder), "check", "--fail-level", "WARNING")


def test_the_web_server_serves_the_admin(folder: Path) -> None:
    port = free_port()
    with (
        web(embedded_environment(folder), port, folder / "web.log"),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/admin/login/", timeout=PATIENCE) as answer,
    ):
        assert b"Smart Fuel Pass" in answer.read()


def test_the_worker_does_what_another_process_asked_for(folder: Path) -> None:
    environment = embedded_environment(folder, SIMULATED_GATEWAY_DELAY_MS="200")
    manage(environment, "shell", "--verbosity", "0", "-c", RESERVE)
    assert payment_state(folder) == "reserving"
    with worker(environment, folder / "worker.log", "--beat"):
        eventually(lambda: payment_state(folder) == "reserved", what="the money being reserved")
