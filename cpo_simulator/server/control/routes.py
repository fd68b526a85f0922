"""The control API and status page: for whoever runs the simulator, not for the eMSP."""

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.emsp.exchanges import masked
from cpo_simulator.emsp.registration import HandshakeError
from cpo_simulator.network.bay import STATUSES, Bay
from cpo_simulator.server.control import unasked
from cpo_simulator.server.control.page import status_page
from cpo_simulator.server.wishes import change_behaviour
from cpo_simulator.wire.versions import V2_2_1
from cpo_simulator.wire.voice import dumps

Handler = Callable[[Cpo, web.Request, dict[str, Any]], Awaitable[Any]]


class NotFoundError(Exception):
    """What the path names does not exist."""


def routes(cpo: Cpo) -> list[web.RouteDef]:
    """All routes below /control, and the status page at /."""
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/control/state", _state),
        ("GET", "/control/evses", _evses),
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
        *unasked.ROUTES,
    ]
    return [
        web.get("/", _page(cpo)),
        *(web.route(method, path, _guarded(cpo, act)) for method, path, act in table),
    ]


def _page(cpo: Cpo) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def page(request: web.Request) -> web.StreamResponse:
        if not _allowed(cpo, request):
            return web.json_response({"error": "not for you"}, status=403)
        return web.Response(text=status_page(cpo), content_type="text/html")

    return page


def _guarded(cpo: Cpo, act: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handler(request: web.Request) -> web.StreamResponse:
        if not _allowed(cpo, request):
            return web.json_response({"error": "give the control token as a Bearer token"}, status=403)
        try:
            body = await request.json() if await request.read() else {}
            if not isinstance(body, dict):
                raise ValueError("the body must be a JSON object")
            out = await act(cpo, request, body)
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


def _allowed(cpo: Cpo, request: web.Request) -> bool:
    """With a control token: whoever knows it. Without: this machine only, and no web page on its behalf."""
    if cpo.config.control_token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), cpo.config.control_token.encode())
    if "X-Forwarded-For" in request.headers or request.headers.get("Sec-Fetch-Site") == "cross-site":
        return False
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False


async def _evses(cpo: Cpo, _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    """Who is at which charger: what is asked often of a CPO whose books grow."""
    return {"evses": [_evse(bay) for bay in cpo.bays.values()]}


async def _state(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    """Everything this CPO believes, in 2.2.1 shapes; the newest ``?limit=`` sessions and CDRs (200)."""
    limit = int(request.query.get("limit", "200"))
    connection = cpo.registration.connection
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
        "versions_url": cpo.registration.versions_url,
        "token_a": cpo.registration.token_a,
        "tokens": list(cpo.store.tokens),
        "bookings": V2_2_1.render("booking", list(cpo.store.bookings)),
        "terminals": list(cpo.store.terminals),
        "financial_advice_confirmations": list(cpo.store.confirmations),
        "clients": V2_2_1.render("client_info", list(cpo.store.clients)),
        "evses": [_evse(bay) for bay in cpo.bays.values()],
        "runs": len(cpo.runs),
        "sessions": V2_2_1.render("session", list(cpo.store.sessions)[-limit:]),
        "cdrs": V2_2_1.render("cdr", list(cpo.store.cdrs)[-limit:]),
        **cpo.store.books.summary(),
        "behaviour": cpo.behaviour.summary(),
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


def _bay(cpo: Cpo, request: web.Request) -> Bay:
    wanted = request.match_info["uid"].casefold()
    for uid, bay in cpo.bays.items():
        if uid.casefold() == wanted:
            return bay
    raise NotFoundError(f"no EVSE {request.match_info['uid']}; GET /control/state lists them")


async def _exchanges(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> list[dict[str, Any]]:
    return cpo.exchanges.newest(int(request.query.get("limit", "100")))


async def _behaviour(cpo: Cpo, _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    return cpo.behaviour.summary()


async def _change(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    change_behaviour(cpo.behaviour, body)
    cpo.exchanges.note(f"behaviour changed: {json.dumps(body)}")
    return cpo.behaviour.summary()


async def _plug(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    bay = _bay(cpo, request)
    bay.plug()
    return _evse(bay)


async def _unplug(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    bay = _bay(cpo, request)
    bay.unplug()
    return _evse(bay)


async def _status(cpo: Cpo, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{status, push?}``: show any OCPI status; ``push: false`` keeps it from the eMSP."""
    bay = _bay(cpo, request)
    if body["status"] not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}")
    bay.show(body["status"], push=bool(body.get("push", True)))
    return _evse(bay)


async def _stop(cpo: Cpo, request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    run = cpo.runs.get(request.match_info["id"])
    if run is None:
        raise NotFoundError("no such session under way")
    run.request_stop("local")
    return {"stopping": True}


async def _outage(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{seconds}``: refuse every connection for so long, this API's too, and push nothing."""
    seconds = float(body["seconds"])
    cpo.later(cpo.outage(seconds))
    return {"gone_for": seconds}


async def _reset(cpo: Cpo, _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    cpo.registration.reset()
    return cpo.ready()


async def _register(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{url, token}``: register at an eMSP's versions URL with the Token A that it issued."""
    await cpo.register_at(str(body["url"]), str(body["token"]))
    return {"registered": True}


async def _configure(cpo: Cpo, _request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
    """``{version, token_in, token_out, versions_url}``: take over credentials agreed by hand."""
    await cpo.registration.configure(body)
    cpo.registered()
    return {"registered": True}


async def _push_network(cpo: Cpo, _request: web.Request, _body: dict[str, Any]) -> dict[str, Any]:
    cpo.push_network()
    return {"locations": len(cpo.store.locations), "tariffs": len(cpo.store.tariffs)}
