"""The control API and status page: for whoever runs the simulator, not for the eMSP."""

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from aiohttp import web

from cpo_simulator.charging.bay import STATUSES, Bay
from cpo_simulator.exchanges import masked
from cpo_simulator.registration import HandshakeError
from cpo_simulator.server import control_more
from cpo_simulator.server.page import status_page
from cpo_simulator.wire.versions import V2_2_1
from cpo_simulator.wire.voice import dumps

if TYPE_CHECKING:
    from cpo_simulator.simulator import Simulator

Handler = Callable[["Simulator", web.Request, dict[str, Any]], Awaitable[Any]]


class NotFoundError(Exception):
    """What the path names does not exist."""


def routes(sim: "Simulator") -> list[web.RouteDef]:
    """All routes below /control, and the status page at /."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/control/state", _state),
        ("GET", "/control/exchanges", _exchanges),
        ("GET", "/control/behaviour", _behaviour),
        ("POST", "/control/behaviour", _change),
        ("POST", "/control/evses/{uid}/plug", _plug),
        ("POST", "/control/evses/{uid}/unplug", _unplug),
        ("POST", "/control/evses/{uid}/status", _status),
        ("POST", "/control/sessions/{id}/stop", _stop),
        ("POST", "/control/outage", _outage),
        ("POST", "/control/reset-registration", _reset),
        ("POST", "/control/register", _register),
        ("POST", "/control/credentials", _configure),
        ("POST", "/control/push-network", _push_network),
        *control_more.ROUTES,
    ]
    return [
        web.get("/", _page(sim)),
        *(web.route(method, path, _guarded(sim, act)) for method, path, act in table),
    ]


def _page(sim: "Simulator") -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        if not _allowed(sim, request):
            return web.json_response({"error": "not for you"}, status=403)
        return web.Response(text=status_page(sim), content_type="text/html")

    return page


def _guarded(sim: "Simulator", act: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        if not _allowed(sim, request):
            return web.json_response({"error": "give the control token as a Bearer token"}, status=403)
        try:
            body = await request.json() if await request.read() else {}
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            out = await act(sim, request, body)
        except NotFoundError as problem:
            return web.json_response({"error": str(problem)}, status=404)
        except HandshakeError as problem:
            return web.json_response({"error": str(problem), "status_code": problem.code}, status=502)
        except KeyError as problem:
            return web.json_response({"error": f"missing: {problem}"}, status=400)
        except (ValueError, TypeError) as problem:
            return web.json_response({"error": str(problem)}, status=400)
        return web.Response(body=dumps(out), content_type="application/json")

    return handler


def _allowed(sim: "Simulator", request: web.Request) -> bool:
    """With a control token: whoever knows it. Without: this machine only, and no web page on its behalf."""
    if sim.config.control_token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), sim.config.control_token.encode())
    if "X-Forwarded-For" in request.headers or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _state(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    """Everything this CPO believes, in 2.2.1 shapes; the newest ``?limit=`` sessions and CDRs (200)."""
    limit = int(request.query.get("limit", "200"))
    connection = sim.registration.connection
    return {
        "registered": connection is not None,
        "connection": None
        if connection is None
        else {
            "version": connection.version.number,
            "emsp": vars(connection.party),
            "versions_url": connection.versions_url,
            "token_in": masked(connection.token_in),
            "token_out": masked(connection.token_out),
            "since": connection.since.isoformat(),
            "endpoints": [
                {"identifier": name, "role": role, "url": url} for (name, role), url in connection.endpoints.items()
            ],
        },
        "versions_url": sim.registration.versions_url,
        "token_a": sim.registration.token_a,
        "tokens": list(sim.store.tokens),
        "bookings": V2_2_1.render("booking", list(sim.store.bookings)),
        "terminals": list(sim.store.terminals),
        "financial_advice_confirmations": list(sim.store.confirmations),
        "clients": V2_2_1.render("client_info", list(sim.store.clients)),
        "evses": [_evse(bay) for bay in sim.bays.values()],
        "runs": len(sim.runs),
        "sessions": V2_2_1.render("session", list(sim.store.sessions)[-limit:]),
        "cdrs": V2_2_1.render("cdr", list(sim.store.cdrs)[-limit:]),
        **sim.store.books.summary(),
        "behaviour": sim.behaviour.summary(),
    }


def _evse(bay: Bay) -> dict[str, Any]:
    return {
        "uid": bay.uid,
        "location_id": bay.location["id"],
        "status": bay.status,
        "cable_in": bay.cable_in.is_set(),
        "kw": bay.evse["connectors"][0]["max_electric_power"] / 1000,
        "session_id": bay.run.session["id"] if bay.run and bay.run.session else None,
        "reservation_id": bay.reservation.id if bay.reservation else None,
    }


def _bay(sim: "Simulator", request: web.Request) -> Bay:
    wanted = request.match_info["uid"].casefold()
    for uid, bay in sim.bays.items():
        if uid.casefold() == wanted:
            return bay
    raise NotFoundError(f"no EVSE {request.match_info['uid']}; GET /control/state lists them")


async def _exchanges(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> list[dict[str, Any]]:
    return sim.exchanges.newest(int(request.query.get("limit", "100")))


async def _behaviour(sim: "Simulator", _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    return sim.behaviour.summary()


async def _change(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    sim.behaviour.change(body)
    sim.exchanges.note(f"behaviour changed: {json.dumps(body)}")
    return sim.behaviour.summary()


async def _plug(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    bay = _bay(sim, request)
    bay.plug()
    return _evse(bay)


async def _unplug(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    bay = _bay(sim, request)
    bay.unplug()
    return _evse(bay)


async def _status(sim: "Simulator", request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{status, push?}``: show any OCPI status; ``push: false`` keeps it from the eMSP."""
    bay = _bay(sim, request)
    if body["status"] not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}")
    bay.show(body["status"], push=bool(body.get("push", True)))
    return _evse(bay)


async def _stop(sim: "Simulator", request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    run = sim.runs.get(request.match_info["id"])
    if run is None:
        raise NotFoundError("no such session under way")
    run.request_stop("local")
    return {"stopping": True}


async def _outage(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{seconds}``: refuse every connection for so long, this API's too, and push nothing."""
    seconds = float(body["seconds"])
    sim.later(sim.outage(seconds))
    return {"gone_for": seconds}


async def _reset(sim: "Simulator", _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    sim.registration.reset()
    return sim.ready()


async def _register(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{url, token}``: register at an eMSP's versions URL with the Token A that it issued."""
    await sim.register_at(str(body["url"]), str(body["token"]))
    return {"registered": True}


async def _configure(sim: "Simulator", _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{version, token_in, token_out, versions_url}``: take over credentials agreed by hand."""
    await sim.registration.configure(body)
    sim.registered()
    return {"registered": True}


async def _push_network(sim: "Simulator", _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    sim.push_network()
    return {"locations": len(sim.store.locations), "tariffs": len(sim.store.tariffs)}
