"""What the plain way takes and what it leaves alone; who may push; what a crash leaves."""

import fcntl
import json
import os
import secrets
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ocpi import receivers
from ocpi.models import Connector, Evse, Message, OcpiSession
from ocpi.server import push
from ocpi.server.push import sessions
from ocpi.server.push.spool import NOT_ANSWERED, Spool, recover
from ocpi.server.push.statements import KEPT_LARGE
from partners import tokens
from partners.ground import limiting
from partners.ground.rows import dump
from partners.models import IssuedToken, Partner
from tests.factories import AllowedNetworkFactory, period_data, session_data
from tests.ocpi.push.conftest import EVSE, LATER, LATEST, SESSION, arrival
from tests.ocpi.server.conftest import Cpo, answered, last_message

pytestmark = pytest.mark.django_db(transaction=True)
LOOK_AND_WRITE = ["WITH", "WITH"]


def statements(work: Any) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        work()
    return [query["sql"].split()[0] for query in queries.captured_queries]


# what it takes


def test_a_session_and_a_status_are_one_look_and_one_write_each(cpo: Cpo) -> None:
    cpo.put(SESSION, session_data())  # the token was never used before: that is a statement more
    for call in (
        lambda: cpo.put("sessions/SK/ION/S-2", session_data("S-2")),
        lambda: cpo.patch(SESSION, {"kwh": 2, "last_updated": LATER}),
        lambda: cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER}),
    ):
        assert statements(call) == LOOK_AND_WRITE
    assert OcpiSession.objects.get(ocpi_id="S-1").kwh == 2
    assert Evse.objects.get(uid="EVSE-1").status == "CHARGING"
    assert Message.objects.filter(failed=False, ocpi_status=1000).count() == 4


def test_a_status_that_changes_nothing_and_an_evse_as_a_whole_are_no_more(cpo: Cpo) -> None:
    cpo.put(SESSION, session_data())
    whole = cpo.get(EVSE).json()["data"]
    cpo.put(EVSE, whole)
    before = Evse.objects.get(uid="EVSE-1")
    for call in (
        lambda: cpo.patch(EVSE, {"status": "AVAILABLE", "last_updated": whole["last_updated"]}),
        lambda: cpo.put(EVSE, whole),
    ):
        assert statements(call) == LOOK_AND_WRITE
    after = Evse.objects.get(uid="EVSE-1")
    assert (after.updated_at, after.raw, after.arrived_at) == (before.updated_at, before.raw, before.arrived_at)
    assert statements(lambda: cpo.put(EVSE, {**whole, "status": "CHARGING", "last_updated": LATER})) == LOOK_AND_WRITE
    evse = Evse.objects.get(uid="EVSE-1")
    assert (evse.status, evse.location.last_updated.isoformat()) == ("CHARGING", "2026-11-22T10:05:00+00:00")


def test_an_evse_with_other_connectors_is_its_views_affair(cpo: Cpo) -> None:
    whole = cpo.get(EVSE).json()["data"]
    other = {**whole["connectors"][0], "max_amperage": 16, "last_updated": LATER}
    for connectors in ([other], [*whole["connectors"], {**other, "id": "2"}]):
        data = {**whole, "connectors": connectors, "last_updated": LATER}
        assert push.answer([arrival(cpo, "PUT", EVSE, data)]) == [None]
    answered(cpo.put(EVSE, {**whole, "connectors": [other], "last_updated": LATER}), 200, 1000)
    assert Connector.objects.get(evse__uid="EVSE-1").raw["max_amperage"] == 16


def test_it_is_answered_and_logged_in_full(cpo: Cpo) -> None:
    answered(cpo.put(SESSION, session_data(), HTTP_X_REQUEST_ID="r-1"), 201, 1000)
    message = last_message()
    assert (message.partner_id, message.subject, message.request_id) == (cpo.partner.pk, "s-1", "r-1")
    assert message.objects_touched == ["session:SK*ION/S-1"]
    assert message.response_headers["OCPI-to-party-id"] == "ION"
    assert cpo.token not in json.dumps(message.request_headers)
    assert (message.leniences, message.faults, message.error) == ([], [], "")
    assert IssuedToken.objects.get().last_used_at is not None


def test_what_somebody_waits_for_is_left_to_the_view(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(receivers, "_session", [])
    monkeypatch.setattr(receivers, "_evse_status", [])
    ours = receivers.Interest("SELECT 1 WHERE %s = 'REF-1'", lambda row: [row.authorization_reference])
    receivers.on_session(lambda news: told.append(news), ours)
    busy = receivers.Interest("SELECT 1 WHERE %s = 'CHARGING'", lambda row: [row.status])
    receivers.on_evse_status(lambda news: told.append(news), busy)
    answered(cpo.put(SESSION, session_data()), 201, 1000)
    answered(cpo.put("sessions/SK/ION/S-2", session_data("S-2", authorization_reference="REF-2")), 201, 1000)
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER}), 200, 1000)
    answered(cpo.patch(EVSE, {"status": "BLOCKED", "last_updated": LATEST}), 200, 1000)
    assert [type(news).__name__ for news in told] == ["SessionNews", "EvseNews"]
    assert Message.objects.count() == 4


def test_what_another_writer_changed_since_the_look_is_left_to_the_view(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    cpo.put(SESSION, session_data())
    write = sessions.write

    def late(*given: Any) -> set[int]:
        OcpiSession.objects.update(needs_pull=True)
        return write(*given)

    monkeypatch.setattr(sessions, "write", late)
    change = {"charging_periods": [period_data(LATER)], "last_updated": LATER}
    answered(cpo.patch(SESSION, change), 200, 1000)
    row = OcpiSession.objects.get()
    assert (row.needs_pull, len(row.raw["charging_periods"])) == (True, 1)
    assert Message.objects.count() == 2


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_what_is_stored_and_large_is_its_views_affair(cpo: Cpo, method: str) -> None:
    """As a large body is, whatever it comes to be changed by."""
    noise = secrets.token_hex(KEPT_LARGE)
    cpo.put(SESSION, session_data(vendor=noise))
    cpo.patch(EVSE, {"vendor": noise, "last_updated": LATER})
    change: dict[str, Any] = {"kwh": 2, "last_updated": LATER}
    of_session = change if method == "PATCH" else session_data(**change)
    assert push.answer([arrival(cpo, method, SESSION, of_session)]) == [None]
    assert push.answer([arrival(cpo, "PATCH", EVSE, {"status": "CHARGING", "last_updated": LATEST})]) == [None]
    answered(cpo.call(method, SESSION, of_session), 200, 1000)
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATEST}), 200, 1000)
    assert (OcpiSession.objects.get().kwh, Evse.objects.get(uid="EVSE-1").status) == (Decimal(2), "CHARGING")
    assert Message.objects.count() == 4


# several at once


def test_those_that_arrive_together_share_their_statements(cpo: Cpo) -> None:
    cpo.put("sessions/SK/ION/S-0", session_data("S-0"))
    several = [arrival(cpo, "PUT", f"sessions/SK/ION/S-{n}", session_data(f"S-{n}", kwh=n)) for n in range(1, 6)]
    assert statements(lambda: push.answer(several)) == LOOK_AND_WRITE
    assert list(OcpiSession.objects.order_by("kwh").values_list("ocpi_id", flat=True)) == [f"S-{n}" for n in range(6)]
    assert Message.objects.count() == 6


def test_two_of_one_session_are_stored_in_their_order(cpo: Cpo) -> None:
    several = [
        arrival(cpo, "PUT", SESSION, session_data()),
        arrival(cpo, "PATCH", SESSION, {"kwh": 1, "last_updated": LATER}),
        arrival(cpo, "PATCH", SESSION, {"kwh": 2, "last_updated": LATEST}),
    ]
    assert [one.status if one else None for one in push.answer(several)] == [201, 200, 200]
    assert OcpiSession.objects.get().kwh == 2


def test_a_bad_one_fails_alone(cpo: Cpo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement that PostgreSQL refuses takes nobody along."""
    decide = sessions.decide

    def spoilt(given: push.Arrival, *others: Any) -> Any:
        decision = decide(given, *others)
        if given.ids == ("S-2",):
            assert decision is not None
            decision.row["kwh"] = "no number"
        return decision

    monkeypatch.setattr(sessions, "decide", spoilt)
    several = [arrival(cpo, "PUT", f"sessions/SK/ION/S-{n}", session_data(f"S-{n}")) for n in (1, 2, 3)]
    assert [one.status if one else None for one in push.answer(several)] == [201, None, 201]
    assert list(OcpiSession.objects.order_by("pk").values_list("ocpi_id", flat=True)) == ["S-1", "S-3"]
    assert Message.objects.count() == 2


# who may push


def test_a_revoked_token_is_dead_with_the_next_push(cpo: Cpo) -> None:
    answered(cpo.put(SESSION, session_data()), 201, 1000)
    tokens.revoke(IssuedToken.objects.get())
    answered(cpo.patch(SESSION, {"kwh": 2, "last_updated": LATER}), 401, 2000)
    assert OcpiSession.objects.get().kwh == 0


def test_a_suspended_partner_may_not(cpo: Cpo) -> None:
    Partner.objects.update(connection=Partner.Connection.SUSPENDED, suspended_at=timezone.now())
    answered(cpo.put(SESSION, session_data()), 403, 2000, "suspended")
    answered(cpo.patch(EVSE, {"status": "CHARGING", "last_updated": LATER}), 403, 2000)
    assert (OcpiSession.objects.count(), Evse.objects.get(uid="EVSE-1").status) == (0, "AVAILABLE")


def test_from_another_network_nobody_may(cpo: Cpo) -> None:
    AllowedNetworkFactory.create(partner=cpo.partner, network="192.0.2.0/24")
    answered(cpo.put(SESSION, session_data(), REMOTE_ADDR="192.0.2.7"), 201, 1000)
    answered(cpo.put(SESSION, session_data(kwh=1), REMOTE_ADDR="198.51.100.1"), 403, 2000, "198.51.100.1")
    assert OcpiSession.objects.get().kwh == 0


def test_anothers_party_is_refused(cpo: Cpo) -> None:
    answered(cpo.put("sessions/SK/ABC/S-1", session_data(party_id="ABC")), 404, 2000)
    assert OcpiSession.objects.count() == 0


def test_the_limit_counts_each_push_once(cpo: Cpo, settings: Settings) -> None:
    settings.LIMIT_PARTNERS = 3
    limiting.forget()
    cpo.put(SESSION, session_data())
    cpo.put(SESSION, {"id": "S-1"})  # faulty: both ways have it
    cpo.patch(SESSION, {"kwh": 2, "last_updated": LATER})
    refused = cpo.patch(SESSION, {"kwh": 3, "last_updated": LATEST})
    assert (refused.status_code, OcpiSession.objects.get().kwh, Message.objects.count()) == (429, Decimal(2), 3)
    limiting.forget()


# what a crash leaves


def test_a_push_stands_in_the_spool_until_it_is_stored(
    cpo: Cpo, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    look = sessions.look

    def looking(given: Any) -> Any:
        seen.extend(path.read_bytes() for path in spool_folder.iterdir())
        return look(given)

    monkeypatch.setattr(sessions, "look", looking)
    monkeypatch.setattr("ocpi.server.push.spool.of_this_thread", lambda: Spool(spool_folder))
    cpo.put(SESSION, session_data())
    [line] = [one for one in seen if one]
    assert b"sessions/SK/ION/S-1" in line
    assert cpo.token.encode() not in line
    assert all(path.stat().st_size == 0 for path in spool_folder.iterdir())


def test_a_process_that_is_killed_in_between_leaves_a_row(cpo: Cpo, spool_folder: Path) -> None:
    """The child dies where a kill would hit it: it has received the push and has not stored it."""
    given = arrival(cpo, "PUT", SESSION, session_data())
    child = os.fork()
    if not child:
        Spool(spool_folder).keep([given])
        os._exit(9)
    os.waitpid(child, 0)
    assert recover() == 1
    message = Message.objects.get()
    assert (message.error, message.failed, message.http_status) == (NOT_ANSWERED, True, None)
    assert (message.partner_id, message.at, message.subject) == (cpo.partner.pk, given.at, "s-1")
    assert json.loads(message.request_body)["id"] == "S-1"
    assert OcpiSession.objects.count() == 0
    assert (recover(), list(spool_folder.iterdir())) == (0, [])


def test_what_was_stored_before_the_kill_is_no_second_row(cpo: Cpo, spool_folder: Path) -> None:
    given = arrival(cpo, "PUT", SESSION, session_data())
    push.answer([given])
    child = os.fork()
    if not child:
        Spool(spool_folder).keep([given])
        os._exit(9)
    os.waitpid(child, 0)
    assert recover() == 0
    assert Message.objects.get().http_status == 201


def test_the_file_of_a_process_that_lives_is_left_alone(cpo: Cpo, spool_folder: Path) -> None:
    given = arrival(cpo, "PUT", SESSION, session_data())
    Spool(spool_folder).keep([given])
    assert recover() == 0
    given.handed.let_go()
    assert Message.objects.count() == 0


def test_what_cannot_be_made_a_row_is_kept_aside_and_keeps_nothing_back(cpo: Cpo, spool_folder: Path) -> None:
    """A process of another release may have left it."""
    whole = dump([{"digest": "", **arrival(cpo, "PUT", SESSION, session_data()).logged}])
    (spool_folder / "1-a.jsonl").write_text('[{"digest": "", "column_of_then": 1}]\n')
    (spool_folder / "2-b.jsonl").write_text(f"null\n{whole}\n")
    assert recover() == 1
    assert Message.objects.get().subject == "s-1"
    assert recover() == 0
    assert sorted(path.name for path in spool_folder.iterdir()) == ["1-a.unreadable", "2-b.unreadable"]


def test_a_file_that_may_not_be_read_keeps_nothing_back(cpo: Cpo, spool_folder: Path) -> None:
    (spool_folder / "1-a.jsonl").mkdir()  # as for root no file is out of reach
    whole = dump([{"digest": "", **arrival(cpo, "PUT", SESSION, session_data()).logged}])
    (spool_folder / "2-b.jsonl").write_text(f"{whole}\n")
    assert (recover(), recover()) == (1, 0)


def test_a_file_is_the_owners_although_somebody_tidied_up_before_it_was_locked(
    cpo: Cpo, spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def late(file: int, how: int) -> None:
        monkeypatch.setattr(fcntl, "flock", lock)
        assert recover() == 0
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", late)
    given = arrival(cpo, "PUT", SESSION, session_data())
    Spool(spool_folder).keep([given])
    assert [path.stat().st_size > 0 for path in spool_folder.iterdir()] == [True]
    given.handed.let_go()


ENDING = """
import sys, threading, types
from pathlib import Path
import django
django.setup()
from ocpi.server.push.spool import Spool
within = threading.Event()
def work():
    push = types.SimpleNamespace(digest="", logged={"url": "/x"}, handed=types.SimpleNamespace())
    Spool(Path(sys.argv[1])).keep([push])
    within.set()
    threading.Event().wait()
threading.Thread(target=work, daemon=True).start()
within.wait()
"""


def test_a_process_that_ends_in_order_leaves_what_it_was_at(spool_folder: Path) -> None:
    """The thread that takes pushes is not waited for."""
    subprocess.run([sys.executable, "-c", ENDING, str(spool_folder)], check=True, timeout=60)
    assert [b"/x" in path.read_bytes() for path in spool_folder.iterdir()] == [True]


def test_without_a_spool_the_view_takes_it(cpo: Cpo, settings: Settings, tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "no-folder").write_text("")

    def broken() -> Spool:
        return Spool(tmp_path / "no-folder" / "spool")

    monkeypatch.setattr("ocpi.server.push.spool.of_this_thread", broken)
    answered(cpo.put(SESSION, session_data()), 201, 1000)
    assert OcpiSession.objects.count() == 1
