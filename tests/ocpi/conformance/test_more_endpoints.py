"""Endpoints of the modules since 2.2 and of the add-ons of 2.3.0, over HTTP: exact answers, and what is not there."""

from copy import deepcopy
from typing import Any

import pytest
from django.utils import timezone

from ocpi.models import FinancialAdvice, OcpiSession, ProfileRequest
from partners.models import Partner
from tests.factories import OcpiSessionFactory
from tests.ocpi.conformance.test_endpoints import PARTY, Connected, without
from tests.ocpi.conformance.wire import ANYTHING, LONG_AFTER, NUMBERS
from tests.ocpi.versions import vectors_2_3_0 as w

pytestmark = pytest.mark.django_db(transaction=True)
since_2_2 = pytest.mark.parametrize("version", NUMBERS[1:])
SOMEBODY = "5f4dcc3b-5aa7-4bd6-9e8a-1a2b3c4d5e6f"


@since_2_2
def test_hub_client_info(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §15.2.2: a hub tells of a party; the URL names that party; no routing headers (§4.1.1)."""
    hub = connected(version, hub_party_id="NLHUB")
    client = {
        "party_id": "ABC",
        "country_code": "DE",
        "role": "CPO",
        "status": "CONNECTED",
        "last_updated": "2026-03-01T08:00:00Z",
    }
    path = "hubclientinfo/DE/ABC"
    hub("GET", path).must_be(404, 2001)
    put = hub("PUT", path, client, headers={"OCPI-from-party-id": "HUB"}).must_be(201, 1000)
    assert not [name for name in put.headers if name.lower().startswith("ocpi-")]
    hub("GET", path).must_be(200, 1000, client)
    offline = {**client, "status": "OFFLINE", "last_updated": LONG_AFTER}
    hub("PUT", path, offline).must_be(200, 1000)
    hub("PUT", path, client).must_be(200, 1000)
    hub("GET", path).must_be(200, 1000, offline)
    hub("PUT", path, {**offline, "party_id": "XYZ"}).must_be(200, 2001)
    hub("PUT", path, {"party_id": "ABC"}).must_be(200, 2001)
    hub.refuses(path, "POST", "PATCH", "DELETE", allowed="GET PUT")


@since_2_2
def test_charging_profile_results(connected: Connected, version: str) -> None:
    """OCPI 2.2.1 §14.2.1: POST to our response_url, PUT of the active profile; answered without data."""
    cpo = connected(version)
    session = OcpiSessionFactory.create(partner=Partner.objects.get(), version=version)
    for kind, result in (("SET", "ACCEPTED"), ("CLEAR", "REJECTED"), ("GET", "UNKNOWN")):
        wish = ProfileRequest.objects.create(partner=session.partner, session=session, kind=kind, version=version)
        path = f"chargingprofiles/{kind}/{wish.pk}"
        cpo("POST", path, {"result": result}).must_be(200, 1000)
        cpo("POST", path, {"result": "ACCEPTED"}).must_be(200, 1000)
        assert ProfileRequest.objects.get(pk=wish.pk).result == result
        cpo("POST", path, {}).must_be(200, 2001)
        cpo("POST", f"chargingprofiles/{kind}/{SOMEBODY}", {"result": result}).must_be(404, 2000)
        cpo.refuses(path, *without("POST"), allowed="POST")
    period = {"start_period": 0, "limit": 16}
    profile = {"charging_rate_unit": "A", "charging_profile_period": [period]}
    active = {"start_date_time": "2026-03-01T08:00:00Z", "charging_profile": profile}
    cpo("PUT", f"chargingprofiles/{session.ocpi_id}", active).must_be(200, 1000)
    cpo("PUT", f"chargingprofiles/{session.ocpi_id}", {}).must_be(200, 2001)
    cpo("PUT", "chargingprofiles/S-unknown", active).must_be(404, 2001)
    cpo.refuses(f"chargingprofiles/{session.ocpi_id}", *without("PUT"), allowed="PUT")
    assert OcpiSession.objects.count() == 1


def test_bookings(connected: Connected) -> None:
    """OCPI 2.3.0 Booking 1.1 §2.2: a Booking by its id or its request's; PATCH needs last_updated."""
    cpo = connected("2.3.0")
    booking = deepcopy(w.BOOKING)
    path, by_request = f"bookings/{PARTY}/{booking['id']}", f"bookings/{PARTY}/{booking['request_id']}"
    cpo("GET", path).must_be(404, 2001)
    cpo("PATCH", path, {"last_updated": LONG_AFTER}).must_be(404, 2001)
    cpo("PUT", path, booking).must_be(201, 1000)
    for one in (path, by_request):
        cpo("GET", one).must_be(200, 1000, booking)
        cpo("PUT", one, booking).must_be(200, 1000)
    change = {"reservation_status": "FULFILLED", "last_updated": LONG_AFTER}
    cpo("PATCH", path, change).must_be(200, 1000)
    cpo("GET", path).must_be(200, 1000, booking | change)
    cpo("PATCH", path, {"reservation_status": "FAILED"}).must_be(200, 2001)
    cpo("PUT", f"bookings/{PARTY}/other", booking).must_be(200, 2001)
    cpo.refuses(path, "POST", "DELETE", allowed="GET PUT PATCH")


def test_booking_locations(connected: Connected) -> None:
    """Booking 1.1 §2.2: BookingLocation and its calendars; a calendar's PATCH raises its parent's last_updated."""
    cpo = connected("2.3.0")
    place: dict[str, Any] = deepcopy(w.BOOKING_LOCATION)
    calendar = place["calendars"][0]
    path = f"bookings/{PARTY}/booking_locations/{place['id']}"
    below = f"{path}/{calendar['id']}"
    for one in (path, below):
        cpo("GET", one).must_be(404, 2001)
        cpo("PATCH", one, {"last_updated": LONG_AFTER}).must_be(404, 2001)
        cpo.refuses(one, "POST", "DELETE", allowed="GET PUT PATCH")
    cpo("PUT", below, calendar).must_be(404, 2001)
    cpo("PUT", path, place).must_be(201, 1000)
    cpo("GET", path).must_be(200, 1000, place)
    cpo("GET", below).must_be(200, 1000, calendar)
    cpo("PUT", below, calendar).must_be(200, 1000)
    cpo("PATCH", below, {"timeslot_increment": 30, "last_updated": LONG_AFTER}).must_be(200, 1000)
    found = cpo("GET", path).must_be(200, 1000, ANYTHING).body["data"]
    assert (found["last_updated"], found["calendars"][0]["timeslot_increment"]) == (LONG_AFTER, 30)
    cpo("PATCH", path, {"tariff_ids": ["T-1"]}).must_be(200, 2001)


def test_payment_terminals(connected: Connected) -> None:
    """OCPI 2.3.0 Payments §5.1.1: the CPO reads its terminals, asks for one, and says where they stand."""
    cpo = connected("2.3.0")
    terminals = "payments/terminals"
    cpo("GET", terminals).must_be(200, 1000, [])
    cpo.refuses(terminals, "POST", "PUT", "PATCH", "DELETE", allowed="GET")
    cpo("GET", f"{terminals}/TERM-1").must_be(404, 2001)
    cpo("POST", f"{terminals}/activate", {"terminal_id": "TERM-1", "location_ids": ["LOC-1"]}).must_be(200, 1000)
    cpo("POST", f"{terminals}/activate", {"terminal_id": "TERM-1"}).must_be(200, 1000)
    cpo("POST", f"{terminals}/activate", []).must_be(200, 2001)
    cpo.refuses(f"{terminals}/activate", *without("POST"), allowed="POST")
    found = cpo("GET", f"{terminals}/TERM-1").must_be(200, 1000, ANYTHING).body["data"]
    assert (found["terminal_id"], found["location_ids"]) == ("TERM-1", ["LOC-1"])
    assert cpo("GET", terminals).must_be(200, 1000, [found]).headers["X-Total-Count"] == "1"
    for method, change in (("PUT", {"evse_uids": ["E-1"]}), ("PATCH", {"city": "Trnava", "last_updated": LONG_AFTER})):
        cpo(method, f"{terminals}/TERM-1", change).must_be(200, 1000)
        cpo(method, f"{terminals}/TERM-9", change).must_be(404, 2001)
        cpo(method, f"{terminals}/TERM-1", {"terminal_id": "TERM-2"}).must_be(200, 2001)
    changed = cpo("GET", f"{terminals}/TERM-1").must_be(200, 1000, ANYTHING).body["data"]
    assert (changed["evse_uids"], changed["city"]) == (["E-1"], "Trnava")
    cpo.refuses(f"{terminals}/TERM-1", "POST", "DELETE", allowed="GET PUT PATCH")
    cpo("POST", f"{terminals}/TERM-1/deactivate").must_be(200, 1000)
    cpo("POST", f"{terminals}/TERM-9/deactivate").must_be(404, 2001)
    cpo.refuses(f"{terminals}/TERM-1/deactivate", *without("POST"), allowed="POST")


def test_financial_advice_confirmations(connected: Connected) -> None:
    """Payments §5.1.2: what was captured, for the CPO to read; it is ours to write."""
    cpo = connected("2.3.0")
    base = "payments/financial-advice-confirmations"
    told = {
        "id": SOMEBODY,
        "authorization_reference": "REF-1",
        "total_costs": {"before_taxes": 10},
        "currency": "EUR",
        "eft_data": ["VISA 1234"],
        "capture_status_code": "SUCCESS",
        "last_updated": "2026-03-01T08:00:00Z",
    }
    cpo("GET", base).must_be(200, 1000, [])
    FinancialAdvice.objects.create(
        partner=Partner.objects.get(),
        advice_id=SOMEBODY,
        authorization_reference="REF-1",
        raw=told,
        version="2.3.0",
        last_updated=timezone.now(),
    )
    cpo("GET", base).must_be(200, 1000, [told])
    cpo("GET", f"{base}/{SOMEBODY}").must_be(200, 1000, told)
    cpo("GET", f"{base}/{SOMEBODY[:-1]}0").must_be(404, 2001)
    for path in (base, f"{base}/{SOMEBODY}"):
        cpo.refuses(path, *without("GET"), allowed="GET")
