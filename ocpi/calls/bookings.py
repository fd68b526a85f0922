"""Booking a place to charge (OCPI 2.3.0 Booking 1.1, mod_bookings §2.1): ask for it, change it, give it up.

Each function writes a `BookingRequest`, which a worker sends. The CPO answers with its Booking, often PENDING; what
becomes of that comes by push, or with the next pull. One `request_id` goes through all edits of a booking.
"""

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings

from ocpi.calls.commands import token_identity
from ocpi.calls.outgoing import Sent, Unsupported, queue, reading, sends, version_with
from ocpi.client import SENDER, functional
from ocpi.models import Booking, BookingLocation, BookingRequest, Token
from ocpi.store import Party
from ocpi.store.bookings import FINAL, put_booking
from ocpi.store.columns import text
from ocpi.versions import Version
from ocpi.versions.times import format_timestamp

KIND = "booking_request"
Kind = BookingRequest.Kind


def request_booking(
    place: BookingLocation,
    *,
    start: datetime,
    end: datetime,
    tokens: tuple[Token, ...] = (),
    authorization_reference: str = "",
    power_kw: int | None = None,
    **details: Any,
) -> BookingRequest:
    """Ask for a place from `start` to `end`.

    Args:
        tokens: who may use it.
        authorization_reference: comes back in the booking, the Session and the CDR; made up where it is empty.
        details: further fields of BookingRequest as OCPI writes them, such as `booking_option` and
            `access_information`.

    Raises:
        Unsupported: the partner has no bookings.
        Invalid: OCPI cannot express it.
    """
    request_id = str(uuid.uuid4())
    request = {
        **details,
        **_period(start, end),
        "request_id": request_id,
        "location_id": place.location_id,
        "booking_location_id": place.ocpi_id,
        "tokens": [token_identity(token) for token in tokens],
        "authorization_reference": authorization_reference or request_id,
        "power_required": power_kw,
    }
    return _create(place, Kind.NEW, request)


def change_booking(booking: Booking, *, start: datetime, end: datetime, **details: Any) -> BookingRequest:
    """Ask for another time, or other details, of a booking that has not ended.

    Raises:
        Unsupported: it has ended, or its terms or the partner's version allow no change.
        Invalid: OCPI cannot express it.
    """
    _check_open(booking)
    if booking.raw.get("booking_terms", {}).get("change_not_allowed"):
        raise Unsupported("The terms of this booking allow no change.")
    return _create(booking, Kind.CHANGE, {**_last_request(booking), **details, **_period(start, end)})


def cancel_booking(booking: Booking, *, reason: str = "UNKNOWN") -> BookingRequest:
    """Give a booking up; `reason` is a CanceledReason.

    Raises:
        Unsupported: it has ended, or the partner has no bookings.
        Invalid: there is no such reason.
    """
    _check_open(booking)
    canceled = {"cancellation_reason": reason, "who_canceled": "EMSP"}
    return _create(booking, Kind.CANCEL, {**_last_request(booking), "canceled": canceled})


def _check_open(booking: Booking) -> None:
    if booking.status in FINAL:
        raise Unsupported(f"Booking {booking.ocpi_id} has ended: {booking.status}.")


def _last_request(booking: Booking) -> dict[str, Any]:
    """What was asked for last: ours, or as the CPO repeats it where we have none."""
    ours = BookingRequest.objects.filter(partner=booking.partner, request_id=booking.request_id).first()
    if ours is not None:
        return dict(ours.request)
    asked = booking.raw.get("booking_requests") or []
    if not asked:
        raise Unsupported(f"Nobody knows what was asked for booking {booking.ocpi_id}.")
    return dict(asked[-1]["booking_request"])


def _create(about: BookingLocation | Booking, kind: str, request: dict[str, Any]) -> BookingRequest:
    version = version_with(about.partner, KIND)
    request = {
        **{name: value for name, value in request.items() if value not in (None, [])},
        "country_code": settings.OCPI_COUNTRY_CODE,
        "party_id": settings.OCPI_PARTY_ID,
    }
    wire = version.dump(version.parse(KIND, request).obj)
    row = BookingRequest.objects.create(
        partner=about.partner,
        kind=kind,
        request_id=wire["request_id"],
        country_code=about.country_code,
        party_id=about.party_id,
        booking=about if isinstance(about, Booking) else None,
        request=wire,
    )
    queue(row)
    return row


@sends(BookingRequest)
def _send(row: BookingRequest, version: Version) -> Sent:
    owner = (row.country_code, row.party_id)
    reply = functional(row.partner, "POST", "bookings", SENDER, body=row.request, kind=KIND, to=owner)
    with reading(reply):
        result = put_booking(Party(row.partner, *owner, version), None, reply.data)
    response = text(BookingRequest, "response", result.row.status)
    return Sent("bookings", reply, response, {"booking": result.row}, result.leniences)


def _period(start: datetime, end: datetime) -> dict[str, Any]:
    return {"period": {"start_date_time": format_timestamp(start), "end_date_time": format_timestamp(end)}}
