"""Health names what does not run, and only that; probes reach it by address, without TLS."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ocpi.log import partitions
from partners.ground.rows import run
from sfp_platform import __version__, tasks
from sfp_platform.broker.pulse import What, sign
from sfp_platform.health.verdict import watch
from sfp_platform.models import Heartbeat
from tests.bursts.test_sweep import expired_session

pytestmark = pytest.mark.usefixtures("all_alive")
EVERYTHING = [
    "database",
    "broker",
    "disk",
    "migrations",
    "beat",
    "engine",
    "push",
    "sync",
    "mail",
    "mail_server",
    "message_log",
]


def told(path: str = "/health/", **more: Any) -> tuple[int, str, dict[str, str]]:
    """(HTTP status, status, faults), looked at anew."""
    watch.forget()
    response = Client().get(path, **more)
    body = response.json()
    assert body["version"] == __version__
    assert {name for name, fine in body["checks"].items() if not fine} == set(body["faults"])
    return response.status_code, body["status"], body["faults"]


def test_all_is_well() -> None:
    assert Client().get("/health/").json() == {
        "status": "ok",
        "version": __version__,
        "checks": dict.fromkeys(EVERYTHING, True),
        "faults": {},
    }


@pytest.mark.parametrize("path", ["/health/", "/health/live", "/health/ready", "/health/live/", "/health/ready/"])
def test_probes_come_by_address_and_without_tls(path: str, settings: Settings) -> None:
    settings.PRODUCTION = settings.SECURE_SSL_REDIRECT = True
    settings.ALLOWED_HOSTS = [".smartfuelpass.com"]
    for host in ("10.0.0.7", "ocpi-ion.smartfuelpass.com", "anything.example"):
        answer = Client().get(path, HTTP_HOST=host)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert Client().post(path).status_code == 405
    assert Client().get("/health/secrets").status_code != 200


def test_a_dead_beat_is_named_alone(silent: Callable[..., None]) -> None:
    silent("beat", seconds=24)
    assert told() == (200, "ok", {})
    silent("beat")
    silent("queue", seconds=600)
    assert told() == (503, "degraded", {"beat": "No beat runs: the last sign is 26 s old."})
    assert told("/health/ready") == (200, "degraded", {"beat": "No beat runs: the last sign is 26 s old."})
    sign(What.BEAT, "host-2")
    for pulse in (tasks.pulse, tasks.push_pulse, tasks.sync_pulse, tasks.mail_pulse):
        pulse()
    assert told() == (200, "ok", {})


@pytest.mark.parametrize(
    ("worker", "queues"), [("engine@host-1", ["engine"]), ("calls@host-1", ["push", "sync", "mail"])]
)
def test_a_dead_worker_is_named_by_its_queues(worker: str, queues: list[str], silent: Callable[..., None]) -> None:
    silent("worker", worker, seconds=40)
    silent("queue", *queues, seconds=40)
    faults = {queue: f"No worker serves “{queue}”: the last sign is 40 s old." for queue in queues}
    assert told() == (503, "degraded", faults)
    assert told("/health/ready")[:2] == (200, "degraded")
    sign(What.WORKER, "other@host-2", serves=",".join(queues))
    for queue in queues:
        sign(What.QUEUE, queue)
    assert told() == (200, "ok", {})


def test_a_worker_that_takes_nothing_is_named(silent: Callable[..., None]) -> None:
    silent("queue", "sync", seconds=90)
    assert told() == (503, "degraded", {"sync": "No worker takes what is on “sync”: the last sign is 90 s old."})


def test_nothing_was_ever_started() -> None:
    Heartbeat.objects.all().delete()
    status, word, faults = told()
    assert (status, word, list(faults)) == (503, "degraded", ["beat", "engine", "push", "sync", "mail"])
    assert faults["beat"] == "No beat runs: none was ever seen."


def test_a_session_that_nobody_looks_at_is_the_engines() -> None:
    session = expired_session()
    type(session).objects.update(next_check_at=timezone.now() - timedelta(seconds=61))
    assert told()[2] == {"engine": "A session is overdue by more than a minute: too few workers serve it."}


def test_a_database_that_is_behind_serves_nobody() -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("billing", "0001_initial")
    assert told("/health/ready") == (503, "failing", {"migrations": "Not applied: billing.0001_initial."})
    recorder.record_applied("billing", "0001_initial")
    recorder.record_applied("billing", "0999_of_the_next_version")
    assert told("/health/ready") == (200, "ok", {})


def test_a_full_disk_is_named(settings: Settings, tmp_path: Any) -> None:
    settings.SPOOL_DIR, settings.HEALTH_DISK_FREE_MB = str(tmp_path / "spool"), 10**9
    [(name, fault)] = told("/health/ready")[2].items()
    assert name == "disk"
    assert fault.endswith(f"MB are left for {tmp_path / 'spool'}, fewer than 1000000000.")
    (tmp_path / "file").write_text("")
    settings.SPOOL_DIR = str(tmp_path / "file")
    assert told()[2] == {"disk": f"{tmp_path / 'file'} cannot be used: File exists."}


@contextmanager
def greeter(greeting: bytes) -> Iterator[int]:
    """A server that greets like this and then answers 250 to everything; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            client, _ = listening.accept()
            with client:
                client.sendall(greeting)
                while said := client.recv(1024):
                    client.sendall(b"221 bye\r\n" if said.upper().startswith(b"QUIT") else b"250 fine\r\n")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]


@pytest.mark.parametrize(("greeting", "fault"), [(b"220 hello\r\n", ""), (b"554 not you\r\n", "SMTPConnectError")])
def test_the_mail_server_is_greeted(greeting: bytes, fault: str, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_USE_SSL = "127.0.0.1", False
    with greeter(greeting) as settings.EMAIL_PORT:
        tasks.mail_pulse()
    assert fault in told()[2].get("mail_server", "")
    assert bool(told()[2]) == bool(fault)


def test_a_mail_server_that_is_away_is_named_until_it_is_back(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_SSL = "127.0.0.1", 1, False
    tasks.mail_pulse()
    fault = "It does not answer: ConnectionRefusedError: [Errno 111] Connection refused"
    assert told() == (503, "degraded", {"mail_server": fault})
    settings.EMAIL_BACKEND = "sfp_platform.configuration.staging.NoMail"
    tasks.mail_pulse()
    assert told() == (200, "ok", {})


def test_a_day_without_a_partition_is_named_before_it_comes() -> None:
    [name] = [partitions.name_of((datetime.now(UTC) + timedelta(days=1)).date())]
    run(f"DROP TABLE {name}", [])
    fault = f"It has no partition for a day that is to come: {name}."
    assert told() == (503, "degraded", {"message_log": fault})
    assert told("/health/ready")[:2] == (200, "degraded")
    assert partitions.begin_day(datetime.now(UTC)) == [name]
    assert told() == (200, "ok", {})


def test_many_who_ask_cost_one_look() -> None:
    Client().get("/health/")
    with CaptureQueriesContext(connection) as asked:
        for _ in range(20):
            assert Client().get("/health/ready").status_code == 200
    assert len(asked) == 0
    watch.forget()
    with CaptureQueriesContext(connection) as asked:
        Client().get("/health/")
    assert len(asked) == 6


def test_a_sign_of_life_is_one_statement_and_one_row(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        sign(What.WORKER, "engine@host-1", serves="engine,push", fault="x" * 400)
    row = Heartbeat.objects.get(what=What.WORKER, name="engine@host-1")
    assert (row.serves, row.fault) == ("engine,push", "x" * 300)


def test_who_is_dead_for_a_day_is_forgotten(silent: Callable[..., None]) -> None:
    sign(What.WORKER, "old@host-9", serves="engine")
    silent("worker", "old@host-9", seconds=86_500)
    tasks.mail_pulse()
    assert not Heartbeat.objects.filter(name="old@host-9").exists()
    assert Heartbeat.objects.filter(what=What.WORKER).count() == 2


def test_staff_see_the_same_on_the_first_page(admin_client: Client, silent: Callable[..., None]) -> None:
    shown = admin_client.get("/admin/").content.decode()
    assert "all of it runs" in shown
    silent("beat", seconds=50)
    watch.forget()
    shown = admin_client.get("/admin/").content.decode()
    assert "not all of it runs" in shown
    assert "No beat runs: the last sign is 50 s old." in shown
