"""Faults of a server that refuses, breaks down or hangs, where it should answer certain requests."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.faults.fault import Fault, Proceed, Spoiled

_HTML = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>It works!</h1></body></html>"


def _module(name: str, method: str = "", first: str = "") -> Callable[[Call], bool]:
    """Requests on a module, optionally of one method and with this first path segment."""

    def hits(call: Call) -> bool:
        at = call.path[0] if call.path else ""
        return call.module == name and method in ("", call.method) and first in ("", at)

    return hits


def _anything(_call: Call) -> bool:
    return True


def _refuse(http: int, code: int, message: str) -> Callable[[Call, Proceed], Awaitable[Spoiled]]:
    async def spoil(_call: Call, _proceed: Proceed) -> Spoiled:
        raise ProblemError(http, code, message)

    return spoil


async def _html(_call: Call, _proceed: Proceed) -> Spoiled:
    return web.Response(text=_HTML, content_type="text/html")


async def _forbid(_call: Call, _proceed: Proceed) -> Spoiled:
    return web.Response(status=403, text="<html><body><h1>Request blocked</h1></body></html>", content_type="text/html")


async def _crash(_call: Call, _proceed: Proceed) -> Spoiled:
    return web.Response(status=500, text="Internal Server Error")


async def _slow(call: Call, proceed: Proceed) -> Spoiled:
    await asyncio.sleep(call.cpo.behaviour.knobs.slow_answer)
    return await proceed(call)


async def _hang_up(call: Call, _proceed: Proceed) -> Spoiled:
    if call.request.transport is not None:
        call.request.transport.abort()
    return web.Response(status=503)


def _without(module: str) -> Callable[[Call, Proceed], Awaitable[Spoiled]]:
    async def spoil(call: Call, proceed: Proceed) -> Spoiled:
        reply = await proceed(call)
        endpoints = [one for one in reply.data["endpoints"] if one["identifier"] != module]
        return Reply(reply.kind, {**reply.data, "endpoints": endpoints})

    return spoil


BREAKDOWNS = (
    Fault("missing-module", "version details lack the sessions module", _module("details"), _without("sessions")),
    Fault("html-versions", "the versions URL answers with a web page", _module("versions"), _html),
    Fault("slow-versions", "the versions URL answers late (knob slow_answer)", _module("versions"), _slow),
    Fault(
        "wrong-token-a",
        "Token A is refused with 401 (as if it had been copied wrongly)",
        lambda call: call.rank == "first",
        _refuse(401, 2000, "Unknown token"),
    ),
    Fault(
        "registration-3001",
        "POST credentials answers 3001, no callback",
        _module("credentials", "POST"),
        _refuse(200, 3001, "Unable to use the client's API"),
    ),
    Fault(
        "registration-3002",
        "POST credentials answers 3002",
        _module("credentials", "POST"),
        _refuse(200, 3002, "Unsupported version"),
    ),
    Fault(
        "registration-3003",
        "POST credentials answers 3003",
        _module("credentials", "POST"),
        _refuse(200, 3003, "No matching endpoints"),
    ),
    Fault(
        "start-500",
        "START_SESSION answers HTTP 500 without an envelope",
        _module("commands", "POST", "START_SESSION"),
        _crash,
    ),
    Fault(
        "start-hangs",
        "START_SESSION is answered late (knob slow_answer), then carried out",
        _module("commands", "POST", "START_SESSION"),
        _slow,
    ),
    Fault("sessions-get-500", "GET sessions answers HTTP 500", _module("sessions", "GET"), _crash),
    Fault("forbidden", "every request is answered 403 with a web page, as by a firewall", _anything, _forbid),
    Fault("forgotten-tokens", "every token is refused with 401", _anything, _refuse(401, 2000, "Unknown token")),
    Fault("down", "every connection is dropped without an answer", _anything, _hang_up),
)
