"""What one push of several that share a write meets is its own affair: the others are stored, and in time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client

from ocpi.models import Evse, Location, Message, OcpiSession, Refresh
from ocpi.server import push
from ocpi.server.push import sessions
from partners.models import IssuedToken
from tests.factories import issue_token, session_data
from tests.ocpi.push.conftest import EVSE, LATER, LATEST, SESSION, TO_THE_VIEW, arrival
from tests.ocpi.server.conftest import Cpo
from tests.sessions_adhoc.between import address
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 10.0
"""Far more than a write takes, and less than anybody waits for."""


@contextmanager
def somebody_at(table: str, where: str = "TRUE") -> Iterator[None]:
    """A block in which another writer has locked rows of a table."""
    with psycopg.connect(**address()) as other:
        other.execute(f"SELECT 1 FROM {table} WHERE {where} FOR UPDATE")  # noqa: S608
        yield
        other.rollback()


def answers_in_time(arrivals: list[push.Arrival]) -> list[int | None]:
    found: list[int | None] = []

    def work() -> None:
        try:
            found.extend(one.status if one else None for one in push.answer(arrivals))
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return found


@pytest.mark.parametrize(
    ("table", "pushed"),
    [
        ("ocpi_location", (EVSE, {"status": "CHARGING", "last_updated": LATER})),
        ("ocpi_evse", (EVSE, {"status": "CHARGING", "last_updated": LATER})),
        ("ocpi_ocpisession", (SESSION, {"kwh": 1, "last_updated": LATER})),
    ],
)
def test_an_object_that_another_writer_has_delays_nobody(cpo: Cpo, table: str, pushed: tuple[str, Any]) -> None:
    cpo.put(SESSION, session_data())
    several = [
        arrival(cpo, "PATCH", *pushed),
        arrival(cpo, "PUT", "sessions/SK/ION/S-2", session_data("S-2")),
    ]
    with somebody_at(table):
        assert answers_in_time(several) == [None, 201]
    assert OcpiSession.objects.filter(ocpi_id="S-2").exists()
    assert OcpiSession.objects.get(ocpi_id="S-1").kwh == 0
    assert Evse.objects.get(uid="EVSE-1").status == "AVAILABLE"
    assert Message.objects.count() == 2


def test_a_token_that_is_being_replaced_delays_nobody(cpo: Cpo) -> None:
    with somebody_at("partners_issuedtoken"):
        assert answers_in_time([arrival(cpo, "PUT", SESSION, session_data())]) == [201]
    cpo.patch(SESSION, {"kwh": 1, "last_updated": LATER})
    assert IssuedToken.objects.get().last_used_at is not None


def test_what_is_stored_is_answered_and_kept_once_although_the_connection_is_lost_then(
    cpo: Cpo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What follows a commit cannot undo it: a push that were done again would leave a second row in the log."""
    write = sessions.write

    def last(*given: Any) -> set[int]:
        stored = write(*given)
        backend = connection.connection.info.backend_pid
        with psycopg.connect(**address(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
        return stored

    monkeypatch.setattr(sessions, "write", last)
    several = [arrival(cpo, "PUT", f"sessions/SK/ION/S-{n}", session_data(f"S-{n}")) for n in (1, 2)]
    assert answers_in_time(several) == [201, 201]
    assert sorted(OcpiSession.objects.values_list("ocpi_id", flat=True)) == ["S-1", "S-2"]
    assert Message.objects.count() == 2


def test_one_session_by_two_tokens_of_one_partner_is_stored_in_its_order(cpo: Cpo) -> None:
    """While a token is being replaced both are good."""
    other = Cpo(cpo.partner, cpo.version, issue_token(cpo.partner))
    several = [
        arrival(cpo, "PUT", SESSION, session_data(kwh=1)),
        arrival(other, "PUT", SESSION, session_data(kwh=2, last_updated=LATER)),
    ]
    assert [one.status if one else None for one in push.answer(several)] == [201, 200]
    assert OcpiSession.objects.get().kwh == 2
    assert Message.objects.count() == 2


def test_what_another_writer_has_keeps_its_order_and_holds_nobody_up(cpo: Cpo) -> None:
    """Two changes of the Session that is locked: both go to the view, the first one first."""
    changes = [("S-1", 1, LATER), ("S-2", 1, LATER), ("S-2", 2, LATEST), ("S-3", 1, LATER)]
    for name in ("S-1", "S-2", "S-3"):
        cpo.put(f"sessions/SK/ION/{name}", session_data(name))
    several = [
        arrival(cpo, "PATCH", f"sessions/SK/ION/{name}", {"kwh": kwh, "last_updated": at}) for name, kwh, at in changes
    ]
    with somebody_at("ocpi_ocpisession", "ocpi_id = 'S-2'"):
        assert answers_in_time(several) == [200, None, None, 200]
    for name, kwh, at in changes[1:3]:
        cpo.patch(f"sessions/SK/ION/{name}", {"kwh": kwh, "last_updated": at}, **TO_THE_VIEW)
    kept = OcpiSession.objects.order_by("ocpi_id").values_list("kwh", "needs_pull")
    assert list(kept) == [(Decimal(kwh), False) for kwh in (1, 2, 1)]
    assert (Message.objects.filter(failed=False).count(), Message.objects.count()) == (7, 7)
    assert Refresh.objects.count() == 0


@pytest.mark.parametrize("strength", ["NO KEY UPDATE", "UPDATE"])
def test_a_partner_whose_row_is_locked_delays_nobody(cpo: Cpo, strength: str) -> None:
    """Staff or the handshake is at it. Nothing of ours locks its key; a change needs nothing of it."""
    cpo.put(SESSION, session_data())
    several = [
        arrival(cpo, "PATCH", SESSION, {"kwh": 1, "last_updated": LATER}),
        arrival(cpo, "PATCH", EVSE, {"status": "CHARGING", "last_updated": LATER}),
    ]
    if strength != "UPDATE":  # what is new refers to it
        several.append(arrival(cpo, "PUT", "sessions/SK/ION/S-2", session_data("S-2")))
    with psycopg.connect(**address()) as other:
        other.execute(f"SELECT 1 FROM partners_partner FOR {strength}")  # noqa: S608
        assert answers_in_time(several) == [200, 200, 201][: len(several)]
        other.rollback()
    assert OcpiSession.objects.get(ocpi_id="S-1").kwh == 1
    assert Evse.objects.get(uid="EVSE-1").status == "CHARGING"


def test_nobody_locks_the_key_of_a_partner() -> None:
    """A new Session refers to its partner, and would wait for whoever had locked that as a whole."""
    sources = [path for path in ROOT.glob("*/**/*.py") if path.parts[len(ROOT.parts)] not in (".venv", "tests")]
    assert len(sources) > 300
    locking = {str(path.relative_to(ROOT)): path.read_text() for path in sources}
    assert [name for name, text in locking.items() if "Partner.objects.select_for_update()" in text] == []


def test_messages_outlive_their_partner_also_what_is_written_meanwhile(cpo: Cpo, admin_client: Client) -> None:
    """There is no constraint that would have it wait: its partner is nobody's, and the pages say so."""
    cpo.put(SESSION, session_data())
    kept = Message.objects.get()
    OcpiSession.objects.all().delete()
    Location.objects.all().delete()
    partner_id = cpo.partner.pk
    cpo.partner.delete()
    kept.refresh_from_db()
    assert kept.partner is None
    late = Message.objects.create(at=kept.at, direction="in", method="PUT", url="/late", partner_id=partner_id)
    for page in ("", f"{late.pk}/change/", f"{kept.pk}/change/"):
        assert admin_client.get(f"/admin/ocpi/message/{page}").status_code == 200
