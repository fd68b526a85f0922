"""Faults of a server that answers, but not as the specification says: lists, tokens, errors, clock, redirects."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

from aiohttp import web

from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.faults.fault import Fault, Proceed, Spoiled

_LISTS = frozenset({"locations", "sessions", "cdrs", "tariffs"})
_AHEAD = timedelta(minutes=10)


def _list(call: Call) -> bool:
    return call.module in _LISTS and call.method == "GET" and not call.path


def _without_headers(*names: str) -> Callable[[Call, Proceed], Awaitable[Spoiled]]:
    async def spoil(call: Call, proceed: Proceed) -> Spoiled:
        reply = await proceed(call)
        return replace(reply, headers={name: value for name, value in reply.headers.items() if name not in names})

    return spoil


def _deaf_to(*names: str) -> Callable[[Call, Proceed], Awaitable[Spoiled]]:
    """The answer as if these parameters were not in the query."""

    async def spoil(call: Call, proceed: Proceed) -> Spoiled:
        url = call.request.rel_url
        heard = {name: value for name, value in url.query.items() if name not in names}
        call.request = call.request.clone(rel_url=url.with_query(heard))
        return await proceed(call)

    return spoil


async def _first_incomplete(call: Call, proceed: Proceed) -> Spoiled:
    reply = await proceed(call)
    if not reply.data:
        return reply
    first = {name: value for name, value in reply.data[0].items() if name != "coordinates"}
    return replace(reply, data=[first, *reply.data[1:]])


async def _let_in(call: Call, proceed: Proceed) -> Spoiled:
    call.rank = "full"
    return await proceed(call)


def _in_base64(call: Call) -> bool:
    """The tokens of this simulator are UUIDs; no base64 text has a hyphen."""
    return "-" not in call.request.headers.get("Authorization", "")


async def _unknown_token(_call: Call, _proceed: Proceed) -> Spoiled:
    raise ProblemError(401, 2000, "Unknown token")


async def _nothing_is_unknown(call: Call, proceed: Proceed) -> Spoiled:
    try:
        return await proceed(call)
    except ProblemError as problem:
        if problem.reply.http == 404:
            return Reply()
        raise


def _without_slash(call: Call) -> bool:
    return call.method == "GET" and not call.request.rel_url.raw_path.endswith("/")


async def _redirect(call: Call, _proceed: Proceed) -> Spoiled:
    url = call.request.rel_url
    return web.Response(status=308, headers={"Location": str(url.with_path(url.path + "/", keep_query=True))})


async def _ahead(call: Call, proceed: Proceed) -> Spoiled:
    reply = await proceed(call)
    return replace(
        reply, headers={**reply.headers, "Date": format_datetime(call.cpo.clock.now() + _AHEAD, usegmt=True)}
    )


def _anything(_call: Call) -> bool:
    return True


WRONG_ANSWERS = (
    Fault("no-link", "lists have no Link to the next page", _list, _without_headers("Link")),
    Fault(
        "no-paging-headers",
        "lists have neither Link nor X-Total-Count nor X-Limit",
        _list,
        _without_headers("Link", "X-Total-Count", "X-Limit"),
    ),
    Fault("limit-ignored", "lists come whole, whatever limit and offset say", _list, _deaf_to("limit", "offset")),
    Fault(
        "dates-ignored",
        "lists are not filtered by date_from and date_to (GET sessions is, as it requires date_from)",
        lambda call: _list(call) and call.module != "sessions",
        _deaf_to("date_to", "date_from"),
    ),
    Fault(
        "broken-location",
        "the first Location of each page lacks its coordinates",
        lambda call: _list(call) and call.module == "locations",
        _first_incomplete,
    ),
    Fault("open-door", "any token opens everything", lambda call: not call.rank, _let_in),
    Fault("base64-refused", "tokens in base64 are refused with 401", _in_base64, _unknown_token),
    Fault(
        "unknown-is-empty",
        "objects that do not exist are answered as a success without data",
        _anything,
        _nothing_is_unknown,
    ),
    Fault("redirects", "every GET is redirected to the same URL with a slash at the end", _without_slash, _redirect),
    Fault("clock-ahead", "the Date header is ten minutes ahead", _anything, _ahead),
)
