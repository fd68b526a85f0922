"""What a whole charge costs the database: the statements of web, engine and payment, step by step."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from ocpi.models import Connector, PartnerQuirk
from ocpi.store import Party, put_tariff
from ocpi.versions import VERSIONS
from sessions_adhoc.models import AdHocSession
from tests.factories import period_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import gateway, money, open_incidents, state, states
from tests.sessions_adhoc.statements import Counted
from tests.sessions_adhoc.test_charging import HAPPY
from tests.support.tasks import Ran

pytestmark = pytest.mark.django_db(transaction=True)


BUDGET = {
    "ask": 9,
    "reserve and start": 15,
    "push 1": 3,
    "validating 1": 2,
    "push 2": 2,
    "charging 2": 3,
    "push 3": 2,
    "charging 3": 3,
    "press stop": 7,
    "stop": 9,
    "push 4": 3,
    "end": 2,
    "CDR": 8,
    "settle": 12,
}
"""The most that each step may ask, begins and ends of transactions and the gateway's own books aside."""


def test_what_a_charge_costs(driver: Driver, cpo: Cpo, clock: Clock, run_tasks: Callable[..., list[Ran]]) -> None:
    counted = charge(driver, cpo, clock, run_tasks)
    assert {name: count for name, count in counted.per_step().items() if count > BUDGET[name]} == {}, counted.table()


def charge(driver: Any, cpo: Any, clock: Any, run_tasks: Any) -> Counted:
    """A driver charges 5.1 kWh by a published tariff, with four pushes of the Session, and stops."""
    put_tariff(Party(cpo.partner, "SK", "ION", VERSIONS["2.2.1"]), "T-1", tariff_data())
    Connector.objects.update(tariff_ids=["T-1"])
    cpo.token = b64encode(cpo.token.encode()).decode()  # as 2.2.1 wants it: what is overlooked is counted, and costs
    counted = Counted()
    with counted.step("ask"):
        assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 201
    with counted.step("reserve and start"):
        run_tasks()
    session = AdHocSession.objects.get()
    assert (len(cpo.sent("START_SESSION")), state(session)[0]) == (1, "starting")
    for number, (kwh, expected) in enumerate(((0, "validating"), (2.5, "charging"), (5, "charging")), 1):
        clock.traveller.shift(30)
        power = period_data(stamp(BEGINNING), POWER=150)
        with counted.step(f"push {number}"):
            cpo.session(kwh, created=kwh == 0, charging_periods=[power], cdr_token=named(cpo))
        with counted.step(f"{expected} {number}"):
            run_tasks()
        assert state(session)[0] == expected
    with counted.step("press stop"):
        assert driver.call("POST", f"{session.pk}/stop/").status_code == 202
    with counted.step("stop"):
        run_tasks()
    clock.traveller.shift(30)
    with counted.step("push 4"):
        cpo.session(5.1, "COMPLETED", cdr_token=named(cpo))
    with counted.step("end"):
        run_tasks()
    with counted.step("CDR"):
        cpo.cdr(3.07, cdr_token=named(cpo), end_date_time=stamp(clock.now()))
    with counted.step("settle"):
        run_tasks()
    assert (states(session), money(session), gateway(session)) == (HAPPY, ("captured", 307), ("captured", 307))
    assert (open_incidents(), PartnerQuirk.objects.count()) == ([], 0)
    return counted


def named(cpo: Any) -> dict[str, Any]:
    """The token of the START, as its Session and CDR say it."""
    token = cpo.sent("START_SESSION")[-1].body["token"]
    return {name: token[name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}
