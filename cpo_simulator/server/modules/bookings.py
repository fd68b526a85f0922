"""Bookings sender (OCPI 2.3.0 Booking 1.1): places that can be booked, and the bookings made."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.clock import read
from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.paging import page
from cpo_simulator.wire.shapes import Object

LANE = "bookings"
_DAYS = 7
_OVER = ("CANCELED", "NO_SHOW", "REJECTED", "FAILED", "FULFILLED")
_TERMS = {
    "rfid_auth_required": False,
    "remote_auth_supported": True,
    "supported_access_methods": ["OPEN", "TOKEN"],
    "change_until_minutes": 30,
    "cancel_until_minutes": 15,
    "noshow_timeout": 20,
}


def places(cpo: Cpo) -> list[Object]:
    """One BookingLocation per site, with a calendar for the next days."""
    start = cpo.started.replace(minute=0, second=0, microsecond=0)
    return [_place(cpo, location, start) for location in cpo.store.locations]


def _place(cpo: Cpo, location: Object, start: datetime) -> Object:
    slots = [
        {"start_date_time": start + timedelta(days=day), "end_date_time": start + timedelta(days=day + 1)}
        for day in range(_DAYS)
    ]
    calendar = {
        "id": "1",
        "begin_from": start,
        "end_before": start + timedelta(days=_DAYS),
        "timeslot_increment": 15,
        "available_timeslots": slots,
        "last_updated": cpo.started,
    }
    return {
        "country_code": cpo.config.country,
        "party_id": cpo.config.party,
        "id": f"{location['id']}-B",
        "location_id": location["id"],
        "booking_terms": _TERMS,
        "calendars": [calendar],
        "last_updated": cpo.started,
    }


async def get(call: Call) -> Reply:
    """GET bookings, booking_locations, or one BookingLocation or Calendar (mod_bookings §2.1)."""
    if not call.path:
        return page(call, call.cpo.store.bookings, "booking")
    if call.path[0] != "booking_locations" or len(call.path) > 3:
        raise ProblemError(404, 2001, "There is no GET by id here")
    if len(call.path) == 1:
        return page(call, call.cpo.store.booking_locations, "booking_location")
    place = call.cpo.store.booking_locations.get(call.path[1])
    if place is None:
        raise ProblemError(404, 2003, "Unknown booking location")
    if len(call.path) == 2:
        return Reply("booking_location", place)
    calendar = next((one for one in place["calendars"] if one["id"] == call.path[2]), None)
    if calendar is None:
        raise ProblemError(404, 2003, "Unknown calendar")
    return Reply("calendar", calendar)


async def post(call: Call) -> Reply:
    """POST bookings: a BookingRequest; the same request_id again changes or cancels (mod_bookings §2.1.3)."""
    if call.path:
        raise ProblemError(404, 2001, "BookingRequests are POSTed to the module's URL")
    request_id, place = call.field("request_id") or "", call.field("booking_location_id") or ""
    if call.cpo.store.booking_locations.get(place) is None:
        raise ProblemError(200, 2003, "Unknown booking location")
    period = _period(call)
    booking = next((one for one in call.cpo.store.bookings if one["request_id"] == request_id), None)
    entry = {"request_status": "PENDING", "booking_request": dict(call.body), "request_received": call.cpo.clock.now()}
    if booking is None:
        booking = _new(call, entry, period)
        call.cpo.store.bookings.put(booking["id"], booking)
    elif booking["reservation_status"] in _OVER:
        raise ProblemError(200, 2001, f"The booking has ended: {booking['reservation_status']}")
    else:
        booking["booking_requests"].append(entry)
    booking["last_updated"] = call.cpo.clock.later_than(booking["last_updated"])
    if call.body.get("canceled"):
        entry["request_status"] = "ACCEPTED"
        booking |= {"reservation_status": "CANCELED", "canceled": call.body["canceled"]}
    else:
        call.cpo.later(_decide(call.cpo, booking, entry, period))
    return Reply("booking", booking)


def _new(call: Call, entry: Object, period: Object) -> Object:
    body = call.body
    return {
        "id": f"B-{uuid4().hex[:12]}",
        "country_code": call.cpo.config.country,
        "party_id": call.cpo.config.party,
        "request_id": body["request_id"],
        "booking_option": body.get("booking_option"),
        "location_id": call.field("location_id"),
        "booking_tokens": body.get("tokens"),
        "period": period,
        "reservation_status": "PENDING",
        "authorization_reference": call.field("authorization_reference"),
        "booking_terms": _TERMS,
        "booking_requests": [entry],
        "last_updated": call.cpo.started,
    }


def _period(call: Call) -> Object:
    period = call.body.get("period")
    try:
        start, end = read(period["start_date_time"]), read(period["end_date_time"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProblemError(200, 2001, "period cannot be read") from None
    return {"start_date_time": start, "end_date_time": end}


async def _decide(cpo: Cpo, booking: Object, entry: Object, period: Object) -> None:
    """After a moment: reserve what is free, and say so."""
    await asyncio.sleep(cpo.behaviour.knobs.result / cpo.config.speed)
    if booking["reservation_status"] in _OVER:
        return
    free = period["start_date_time"] < period["end_date_time"] and not _taken(cpo, booking, period)
    is_new = booking["reservation_status"] == "PENDING"
    entry["request_status"] = "ACCEPTED" if free else "DECLINED"
    if free:
        booking |= {"period": period, "reservation_status": "RESERVED"}
    elif is_new:
        booking["reservation_status"] = "REJECTED"
    tell(cpo, booking, whole=is_new)


def _taken(cpo: Cpo, booking: Object, period: Object) -> bool:
    place = booking["booking_requests"][0]["booking_request"]["booking_location_id"]
    others = [one for one in cpo.store.bookings if one is not booking and one["reservation_status"] == "RESERVED"]
    return any(
        one["booking_requests"][0]["booking_request"]["booking_location_id"] == place
        and one["period"]["start_date_time"] < period["end_date_time"]
        and period["start_date_time"] < one["period"]["end_date_time"]
        for one in others
    )


def tell(cpo: Cpo, booking: Object, whole: bool = False) -> None:
    """Push a Booking: PUT, or PATCH of what changes in its life."""
    booking["last_updated"] = cpo.clock.later_than(booking["last_updated"])
    parts: dict[str, Any] = booking
    if not whole:
        names = ("reservation_status", "period", "booking_requests", "canceled", "last_updated")
        parts = {name: booking[name] for name in names if name in booking}
    path = cpo.pusher.owned_path(booking["id"])
    cpo.pusher.push(LANE, "PUT" if whole else "PATCH", "bookings", path, "booking", parts)
