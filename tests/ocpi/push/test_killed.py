"""A web process is killed while pushes come: what was answered is stored, and of the others none is passed over."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import SIGKILL
from typing import Any

import psycopg
import pytest
import requests
from django.utils.dateparse import parse_datetime

from ocpi.models import Message, OcpiSession
from ocpi.server.push.spool import MOST, NOT_ANSWERED, Spool, recover
from partners.models import Partner
from tests.factories import session_data
from tests.ocpi.push.conftest import SESSION, arrival
from tests.ocpi.server.conftest import Cpo
from tests.sessions_adhoc.between import address
from tests.support.processes import eventually, free_port
from tests.support.programs import server_environment, web

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = 12
PREFIX = "/ocpi/emsp/2.2.1/sessions/SK/ION/"


class Senders:
    """Partners' systems that push one new Session after the other, each as soon as the one before is answered.

    Every third one writes numbers as texts, which only the view overlooks.
    """

    def __init__(self, url: str, cpo: Cpo) -> None:
        self.url, self.headers = url, {"Authorization": f"Token {cpo.written_token()}"}
        self.answers: dict[str, int | None] = {}
        self.going_on = True
        self.threads = [threading.Thread(target=self._work, args=(number,)) for number in range(SENDERS)]

    def __enter__(self) -> "Senders":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def stop(self) -> None:
        self.going_on = False
        for thread in self.threads:
            thread.join()

    def _work(self, number: int) -> None:
        count, http = 0, requests.Session()
        while self.going_on:
            count += 1
            name = f"S-{number}-{count}"
            body = session_data(name, kwh=count if number % 3 else str(count))
            self.answers[name] = None
            try:
                answer = http.put(f"{self.url}{PREFIX}{name}", json=body, headers=self.headers, timeout=60)
                self.answers[name] = answer.status_code
            except requests.RequestException:
                time.sleep(0.05)

    def stored(self) -> list[str]:
        return [name for name, status in self.answers.copy().items() if status == 201]

    def wait_for(self, more: int) -> None:
        least = len(self.stored()) + more
        eventually(lambda: len(self.stored()) >= least, what=f"{more} more pushes are stored")


@contextmanager
def nobody_writes(table: str) -> Iterator[None]:
    """A block in which whoever writes to a table waits; it begins when somebody does.

    At its end those who waited are gone, as if they were killed too.
    """
    waiting = "FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    with psycopg.connect(**address(), autocommit=True) as other, other.transaction():
        other.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        eventually(lambda: other.execute(f"SELECT 1 {waiting}", [table]).fetchone(), what="somebody waits")
        yield
        other.execute(f"SELECT pg_terminate_backend(pid, 5000) {waiting}", [table])


def workers(folder: Path) -> set[int]:
    """Those that have taken a push: their files are named after them."""
    return {int(path.name.partition("-")[0]) for path in folder.glob("*.jsonl")}


def standing(folder: Path) -> int:
    """Bytes of what is on its way, or was left there."""
    size = 0
    for path in folder.glob("*.jsonl"):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size


def kill(folder: Path) -> None:
    for pid in workers(folder):
        os.kill(pid, SIGKILL)


def test_whatever_was_answered_is_stored_and_whatever_was_not_is_told(partner: Partner, tmp_path: Path) -> None:
    port, cpo, folder = free_port(), Cpo(partner), tmp_path / "spool"
    environment = server_environment(tmp_path, LIMIT_PARTNERS="0", LIMIT_STRANGERS="0")
    with Senders(f"http://127.0.0.1:{port}", cpo) as senders:
        with web(environment, port, tmp_path / "web.log") as server:
            senders.wait_for(60)
            kill(folder)  # it is started anew
            senders.wait_for(60)
            with nobody_writes("ocpi_ocpisession"):
                server.kill()
        with web(environment, port, tmp_path / "again.log") as server:
            senders.wait_for(60)
            senders.stop()
            eventually(lambda: standing(folder) == 0, what="nothing stands in the spool")
            text = server.log_text()
    rows: dict[str, list[tuple[Any, str]]] = {}
    for url, status, error in Message.objects.values_list("url", "http_status", "error"):
        rows.setdefault(url.removeprefix(PREFIX), []).append((status, error))
    kept = set(OcpiSession.objects.values_list("ocpi_id", flat=True))
    assert set(senders.answers.values()) == {201, None}, "".join(log.read_text() for log in tmp_path.glob("*.log"))
    for name, status in senders.answers.items():
        told = rows.pop(name, [])
        if status == 201:
            assert (name in kept, told) == (True, [(201, "")])
        else:  # stored, and its answer was lost; told as not answered; or it had not been received
            assert told in ([(201, "")], [(None, NOT_ANSWERED)], []), name
            assert not (name in kept and not told), name
    assert rows == {}
    not_answered = Message.objects.filter(error=NOT_ANSWERED)
    assert not_answered.filter(failed=True).count() == not_answered.count() > 0
    assert (text.count("pushes_not_answered"), NOT_ANSWERED in text) == (1, True)


def killed_in(work: Callable[[], None]) -> None:
    """A process that dies when this is done."""
    child = os.fork()
    if not child:
        try:
            work()
        finally:
            os._exit(9)
    os.waitpid(child, 0)


@pytest.mark.parametrize("logged", [False, True], ids=["before its row", "after its row"])
def test_a_push_that_its_view_was_at_is_told(cpo: Cpo, spool_folder: Path, logged: bool) -> None:
    given = arrival(cpo, "PUT", SESSION, session_data())
    if logged:
        values = {**given.logged, "partner_id": cpo.partner.pk}
        Message.objects.create(**values)
    killed_in(lambda: Spool(spool_folder).keep([given]))
    assert recover() == 1
    message = Message.objects.get()
    assert (message.error, message.failed, message.http_status) == (NOT_ANSWERED, True, None)
    assert (recover(), list(spool_folder.iterdir())) == (0, [])


def test_a_push_stands_in_the_spool_until_its_view_has_answered(
    cpo: Cpo, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row says when it arrived, so that the two are known for one."""
    seen: list[bytes] = []
    spool = Spool(spool_folder)
    monkeypatch.setattr("ocpi.server.push.spool.of_this_thread", lambda: spool)

    def looking(_news: Any) -> None:
        seen.extend(path.read_bytes() for path in spool_folder.iterdir())

    monkeypatch.setattr("ocpi.receivers._session", [looking])  # whoever takes all of them has them go to their view
    assert cpo.put(SESSION, session_data()).status_code == 201
    [line] = seen
    [values] = json.loads(line)
    assert values["url"].endswith(SESSION)
    assert parse_datetime(values["at"]) == Message.objects.get().at
    assert standing(spool_folder) == 0


def test_a_file_in_which_somebody_always_stands_does_not_grow_for_ever(
    cpo: Cpo, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that hangs keeps its push there, and the lines of those before it; what still stands is carried over."""
    monkeypatch.setattr("ocpi.server.push.spool.MOST", 20_000)
    assert MOST > 1_000_000
    spool, before = Spool(spool_folder), None
    for number in range(100):
        one = arrival(cpo, "PUT", f"sessions/SK/ION/S-{number}", session_data(f"S-{number}"))
        spool.keep([one])
        if before is not None and number != 1:
            before.handed.let_go()
        before = one
        [path] = spool_folder.iterdir()
        assert path.stat().st_size < 30_000
    [path] = spool_folder.iterdir()
    assert next(b"/S-0" in line for line in path.read_bytes().splitlines())
    assert recover() == 0


def test_a_disk_that_is_full_spoils_no_line(cpo: Cpo, spool_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could be written of a line is taken back: it would make one with the next."""
    spool = Spool(spool_folder)
    first, second, third = (arrival(cpo, "PUT", f"sessions/SK/ION/S-{n}", session_data(f"S-{n}")) for n in (1, 2, 3))
    spool.keep([first])
    write = os.write
    with monkeypatch.context() as full:
        calls: list[int] = []

        def half(file: int, data: Any) -> int:
            calls.append(1)
            if len(calls) > 1:
                raise OSError(28, "No space left on device")
            return write(file, bytes(data[: len(data) // 2]))

        full.setattr(os, "write", half)
        with pytest.raises(OSError, match="No space"):
            spool.keep([second])
    spool.keep([third])
    [path] = spool_folder.iterdir()
    assert [json.loads(line)[0]["subject"] for line in path.read_bytes().splitlines()] == ["s-1", "s-3"]
