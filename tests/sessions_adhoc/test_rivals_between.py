"""A second writer between what the first reads and what it writes: rules 1, 10, 12, 13, 24, 26.

News during a tick, two CDRs at once, a stop while settling, staff and a CDR. Whichever comes first, the outcome is one
of those that either order alone has.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from billing.models import SimulatedOperation
from ocpi.models import Connector
from partners.models import Incident
from sessions_adhoc import staff, symptoms
from sessions_adhoc.driver import services
from sessions_adhoc.models import AdHocSession, AttemptSession
from sessions_adhoc.tasks import tick
from tests.sessions_adhoc.between import at_every_turning_point
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import gateway, money, state
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def numbered() -> Callable[..., str]:
    """`numbered("S")`: a new id."""
    counter: Counter[str] = Counter()

    def number(kind: str) -> str:
        counter[kind] += 1
        return f"{kind}-{counter[kind]}"

    return number


def incidents_of(session: Any) -> list[str]:
    return list(Incident.objects.filter(reference=str(session.pk), closed_at=None).values_list("symptom", flat=True))


def captures(session: Any) -> int:
    return SimulatedOperation.objects.filter(charge__reference=str(session.pk), verb="capture", outcome="done").count()


@pytest.fixture
def validating(
    driver: Driver, cpo: Cpo, clock: Clock, numbered: Callable[..., str]
) -> Callable[..., tuple[AdHocSession, str]]:
    """Makes a session on AC that has no energy, and whose time for energy is over at this moment."""

    def make() -> tuple[AdHocSession, str]:
        Connector.objects.update(power_type="AC_3_PHASE")
        session, name = driver.start(), numbered("S")
        cpo.session(0, session_id=name, created=True)
        clock.run_tasks()
        assert state(session)[0] == "validating"
        clock.traveller.shift(300)
        return session, name

    return make


def test_news_during_a_tick(
    validating: Callable[..., tuple[AdHocSession, str]], cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    """Energy arrives while the tick gives the session up: it charges, or it is late; nothing in between."""

    def sweep(_made: Any) -> None:
        tick()
        run_tasks()

    outcomes = set()
    for (session, name), rival in at_every_turning_point(
        validating, sweep, lambda made: cpo.session(5, session_id=made[1])
    ):
        assert rival.failure is None
        run_tasks()
        link = AttemptSession.objects.get(ocpi_session__ocpi_id=name)
        stops = [sent for sent in cpo.sent("STOP_SESSION") if sent.body["session_id"] == name]
        found = (state(session)[0], link.validity, money(session)[0], len(stops), incidents_of(session))
        assert found in (
            ("charging", "valid", "reserved", 0, []),
            ("failed", "late", "released", 1, [symptoms.LATE_SESSION]),
        )
        outcomes.add(found[0])
        if found[0] == "charging":
            cpo.session(5, "COMPLETED", session_id=name)
            run_tasks()
    assert outcomes == {"charging", "failed"}


@pytest.fixture
def awaiting_cdr(
    driver: Driver, cpo: Cpo, clock: Clock, numbered: Callable[..., str]
) -> Callable[..., tuple[AdHocSession, str]]:
    """Makes a session that has charged and waits for its CDR."""

    def make() -> tuple[AdHocSession, str]:
        session, name = driver.start(), numbered("S")
        cpo.session(0, session_id=name, created=True)
        clock.run_tasks()
        cpo.session(5, session_id=name)
        cpo.session(5, "COMPLETED", session_id=name)
        clock.run_tasks()
        assert state(session)[0] == "awaiting_cdr"
        return session, name

    return make


@pytest.mark.parametrize("same", [True, False])
def test_two_cdrs_at_once(
    awaiting_cdr: Callable[..., tuple[AdHocSession, str]], cpo: Cpo, run_tasks: Callable[..., list[Ran]], same: bool
) -> None:
    """The same CDR twice is one; of two, one is billed and staff know of the other, or staff decide."""

    def post(made: Any, number: int) -> None:
        name = f"{made[1]}-CDR-{1 if same else number}"
        cpo.cdr(3.21 if same else 3.00 + number, name, kwh=5, session_id=made[1], expected=None)

    def first(made: Any) -> None:
        post(made, 1)
        run_tasks()

    for (session, _name), rival in at_every_turning_point(awaiting_cdr, first, lambda made: post(made, 2)):
        assert rival.failure is None
        run_tasks()
        ours = money(session)
        found = (state(session)[0], ours[0], incidents_of(session))
        if same:
            assert (found, ours[1]) == (("settled", "captured", []), 321)
        else:
            assert found in (
                ("settled", "captured", [symptoms.BILL_CHANGED]),
                ("escalated", "reserved", ["The CDR cannot be billed"]),
            )
            assert ours[1] in ((400, 500) if ours[0] == "captured" else (0,))
        assert gateway(session)[1] == ours[1]
        assert captures(session) == (ours[0] == "captured")


def test_stop_while_settling(
    awaiting_cdr: Callable[..., tuple[AdHocSession, str]], cpo: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    def settle(made: Any) -> None:
        cpo.cdr(3.21, f"{made[1]}-CDR", kwh=5, session_id=made[1])
        run_tasks()

    for (session, name), rival in at_every_turning_point(
        awaiting_cdr, settle, lambda made: services.stop_session(made[0].pk)
    ):
        assert rival.failure is None or isinstance(rival.failure, services.CannotStop)
        run_tasks()
        assert (state(session)[0], money(session), gateway(session)) == (
            "settled",
            ("captured", 321),
            ("captured", 321),
        )
        assert (captures(session), incidents_of(session)) == (1, [])
        assert [sent for sent in cpo.sent("STOP_SESSION") if sent.body["session_id"] == name] == []


def test_staff_release_while_the_cdr_arrives(
    awaiting_cdr: Callable[..., tuple[AdHocSession, str]], cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]
) -> None:
    """Rule 24: captured or released, and if released, staff know that a CDR asks for more."""

    def escalated() -> tuple[AdHocSession, str]:
        made = awaiting_cdr()
        cpo.cdr(3.21, f"{made[1]}-CZK", kwh=5, session_id=made[1], currency="CZK")
        run_tasks()
        assert state(made[0])[0] == "escalated"
        return made

    def correct(made: Any) -> None:
        cpo.cdr(
            -3.21,
            f"{made[1]}-CREDIT",
            session_id=made[1],
            currency="CZK",
            credit=True,
            credit_reference_id=f"{made[1]}-CZK",
        )
        cpo.cdr(3.21, f"{made[1]}-EUR", kwh=5, session_id=made[1])
        run_tasks()

    for (session, _name), rival in at_every_turning_point(
        escalated, correct, lambda made: staff.release(made[0].pk, "ana", "The driver called.")
    ):
        assert rival.failure is None or isinstance(rival.failure, staff.NotPossible)
        run_tasks()
        found = (state(session)[0], money(session), gateway(session)[1], incidents_of(session))
        assert found in (
            ("settled", ("captured", 321), 321, []),
            ("failed", ("released", 0), 0, [symptoms.BILL_CHANGED]),
            ("settled", ("released", 0), 0, [symptoms.BILL_CHANGED]),
        )
