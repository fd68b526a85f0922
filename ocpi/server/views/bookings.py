"""Bookings: we are the receiver (OCPI 2.3.0 Booking 1.1, mod_bookings §2.2)."""

from rest_framework.request import Request
from rest_framework.response import Response

from ocpi.server.views.base import OcpiView
from ocpi.store import bookings


class BookingView(OcpiView):
    """GET, PUT, PATCH of a Booking, by its id or by that of its request."""

    module = "bookings"

    def get(self, request: Request, country_code: str, party_id: str, booking_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(bookings.booking_wire(party, booking_id, party.version))

    def put(self, request: Request, country_code: str, party_id: str, booking_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.put_booking(party, booking_id, self.body())
        return self.answer_stored(result, "booking", party, result.row.ocpi_id)

    def patch(self, request: Request, country_code: str, party_id: str, booking_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.patch_booking(party, booking_id, self.body())
        return self.answer_stored(result, "booking", party, result.row.ocpi_id)


class BookingLocationView(OcpiView):
    """GET, PUT, PATCH of a BookingLocation."""

    module = "bookings"

    def get(self, request: Request, country_code: str, party_id: str, booking_location_id: str) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(bookings.booking_location_wire(party, booking_location_id, party.version))

    def put(self, request: Request, country_code: str, party_id: str, booking_location_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.put_booking_location(party, booking_location_id, self.body())
        return self.answer_stored(result, "booking_location", party, booking_location_id)

    def patch(self, request: Request, country_code: str, party_id: str, booking_location_id: str) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.patch_booking_location(party, booking_location_id, self.body())
        return self.answer_stored(result, "booking_location", party, booking_location_id)


class CalendarView(OcpiView):
    """GET, PUT, PATCH of one Calendar of a BookingLocation."""

    module = "bookings"

    def get(
        self, request: Request, country_code: str, party_id: str, booking_location_id: str, calendar_id: str
    ) -> Response:
        party = self.party(country_code, party_id)
        return self.answer_found(bookings.calendar_wire(party, booking_location_id, calendar_id, party.version))

    def put(
        self, request: Request, country_code: str, party_id: str, booking_location_id: str, calendar_id: str
    ) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.put_calendar(party, booking_location_id, calendar_id, self.body())
        return self.answer_stored(result, "booking_location", party, booking_location_id, calendar_id)

    def patch(
        self, request: Request, country_code: str, party_id: str, booking_location_id: str, calendar_id: str
    ) -> Response:
        party = self.party(country_code, party_id)
        result = bookings.patch_calendar(party, booking_location_id, calendar_id, self.body())
        return self.answer_stored(result, "booking_location", party, booking_location_id, calendar_id)
