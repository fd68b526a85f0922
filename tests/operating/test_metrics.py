"""`/metrics` tells what happened and how things stand, to those who may know."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as live_settings
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from billing.models import PaymentAuthorization
from partners.ground import counting
from partners.models import Mail, Partner
from rehearsal.stage.servers import packages
from sfp_platform import __version__
from sfp_platform.celery import app
from sfp_platform.health.verdict import watch
from sfp_platform.metrics.states import states
from tests.bursts.conftest import Server
from tests.bursts.test_sweep import expired_session
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token, session_data

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def open_to_tests(settings: Settings) -> None:
    settings.METRICS_TOKEN = "guess me if you can"
    watch.forget()
    states.until = 0.0


def told() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """(name, labels) -> value, for everything."""
    states.until = 0.0
    watch.forget()
    answer = Client().get("/metrics", HTTP_AUTHORIZATION="Bearer guess me if you can")
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.content.decode()))
    assert len({family.name for family in families}) == len(families)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


@pytest.fixture
def metrix(db: None) -> Partner:
    """A partner whom no other test counts."""
    partner: Partner = PartnerFactory.create(code="metrix", party_id="MTX")
    PartnerRoleFactory.create(partner=partner, party_id="MTX")
    return partner


def test_pushes_are_counted_with_what_they_shared(metrix: Partner, settings: Settings, tmp_path: Path) -> None:
    settings.SPOOL_DIR = str(tmp_path / "spool")
    server = Server()
    token = {"authorization": f"Token {issue_token(metrix)}"}
    before = told()
    for number, expected in ((1, 201), (1, 200), (2, 201)):
        body = session_data(f"S-{number}", party_id="MTX")
        path = f"/ocpi/emsp/2.2.1/sessions/SK/MTX/S-{number}"
        assert server.ask("PUT", path, json.dumps(body).encode(), headers=token).status == expected
    assert server.ask("GET", "/ocpi/emsp/2.2.1/tokens", headers=token).status == 200
    assert server.ask("GET", "/ocpi/emsp/2.2.1/tokens", headers={"authorization": "Token wrong"}).status == 401
    counted = {key: value - before.get(key, 0) for key, value in told().items() if key[0] == "sfp_messages_total"}
    labels = {tuple(value for _, value in names): number for (_, names), number in counted.items() if number}
    # In the order of the labels' names: direction, module, partner, status.
    assert {key: number for key, number in labels.items() if key[2] == "metrix"} == {
        ("in", "sessions", "metrix", "201"): 2,
        ("in", "sessions", "metrix", "200"): 1,
        ("in", "tokens", "metrix", "200"): 1,
    }
    assert labels["in", "tokens", "", "401"] >= 1


def test_what_other_processes_count_is_added(metrix: Partner) -> None:
    """Two of them, and both are gone when somebody asks."""
    count = (
        "from partners.ground.counting import count_message, count_pushes\n"
        "count_message('out', 'elsewhere', 'commands', 200, 0.3)\n"
        "count_message('out', 'elsewhere', 'commands', None, 31.0)\n"
        "count_pushes('in', 'sessions', [('elsewhere', 200), ('elsewhere', 200), ('elsewhere', 201)], 0.01)\n"
    )
    before = told()
    for _ in range(2):
        program = f"import django; django.setup()\n{count}"
        own = {"METRICS_DIR": str(live_settings.METRICS_DIR), "DJANGO_SETTINGS_MODULE": "sfp_platform.settings"}
        subprocess.run(
            [sys.executable, "-c", program], cwd=live_settings.BASE_DIR, env={**os.environ, **own}, check=True
        )
    after = told()

    def grown(metric: str, **labels: str) -> float:
        key = (metric, tuple(sorted(labels.items())))
        return after[key] - before.get(key, 0)

    of_them = {"partner": "elsewhere", "direction": "out", "module": "commands"}
    assert grown("sfp_messages_total", **of_them, status="200") == 2
    assert grown("sfp_messages_total", **of_them, status="none") == 2
    assert grown("sfp_messages_total", partner="elsewhere", direction="in", module="sessions", status="200") == 4
    assert grown("sfp_push_group_sum", module="sessions") >= 6
    assert grown("sfp_push_group_bucket", module="sessions", le="2.0") < grown(
        "sfp_push_group_bucket", module="sessions", le="4.0"
    )


def payment(state: str, amount: int, **more: Any) -> PaymentAuthorization:
    at = None if state == "released" else timezone.now() + timedelta(hours=1)
    common = {"currency": "EUR", "gateway": "simulated", "next_check_at": at, "reference": uuid4().hex}
    return PaymentAuthorization(state=state, amount=amount, **common, **more)


def test_how_things_stand(metrix: Partner, all_alive: None) -> None:
    session = expired_session()
    late = timezone.now() - timedelta(seconds=90)
    type(session).objects.update(next_check_at=late)
    PaymentAuthorization.objects.bulk_create(
        [payment("reserved", 4000), payment("capturing", 500, capture_amount=400), payment("released", 7000)]
    )
    Mail.objects.create(
        partner=metrix, subject="late", body="", to=["a@b.example"], next_check_at=late, written_at=late
    )
    for name in ("ocpi.tasks.push_tick", "ocpi.tasks.push_tick"):
        app.send_task(name, queue="push")
    now = told()

    def value(metric: str, **labels: str) -> float:
        return now[metric, tuple(sorted(labels.items()))]

    assert value("sfp_version", version=__version__) == 1
    assert value("sfp_health", check="beat") == 1
    assert value("sfp_health", check="engine") == 0
    assert value("sfp_workers", queue="sync") == 1
    assert 0 <= value("sfp_sign_age_seconds", what="beat", name="host-1") < 20
    assert value("sfp_sessions", state="created") == 1
    assert value("sfp_sessions", state="escalated") == 0
    assert value("sfp_held_minor_units", currency="EUR") == 4500
    assert value("sfp_held_payments", currency="EUR") == 2
    assert value("sfp_mails_waiting") == 1
    assert 90 <= value("sfp_mails_age_seconds") < 120
    assert value("sfp_due_rows", model="sessions_adhoc.AdHocSession") == 1
    assert 90 <= value("sfp_due_lag_seconds", model="sessions_adhoc.AdHocSession") < 120
    assert value("sfp_due_lag_seconds", model="ocpi.Refresh") == 0
    assert value("sfp_queue_messages", queue="push") == 2
    assert value("sfp_queue_messages", queue="engine.due") == 0
    assert value("sfp_incidents_open", severity="Urgent") == 0
    assert value("sfp_table_bytes", table="ocpi_message") > 0
    assert value("sfp_database_connections") >= 1


def test_who_may_read_it(settings: Settings) -> None:
    def status(**more: Any) -> int:
        return Client().get("/metrics", **more).status_code

    assert status() == 404
    assert status(HTTP_AUTHORIZATION="Bearer guess me") == 404
    assert status(HTTP_AUTHORIZATION="Bearer gu\u00e9ss") == 404
    settings.METRICS_TOKEN = ""
    assert status(HTTP_AUTHORIZATION="Bearer ") == 404
    settings.METRICS_NETWORKS = ["10.1.0.0/16"]
    assert status(REMOTE_ADDR="10.1.2.3") == 200
    assert status(REMOTE_ADDR="10.2.2.3") == 404
    settings.OCPI_TRUSTED_PROXIES = ["10.1.0.0/16"]
    assert status(REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="10.1.9.9") == 404
    settings.PRODUCTION = settings.SECURE_SSL_REDIRECT = True
    assert status(REMOTE_ADDR="10.1.2.3", HTTP_HOST="10.1.2.3:8000") == 200


def test_many_who_ask_cost_one_look(django_assert_num_queries: Any) -> None:
    told()
    with django_assert_num_queries(0):
        assert Client().get("/metrics", HTTP_AUTHORIZATION="Bearer guess me if you can").status_code == 200


def names_in(text: str) -> set[str]:
    return set(re.findall(r"\bsfp_[a-z_]+", text))


def test_alerts_and_dashboard_ask_for_what_there_is(metrix: Partner, all_alive: None) -> None:
    """And for nothing else; and everything that is told is looked at by one of them."""
    counting.count_message("in", "x", "m", 200, 0.1)
    counting.count_pushes("in", "m", [("x", 200)], 0.1)
    PaymentAuthorization.objects.bulk_create([payment("reserved", 1)])
    known = counting.counted()
    known.requests.labels("admin", "200").inc()
    known.tasks.labels("a task", "success").inc()
    known.task_seconds.labels("engine").observe(1)
    known.task_waits.labels("engine").observe(1)
    told_of = {name for name, _ in told()}
    deploy = live_settings.BASE_DIR / "deploy"
    asked = names_in((deploy / "prometheus" / "alerts.yml").read_text())
    asked |= names_in((deploy / "grafana" / "dashboard.json").read_text())
    assert asked - told_of - {"sfp_table_partitions"} == set()
    families = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in told_of}
    assert families - {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in asked} == set()


def test_the_dashboard_is_as_its_script_writes_it() -> None:
    command = [sys.executable, "scripts/grafana_dashboard.py", "--check"]
    assert subprocess.run(command, cwd=live_settings.BASE_DIR, check=False).returncode == 0


@pytest.mark.heavy
def test_the_alerts_are_raised_and_end_as_they_should() -> None:
    """By Prometheus's own program, from Debian's package."""
    if shutil.which("promtool") is None:
        packages.install("prometheus", "promtool is not installed")
    folder = live_settings.BASE_DIR / "deploy" / "prometheus"
    for command in (["test", "rules", "alerts_test.yml"], ["check", "config", "--syntax-only", "prometheus.yml"]):
        subprocess.run([str(shutil.which("promtool")), *command], cwd=folder, check=True)
    rules = set(re.findall(r"alert: (\w+)", (folder / "alerts.yml").read_text()))
    assert set(re.findall(r"alertname: (\w+)", (folder / "alerts_test.yml").read_text())) == rules


def test_threads_that_count_first_at_the_same_moment_count_together() -> None:
    """Of a process's first requests several come at once: each is counted, and none fails."""
    program = (
        "import sys, threading, django; sys.setswitchinterval(1e-6); django.setup();"
        "from partners.ground import counting; gate = threading.Barrier(8); failed = [];"
        "threading.excepthook = lambda told: failed.append(told.exc_value);"
        "one = lambda: (gate.wait(), counting.count_message('in', 'ion', 'cdrs', 200, 0.1));"
        "threads = [threading.Thread(target=one) for _ in range(8)];"
        "[thread.start() for thread in threads]; [thread.join() for thread in threads];"
        "print(failed, counting.counted().messages.labels('in', 'ion', 'cdrs', '200')._value.get())"
    )
    own = {**os.environ, "DJANGO_SETTINGS_MODULE": "sfp_platform.settings", "METRICS_DIR": ""}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=live_settings.BASE_DIR, env=own, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] 8.0"
