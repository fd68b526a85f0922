"""Bookings of OCPI 2.3.0: places, calendars and bookings that a CPO tells of, and what we ask of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ocpi import sync
from ocpi.calls import bookings
from ocpi.calls.outgoing import Unsupported
from ocpi.models import Booking, BookingLocation, BookingRequest
from ocpi.sync.schedule import request_due
from ocpi.versions import Invalid
from partners.models import Partner
from tests.factories import PartnerFactory
from tests.ocpi.cpo import ScriptedCpo, Seen, envelope
from tests.ocpi.modules.conftest import caller, registered, token
from tests.ocpi.server.conftest import Cpo, answered
from tests.ocpi.sync.conftest import pulled
from tests.support.processes import eventually
from tests.support.tasks import Ran

START = datetime(2026, 12, 1, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
LATER, EARLIER = "2026-11-22T10:05:00Z", "2026-11-22T09:00:00Z"
TERMS = {
    "supported_access_methods": ["OPEN"],
    "change_until_minutes": 30,
    "cancel_until_minutes": 15,
    "noshow_timeout": 20,
}
PLACE, CALENDAR, BOOKING = "bookings/SK/ION/booking_locations/BL-1", "/1", "bookings/SK/ION/B-1"


def calendar_data(calendar_id: str = "1", **changes: Any) -> dict[str, Any]:
    slot = {"start_date_time": "2026-12-01T00:00:00Z", "end_date_time": "2026-12-02T00:00:00Z"}
    return {
        "id": calendar_id,
        "begin_from": slot["start_date_time"],
        "end_before": slot["end_date_time"],
        "available_timeslots": [slot],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def place_data(**changes: Any) -> dict[str, Any]:
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": "BL-1",
        "location_id": "LOC-1",
        "booking_terms": TERMS,
        "calendars": [calendar_data()],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def booking_data(**changes: Any) -> dict[str, Any]:
    period = {"start_date_time": "2026-12-01T10:00:00Z", "end_date_time": "2026-12-01T11:00:00Z"}
    request = {
        "country_code": "SK",
        "party_id": "SFP",
        "request_id": "R-1",
        "location_id": "LOC-1",
        "booking_location_id": "BL-1",
        "period": period,
        "authorization_reference": "REF-1",
    }
    return {
        "id": "B-1",
        "country_code": "SK",
        "party_id": "ION",
        "request_id": "R-1",
        "location_id": "LOC-1",
        "period": period,
        "reservation_status": "PENDING",
        "authorization_reference": "REF-1",
        "booking_terms": TERMS,
        "booking_requests": [
            {"request_status": "PENDING", "booking_request": request, "request_received": "2026-11-22T10:00:00Z"}
        ],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


@pytest.fixture
def partner(connected: Callable[..., Partner]) -> Partner:
    return connected("2.3.0")


@pytest.fixture
def us(partner: Partner) -> Cpo:
    return caller(partner)


@pytest.fixture
def place(us: Cpo) -> BookingLocation:
    answered(us.put(PLACE, place_data()), 201, 1000)
    return BookingLocation.objects.get()


# what the CPO tells


def test_a_place_is_stored_and_given_back(us: Cpo, place: BookingLocation) -> None:
    assert (place.ocpi_id, place.location_id) == ("BL-1", "LOC-1")
    assert answered(us.get(PLACE), 200, 1000) == place_data()
    answered(us.get("bookings/SK/ION/booking_locations/BL-2"), 404, 2001)


def test_the_newest_state_of_a_place_counts(us: Cpo, place: BookingLocation) -> None:
    answered(us.put(PLACE, place_data(location_id="OLD", last_updated=EARLIER)), 200, 1000, "Older")
    answered(us.patch(PLACE, {"location_id": "LOC-2", "last_updated": LATER}), 200, 1000)
    place.refresh_from_db()
    assert (place.location_id, len(place.raw["calendars"])) == ("LOC-2", 1)
    answered(us.patch(PLACE, {"location_id": "LOC-3"}), 200, 2001, "last_updated")


def test_terms_are_patched_in_part(us: Cpo, place: BookingLocation) -> None:
    change = {"booking_terms": {"noshow_fee": True}, "last_updated": LATER}
    answered(us.patch(PLACE, change), 200, 1000)
    assert answered(us.get(PLACE), 200, 1000)["booking_terms"] == TERMS | {"noshow_fee": True}


def test_a_calendar_has_a_life_of_its_own(us: Cpo, place: BookingLocation) -> None:
    assert answered(us.get(PLACE + CALENDAR), 200, 1000) == calendar_data()
    answered(us.patch(PLACE + CALENDAR, {"timeslot_increment": 30, "last_updated": LATER}), 200, 1000)
    place.refresh_from_db()
    assert place.last_updated == datetime(2026, 11, 22, 10, 5, tzinfo=UTC)  # the parent is as new as its part
    assert place.raw["last_updated"] == LATER
    answered(us.put(PLACE + "/2", calendar_data("2", last_updated=LATER)), 201, 1000)
    answered(us.put(PLACE + CALENDAR, calendar_data(last_updated=EARLIER)), 200, 1000, "Older")
    found = answered(us.get(PLACE), 200, 1000)["calendars"]
    assert {one["id"]: one.get("timeslot_increment") for one in found} == {"1": 30, "2": None}


def test_calendars_that_cannot_be(us: Cpo, place: BookingLocation) -> None:
    answered(us.patch(PLACE + "/9", {"last_updated": LATER}), 404, 2001)
    answered(us.put(PLACE + "/9", calendar_data("8")), 200, 2001, "the URL says")
    answered(us.put("bookings/SK/ION/booking_locations/BL-9/1", calendar_data()), 404, 2001)
    answered(us.get(PLACE + "/9"), 404, 2001)


def test_a_booking_is_found_by_its_id_and_by_its_request(us: Cpo, place: BookingLocation) -> None:
    answered(us.put("bookings/SK/ION/R-1", booking_data()), 201, 1000)
    assert answered(us.get(BOOKING), 200, 1000) == booking_data()
    assert answered(us.get("bookings/SK/ION/r-1"), 200, 1000)["id"] == "B-1"
    change = {"reservation_status": "RESERVED", "last_updated": LATER}
    answered(us.patch("bookings/SK/ION/R-1", change), 200, 1000)
    row = Booking.objects.get()
    assert (row.status, row.start_at, row.end_at, row.authorization_reference) == ("RESERVED", START, END, "REF-1")
    answered(us.put("bookings/SK/ION/B-2", booking_data()), 200, 2001, "the URL says")
    answered(us.patch("bookings/SK/ION/B-9", change), 404, 2001)


def test_what_has_ended_is_not_opened_again(us: Cpo) -> None:
    answered(us.put(BOOKING, booking_data(reservation_status="CANCELED")), 201, 1000)
    answered(us.put(BOOKING, booking_data()), 200, 1000, "Older")
    assert Booking.objects.get().status == "CANCELED"


def test_parties_keep_to_their_own(us: Cpo, place: BookingLocation) -> None:
    other = PartnerFactory.create(code="other", party_id="OTH", version="2.3.0", enabled_versions=["2.3.0"])
    answered(caller(other).get(PLACE), 404, 2000)
    answered(caller(other).put(BOOKING, booking_data()), 404, 2000)
    answered(us.put(BOOKING, booking_data(party_id="OTH")), 200, 2001, "party_id")


def test_it_is_there_on_request_and_in_2_3_0_only(partner: Partner) -> None:
    answered(caller(partner, "2.2.1").put(PLACE, place_data()), 404, 2000)
    partner.enabled_versions = []
    partner.save()
    answered(caller(partner, "2.3.0").put(PLACE, place_data()), 404, 2000)


# what we ask


def booked(seen: Seen, **changes: Any) -> Any:
    entry = {"request_status": "PENDING", "booking_request": seen.body, "request_received": "2026-11-22T10:00:00Z"}
    return envelope(
        booking_data(
            request_id=seen.body["request_id"], period=seen.body["period"], booking_requests=[entry], **changes
        )
    )


def booking_of(row: BookingRequest) -> Booking:
    assert row.booking is not None
    return row.booking


def test_booking_changing_and_giving_up(
    cpo: ScriptedCpo, us: Cpo, place: BookingLocation, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on("POST /bookings", booked)
    row = bookings.request_booking(
        place, start=START, end=END, tokens=(token(),), authorization_reference="REF-1", power_kw=50
    )
    run_tasks()
    row.refresh_from_db()
    assert (row.state, row.response, booking_of(row).ocpi_id) == ("answered", "PENDING", "B-1")
    asked = cpo.seen[0]
    assert asked.headers["ocpi-to-party-id"] == "ION"
    assert asked.body["booking_location_id"] == "BL-1"
    assert asked.body["country_code"] + asked.body["party_id"] == "SKSFP"
    assert asked.body["period"] == {"start_date_time": "2026-12-01T10:00:00Z", "end_date_time": "2026-12-01T11:00:00Z"}
    assert asked.body["tokens"][0]["uid"] == "T-1"

    answered(us.patch(BOOKING, {"reservation_status": "RESERVED", "last_updated": LATER}), 200, 1000)
    booking = Booking.objects.get()
    cpo.on("POST /bookings", lambda seen: booked(seen, reservation_status="RESERVED", last_updated=LATER))
    change = bookings.change_booking(booking, start=START, end=END + timedelta(hours=1))
    run_tasks()
    change.refresh_from_db()
    assert (change.kind, change.response, change.request_id) == ("CHANGE", "RESERVED", row.request_id)
    assert cpo.seen[1].body["tokens"] == asked.body["tokens"]
    assert cpo.seen[1].body["period"]["end_date_time"] == "2026-12-01T12:00:00Z"

    cpo.on("POST /bookings", lambda seen: booked(seen, reservation_status="CANCELED", last_updated=LATER))
    bookings.cancel_booking(booking, reason="TRAFFIC")
    run_tasks()
    assert cpo.seen[2].body["canceled"] == {"cancellation_reason": "TRAFFIC", "who_canceled": "EMSP"}
    booking.refresh_from_db()
    assert booking.status == "CANCELED"
    with pytest.raises(Unsupported, match="ended"):
        bookings.cancel_booking(booking)
    with pytest.raises(Unsupported, match="ended"):
        bookings.change_booking(booking, start=START, end=END)


def test_a_booking_that_we_did_not_make_can_be_given_up(
    cpo: ScriptedCpo, us: Cpo, run_tasks: Callable[..., list[Ran]]
) -> None:
    answered(us.put(BOOKING, booking_data()), 201, 1000)
    cpo.on("POST /bookings", lambda seen: booked(seen, reservation_status="CANCELED", last_updated=LATER))
    bookings.cancel_booking(Booking.objects.get())
    run_tasks()
    assert (cpo.seen[0].body["request_id"], Booking.objects.get().status) == ("R-1", "CANCELED")


def test_terms_that_allow_no_change(us: Cpo) -> None:
    answered(us.put(BOOKING, booking_data(booking_terms=TERMS | {"change_not_allowed": True})), 201, 1000)
    with pytest.raises(Unsupported, match="terms"):
        bookings.change_booking(Booking.objects.get(), start=START, end=END)


def test_what_is_refused_or_unreadable_books_nothing(
    cpo: ScriptedCpo, place: BookingLocation, run_tasks: Callable[..., list[Ran]]
) -> None:
    cpo.on("POST /bookings", envelope(None, 2003, "Unknown booking location"))
    refused = bookings.request_booking(place, start=START, end=END)
    run_tasks()
    refused.refresh_from_db()
    assert (refused.state, refused.response, refused.booking) == ("answered", "REFUSED", None)
    cpo.on("POST /bookings", envelope({"id": "B-1"}))
    unread = bookings.request_booking(place, start=START, end=END)
    run_tasks()
    unread.refresh_from_db()
    assert (unread.state, "cannot be read" in unread.failure) == ("unanswered", True)
    assert not Booking.objects.exists()


def test_what_ocpi_cannot_say_is_not_written(place: BookingLocation) -> None:
    with pytest.raises(Invalid):
        bookings.request_booking(place, start=START, end=END, booking_option="the red one")
    assert not BookingRequest.objects.exists()


def test_other_versions_have_no_bookings(partner: Partner, place: BookingLocation) -> None:
    partner.version = "2.2.1"
    partner.save()
    place.refresh_from_db()
    with pytest.raises(Unsupported):
        bookings.request_booking(BookingLocation.objects.get(), start=START, end=END)


def test_pulls(cpo: ScriptedCpo, partner: Partner) -> None:
    cpo.on("/bookings", envelope([booking_data(), {"id": "B-2"}]))
    cpo.on("/bookings/booking_locations", envelope([place_data()]))
    runs = [pulled(partner, module) for module in ("bookings", "booking_locations")]
    assert [(run.state, run.stored, run.refused) for run in runs] == [("succeeded", 1, 1), ("succeeded", 1, 0)]
    assert (Booking.objects.get().ocpi_id, BookingLocation.objects.get().ocpi_id) == ("B-1", "BL-1")
    request_due(timezone.now())
    assert partner.syncs.filter(module="booking_locations").count() == 1  # that one is fresh


@pytest.mark.django_db(transaction=True)
def test_with_the_simulated_cpo(
    tmp_path: Path, live_server: LiveServer, settings: Settings, run_tasks: Callable[..., list[Ran]]
) -> None:
    with registered(tmp_path, live_server, settings, "2.3.0") as (cpo, partner):
        assert sync.run(sync.request_sync(partner, "booking_locations").pk)
        first, second = BookingLocation.objects.order_by("pk")[:2]
        soon = timezone.now() + timedelta(hours=2)
        wish: dict[str, Any] = {"start": soon, "end": soon + timedelta(hours=1)}

        def status_of(row: BookingRequest) -> str:
            row.refresh_from_db()
            return row.booking.status if row.booking else ""

        mine = bookings.request_booking(first, tokens=(token(),), **wish)
        run_tasks(raise_failures=False)
        eventually(lambda: status_of(mine) == "RESERVED", what="the reserved booking")
        taken = bookings.request_booking(first, **wish)
        elsewhere = bookings.request_booking(second, **wish)
        run_tasks(raise_failures=False)
        eventually(lambda: status_of(taken) == "REJECTED", what="the rejected booking")
        eventually(lambda: status_of(elsewhere) == "RESERVED", what="the other booking")

        longer = {"start": soon, "end": soon + timedelta(hours=2)}
        bookings.change_booking(booking_of(mine), **longer)
        run_tasks(raise_failures=False)
        eventually(lambda: Booking.objects.get(pk=booking_of(mine).pk).end_at > wish["end"], what="the longer booking")
        bookings.cancel_booking(booking_of(mine))
        run_tasks(raise_failures=False)
        assert status_of(mine) == "CANCELED"
        cpo.control("POST", f"bookings/{booking_of(elsewhere).ocpi_id}", {"status": "CANCELED"})
        eventually(lambda: status_of(elsewhere) == "CANCELED", what="the booking that the CPO gave up")
        assert pulled(partner, "bookings").refused == 0
