"""No number that a Session carries breaks anything: it is kept, left out, or refused with its path."""

import json
from decimal import Decimal
from typing import Any

import pytest

from ocpi.models import OcpiSession
from sessions_adhoc.models import Sample
from tests.factories import period_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.test_clocks import wire

WORDS = ("1e400", "NaN", "Infinity", "-Infinity")
HUGE: list[Any] = [9e7, 1e8, 1e9, 1e15, 1e16, 1e300, -1, -1e9, 10**40, *WORDS]


def send(cpo: Any, body: dict[str, Any]) -> tuple[int, int]:
    """PUT it; the words stand as numbers, which Python's own JSON would not write."""
    text = json.dumps(body)
    for word in WORDS:
        text = text.replace(f'"{word}"', word)
    headers = {"Authorization": f"Token {cpo.token}"}
    path = "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1"
    answer = cpo.http.generic("PUT", path, data=text, content_type="application/json", headers=headers)
    return answer.status_code, answer.json()["status_code"]


@pytest.mark.parametrize("where", ["kwh", "POWER", "ENERGY", "STATE_OF_CHARGE", "CURRENT", "total_cost"])
def test_a_session_with_it_is_answered(driver: Driver, cpo: Cpo, clock: Clock, where: str) -> None:
    driver.start()
    clock.forward(seconds=5)
    cpo.session(1, created=True)
    for number in HUGE:
        clock.forward(seconds=5)
        body = wire(cpo, 2)
        if where == "kwh":
            body = wire(cpo, number)
        elif where == "total_cost":
            body["total_cost"] = {"excl_vat": number, "incl_vat": number}
        else:
            body["charging_periods"] = [period_data(stamp(BEGINNING), **{where: number})]
        assert send(cpo, body) in ((200, 1000), (200, 2001), (400, 2001), (400, 2000)), number
        clock.forward(seconds=1)
        assert OcpiSession.objects.get().kwh in (1, 2, 90_000_000)


def test_energy_that_came_in_no_time_has_no_power(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    driver.start()
    clock.forward(seconds=5)
    cpo.session(1, created=True)
    first = stamp(clock.now())
    assert send(cpo, wire(cpo, 26, last_updated=first.replace("Z", ".004Z"))) == (200, 1000)
    assert list(Sample.objects.order_by("pk").values_list("kwh", "kw", "kw_derived", "ignored")) == [
        (Decimal(1), None, False, ""),
        (Decimal(26), None, False, ""),
    ]
