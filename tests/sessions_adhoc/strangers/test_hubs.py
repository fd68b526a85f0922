"""Behind a hub: whose a message is, is said by its path and body; headers tell the way it took (OCPI 2.2.1 4.4)."""

import json
from datetime import timedelta
from typing import Any

import pytest

from ocpi.models import Cdr, Evse, Location, OcpiSession
from partners.models import PartnerRole
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory, EvseFactory, LocationFactory
from tests.ocpi.cpo import envelope
from tests.sessions_adhoc.conftest import BEGINNING, Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled, validities
from tests.sessions_adhoc.looking import state

pytestmark = pytest.mark.django_db
VIENNA: dict[str, Any] = {"country_code": "AT", "party_id": "VIE"}
BEFORE = BEGINNING - timedelta(days=1)


@pytest.fixture
def hub(stranger: Foreign, evse: Evse) -> Foreign:
    """Two parties behind one hub, with a charger each whose ids are the same."""
    partner = stranger.cpo.partner
    type(partner).objects.filter(pk=partner.pk).update(hub_party_id="DEHUB")
    PartnerRole.objects.create(partner=partner, **VIENNA)
    place = LocationFactory.create(partner=partner, ocpi_id="LOC-1", last_updated=BEFORE, **VIENNA)
    vienna = EvseFactory.create(location=place, uid="EVSE-1", evse_id="AT*VIE*E1", last_updated=BEFORE)
    ConnectorFactory.create(evse=vienna, last_updated=BEFORE)
    return stranger


def said(hub: Foreign, method: str, path: str, body: Any = None, **headers: str) -> Any:
    return hub.cpo.http.generic(
        method,
        f"/ocpi/emsp/{hub.version}/{path}",
        data=json.dumps(body) if body is not None else "",
        content_type="application/json",
        headers={"Authorization": f"Token {hub.cpo.token}", **headers},
    )


def way(sender: str, receiver: str) -> dict[str, str]:
    return {
        "OCPI-from-country-code": sender[:2], "OCPI-from-party-id": sender[2:],
        "OCPI-to-country-code": receiver[:2], "OCPI-to-party-id": receiver[2:],
    }  # fmt: skip


WAYS = {
    "none": {},
    "direct": way("SKION", "SKSFP"),
    "broadcast": way("DEHUB", "SKSFP"),
    "in small letters": way("skion", "sksfp"),
    "only from": {name: text for name, text in way("SKION", "").items() if "from" in name},
    "only to": {name: text for name, text in way("", "SKSFP").items() if "to" in name},
}


@pytest.mark.parametrize("how", WAYS)
def test_ways_that_a_push_may_take(hub: Foreign, driver: Driver, how: str) -> None:
    session = driver.start()
    for kwh, status in ((0, "ACTIVE"), (3, "ACTIVE"), (3, "COMPLETED")):
        began = hub.began.setdefault("S-1", hub.now())
        body = hub.session_body(kwh, status, "S-1", -1, began)
        answer = said(hub, "PUT", "sessions/SK/ION/S-1", body, **WAYS[how])
        assert (answer.status_code, answer.json()["status_code"]) in ((200, 1000), (201, 1000)), answer.content
        hub.later(seconds=10)
    hub.cdr(3)
    hub.later(seconds=5)
    assert settled(session, 3)


@pytest.mark.parametrize("headers", [way("SKSFP", "SKION"), way("SKION", "DEOTH"), way("FRXXX", "SKSFP")])
def test_headers_that_name_somebody_else(hub: Foreign, driver: Driver, headers: dict[str, str]) -> None:
    """Swapped, for another eMSP, from a party that is not theirs: refused or taken, in words; never a 500, and never
    another party's object."""
    session, began = driver.start(), hub.now()
    answer = said(hub, "PUT", "sessions/SK/ION/S-1", hub.session_body(0, "ACTIVE", "S-1", -1, began), **headers)
    assert answer.status_code in (200, 201, 401, 404), answer.content
    took = answer.json()["status_code"] == 1000
    assert OcpiSession.objects.count() == took
    hub.later(seconds=5)
    assert state(session)[0] == ("validating" if took else "starting")


@pytest.mark.heavy
def test_the_answer_says_the_way_back(hub: Foreign, driver: Driver) -> None:
    driver.start()
    body = hub.session_body(0, "ACTIVE", "S-1", -1, hub.now())
    answer = said(hub, "PUT", "sessions/SK/ION/S-1", body, **way("SKION", "SKSFP"), **{"X-Correlation-ID": "c-1"})
    back = {name.lower(): value for name, value in answer.headers.items()}
    assert (back["ocpi-to-country-code"], back["ocpi-to-party-id"]) == ("SK", "ION")
    assert (back["ocpi-from-country-code"], back["ocpi-from-party-id"]) == ("SK", "SFP")
    assert back["x-correlation-id"] == "c-1"


def test_the_body_is_another_partys(hub: Foreign, driver: Driver) -> None:
    """The path says ION, the body VIE: 2001, and nothing is stored (digest 2.4)."""
    session = driver.start()
    body = hub.session_body(0, "ACTIVE", "S-1", -1, hub.now()) | VIENNA
    answer = said(hub, "PUT", "sessions/SK/ION/S-1", body)
    assert answer.json()["status_code"] == 2001
    hub.later(seconds=5)
    assert (OcpiSession.objects.count(), state(session)[0]) == (0, "starting")


def test_our_reference_from_the_other_party(hub: Foreign, driver: Driver) -> None:
    """Rule 7: the reference decides, and nobody guesses it. A company of two countries, with this charger in one of
    them, sends Sessions under either."""
    Evse.objects.filter(location__party_id="VIE").delete()
    session, began = driver.start(), hub.now()
    body = hub.session_body(5, "ACTIVE", "S-1", -1, began) | VIENNA
    assert said(hub, "PUT", "sessions/AT/VIE/S-1", body).status_code in (200, 201)
    hub.later(seconds=10)
    assert state(session)[0] == "charging"
    hub.cdr(5, **VIENNA)
    said(hub, "PUT", "sessions/AT/VIE/S-1", hub.session_body(5, "COMPLETED", "S-1", -1, began) | VIENNA)
    hub.later(seconds=10)
    assert settled(session, 5)


def test_our_reference_from_the_other_partys_charger(hub: Foreign, driver: Driver) -> None:
    """Rules 7, 12: the place must agree, and ids are a party's own. A hub that led the START astray has another car
    charge: stopped there, never billed, and our driver's own Session counts."""
    session, began = driver.start(), hub.now()
    for kwh in (0, 5):
        body = hub.session_body(kwh, "ACTIVE", "S-1", -1, began) | VIENNA
        assert said(hub, "PUT", "sessions/AT/VIE/S-1", body).status_code in (200, 201)
        hub.later(seconds=10)
    assert (state(session)[0], hub.stops(), validities()) == ("starting", ["S-1"], {"S-1": "orphan"})
    sent = hub.cpo.sent("STOP_SESSION")[0].headers
    assert (sent["ocpi-to-country-code"], sent["ocpi-to-party-id"]) == ("AT", "VIE")
    hub.cdr(5, "CDR-A", start=began, **VIENNA)
    for kwh, status in ((0, "ACTIVE"), (3, "ACTIVE"), (3, "COMPLETED")):
        hub.session(kwh, status)
        hub.later(seconds=10)
    assert state(session)[0] == "awaiting_cdr"
    hub.cdr(3)
    hub.later(seconds=10)
    assert settled(session, 3)


def test_the_same_id_of_both_and_a_driver_at_each(hub: Foreign, driver: Driver) -> None:
    first = driver.start()
    hub.session(0, of=0)
    second = driver.start(evse="AT*VIE*E1")
    began = hub.now()

    def vienna(kwh: float, status: str = "ACTIVE") -> None:
        body = hub.session_body(kwh, status, "S-1", 1, began) | VIENNA
        assert said(hub, "PUT", "sessions/AT/VIE/S-1", body).json()["status_code"] == 1000
        hub.later(seconds=5)

    vienna(0)
    hub.session(2, of=0)
    vienna(4)
    assert (state(first)[0], state(second)[0]) == ("charging", "charging")
    meters = [driver.call("GET", f"{one.pk}/").json()["meter"]["kwh"] for one in (first, second)]
    assert meters == [2, 4]
    driver.stop(second)
    sent = hub.cpo.sent("STOP_SESSION")[-1].headers
    assert (sent["ocpi-to-country-code"], sent["ocpi-to-party-id"]) == ("AT", "VIE")
    vienna(4, "COMPLETED")
    assert (state(first)[0], state(second)[0]) == ("charging", "awaiting_cdr")
    hub.session(2, "COMPLETED", of=0)
    hub.cdr(2, of=0)
    hub.later(seconds=5)
    assert settled(first, 2)
    hub.cdr(4, of=1, start=began, **VIENNA)
    hub.later(seconds=5)
    assert settled(second, 4)
    assert Cdr.objects.count() == 2


def test_get_sessions_goes_to_whose_the_charger_is(hub: Foreign, driver: Driver) -> None:
    session, began = driver.start(evse="AT*VIE*E1"), hub.now()
    ours = hub.session_body(1, "ACTIVE", "S-1", -1, began) | VIENNA
    theirs = {**ours, "party_id": "ION", "country_code": "SK", "authorization_reference": None,
              "cdr_token": {**ours["cdr_token"], "uid": "CARD"}}  # fmt: skip
    hub.cpo.server.on("GET /sessions", envelope([theirs, ours], headers={"X-Total-Count": "2"}))
    hub.later(minutes=6)
    assert state(session)[0] == "charging"
    asked = hub.cpo.server.calls("GET", "/sessions")[0].headers
    assert (asked["ocpi-to-country-code"], asked["ocpi-to-party-id"]) in (("AT", "VIE"), ("DE", "HUB"))


@pytest.mark.heavy
def test_get_sessions_brings_a_party_that_is_not_theirs(hub: Foreign, driver: Driver) -> None:
    """It is nobody's business of theirs, and no answer about ours (rule 8)."""
    session, began = driver.start(), hub.now()
    foreign = hub.session_body(1, "ACTIVE", "S-1", -1, began) | {"country_code": "FR", "party_id": "XXX"}
    hub.cpo.server.on("GET /sessions", envelope([foreign], headers={"X-Total-Count": "1"}))
    hub.later(minutes=9)
    assert outcome(session) in (("failed", "released", 0), ("escalated", "reserved", 0))
    assert OcpiSession.objects.filter(country_code="FR").count() == 0


@pytest.fixture
def left(hub: Foreign) -> Foreign:
    """Vienna's has left the hub."""
    PartnerRole.objects.filter(party_id="VIE").delete()
    return hub


@pytest.mark.heavy
def test_who_has_left_can_store_nothing(left: Foreign) -> None:
    body = {"status": "CHARGING", "last_updated": stamp(left.now())}
    answer = said(left, "PATCH", "locations/AT/VIE/LOC-1/EVSE-1", body)
    assert answer.json()["status_code"] != 1000
    assert Evse.objects.get(location__party_id="VIE").status == "AVAILABLE"


def test_who_has_left_sells_nothing(left: Foreign, driver: Driver) -> None:
    """Its party is nobody's: no START goes to the hub for it, and no money is touched."""
    answer = driver.call("POST", body={"evse": "AT*VIE*E1"})
    assert (answer.status_code, answer.json()["code"]) == (409, "operator_not_connected")
    assert (AdHocSession.objects.count(), left.starts()) == (0, 0)


@pytest.mark.parametrize("status", ["SUSPENDED", "OFFLINE", "PLANNED"])
def test_who_is_away_sells_nothing_until_it_is_back(hub: Foreign, driver: Driver, status: str) -> None:
    """What the hub tells of its clients (OCPI 2.2.1 §15)."""
    for now, expected in ((status, 409), ("CONNECTED", 201)):
        hub.later(seconds=1)
        body = {**VIENNA, "role": "CPO", "status": now, "last_updated": stamp(hub.now())}
        assert said(hub, "PUT", "hubclientinfo/AT/VIE", body).status_code in (200, 201)
        assert driver.call("POST", body={"evse": "AT*VIE*E1"}).status_code == expected
    assert driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}).status_code == 201


@pytest.mark.heavy
def test_the_others_charge_on(left: Foreign, driver: Driver) -> None:
    session = left.charging(3)
    left.session(3, "COMPLETED")
    left.cdr(3)
    left.later(seconds=5)
    assert settled(session, 3)
    assert Location.objects.count() == 2


@pytest.mark.heavy
def test_who_leaves_in_the_middle_of_a_charge(hub: Foreign, driver: Driver) -> None:
    """Rule 37 in its spirit: a live charge is finished, or held with a row that somebody sees; never free, never
    captured without a CDR."""
    session, began = driver.start(evse="AT*VIE*E1"), hub.now()

    def vienna(kwh: float, status: str = "ACTIVE") -> Any:
        return said(hub, "PUT", "sessions/AT/VIE/S-1", hub.session_body(kwh, status, "S-1", -1, began) | VIENNA)

    vienna(0)
    hub.later(seconds=5)
    vienna(3)
    hub.later(seconds=5)
    assert state(session)[0] == "charging"
    PartnerRole.objects.filter(party_id="VIE").delete()
    vienna(4, "COMPLETED")
    hub.later(hours=26)
    assert outcome(session)[:2] in (("escalated", "reserved"), ("awaiting_cdr", "reserved"))


# What a hub answers in the place of a CPO


@pytest.mark.parametrize("code", [4000, 4002])
@pytest.mark.parametrize("http", [200, 404])
def test_a_hub_that_heard_nothing_may_have_delivered_it(hub: Foreign, driver: Driver, code: int, http: int) -> None:
    """Rule 5: 4002 is a timeout of the request that it forwarded, 4000 does not say; the car charges all the same."""
    hub.cpo.server.on("/commands/START_SESSION", envelope(None, code, "Timeout on forwarded request", status=http))
    session = driver.start()
    hub.later(minutes=1)
    assert (state(session)[0], hub.starts()) == ("starting", 1)
    for kwh in (0, 3):
        hub.session(kwh)
        hub.later(seconds=10)
    assert state(session)[0] == "charging"
    hub.session(3, "COMPLETED")
    hub.cdr(3)
    hub.later(seconds=5)
    assert settled(session, 3)
    assert hub.starts() == 1


@pytest.mark.parametrize("code", [4000, 4002])
@pytest.mark.heavy
def test_a_hub_that_heard_nothing_and_nothing_comes(hub: Foreign, driver: Driver, code: int) -> None:
    hub.cpo.server.on("/commands/START_SESSION", envelope(None, code, "Timeout on forwarded request"))
    session = driver.start()
    hub.later(minutes=6)
    assert (outcome(session), state(session)[1], hub.starts()) == (("failed", "released", 0), "no_session", 1)


@pytest.mark.parametrize("code", [4001, 4003])
def test_a_hub_that_could_not_deliver_it(hub: Foreign, driver: Driver, code: int) -> None:
    """Rule 3: at once; nobody there has heard of it."""
    hub.cpo.server.on("/commands/START_SESSION", envelope(None, code, "Unknown receiver"))
    session = driver.start()
    hub.later(seconds=5)
    assert (outcome(session), hub.starts()) == (("failed", "released", 0), 1)


def test_a_stop_that_the_hub_heard_nothing_of(hub: Foreign, driver: Driver) -> None:
    """Rule 19: it gets its time; then the driver is told, and may press again."""
    session = hub.charging(2)
    hub.cpo.server.on("/commands/STOP_SESSION", envelope(None, 4002, "Timeout on forwarded request"))
    driver.stop(session)
    hub.later(seconds=30)
    assert state(session)[0] == "stopping"
    hub.later(minutes=2)
    assert state(session)[0] == "charging"
    hub.session(3, "COMPLETED")
    hub.cdr(3)
    hub.later(seconds=5)
    assert settled(session, 3)
