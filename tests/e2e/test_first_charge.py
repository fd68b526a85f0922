"""The first charge on PostgreSQL and Redis, between real processes, with the worker killed on the way."""

import json
import sys
from pathlib import Path

import pytest
from pytest_django import Settings

from billing.models import SimulatedCharge
from ocpi.models import Command
from rehearsal.demo import story
from rehearsal.demo.printing import Printer
from tests.support.processes import Process, file_exists, free_port
from tests.support.programs import server_environment, web, worker

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def cpo(folder: Path) -> Process:
    """Its car takes ten minutes to fill: however long the second worker takes to start, the STOP finds it charging."""
    ready = folder / "cpo.json"
    command = [sys.executable, "-m", "cpo_simulator", "--port", "0", "--ready-file", str(ready)]
    pace = ("--speed", "60", "--meter-interval", "1", "--knob", "car_dc_kw=6", "--knob", "car_kwh=60")
    return Process([*command, *pace], log=folder / "cpo.log", ready=file_exists(ready))


def test_a_charge_survives_its_worker(tmp_path: Path, settings: Settings) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = server_environment(
        tmp_path, OCPI_BASE_URL_TEMPLATE=url, FIELD_ENCRYPTION_KEYS=settings.FIELD_ENCRYPTION_KEYS[0]
    )
    settings.OCPI_BASE_URL_TEMPLATE = url
    with cpo(tmp_path), web(environment, port, tmp_path / "web.log"):
        out = Printer()
        first = worker(environment, tmp_path / "first.log", "--beat")
        with first:
            partner = story.add_cpo(tmp_path / "cpo.json")
            story.shake_hands(partner, out)
            charge = story.Charge(url, story.wait_for_chargers(partner), out)
            charge.start()
            charge.follow_until("energy", lambda session: (session["meter"]["kwh"] or 0) > 0.2)
            first.kill()
        charge.stop()
        with worker(environment, tmp_path / "second.log", "--beat"):
            charge.follow_until("the settlement", lambda session: False)
    outcome = story.outcome(charge.id)
    assert outcome.problems == ()
    assert outcome.captured == outcome.cdr_gross > 0
    (charged,) = SimulatedCharge.objects.all()
    assert (charged.status, charged.captured_amount) == ("captured", outcome.captured)
    kinds = Command.objects.order_by("kind").values_list("kind", "tries", "response")
    assert list(kinds) == [("START_SESSION", 1, "ACCEPTED"), ("STOP_SESSION", 1, "ACCEPTED")]
    assert json.loads((tmp_path / "cpo.json").read_text())["versions_url"]
