"""Two parties behind one hub whose ids are the same: ids are a party's own (OCPI 2.2.1 §4.4, rule 7)."""

from datetime import timedelta

import pytest

from ocpi.models import Cdr, Evse
from partners.models import PartnerRole
from sessions_adhoc import belonging
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory, cdr_data, session_data
from tests.sessions_adhoc.conftest import BEGINNING, Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state

pytestmark = pytest.mark.django_db
VIENNA = {"country_code": "AT", "party_id": "VIE"}
BEFORE = BEGINNING - timedelta(days=1)


@pytest.fixture
def hub(cpo: object, newer: Foreign) -> Foreign:
    """The CPO and Vienna's behind one hub; of both there is a LOC-1 with an EVSE-1. Vienna's came first."""
    partner = newer.cpo.partner
    type(partner).objects.filter(pk=partner.pk).update(hub_party_id="DEHUB")
    PartnerRole.objects.create(partner=partner, **VIENNA)
    place = LocationFactory.create(partner=partner, ocpi_id="LOC-1", last_updated=BEFORE, **VIENNA)
    vienna = EvseFactory.create(location=place, uid="EVSE-1", evse_id="AT*VIE*E1", last_updated=BEFORE)
    ConnectorFactory.create(evse=vienna, last_updated=BEFORE)
    return newer


def somebodys(hub: Foreign, kwh: float) -> dict[str, object]:
    """A Session of Vienna's, of a driver with a card, under the id of ours."""
    usual = session_data("S-1", kwh=kwh, **VIENNA, authorization_reference=None, last_updated=stamp(hub.now()))
    token = {**usual["cdr_token"], "uid": "A-CARD"}
    if hub.version == "2.2":
        token = {name: token[name] for name in ("uid", "type", "contract_id")}
    return {**usual, "cdr_token": token, "start_date_time": stamp(hub.now())}


def told_to(hub: Foreign, kind: str) -> tuple[str, str]:
    headers = hub.cpo.sent(kind)[-1].headers
    return headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]


def test_commands_go_to_whom_the_charger_is(hub: Foreign, driver: Driver, evse: Evse) -> None:
    hub.send("PUT", "sessions/AT/VIE/S-1", somebodys(hub, 1))
    session = driver.start()
    assert told_to(hub, "START_SESSION") == ("SK", "ION")
    hub.session(0)
    hub.later(seconds=10)
    driver.stop(session)
    assert (hub.stops(), told_to(hub, "STOP_SESSION")) == (["S-1"], ("SK", "ION"))
    hub.session(0, "COMPLETED")
    hub.later(seconds=2)
    assert outcome(session) == ("failed", "released", 0)
    driver.start(evse="AT*VIE*E1")
    assert told_to(hub, "START_SESSION") == ("AT", "VIE")


def test_a_cdr_of_the_other_party_is_none_of_ours(hub: Foreign, evse: Evse) -> None:
    session = hub.charging(4)
    hub.session(4, "COMPLETED")
    body = cdr_data("CDR-1") | {
        "session_id": "S-1", "authorization_reference": None, "cdr_location": hub.place(), "total_energy": 4,
        "start_date_time": stamp(hub.began["S-1"]), "end_date_time": stamp(hub.now()), **VIENNA,
        "cdr_token": somebodys(hub, 4)["cdr_token"], "total_cost": hub.price(2), "last_updated": stamp(hub.now()),
        "charging_periods": [
            {"start_date_time": stamp(hub.began["S-1"]), "dimensions": [{"type": "ENERGY", "volume": 4}]}
        ],
    }  # fmt: skip
    hub.send("POST", "cdrs", body)
    hub.later(seconds=5)
    assert (outcome(session), open_incidents()) == (("awaiting_cdr", "reserved", 0), [])
    assert belonging.owner_of_cdr(Cdr.objects.get()) is None
    hub.cdr(4)
    hub.later(seconds=5)
    assert settled(session, 4)
    assert (state(session)[0], open_incidents()) == ("settled", [])
