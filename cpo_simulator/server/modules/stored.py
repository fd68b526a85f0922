"""Modules that serve what is stored: versions, credentials, locations, sessions, cdrs, tariffs, tokens."""

from cpo_simulator.emsp.registration import HandshakeError
from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.modules import clients
from cpo_simulator.server.paging import page
from cpo_simulator.wire.shapes import Object
from cpo_simulator.wire.versions import VERSIONS


async def versions(call: Call) -> Reply:
    """GET versions (OCPI 2.2.1 §6.1)."""
    registration = call.cpo.registration
    offered = [VERSIONS[number] for number in call.cpo.config.versions]
    return Reply("version", [{"version": one.number, "url": registration.url(one)} for one in offered])


async def details(call: Call) -> Reply:
    """GET version details (OCPI 2.2.1 §6.2)."""
    version = call.version
    endpoints = [
        {"identifier": name, "role": role, "url": call.cpo.registration.url(version, name)}
        for name, role in version.modules.items()
        if name != clients.MODULE or call.cpo.config.clients
    ]
    return Reply("version_details", {"version": version.number, "endpoints": endpoints})


async def get_credentials(call: Call) -> Reply:
    """GET credentials: the token is the one that the caller uses."""
    registration = call.cpo.registration
    token = registration.connection.token_in if registration.connection else registration.token_a
    return Reply("credentials", registration.own_credentials(token or ""))


async def post_credentials(call: Call) -> Reply:
    """POST credentials: register (OCPI 2.2.1 §7.2.2); 405 if there is a registration already."""
    async with call.cpo.registration.lock:
        if call.cpo.registration.connection is not None:
            raise ProblemError(405, 2000, "Already registered: use PUT to update")
        return await _accept(call)


async def put_credentials(call: Call) -> Reply:
    """PUT credentials: update tokens, URLs or version (OCPI 2.2.1 §7.2.3); 405 if not registered."""
    async with call.cpo.registration.lock:
        if call.cpo.registration.connection is None:
            raise ProblemError(405, 2000, "Not registered yet: use POST to register")
        return await _accept(call)


async def _accept(call: Call) -> Reply:
    try:
        mine = await call.cpo.registration.accept(call.version, call.body)
    except HandshakeError as problem:
        raise ProblemError(200, problem.code, str(problem)) from problem
    call.cpo.registered()
    return Reply("credentials", mine)


async def delete_credentials(call: Call) -> Reply:
    """DELETE credentials: unregister (OCPI 2.2.1 §7.2.4); 405 if not registered."""
    if call.cpo.registration.connection is None:
        raise ProblemError(405, 2000, "Not registered")
    call.cpo.registration.forget()
    call.cpo.exchanges.note("the eMSP unregistered; POST /control/reset-registration issues a new Token A")
    return Reply()


async def get_locations(call: Call) -> Reply:
    """GET locations: a page, or one Location, EVSE or Connector (OCPI 2.2.1 §8.2.1)."""
    if not call.path:
        return page(call, call.cpo.store.locations, "location")
    thing: Object | None = call.cpo.store.locations.get(call.path[0])
    for ids, name, _kind in zip(call.path[1:], ("evses", "connectors"), ("evse", "connector"), strict=False):
        key = "uid" if name == "evses" else "id"
        parts = thing[name] if thing else []
        thing = next((one for one in parts if one[key].casefold() == ids.casefold()), None)
    if thing is None or len(call.path) > 3:
        raise ProblemError(404, 2003, "Unknown location, EVSE or connector")
    return Reply(("location", "evse", "connector")[len(call.path) - 1], thing)


async def get_sessions(call: Call) -> Reply:
    """GET sessions (OCPI 2.2.1 §9.2.1.1): date_from is required."""
    _no_path(call)
    return page(call, call.cpo.store.sessions, "session", date_from_required=True)


async def get_cdrs(call: Call) -> Reply:
    """GET cdrs (OCPI 2.2.1 §10.2.1.1)."""
    _no_path(call)
    return page(call, call.cpo.store.cdrs, "cdr")


async def get_tariffs(call: Call) -> Reply:
    """GET tariffs (OCPI 2.2.1 §11.2.1.1)."""
    _no_path(call)
    return page(call, call.cpo.store.tariffs, "tariff")


async def get_token(call: Call) -> Reply:
    """GET one token as it was pushed to us (OCPI 2.2.1 §12.2.1.1)."""
    return Reply("token", _known_token(call))


async def put_token(call: Call) -> Reply:
    """PUT a token (OCPI 2.2.1 §12.2.1.2)."""
    key = _token_key(call)
    if (call.field("uid") or "").casefold() != call.path[2].casefold():
        raise ProblemError(200, 2001, "uid differs from the URL")
    is_new = call.cpo.store.tokens.put(key, call.body)
    return Reply(http=201 if is_new else 200)


async def patch_token(call: Call) -> Reply:
    """PATCH a token (OCPI 2.2.1 §12.2.1.3); since 2.2 it must say last_updated."""
    token = _known_token(call)
    if not isinstance(call.body, dict):
        raise ProblemError(200, 2001, "The body is no object")
    if call.version.patch_needs_last_updated:
        call.field("last_updated")
    token.update(call.body)
    return Reply()


def _known_token(call: Call) -> Object:
    token = call.cpo.store.tokens.get(_token_key(call))
    if token is None:
        raise ProblemError(404, call.version.unknown_token, "Unknown token")
    return token


def _token_key(call: Call) -> str:
    if len(call.path) != 3:
        raise ProblemError(404, 2001, "Expected /tokens/{country_code}/{party_id}/{token_uid}")
    kind = call.request.rel_url.query.get("type", "RFID")
    return "/".join((*call.path, kind))


async def put_preferences(call: Call) -> Reply:
    """PUT sessions/{id}/charging_preferences (OCPI 2.2.1 §9.2.1.2): accepted while the session is live."""
    if len(call.path) != 2 or call.path[1] != "charging_preferences":
        raise ProblemError(405, 2001, "Only charging_preferences can be PUT here")
    run = call.cpo.runs.get(call.path[0])
    if run is None:
        raise ProblemError(404, 2001, "Unknown session, or it is over")
    if "CHARGING_PREFERENCES_CAPABLE" not in run.bay.evse["capabilities"]:
        raise ProblemError(404, 2001, "This EVSE takes no charging preferences")
    known = call.field("profile_type") in ("CHEAP", "FAST", "GREEN", "REGULAR")
    return Reply("preferences", "ACCEPTED" if known else "PROFILE_TYPE_NOT_SUPPORTED")


def _no_path(call: Call) -> None:
    if call.path:
        raise ProblemError(404, 2001, "There is no GET by id here")
