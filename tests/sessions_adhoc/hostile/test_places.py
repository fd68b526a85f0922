"""Chargers that change, or share their names, while a driver of ours charges there (rules 7, 15, 24, 32)."""

from datetime import timedelta

import pytest

from ocpi.models import Evse
from partners import tokens
from partners.models import IssuedToken
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, PartnerFactory
from tests.sessions_adhoc.conftest import BEGINNING, Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import money, state

pytestmark = pytest.mark.django_db


def replace_connector(foreign: Foreign, number: str) -> None:
    """PUT the EVSE with one connector, of another number."""
    volts = {"voltage": 920, "amperage": 350} if foreign.old else {"max_voltage": 920, "max_amperage": 350}
    now = stamp(foreign.now())
    cable = {"id": number, "standard": "IEC_62196_T2_COMBO", "format": "CABLE", "power_type": "DC", "last_updated": now}
    evse = {"uid": "EVSE-1", "evse_id": "SK*ION*EEVSE-1", "status": "CHARGING", "last_updated": now}
    foreign.send("PUT", "locations/SK/ION/LOC-1/EVSE-1", {**evse, "connectors": [{**cable, **volts}]})


def over(foreign: Foreign, kwh: float) -> None:
    foreign.later(seconds=60)
    foreign.session(kwh, "COMPLETED")
    foreign.later(seconds=1)


def test_a_charger_that_is_removed_while_it_charges(newer: Foreign) -> None:
    session = newer.charging(5)
    newer.evse("REMOVED")
    newer.later(seconds=30)
    newer.session(8)
    over(newer, 8)
    newer.cdr(8)
    newer.later(seconds=1)
    assert settled(session, 8)


@pytest.mark.parametrize("number", ["1", "2"])
def test_a_connector_that_is_replaced_while_it_charges(newer: Foreign, number: str) -> None:
    """A bill about the connector of the attempt is its bill; one about the new one is not captured by itself."""
    session = newer.charging(5)
    replace_connector(newer, "2")
    over(newer, 5)
    newer.cdr(5, place=newer.place(connector=number))
    newer.later(seconds=1)
    assert outcome(session)[1:] == (("captured", 308) if number == "1" else ("reserved", 0))


def test_two_chargers_of_one_uid(newer: Foreign) -> None:
    """What is said of the other location's charger ends and bills nothing here."""
    before = BEGINNING - timedelta(days=1)
    other = LocationFactory.create(partner=newer.cpo.partner, ocpi_id="LOC-2", last_updated=before)
    twin = EvseFactory.create(location=other, uid="EVSE-1", evse_id="SK*ION*E2", last_updated=before)
    ConnectorFactory.create(evse=twin, last_updated=before)
    session = newer.charging(5)
    for status in ("CHARGING", "AVAILABLE"):
        change = {"status": status, "last_updated": stamp(newer.now())}
        newer.send("PATCH", "locations/SK/ION/LOC-2/EVSE-1", change)
    newer.later(seconds=20)
    assert outcome(session) == ("charging", "reserved", 0)
    over(newer, 5)
    newer.cdr(5, place=newer.place(location="LOC-2"))
    newer.later(seconds=1)
    assert outcome(session)[1:] == ("reserved", 0)
    newer.cdr(5, "CDR-2")
    newer.later(seconds=1)
    assert settled(session, 5)


def test_a_try_after_one_that_is_still_charging(newer: Foreign, driver: Driver) -> None:
    """Named as `previous` it keeps its money, and the next one reserves for itself (rules 9, 24)."""
    session = newer.charging(5)
    beside = EvseFactory.create(location=Evse.objects.get().location, uid="EVSE-2", evse_id="SK*ION*EEVSE-2")
    ConnectorFactory.create(evse=beside)
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-2", "previous": str(session.pk)})
    driver.run_tasks()
    following = AdHocSession.objects.get(pk=answer.json()["id"])
    assert (state(following)[0], money(following)) == ("starting", ("reserved", 0))
    newer.session(5, "COMPLETED", of=0)
    newer.later(seconds=1)
    newer.cdr(5, of=0)
    newer.later(seconds=1)
    assert settled(session, 5)
    assert money(following) == ("reserved", 0)


def test_a_one_off_token_is_no_other_partners(newer: Foreign) -> None:
    """Nobody but the charger's CPO can ask about it, and after the charge it opens nothing (rule 1)."""
    session = newer.charging(5)
    other = PartnerFactory.create(code="oth", party_id="OTH", token_encoding="raw", environment="production")
    _row, theirs = tokens.issue(other, state=IssuedToken.State.ACTIVE)
    uid = newer.token()["cdr_token"]["uid"]

    def ask(token: str, version: str) -> tuple[int, str]:
        path = f"/ocpi/emsp/{version}/tokens/{uid}/authorize?type=AD_HOC_USER"
        answer = newer.cpo.http.generic("POST", path, headers={"Authorization": f"Token {token}"})
        return answer.status_code, (answer.json().get("data") or {}).get("allowed", "")

    assert ask(theirs, "2.2.1") == (404, "")
    assert ask(newer.cpo.token, newer.version) == (200, "ALLOWED")
    over(newer, 5)
    newer.cdr(5)
    newer.later(seconds=1)
    assert settled(session, 5)
    assert ask(newer.cpo.token, newer.version)[1] == "BLOCKED"
