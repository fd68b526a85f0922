"""Whatever a CPO bills: nothing is captured above what the shown price makes of plausible energy, and nothing of a
foreign attempt (rules 7, 26, 32). `SFP_PROPERTY_EXAMPLES` sets how many CDRs."""

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from billing.models import PaymentAuthorization
from ocpi.models import Evse
from sessions_adhoc.engine.lifecycle import advance
from sessions_adhoc.models import AdHocSession
from tests.factories import cdr_data, period_data, session_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.support.examples import how_many

pytestmark = [pytest.mark.django_db, pytest.mark.hypothesis]

EXAMPLES = how_many(25)
METERED = 5.0
MOST = (METERED + 150 * 61 / 3600) * 1.02
"""kWh: the connector has 150 kW, and the Session lasts 61 s."""

GROSS = Decimal("0.49") * Decimal("1.23")


@pytest.fixture
def sessions(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> dict[str, Any]:
    """A charge of 5 kWh whose first attempt failed, at 0.49 EUR per kWh before VAT; with what its STARTs named."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(last_updated=stamp(BEGINNING - timedelta(days=1))), 201)
    session = driver.start()
    cpo.session(0, created=True, session_id="S-FAILED")
    cpo.evse("CHARGING")
    clock.forward(seconds=20)
    cpo.evse("BLOCKED")
    clock.forward(seconds=20)
    began = clock.now()
    cpo.session(0, created=True, session_id="S-1", start_date_time=stamp(began))
    clock.forward(seconds=30)
    cpo.session(METERED, session_id="S-1", start_date_time=stamp(began))
    clock.forward(seconds=31)
    times: dict[str, Any] = {"start_date_time": stamp(began), "end_date_time": stamp(clock.now())}
    cpo.session(METERED, "COMPLETED", session_id="S-1", **times)
    clock.forward(seconds=1)
    assert AdHocSession.objects.get(pk=session.pk).state == "awaiting_cdr"
    return {"session": session, "starts": [start.body for start in cpo.sent("START_SESSION")], "began": began}


def any_cdr(chance: random.Random, starts: list[dict[str, Any]], began: Any) -> tuple[dict[str, Any], bool]:
    """A CDR, more or less as it should be, and whether it is about the attempt that charged."""
    mine = chance.random() < 0.7
    kwh = round(chance.choice([METERED, METERED * chance.uniform(0.9, 1.1), chance.uniform(0, 60), 0]), 4)
    told = round(chance.choice([kwh, kwh, chance.uniform(0, 60)]), 4)
    total = round(chance.choice([float(GROSS) * kwh, chance.uniform(0, 100), 1.23]), 2)
    start = began + timedelta(seconds=chance.choice([0, 0, 5, -40, 3600, 86_400, chance.randint(-90_000, 90_000)]))
    end = start + timedelta(seconds=chance.choice([61, 61, 30, 600, 86_400]))
    period = period_data(stamp(start), ENERGY=told, TIME=chance.choice([0.0169, 0.0169, 100]))
    body = cdr_data(
        f"CDR-{chance.random()}",
        session_id="S-1" if mine else "S-FAILED",
        authorization_reference=starts[-1 if mine else 0]["authorization_reference"],
        cdr_token={**session_data()["cdr_token"], "uid": starts[0]["token"]["uid"]},
        total_cost={"excl_vat": round(total / 1.23, 2), "incl_vat": total},
        total_energy=kwh,
        charging_periods=[period],
        start_date_time=stamp(start),
        end_date_time=stamp(end),
        last_updated=stamp(end),
    )
    return body, mine


def test_no_random_cdr_is_captured_above_the_price_of_plausible_energy(sessions: dict[str, Any], cpo: Cpo) -> None:
    session, captures = sessions["session"], 0
    for number in range(EXAMPLES):
        body, mine = any_cdr(random.Random(number), sessions["starts"], sessions["began"])
        with transaction.atomic():
            cpo.push("POST", "cdrs", body, 201)
            advance(session.pk)
            asked = PaymentAuthorization.objects.get(pk=session.authorization_id).capture_amount or 0
            transaction.set_rollback(True)
        captures += asked > 0
        price = Decimal(str(min(body["total_energy"], MOST))) * GROSS
        most = price + max(price / 100, Decimal("0.05")) + Decimal("0.005")
        assert asked <= most * 100, (number, asked, body)
        assert mine or asked == 0, (number, asked, body)
    assert captures >= EXAMPLES // 20
