"""What is decided on is read with the lock, in one statement: never older than the lock, whoever held it before."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from billing.models import PaymentAuthorization
from ocpi.calls import commands
from ocpi.models import Command, Evse, OcpiSession
from sessions_adhoc.driver import services
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.states import State
from tests.sessions_adhoc.between import at_every_turning_point
from tests.sessions_adhoc.conftest import Cpo, Driver
from tests.sessions_adhoc.looking import money, state
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def somebody_waiting_to_read(session: AdHocSession) -> Iterator[list[Any]]:
    """A block that holds the session's lock, which another reader waits for; what he read is there after it."""
    found: list[Any] = []

    def read() -> None:
        try:
            with transaction.atomic():
                rows = Snapshot.locked(session.pk)
                found.append((facts_of(rows, timezone.now()), rows.session.evse.status))
        finally:
            connection.close()

    reader = threading.Thread(target=read)
    with transaction.atomic():
        AdHocSession.objects.select_for_update().get(pk=session.pk)
        reader.start()
        with connection.cursor() as cursor:
            while cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone() is None:
                assert reader.is_alive()
        yield found
    reader.join(60)
    assert not reader.is_alive()


def test_what_was_written_while_it_waited_for_the_lock_is_read(driver: Driver) -> None:
    session = driver.start()
    with somebody_waiting_to_read(session) as found:
        ChargingAttempt.objects.update(connector_fell_at=timezone.now())
        PaymentAuthorization.objects.update(state="capturing", capture_amount=1)
        Evse.objects.update(status="BLOCKED")
        AdHocSession.objects.update(next_check_at=timezone.now())
    ((facts, status),) = found
    assert (facts.attempt.connector_fell_at, facts.payment.state, status) == (timezone.now(), "capturing", "BLOCKED")


def test_a_stop_while_the_start_goes_out_knows_of_it(
    driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    """Whoever waits until the command is taken for sending sees it as sent (rule 1)."""

    def prepare() -> AdHocSession:
        cpo.server.seen.clear()
        AdHocSession.objects.update(occupies=None)
        session = driver.start()
        Command.objects.filter(reference=session.pk).update(state="created", tries=0, sent_at=None, answered_at=None)
        cpo.server.seen.clear()
        return session

    outcomes = []
    for session, rival in at_every_turning_point(
        prepare,
        lambda session: commands.send(session.attempts.get().command_id),
        lambda session: services.stop_session(session.pk),
    ):
        assert rival.failure is None
        outcomes.append((len(cpo.sent("START_SESSION")), state(session)[0], money(session)[0]))
    assert set(outcomes) == {(0, "failed", "releasing"), (1, "starting", "reserved")}


def test_the_session_is_locked_before_its_payment(driver: Driver) -> None:
    """Whoever waits for the session holds nothing that its holder may need."""
    session = driver.start()
    with somebody_waiting_to_read(session) as found:
        assert PaymentAuthorization.objects.select_for_update(nowait=True).get().state == "reserved"
    assert len(found) == 1


def test_it_is_what_the_orm_reads(driver: Driver, cpo: Cpo, run_tasks: Callable[..., list[Ran]]) -> None:
    """Of two attempts the newest, with the Session that counts for it."""
    session = driver.start()
    cpo.session(0, created=True)
    cpo.session(0, "INVALID")
    run_tasks()
    cpo.clock.forward(seconds=11)
    cpo.session(0, session_id="S-2", created=True)
    run_tasks()
    cpo.session(2, session_id="S-2")
    run_tasks()
    with transaction.atomic():
        rows = Snapshot.locked(session.pk)
    known = AdHocSession.objects.select_related("token", "partner", "evse__location", "connector", "authorization")
    kept = known.get(pk=session.pk)
    now = timezone.now()
    assert facts_of(rows, now) == facts_of(Snapshot(kept), now)
    assert rows.attempt is not None
    assert (rows.attempt.number, rows.ocpi_session) == (2, OcpiSession.objects.get(ocpi_id="S-2"))
    for one, other in ((rows.session, kept), (rows.payment, kept.authorization), (rows.session.token, kept.token)):
        names = [field.attname for field in one._meta.concrete_fields]
        assert [getattr(one, name) for name in names] == [getattr(other, name) for name in names]
    assert (rows.session.evse, rows.session.evse.raw, rows.session.evse.location, rows.session.connector) == (
        kept.evse,
        kept.evse.raw,
        kept.evse.location,
        kept.connector,
    )
    assert rows.session.state == State.CHARGING


def test_nothing_is_locked_that_is_not_there(db: None) -> None:
    with transaction.atomic(), pytest.raises(AdHocSession.DoesNotExist):
        Snapshot.locked("3d71755d-65d4-4281-bb98-404c4d9fbe55")
