"""More of the control API: what a CPO or hub does on its own with reservations, bookings, clients and profiles."""

from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpo_simulator.server import bookings, clients

if TYPE_CHECKING:
    from cpo_simulator.simulator import Simulator


async def cancel_reservation(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    """Give up the reservation of an EVSE: a second result, CANCELED_RESERVATION, goes to its response_url."""
    bay = sim.bays[request.match_info["uid"]]
    reservation = bay.reservation
    if reservation is None:
        raise ValueError("nothing is reserved there")
    bay.reservation = None
    sim.pusher.result(bay.uid, reservation.response_url, "CANCELED_RESERVATION", "The charger is needed elsewhere")
    if bay.status == "RESERVED":
        bay.show("AVAILABLE")
    return {"cancelled": reservation.id}


async def tell_profile(sim: "Simulator", request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{watts}``: PUT an ActiveChargingProfile of a running session to the eMSP (OCPI 2.2.1 §14.2.1.2)."""
    session_id = request.match_info["id"]
    periods = [{"start_period": 0, "limit": float(body["watts"])}]
    profile = {
        "start_date_time": sim.clock.now(),
        "charging_profile": {"charging_rate_unit": "W", "charging_profile_period": periods},
    }
    sim.pusher.push("profiles", "PUT", "chargingprofiles", (session_id,), "active_profile", profile, role="SENDER")
    return {"told": session_id}


async def change_booking(sim: "Simulator", request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{status}``: what becomes of a booking; CANCELED says that the charger is broken."""
    booking = sim.store.bookings.get(request.match_info["id"])
    if booking is None:
        raise ValueError("no such booking")
    booking["reservation_status"] = body["status"]
    if body["status"] == "CANCELED":
        booking["canceled"] = {"cancellation_reason": "BROKEN_CHARGER", "who_canceled": "CPO"}
    bookings.tell(sim, booking)
    return {"status": body["status"]}


async def connect_client(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{country_code, party_id, status?}``: a hub takes a party on, or tells of its status."""
    clients.connect(sim, body["country_code"], body["party_id"], body.get("status", "CONNECTED"))
    return {"clients": len(sim.store.clients)}


async def send(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{method, module, role?, path, body}``: call a module of the eMSP with JSON as it is given."""
    path = tuple(str(one) for one in body["path"])
    role = body.get("role", "RECEIVER")
    sim.pusher.push("control", body["method"], body["module"], path, "", body.get("body"), role=role)
    return {"sent": True}


ROUTES = [
    ("POST", "/control/evses/{uid}/cancel-reservation", cancel_reservation),
    ("POST", "/control/sessions/{id}/profile", tell_profile),
    ("POST", "/control/bookings/{id}", change_booking),
    ("POST", "/control/clients", connect_client),
    ("POST", "/control/send", send),
]
