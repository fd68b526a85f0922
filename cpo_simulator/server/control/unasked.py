"""What a CPO or hub does unasked: with reservations, profiles, bookings and clients, or with any module."""

from typing import Any

from aiohttp import web

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.server.modules import bookings, clients


async def cancel_reservation(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    """Give up the reservation of an EVSE: a second result, CANCELED_RESERVATION, goes to its response_url."""
    bay = cpo.bays[request.match_info["uid"]]
    reservation = bay.reservation
    if reservation is None:
        raise ValueError("nothing is reserved there")
    bay.reservation = None
    cpo.pusher.result(bay.uid, reservation.response_url, "CANCELED_RESERVATION", "The charger is needed elsewhere")
    if bay.status == "RESERVED":
        bay.show("AVAILABLE")
    return {"cancelled": reservation.id}


async def tell_profile(cpo: Cpo, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{watts}``: PUT an ActiveChargingProfile of a running session to the eMSP (OCPI 2.2.1 §14.2.1.2)."""
    session_id = request.match_info["id"]
    periods = [{"start_period": 0, "limit": float(body["watts"])}]
    profile = {
        "start_date_time": cpo.clock.now(),
        "charging_profile": {"charging_rate_unit": "W", "charging_profile_period": periods},
    }
    cpo.pusher.push("profiles", "PUT", "chargingprofiles", (session_id,), "active_profile", profile, role="SENDER")
    return {"told": session_id}


async def change_booking(cpo: Cpo, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{status}``: what becomes of a booking; CANCELED says that the charger is broken."""
    booking = cpo.store.bookings.get(request.match_info["id"])
    if booking is None:
        raise ValueError("no such booking")
    booking["reservation_status"] = body["status"]
    if body["status"] == "CANCELED":
        booking["canceled"] = {"cancellation_reason": "BROKEN_CHARGER", "who_canceled": "CPO"}
    bookings.tell(cpo, booking)
    return {"status": body["status"]}


async def connect_client(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{country_code, party_id, status?}``: a hub takes a party on, or tells of its status."""
    clients.connect(cpo, body["country_code"], body["party_id"], body.get("status", "CONNECTED"))
    return {"clients": len(cpo.store.clients)}


async def send(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{method, module, role?, path, body}``: call a module of the eMSP with JSON as it is given."""
    path = tuple(str(one) for one in body["path"])
    role = body.get("role", "RECEIVER")
    cpo.pusher.push("control", body["method"], body["module"], path, "", body.get("body"), role=role)
    return {"sent": True}


ROUTES = [
    ("POST", "/control/evses/{uid}/cancel-reservation", cancel_reservation),
    ("POST", "/control/sessions/{id}/profile", tell_profile),
    ("POST", "/control/bookings/{id}", change_booking),
    ("POST", "/control/clients", connect_client),
    ("POST", "/control/send", send),
]
