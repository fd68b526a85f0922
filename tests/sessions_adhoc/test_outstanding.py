"""What CDRs ask beyond what drivers pay, and what cannot be true of them (rules 32, 33)."""

from collections.abc import Callable
from typing import Any

import pytest

from billing.books.verifying.outstanding import outstanding_told_otherwise
from billing.models import OutstandingAmount
from billing.outstanding import AlreadyClosed, keep
from ocpi.models import Cdr, Evse
from sessions_adhoc import staff, symptoms
from sessions_adhoc.decide.settle import CDR_ENERGY
from sessions_adhoc.models import AdHocSession
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, open_incidents, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> Callable[..., Any]:
    """Makes a session that has charged so many kWh at 0.6027 EUR, VAT included, and waits for its CDR."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)

    def charge(kwh: float = 5, **body: Any) -> AdHocSession:
        session = driver.start(**body)
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(kwh)
        clock.forward(seconds=20)
        cpo.session(kwh, "COMPLETED")
        clock.forward(seconds=1)
        return session

    return charge


def rows() -> list[tuple[str, int, str]]:
    return list(OutstandingAmount.objects.order_by("pk").values_list("kind", "amount", "state"))


@pytest.mark.parametrize(
    ("total", "kwh", "outcome", "paid", "incidents"),
    [
        (3.01, 5, ("settled", ""), ("captured", 301), []),
        (39.99, 5, ("settled", ""), ("captured", 301), [symptoms.PRICE_DIFFERS]),
        (30.14, 50, ("escalated", "cdr_energy"), ("reserved", 0), [CDR_ENERGY]),
        (1.23, 0, ("escalated", "cdr_without_energy"), ("reserved", 0), [CDR_ENERGY]),
        (1.81, 3, ("settled", ""), ("captured", 181), [symptoms.ENERGY_DIFFERS]),
    ],
)
def test_only_what_can_be_true_is_captured(
    charged: Callable[..., Any],
    cpo: Cpo,
    clock: Clock,
    total: float,
    kwh: int,
    outcome: tuple[str, str],
    paid: tuple[str, int],
    incidents: Any,
) -> None:
    session = charged()
    cpo.cdr(total, kwh=kwh)
    clock.forward(minutes=1)
    assert (state(session), money(session), open_incidents()) == (outcome, paid, incidents)


def test_staff_capture_a_sum_for_a_cdr_that_cannot_be_true(charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> None:
    session = charged()
    cpo.cdr(30.14, kwh=50)
    clock.forward(seconds=1)
    staff.capture_by_hand(session.pk, "ana", "The meter said 5 kWh.", 301)
    clock.forward(seconds=5)
    assert (state(session)[0], money(session), open_incidents()) == ("settled", ("captured", 301), [])


def test_what_was_not_reserved_is_a_receivable_until_somebody_settles_it(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged(30, amount=1000)
    cpo.cdr(18.08)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session), rows()) == (
        "settled",
        ("captured", 1000),
        [("receivable", 808, "open")],
    )
    assert symptoms.BEYOND_RESERVATION in open_incidents()
    row = OutstandingAmount.objects.get()
    with pytest.raises(staff.NotPossible, match="Say why"):
        staff.close_outstanding(row.pk, "settled", "ana", " ")
    staff.close_outstanding(row.pk, "written_off", "ana", "Below what a letter costs.")
    assert (rows(), symptoms.BEYOND_RESERVATION in open_incidents()) == ([("receivable", 808, "written_off")], False)
    with pytest.raises(AlreadyClosed, match="already written off"):
        staff.close_outstanding(row.pk, "settled", "ana", "Paid.")
    assert money(session) == ("captured", 1000)


@pytest.mark.parametrize("closed", ["settled", "written_off"])
def test_what_staff_closed_is_not_owed_again_when_the_cpo_asks_for_more(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, closed: str
) -> None:
    session = charged(30, amount=1000)
    cpo.cdr(18.08)
    clock.forward(seconds=1)
    staff.close_outstanding(OutstandingAmount.objects.get().pk, closed, "ana", "By bank transfer, 2026-05-04.")
    cpo.cdr(-18.08, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(18.38, "CDR-2", kwh=30.5)
    for _ in range(2):
        clock.forward(minutes=1)
        assert (money(session), rows()) == (
            ("captured", 1000),
            [("receivable", 808, closed), ("receivable", 30, "open")],
        )


def test_a_claim_is_withdrawn_when_the_cpo_corrects_its_cdr(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(39.99)
    clock.forward(seconds=1)
    assert rows() == [("claim", 3698, "open")]
    cpo.cdr(-39.99, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    cpo.cdr(3.01, "CDR-2")
    clock.forward(seconds=1)
    assert (money(session), rows(), open_incidents()) == (("captured", 301), [("claim", 3698, "withdrawn")], [])


@pytest.mark.parametrize("closed", ["settled", "written_off"])
@pytest.mark.parametrize(
    ("total", "kwh", "beyond"), [(18.38, 30.5, [("receivable", 30, "open")]), (17.48, 29, []), (18.08, 30, [])]
)
def test_what_staff_closed_is_not_owed_again_when_the_same_cdr_asks_for_another_sum(
    charged: Callable[..., Any],
    cpo: Cpo,
    clock: Clock,
    closed: str,
    total: float,
    kwh: float,
    beyond: list[tuple[str, int, str]],
) -> None:
    """The amount of one CDR changes with what was taken of the holds: only the difference is owed."""
    session = charged(30, amount=1000)
    cpo.cdr(18.08)
    clock.forward(seconds=1)
    staff.close_outstanding(OutstandingAmount.objects.get().pk, closed, "ana", "By bank transfer, 2026-05-04.")
    cdr = Cdr.objects.get()
    authorization = session.authorization
    for _ in range(2):
        keep(authorization, cdr, {"receivable": round(total * 100) - 1000})
        assert rows() == [("receivable", 808, closed), *beyond]
        assert list(outstanding_told_otherwise(None)) == []
    if beyond:
        staff.close_outstanding(OutstandingAmount.objects.get(state="open").pk, "settled", "ana", "Paid as well.")
        keep(authorization, cdr, {"receivable": round(total * 100) - 1000})
        assert [state for _, _, state in rows()] == [closed, "settled"]


def test_a_claim_that_staff_settled_grows_by_the_difference(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(39.99)
    clock.forward(seconds=1)
    staff.close_outstanding(OutstandingAmount.objects.get().pk, "settled", "ana", "Agreed.")
    keep(session.authorization, Cdr.objects.get(), {"claim": 3700})
    assert rows() == [("claim", 3698, "settled"), ("claim", 2, "open")]
    keep(session.authorization, Cdr.objects.get(), {"claim": 3600})
    assert rows() == [("claim", 3698, "settled"), ("claim", 2, "withdrawn")]
    keep(session.authorization, Cdr.objects.get(), {"claim": 3700})
    assert rows() == [("claim", 3698, "settled"), ("claim", 2, "open")]
