"""Objects of 2.2 and 2.3.0 with what those versions brought, and what nobody has heard of (rules 7, 26, 32-35)."""

import json
from typing import Any

import pytest

from ocpi.models import Cdr, Connector, Evse, Location, Tariff
from partners.models import Incident
from partners.tasks import mail_detect
from sessions_adhoc import staff
from tests.factories import location_data
from tests.sessions_adhoc.conftest import Driver, stamp
from tests.sessions_adhoc.hostile.foreign import Foreign, outcome, settled
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.strangers.test_nights import element, estimated

pytestmark = pytest.mark.django_db


@pytest.fixture
def newest(stranger: Foreign) -> Foreign:
    if stranger.version != "2.3.0":
        stranger = Foreign(stranger.cpo, stranger.driver, "2.3.0")
    return stranger


def publish(stranger: Foreign, *elements: dict[str, Any], **more: Any) -> None:
    Connector.objects.update(tariff_ids=["T-1"])
    body = {
        "country_code": "SK", "party_id": "ION", "id": "T-1", "currency": "EUR", "elements": list(elements),
        "last_updated": stamp(stranger.now()), **({"tax_included": "NO"} if stranger.version == "2.3.0" else {}),
    }  # fmt: skip
    stranger.send("PUT", "tariffs/SK/ION/T-1", body | more)


def charged(stranger: Foreign, driver: Driver, kwh: float = 5) -> Any:
    session = driver.start()
    for more in (0, kwh):
        stranger.session(more)
        stranger.later(minutes=2)
    assert state(session)[0] == "charging"
    return session


def paid(stranger: Foreign, session: Any, kwh: float = 5, **cdr: Any) -> tuple[str, str, int]:
    stranger.session(kwh, "COMPLETED")
    stranger.cdr(kwh, **cdr)
    stranger.later(seconds=5)
    return outcome(session)


# 2.3.0: taxes


@pytest.mark.parametrize(
    ("included", "price", "gross"), [("NO", 0.50, 308), ("YES", 0.60, 300), ("N/A", 0.50, 250)], ids=str
)
def test_what_the_price_includes(newest: Foreign, driver: Driver, included: str, price: float, gross: int) -> None:
    """Rule 34, 35. `N/A`: no taxes apply to this tariff, so what is shown is what is paid."""
    publish(newest, element(price), tax_included=included)
    session = charged(newest, driver)
    assert abs(estimated(driver, session) - gross) <= 1
    net = round(gross / 1.23 / 100, 4)
    total = {"before_taxes": net, "taxes": [{"name": "VAT", "percentage": 23, "amount": round(gross / 100 - net, 4)}]}
    if included == "N/A":
        total = {"before_taxes": 2.50, "taxes": [{"name": "none", "percentage": 0, "amount": 0}]}
    assert paid(newest, session, total_cost=total) == ("settled", "captured", gross)
    assert open_incidents() == []


@pytest.mark.parametrize("included", [None, "MAYBE", "no", True])
def test_what_nobody_knows_whether_it_includes(newest: Foreign, driver: Driver, included: Any) -> None:
    """A tariff without it, or with a word that is none: read leniently or refused; never a price lower than shown."""
    body = {
        "country_code": "SK", "party_id": "ION", "id": "T-1", "currency": "EUR", "elements": [element(0.5)],
        "last_updated": stamp(newest.now()), "tax_included": included,
    }  # fmt: skip
    body = {name: value for name, value in body.items() if value is not None}
    answer = newest.cpo.http.generic(
        "PUT", "/ocpi/emsp/2.3.0/tariffs/SK/ION/T-1", data=json.dumps(body),
        content_type="application/json", headers={"Authorization": f"Token {newest.cpo.token}"},
    )  # fmt: skip
    assert answer.status_code in (200, 201), answer.content
    Connector.objects.update(tariff_ids=["T-1"])
    session = charged(newest, driver)
    assert paid(newest, session)[:2] == ("settled", "captured")


@pytest.mark.parametrize(
    "limits", [{"before_taxes": 1.0, "after_taxes": 1.23}, {"before_taxes": 1.0}, {"after_taxes": 1.23}]
)
def test_never_more_than_the_highest_price(newest: Foreign, driver: Driver, limits: dict[str, float]) -> None:
    """`PriceLimit` of 2.3.0."""
    body = {
        "country_code": "SK", "party_id": "ION", "id": "T-1", "currency": "EUR", "elements": [element(0.5)],
        "last_updated": stamp(newest.now()), "tax_included": "NO", "max_price": limits,
    }  # fmt: skip
    answer = newest.cpo.http.generic(
        "PUT", "/ocpi/emsp/2.3.0/tariffs/SK/ION/T-1", data=json.dumps(body),
        content_type="application/json", headers={"Authorization": f"Token {newest.cpo.token}"},
    )  # fmt: skip
    if "before_taxes" not in limits:
        assert answer.status_code == 200
        return
    Connector.objects.update(tariff_ids=["T-1"])
    session = charged(newest, driver)
    assert estimated(driver, session) == 123
    assert paid(newest, session) == ("settled", "captured", 123)


@pytest.mark.heavy
def test_several_taxes(newest: Foreign, driver: Driver) -> None:
    publish(newest, element(0.5))
    session = charged(newest, driver)
    taxes = [
        {"name": "VAT", "account_number": "SK1", "percentage": 20, "amount": 0.5},
        {"name": "City", "amount": 0.075},
    ]
    assert paid(newest, session, total_cost={"before_taxes": 2.5, "taxes": taxes}) == ("settled", "captured", 308)


@pytest.mark.heavy
def test_the_old_shape_of_a_price(newest: Foreign, driver: Driver) -> None:
    """A 2.3.0 CPO that kept 2.2.1's Price: read as a lenience, or refused in words; the charge is not free."""
    session = charged(newest, driver)
    newest.session(5, "COMPLETED")
    body = {"excl_vat": 2.5, "incl_vat": 3.08}
    newest.cdr(5, total_cost=body)
    newest.later(seconds=5)
    assert outcome(session) in (("settled", "captured", 308), ("awaiting_cdr", "reserved", 0))


@pytest.mark.heavy
def test_the_new_shape_of_a_price_in_the_old_version(stranger: Foreign, driver: Driver) -> None:
    if stranger.version == "2.3.0":
        return
    session = charged(stranger, driver)
    stranger.session(5, "COMPLETED")
    stranger.cdr(5, total_cost={"before_taxes": 2.5, "taxes": [{"name": "VAT", "amount": 0.58}]})
    stranger.later(seconds=5)
    assert outcome(session) == ("settled", "captured", 308)


# CDRs


NEW_FIELDS: dict[str, dict[str, Any]] = {
    "all there is": {
        "total_fixed_cost": None, "signed_data": None, "invoice_reference_id": "INV-1", "remark": "ok",
        "total_parking_time": 0, "meter_id": "M-1", "credit": False,
    },
    "signed": {
        "signed_data": {"encoding_method": "OCMF", "signed_values": [
            {"nature": "Start", "plain_data": "x" * 4000, "signed_data": "y" * 5000}]},
    },
    "what nobody knows": {"booking_id": "B-1", "custom": {"a": [1, {"b": None}]}, "ext:x": True},
    "dimensions that nobody knows": {"charging_periods": None},
    "a token type that is new": {},
}  # fmt: skip


@pytest.mark.parametrize("kind", NEW_FIELDS)
def test_what_a_cdr_may_hold_besides(stranger: Foreign, driver: Driver, kind: str) -> None:
    session = charged(stranger, driver)
    more = dict(NEW_FIELDS[kind])
    began = stamp(stranger.began["S-1"])
    if "dimensions" in kind:
        volumes = [
            {"type": "ENERGY", "volume": 5},
            {"type": "MOON_PHASE", "volume": 0.5},
            {"type": "POWER", "volume": 7},
        ]
        more["charging_periods"] = [{"start_date_time": began, "dimensions": volumes}]
    if "type" in kind:
        more["cdr_token"] = {**stranger.token()["cdr_token"], "type": "EMAID"}
    assert paid(stranger, session, **more) == ("settled", "captured", 308)
    assert Cdr.objects.count() == 1


@pytest.mark.heavy
def test_a_cdr_without_session_id_and_reference(stranger: Foreign, driver: Driver) -> None:
    """Rule 7: by the token's uid."""
    session = charged(stranger, driver)
    assert paid(stranger, session, session_id=None, authorization_reference=None) == ("settled", "captured", 308)


@pytest.mark.heavy
def test_a_long_id(stranger: Foreign, driver: Driver) -> None:
    session = charged(stranger, driver)
    assert paid(stranger, session, name="C" * 60) == ("settled", "captured", 308)


@pytest.mark.heavy
def test_the_times_that_stand_for_unknown(stranger: Foreign, driver: Driver) -> None:
    """1970-1-1T00:00:00Z (trap 15): its times are no reason to believe that it is another charge's, nor to capture."""
    session = charged(stranger, driver)
    found = paid(stranger, session, start_date_time="1970-1-1T00:00:00Z", end_date_time="1970-1-1T00:00:00Z")
    assert found in (("settled", "captured", 308), ("escalated", "reserved", 0), ("awaiting_cdr", "reserved", 0))
    stranger.later(hours=25)
    assert outcome(session) in (("settled", "captured", 308), ("escalated", "reserved", 0))


# Locations


@pytest.mark.parametrize("change", ["capability", "connector", "parking", "status", "help"])
def test_a_location_with_words_that_are_new(newest: Foreign, driver: Driver, change: str) -> None:
    body = location_data("LOC-1", last_updated=stamp(newest.now()))
    charger = body["evses"][0]
    charger |= {"evse_id": "SK*ION*EEVSE-1", "last_updated": stamp(newest.now())}
    charger["connectors"][0] |= {"last_updated": stamp(newest.now()), "tariff_ids": []}
    if change == "capability":
        charger["capabilities"] = ["REMOTE_START_STOP_CAPABLE", "TELEPORT"]
    if change == "connector":
        charger["connectors"][0] |= {"standard": "MCS_2", "capabilities": ["ISO_15118_2_PLUG_AND_CHARGE", "X"]}
    if change == "parking":
        charger["parking"] = [{"parking_id": "P-1", "evse_position": "LEFT"}]
        body["parking_places"] = [
            {"id": "P-1", "vehicle_types": ["HOVERCRAFT"], "restricted_to_type": False, "reservation_required": False}
        ]
    if change == "status":
        charger["status"] = "PREPARING"
    if change == "help":
        body |= {"help_phone": "+421 2 1234", "evses": [charger]}
    newest.send("PUT", "locations/SK/ION/LOC-1", body)
    assert (Location.objects.count(), Evse.objects.count()) == (1, 1)
    session = charged(newest, driver)
    assert paid(newest, session) == ("settled", "captured", 308)


@pytest.mark.heavy
def test_a_tariff_with_what_payments_bring(newest: Foreign, driver: Driver) -> None:
    publish(newest, element(0.5), preauthorize_amount=25, type="AD_HOC_PAYMENT")
    assert Tariff.objects.count() == 1
    session = charged(newest, driver)
    assert paid(newest, session) == ("settled", "captured", 308)


# The connection ends


def test_the_cpo_leaves_in_the_middle_of_a_charge(stranger: Foreign, driver: Driver) -> None:
    """DELETE credentials: nothing that it knows reaches us any more, and money is held. Somebody must see it at once,
    and it is held, not free (rules 8, 24, 30)."""
    session = stranger.charging(3)
    answer = stranger.cpo.http.generic(
        "DELETE", f"/ocpi/emsp/{stranger.version}/credentials", headers={"Authorization": f"Token {stranger.cpo.token}"}
    )
    assert (answer.status_code, answer.json()["status_code"]) == (200, 1000)
    stranger.later(minutes=1)
    mail_detect()
    assert open_incidents() == ["The connection ended while drivers charge"]
    incident = Incident.objects.get(closed_at=None)
    assert (incident.severity, incident.evidence[0]["session"]) == (Incident.Severity.URGENT, str(session.pk))
    stranger.later(hours=26)
    mail_detect()
    assert outcome(session) == ("escalated", "reserved", 0)
    staff.release(session.pk, "ana", "They are gone.")
    stranger.later(minutes=2)
    mail_detect()
    assert (outcome(session), open_incidents()) == (("failed", "released", 0), [])


def test_the_cpo_leaves_and_nobody_charges(stranger: Foreign, driver: Driver) -> None:
    answer = stranger.cpo.http.generic(
        "DELETE", f"/ocpi/emsp/{stranger.version}/credentials", headers={"Authorization": f"Token {stranger.cpo.token}"}
    )
    assert answer.status_code == 200
    stranger.later(minutes=2)
    refused = driver.call("POST", body={"evse": "SK*ION*EEVSE-1"})
    assert refused.status_code in (404, 409), refused.content


# Watt hours


def test_watt_hours_for_kilowatt_hours(stranger: Foreign, driver: Driver) -> None:
    """A meter in Wh says a thousand times what 150 kW can deliver: a number that cannot be true ends nobody's charge
    (rules 22, 32, 33)."""
    publish(stranger, element(0.5))
    session = driver.start()
    stranger.session(0)
    for minute in range(1, 5):
        stranger.later(minutes=1)
        stranger.session(700 * minute)
    stranger.later(seconds=5)
    assert (state(session)[0], stranger.stops()) == ("charging", [])
    stranger.session(2800, "COMPLETED")
    stranger.cdr(2.8)
    stranger.later(minutes=40)
    assert outcome(session) == ("settled", "captured", 172)


def test_a_meter_that_jumps_and_comes_back(stranger: Foreign, driver: Driver) -> None:
    """One wrong value; the next one is right again, and smaller (rule 22 must not shut it out)."""
    publish(stranger, element(0.5))
    session = driver.start()
    stranger.session(0)
    for kwh in (0.7, 1.4, 9999, 2.8, 3.5):
        stranger.later(minutes=1)
        stranger.session(kwh)
    stranger.later(seconds=5)
    assert (state(session)[0], stranger.stops()) == ("charging", [])
    assert driver.call("GET", f"{session.pk}/").json()["meter"]["kwh"] == 3.5
    stranger.session(3.5, "COMPLETED")
    stranger.cdr(3.5)
    stranger.later(seconds=5)
    assert settled(session, 3.5)


@pytest.mark.heavy
def test_a_fast_charger_is_believed(stranger: Foreign, driver: Driver) -> None:
    """150 kW for minutes on end reach the limit: it is stopped there (rule 33)."""
    publish(stranger, element(0.5))
    session = driver.start(amount=1000)
    stranger.session(0)
    for minute in range(1, 8):
        stranger.later(minutes=1)
        if not stranger.stops():
            stranger.session(2.5 * minute)
    stranger.later(seconds=5)
    assert stranger.stops() == ["S-1"]
    assert state(session)[0] in ("stopping", "charging")
