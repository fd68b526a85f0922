"""What a CDR comes to by the tariff of its time: as the driver saw it, or as the CDR carries it (rules 24, 26)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from billing.models import OutstandingAmount
from ocpi.models import Evse
from partners.models import Incident
from sessions_adhoc import symptoms
from sessions_adhoc.decide.settle import CDR_PRICE
from sessions_adhoc.engine.lifecycle import advance
from sessions_adhoc.models import AdHocSession
from tests.factories import cdr_data, period_data, session_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import money, open_incidents, state
from tests.support.remembering import remembered

pytestmark = pytest.mark.django_db

YESTERDAY = stamp(BEGINNING - timedelta(days=1))


@pytest.fixture
@remembered
def published(evse: Evse, cpo: Cpo) -> None:
    """0.49 EUR per kWh and 23 % VAT are published for the charger: 5 kWh cost 3.01 EUR."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated=YESTERDAY), 201)


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> Callable[..., Any]:
    """Makes a session that has charged 5 kWh and waits for its CDR."""

    def charge() -> Any:
        return cpo.once("charged", play)

    def play() -> AdHocSession:
        session = driver.start()
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(5)
        clock.forward(seconds=20)
        cpo.session(5, "COMPLETED")
        clock.forward(seconds=1)
        return session

    return charge


def carried(price: float, tariff_id: str = "T-1") -> dict[str, Any]:
    """The tariff in a CDR: `price` EUR per kWh, excluding 23 % VAT."""
    component = {"type": "ENERGY", "price": price, "vat": 23.0, "step_size": 1}
    return tariff_data(tariff_id, elements=[{"price_components": [component]}], last_updated=YESTERDAY)


def outstanding(session: Any) -> list[tuple[str, int, str]]:
    """(kind, minor units, state) of each claim and receivable."""
    rows = OutstandingAmount.objects.filter(authorization_id=session.authorization_id).order_by("pk")
    return list(rows.values_list("kind", "amount", "state"))


def said() -> str:
    return str(Incident.objects.filter(closed_at=None).latest("pk").evidence[0]["text"])


def test_of_a_total_that_the_tariff_does_not_explain_the_smaller_is_paid(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(30.00, kwh=5)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    assert open_incidents() == [symptoms.PRICE_DIFFERS]
    assert said() == "CDR CDR-1 says 30.00 EUR. By the tariff that the driver was shown it comes to 3.01 EUR."
    assert outstanding(session) == [("claim", 2699, "open")]


@pytest.mark.parametrize("total", [3.01, 3.05, 2.97])
def test_a_total_that_the_tariff_explains_is_nobodys_business(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock, total: float
) -> None:
    charged()
    cpo.cdr(total, kwh=5)
    clock.forward(seconds=1)
    assert open_incidents() == []


@pytest.mark.parametrize("total", [3.07, 2.95])
def test_more_than_rounding_is_told(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock, total: float
) -> None:
    charged()
    cpo.cdr(total, kwh=5)
    clock.forward(seconds=1)
    assert open_incidents() == [symptoms.PRICE_DIFFERS]


@pytest.fixture
@remembered
def dearer_since(published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> Any:
    """Charged at 0.49 EUR per kWh; the CPO publishes another price before it sends the CDR."""
    session = charged()
    cpo.push("PUT", "tariffs/SK/ION/T-1", {**carried(0.98), "last_updated": stamp(clock.now())}, 200)
    return session


@pytest.mark.parametrize("total", [3.01, 6.03])
def test_a_tariff_that_changed_since_is_none_of_this_charges(
    dearer_since: Any, cpo: Cpo, clock: Clock, total: float
) -> None:
    cpo.cdr(total, kwh=5, tariffs=[carried(0.98)])
    clock.forward(seconds=1)
    assert money(dearer_since) == ("captured", 301)
    assert outstanding(dearer_since) == ([] if total == 3.01 else [("claim", 302, "open")])
    assert open_incidents() == ([] if total == 3.01 else [symptoms.PRICE_DIFFERS])


def test_where_none_was_shown_the_one_in_the_cdr_is_held_against_it(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    charged()
    cpo.cdr(6.03, kwh=5, tariffs=[carried(0.49)])
    clock.forward(seconds=1)
    assert said() == "CDR CDR-1 says 6.03 EUR. By the tariff in it, T-1, it comes to 3.01 EUR."


@pytest.mark.parametrize(("total", "outcome"), [(7.50, "settled"), (7.51, "escalated")])
def test_without_any_tariff_only_what_is_usual_is_taken(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, total: float, outcome: str
) -> None:
    session = charged()
    cpo.cdr(total, kwh=5)
    clock.forward(seconds=1)
    assert state(session)[0] == outcome
    assert open_incidents() == ([] if outcome == "settled" else [CDR_PRICE])


def test_a_tariff_withdrawn_since_still_counts(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    charged()
    cpo.push("DELETE", "tariffs/SK/ION/T-1", None, 200)
    cpo.cdr(30.00, kwh=5)
    clock.forward(seconds=1)
    assert said() == "CDR CDR-1 says 30.00 EUR. By the tariff that the driver was shown it comes to 3.01 EUR."


def test_what_the_driver_was_shown_goes_before_what_the_cdr_carries(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    charged()
    cpo.cdr(6.03, kwh=5, tariffs=[carried(0.98)])
    clock.forward(seconds=1)
    assert said() == "CDR CDR-1 says 6.03 EUR. By the tariff that the driver was shown it comes to 3.01 EUR."


@pytest.mark.parametrize(
    ("tariffs", "named", "told"),
    [
        ([carried(0.49), carried(0.98, "T-2")], "t-2", "By the tariff in it, T-2, it comes to 6.03 EUR."),
        ([carried(0.49), carried(0.98, "T-2")], None, ""),
    ],
)
def test_of_several_the_one_that_its_periods_name(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, tariffs: list[dict[Any, Any]], named: str | None, told: str
) -> None:
    charged()
    period = {**period_data(stamp(BEGINNING), ENERGY=5), "tariff_id": named}
    start = cpo.sent("START_SESSION")[-1].body
    body = cdr_data(
        authorization_reference=start["authorization_reference"],
        cdr_token={**session_data()["cdr_token"], "uid": start["token"]["uid"]},
        total_cost={"excl_vat": 1.0, "incl_vat": 1.23},
        total_energy=5,
        charging_periods=[period],
        tariffs=tariffs,
    )
    cpo.push("POST", "cdrs", body, 201)
    clock.forward(seconds=1)
    assert open_incidents() == ([symptoms.PRICE_DIFFERS] if told else [])
    assert not told or said().endswith(told)


def test_a_credit_that_overtakes_the_capture_hides_no_wrong_total(
    published: None, charged: Callable[..., Any], cpo: Cpo, clock: Clock
) -> None:
    session = charged()
    cpo.cdr(30.00, kwh=5)
    advance(session.pk)
    assert money(session)[0] == "capturing"
    cpo.cdr(-30.00, "CREDIT-1", kwh=5, credit=True, credit_reference_id="CDR-1")
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    told = Incident.objects.get(symptom=symptoms.PRICE_DIFFERS)
    assert told.close_reason == "Nothing is outstanding any more."  # the CPO took the CDR back
    assert open_incidents() == [symptoms.BILL_CHANGED]
