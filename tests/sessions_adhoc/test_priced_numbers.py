"""No number in a tariff or CDR breaks what is shown of its price, or takes a driver's money."""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from ocpi.models import Evse
from sessions_adhoc.models import AdHocSession
from tests.factories import period_data, tariff_data
from tests.ocpi.server.test_numbers import LATER_RESTRICTIONS, RESTRICTIONS, numeric_fields, words, written
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import money, state

pytestmark = pytest.mark.django_db

YESTERDAY = stamp(BEGINNING - timedelta(days=1))
NUMBERS = ("1e9", "9e14", "-9e14", "0.123456789012345678901234567890")
PARTS = [
    {"type": "ENERGY", "price": 0.49, "vat": 23.0, "step_size": 1},
    {"type": "TIME", "price": 1.0, "vat": 10.0, "step_size": 60},
    {"type": "FLAT", "price": 1.0, "vat": 10.0, "step_size": 1},
]
TARIFF = tariff_data(
    elements=[
        {"price_components": PARTS[:1], "restrictions": RESTRICTIONS | LATER_RESTRICTIONS},
        {"price_components": PARTS},
    ],
    min_price={"excl_vat": 1.0, "incl_vat": 1.23},
    max_price={"excl_vat": 100.0, "incl_vat": 123.0},
    last_updated=YESTERDAY,
)
FIELDS = list(numeric_fields(TARIFF))
PERIOD = {"ENERGY": 5, "TIME": 0.01, "PARKING_TIME": 0.01, "POWER": 50, "CURRENT": 100, "MAX_CURRENT": 100}


def all_huge(number: float) -> dict[str, Any]:
    """A tariff with every number as high as this."""
    huge: dict[str, Any] = deepcopy(TARIFF)
    for path in FIELDS:
        inner: Any = huge
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = number
    return huge


@pytest.fixture
def publish(evse: Evse, cpo: Cpo) -> Callable[..., bool]:
    """PUTs a tariff of the charger, and says whether it was taken."""
    evse.connectors.update(tariff_ids=[TARIFF["id"]])

    def put(body: str) -> bool:
        headers = {"Authorization": f"Token {cpo.token}"}
        path = f"/ocpi/emsp/2.2.1/tariffs/SK/ION/{TARIFF['id']}"
        answer = cpo.http.generic("PUT", path, data=body, content_type="application/json", headers=headers)
        assert answer.status_code in (200, 201)
        return bool(answer.json()["status_code"] == 1000)

    return put


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> Callable[..., Any]:
    """Makes a session that has charged 5 kWh and waits for its CDR."""

    def charge() -> AdHocSession:
        session = driver.start()
        cpo.session(0, created=True)
        clock.forward(seconds=20)
        cpo.session(5)
        clock.forward(seconds=20)
        assert driver.call("GET", f"{session.pk}/").status_code == 200
        assert driver.http.get(f"/c/session/{session.pk}").status_code == 200
        cpo.session(5, "COMPLETED")
        clock.forward(seconds=1)
        return session

    return charge


def test_its_price_is_shown_to_drivers(publish: Callable[..., bool], client: Client) -> None:
    for field in FIELDS:
        for number in NUMBERS:
            if publish(written(TARIFF, field, number)):
                assert client.get("/c/SK*ION*EEVSE-1").status_code == 200, (words(field), number)
    for high in (1e9, 9e14):
        assert publish(json.dumps(all_huge(high)))
        assert client.get("/c/SK*ION*EEVSE-1").status_code == 200, high


@pytest.mark.parametrize("number", [1e9, 9e14])
def test_a_charge_by_it_costs_no_more_than_is_reserved(
    publish: Callable[..., bool], charged: Callable[..., Any], cpo: Cpo, clock: Clock, number: float
) -> None:
    assert publish(json.dumps(all_huge(number)))
    session = charged()
    cpo.cdr(3.01, kwh=5, tariffs=[all_huge(number)])
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))


CDRS: list[dict[str, Any]] = [
    {"total_cost": {"excl_vat": 1e9, "incl_vat": 1e9}},
    {"total_cost": {"excl_vat": 9e9, "incl_vat": 9e9}},
    {"total_energy": 9e7},
    {"total_energy": 9e7, "total_cost": {"excl_vat": 9e9, "incl_vat": 9e9}},
    {"total_energy": 9e7, "total_time": 9e14, "total_parking_time": 9e14},
    {"charging_periods": [period_data(stamp(BEGINNING), **dict.fromkeys(PERIOD, 9e14))]},
    {"total_energy": 9e7, "charging_periods": [period_data(stamp(BEGINNING), **dict.fromkeys(PERIOD, 9e14))]},
]


def settled(session: Any) -> tuple[str, tuple[str, int]]:
    return state(session)[0], money(session)


@pytest.mark.parametrize("changes", CDRS, ids="-".join)
def test_a_cdr_with_it_and_without_a_tariff_is_held(
    charged: Callable[..., Any], cpo: Cpo, clock: Clock, changes: dict[str, Any]
) -> None:
    session = charged()
    cpo.cdr(30.01, **changes)
    clock.forward(seconds=1)
    assert settled(session) == ("escalated", ("reserved", 0))


@pytest.mark.parametrize("changes", CDRS, ids="-".join)
def test_a_cdr_with_it_takes_what_the_tariff_explains(
    publish: Callable[..., bool], charged: Callable[..., Any], cpo: Cpo, clock: Clock, changes: dict[str, Any]
) -> None:
    assert publish(json.dumps(TARIFF))
    session = charged()
    cpo.cdr(30.01, tariffs=[TARIFF], **changes)
    clock.forward(seconds=1)
    held = "total_energy" in changes
    assert settled(session) == (("escalated", ("reserved", 0)) if held else ("settled", ("captured", 413)))


@pytest.mark.parametrize("changes", CDRS, ids="-".join)
def test_a_cdr_with_it_by_a_tariff_like_it_is_held(
    publish: Callable[..., bool], charged: Callable[..., Any], cpo: Cpo, clock: Clock, changes: dict[str, Any]
) -> None:
    """Such a tariff is no price: 6.00 per kWh is more than is usual without one."""
    assert publish(json.dumps(all_huge(9e14)))
    session = charged()
    cpo.cdr(30.01, tariffs=[all_huge(9e14)], **changes)
    clock.forward(seconds=1)
    assert settled(session) == ("escalated", ("reserved", 0))
