"""Commands receiver (OCPI 2.2.1 §13): answers at once, then reports to the response_url."""

import asyncio
from typing import Any

from aiohttp import web

from cpo_simulator.charging.run import Course, Run
from cpo_simulator.charging.sessions import Start
from cpo_simulator.clock import Clock, read
from cpo_simulator.network.bay import USABLE, Bay, Reservation
from cpo_simulator.scenarios.courses import SCENARIOS
from cpo_simulator.server.call import BluntError, Call, ProblemError, Reply
from cpo_simulator.wire.shapes import Object


async def command(call: Call) -> Reply:
    """POST commands/{command}."""
    name = call.path[0].upper() if len(call.path) == 1 else ""
    if name not in call.version.commands:
        raise ProblemError(404, 2001, "Unknown command")
    if not isinstance(call.body, dict):
        raise ProblemError(200, 2001, "The body is no object")
    url = call.field("response_url") or ""
    if not url.startswith(("http://", "https://")):
        raise ProblemError(200, 2001, "response_url is no http(s) URL")
    reference = call.field("authorization_reference", required=False)
    session_id = call.field("session_id", required=False)
    call.cpo.store.books.command(name, reference or session_id or _uid(call.body.get("token")))
    return await _HANDLERS[name](call, url)


def _answer(call: Call, result: str, message: str = "", code: int = 1000) -> Reply:
    text = [{"language": "en", "text": message}] if message else None
    timeout = int(call.cpo.behaviour.knobs.command_timeout)
    data = {"result": result, "timeout": timeout, "message": text}
    return Reply("command_response", data, code, message or "Success")


async def _start(call: Call, response_url: str) -> Reply:
    bay = _bay(call)
    connector_id = call.field("connector_id", required=False)
    if connector_id and not call.body.get("evse_uid"):
        raise ProblemError(200, 2001, "connector_id needs evse_uid")
    token = _cdr_token(call)
    connector = bay.connector(connector_id) if bay else None
    if bay is None or connector is None:
        return _answer(call, "REJECTED", "Unknown EVSE or connector")
    scenario = SCENARIOS[call.cpo.behaviour.choose(bay.uid)]
    if scenario.answer != "ACCEPTED" or scenario.reply == "crash":
        return await _replied(call, bay, scenario)
    obstacle = _obstacle(bay, token["uid"])
    if obstacle:
        call.cpo.later(_report(call, bay, response_url, obstacle))
        return _answer(call, "ACCEPTED")
    reference = call.field("authorization_reference", required=False)
    bay.reservation = None
    call.cpo.begin(bay, Start(token, response_url, reference, connector), scenario)
    return await _replied(call, bay, scenario)


async def _replied(call: Call, bay: Bay, scenario: Course) -> Reply:
    """The CommandResponse of a START_SESSION, in the scenario's way of giving one."""
    knobs = call.cpo.behaviour.knobs_at(bay.uid)
    if scenario.reply == "crash":
        raise BluntError(web.Response(status=500, text="Internal Server Error"))
    if scenario.reply == "late":
        await asyncio.sleep(knobs.late_response / call.cpo.config.speed)
    if scenario.reply == "never":
        await asyncio.sleep(knobs.slow_answer)
    return _answer(call, scenario.answer, scenario.message)


async def _stop(call: Call, response_url: str) -> Reply:
    session_id = call.field("session_id") or ""
    run = call.cpo.runs.get(session_id)
    if run is None or run.session is None:
        known = call.cpo.store.sessions.get(session_id)
        return _answer(call, "REJECTED", "The session is over") if known else _answer(call, "UNKNOWN_SESSION")
    plan = run.scenario.on_stop
    if run.stops_refused < plan.refusals:
        run.stops_refused += 1
        return _answer(call, "REJECTED", "The charger does not stop just now")
    if plan.answer == "ACCEPTED":
        call.cpo.later(_stop_later(run, response_url))
    return _answer(call, plan.answer)


async def _stop_later(run: Run, response_url: str) -> None:
    plan = run.scenario.on_stop
    await run.rest("stop")
    if plan.result:
        run.office.pusher.result(run.bay.uid, response_url, plan.result)
    if plan.obeys:
        run.request_stop("remote")


async def _reserve(call: Call, response_url: str) -> Reply:
    bay, token = _bay(call), _cdr_token(call)
    reservation_id = call.field("reservation_id") or ""
    try:
        expires = read(call.field("expiry_date") or "")
    except ValueError:
        raise ProblemError(200, 2001, "expiry_date is no DateTime") from None
    if bay is None:
        return _answer(call, "REJECTED", "Unknown EVSE")
    if expires <= call.cpo.clock.now():
        return _answer(call, "REJECTED", "expiry_date is over")
    obstacle = _obstacle(bay, token["uid"])
    if not obstacle and bay.status == "BLOCKED":
        obstacle = "EVSE_OCCUPIED"
    if not obstacle:
        bay.reservation = Reservation(reservation_id, token["uid"], expires, response_url)
        call.cpo.later(_expire(call.cpo.clock, bay, bay.reservation))
    call.cpo.later(_report(call, bay, response_url, obstacle or "ACCEPTED", "" if obstacle else "RESERVED"))
    return _answer(call, "ACCEPTED")


async def _expire(clock: Clock, bay: Bay, reservation: Reservation) -> None:
    await asyncio.sleep(max(0.0, (reservation.expires - clock.now()).total_seconds()))
    if bay.reservation is reservation:
        bay.reservation = None
        if bay.status == "RESERVED":
            bay.show("AVAILABLE")


async def _cancel(call: Call, response_url: str) -> Reply:
    reservation_id = call.field("reservation_id")
    for bay in call.cpo.bays.values():
        if bay.reservation is not None and bay.reservation.id == reservation_id:
            bay.reservation = None
            call.cpo.later(_report(call, bay, response_url, "ACCEPTED", "AVAILABLE"))
            return _answer(call, "ACCEPTED")
    call.cpo.later(_report(call, None, response_url, "UNKNOWN_RESERVATION"))
    return _answer(call, "ACCEPTED")


async def _unlock(call: Call, response_url: str) -> Reply:
    bay = _bay(call)
    if bay is None or bay.connector(call.field("connector_id")) is None:
        return _answer(call, "REJECTED", "Unknown EVSE or connector")
    result = "REJECTED" if bay.run is not None else "ACCEPTED"
    call.cpo.later(_report(call, bay, response_url, result))
    return _answer(call, "ACCEPTED")


async def _report(call: Call, bay: Bay | None, response_url: str, result: str, status: str = "") -> None:
    """Send a CommandResult after a moment, and take on a status that goes with it."""
    await asyncio.sleep(call.cpo.behaviour.knobs.result / call.cpo.config.speed)
    call.cpo.pusher.result(bay.uid if bay else "commands", response_url, result)
    if bay is not None and status and bay.status in ("AVAILABLE", "RESERVED"):
        bay.show(status)


def _bay(call: Call) -> Bay | None:
    """The EVSE meant, or the first free one of the location. Unknown location: 2003 with REJECTED (§13.1)."""
    location = call.cpo.store.locations.get(call.field("location_id") or "")
    if location is None:
        data = _answer(call, "REJECTED", "Unknown location").data
        raise ProblemError(200, 2003, "Unknown location", "command_response", data)
    uids = [evse["uid"] for evse in location["evses"]]
    wanted = call.field("evse_uid", required=False)
    if wanted is not None:
        return next((call.cpo.bays[uid] for uid in uids if uid.casefold() == wanted.casefold()), None)
    bays = [call.cpo.bays[uid] for uid in uids]
    return next((bay for bay in bays if bay.run is None and bay.status == "AVAILABLE"), bays[0])


def _obstacle(bay: Bay, token_uid: str) -> str:
    """The CommandResult that says why this EVSE cannot be used, or an empty string."""
    if bay.run is not None:
        return "EVSE_OCCUPIED"
    if bay.status not in USABLE:
        return "EVSE_OCCUPIED" if bay.status == "CHARGING" else "EVSE_INOPERATIVE"
    if bay.reservation is not None and bay.reservation.token_uid != token_uid:
        return "EVSE_OCCUPIED"
    return ""


def _uid(token: Any) -> str | None:
    return token.get("uid") if isinstance(token, dict) else None


def _cdr_token(call: Call) -> Object:
    """The command's Token cut down to a CdrToken (OCPI 2.2.1 §10.4.5); 2.1.1 calls contract_id auth_id."""
    token = call.body.get("token")
    if not isinstance(token, dict) or not isinstance(token.get("uid"), str):
        raise ProblemError(200, 2001, "token is missing or has no uid")
    contract = token.get("contract_id") or token.get("auth_id")
    if not contract:
        raise ProblemError(200, 2001, "token has no contract_id")
    party = call.cpo.registration.connection.party if call.cpo.registration.connection else None
    return {
        "country_code": token.get("country_code") or (party.country_code if party else None),
        "party_id": token.get("party_id") or (party.party_id if party else None),
        "uid": token["uid"],
        "type": token.get("type", "OTHER"),
        "contract_id": contract,
    }


_HANDLERS = {
    "START_SESSION": _start,
    "STOP_SESSION": _stop,
    "RESERVE_NOW": _reserve,
    "CANCEL_RESERVATION": _cancel,
    "UNLOCK_CONNECTOR": _unlock,
}
