"""The door of /ocpi/cpo: who calls, for what, and the answer in OCPI's envelope."""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from email.utils import format_datetime
from time import perf_counter
from urllib.parse import unquote

from aiohttp import web

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.emsp.exchanges import Exchange
from cpo_simulator.server.call import BluntError, Call, ProblemError, Reply
from cpo_simulator.server.faults.catalogue import pass_through
from cpo_simulator.server.modules import bookings, clients, commands, payments, profiles, stored
from cpo_simulator.wire.shapes import Json
from cpo_simulator.wire.versions import VERSIONS
from cpo_simulator.wire.voice import dumps

Handler = Callable[[Call], Awaitable[Reply]]

_HANDLERS: Mapping[str, Mapping[str, Handler]] = {
    "versions": {"GET": stored.versions},
    "details": {"GET": stored.details},
    "credentials": {
        "GET": stored.get_credentials,
        "POST": stored.post_credentials,
        "PUT": stored.put_credentials,
        "DELETE": stored.delete_credentials,
    },
    "locations": {"GET": stored.get_locations},
    "sessions": {"GET": stored.get_sessions, "PUT": stored.put_preferences},
    "cdrs": {"GET": stored.get_cdrs},
    "tariffs": {"GET": stored.get_tariffs},
    "tokens": {"GET": stored.get_token, "PUT": stored.put_token, "PATCH": stored.patch_token},
    "commands": {"POST": commands.command},
    "chargingprofiles": {
        "GET": profiles.get_profile,
        "PUT": profiles.put_profile,
        "DELETE": profiles.delete_profile,
    },
    "hubclientinfo": {"GET": clients.get},
    "bookings": {"GET": bookings.get, "POST": bookings.post},
    "payments": {"GET": payments.get, "POST": payments.post},
}
_CONFIGURATION = frozenset({"versions", "details", "credentials"})


async def answer(cpo: Cpo, request: web.Request) -> web.StreamResponse:
    """Answer any request below /ocpi/cpo, and log it."""
    started = perf_counter()
    raw = await request.read()
    call = _read_path(cpo, request)
    reply: Reply | web.Response
    try:
        call.rank = _rank(cpo, request)
        reply = await pass_through(cpo.behaviour.faults, call, lambda one: _handle(one, raw))
    except ProblemError as problem:
        reply = problem.reply
    except BluntError as blunt:
        reply = blunt.response
    except Exception as problem:  # noqa: BLE001 - the caller must get an envelope whatever goes wrong here
        cpo.exchanges.note(f"internal error: {problem!r}")
        reply = Reply(code=3000, message="Internal error", http=500)
    response = reply if isinstance(reply, web.Response) else _write(call, reply)
    _log(call, raw, response, round((perf_counter() - started) * 1000))
    return response


def _read_path(cpo: Cpo, request: web.Request) -> Call:
    """``versions``, ``{version}`` or ``{version}/{module}/...``, with or without a slash at the end."""
    segments = [unquote(part) for part in request.rel_url.raw_path.split("/") if part][2:]
    newest = max((VERSIONS[number] for number in cpo.config.versions), key=lambda one: one.order)
    if segments == ["versions"]:
        return Call(cpo, request, newest, "versions")
    if segments and segments[0] in cpo.config.versions:
        version = VERSIONS[segments[0]]
        if len(segments) == 1:
            return Call(cpo, request, version, "details")
        if segments[1] in version.modules:
            return Call(cpo, request, version, segments[1], tuple(segments[2:]))
    return Call(cpo, request, newest, "")


def _rank(cpo: Cpo, request: web.Request) -> str:
    """What the caller's token opens (see ``Registration.rank``); raw and base64 are both understood."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    token = token.strip()
    if scheme.lower() != "token" or not token:
        return ""
    candidates = [token]
    with suppress(binascii.Error, ValueError):
        candidates.append(base64.b64decode(token, validate=True).decode().strip())
    return cpo.registration.rank(candidates)


async def _handle(call: Call, raw: bytes) -> Reply:
    if not call.rank or (call.rank == "first" and call.module not in _CONFIGURATION):
        raise ProblemError(401, 2000, "Unknown token")
    if not call.module:
        raise ProblemError(404, 2000, "There is nothing here")
    handler = _HANDLERS[call.module].get(call.method)
    if handler is None:
        raise ProblemError(405, 2000, "Method not allowed")
    call.body = _read_body(raw)
    return await handler(call)


def _read_body(raw: bytes) -> Json:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise ProblemError(400, 2001, "The body is not JSON") from None


def _write(call: Call, reply: Reply) -> web.Response:
    body = call.cpo.voice.envelope(call.version, reply.kind, reply.data, reply.code, reply.message)
    date = format_datetime(call.cpo.clock.now(), usegmt=True)
    headers = {"Date": date, **reply.headers, **_echo(call)}
    if reply.http == 405 and call.module:
        headers["Allow"] = ", ".join(_HANDLERS[call.module])
    return web.Response(body=dumps(body), status=reply.http, headers=headers, content_type="application/json")


def _echo(call: Call) -> dict[str, str]:
    """Message ids as they came, and routing headers turned round (OCPI 2.2.1 §4.1.8, §4.2)."""
    if not call.cpo.voice.wants_headers(call.version):
        return {}
    asked = call.request.headers
    names = {name: name for name in ("X-Request-ID", "X-Correlation-ID")}
    if call.module not in _CONFIGURATION | {clients.MODULE}:
        for part in ("country-code", "party-id"):
            names |= {f"OCPI-to-{part}": f"OCPI-from-{part}", f"OCPI-from-{part}": f"OCPI-to-{part}"}
    return {mine: asked[theirs] for mine, theirs in names.items() if theirs in asked}


def _log(call: Call, raw: bytes, response: web.Response, milliseconds: int) -> None:
    request = call.request
    said = _loads(response.body if isinstance(response.body, bytes) else b"")
    code = said.get("status_code") if isinstance(said, dict) else None
    dropped = request.transport is None or request.transport.is_closing()
    kept = ("X-Request-ID", "X-Correlation-ID", "User-Agent")
    call.cpo.exchanges.add(
        Exchange(
            direction="in",
            method=request.method,
            url=request.rel_url.raw_path_qs,
            http=None if dropped else response.status,
            status_code=code if isinstance(code, int) and not dropped else None,
            ms=milliseconds,
            request=_loads(raw),
            response=said,
            error="the connection was dropped" if dropped else "",
            authorization=request.headers.get("Authorization", ""),
            headers={name: request.headers[name] for name in kept if name in request.headers},
        )
    )


def _loads(raw: bytes) -> Json:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw[:2000].decode("utf-8", "replace")
