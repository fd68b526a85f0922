"""Charging profiles receiver (OCPI 2.2.1 §14): limits the power of a running charge."""

from typing import Any

from cpo_simulator.charging.run import Run
from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.wire.shapes import Object

_VOLTS = 230
_PHASES = 3


async def get_profile(call: Call) -> Reply:
    """GET chargingprofiles/{session_id}?duration&response_url: the active profile is POSTed to the URL."""
    query = call.request.rel_url.query
    return _reply(call, query.get("response_url", ""), lambda run: {"result": "ACCEPTED", "profile": _active(run)})


async def put_profile(call: Call) -> Reply:
    """PUT chargingprofiles/{session_id}: the first period's limit holds from now on."""
    profile = call.body.get("charging_profile") if isinstance(call.body, dict) else None
    if not isinstance(profile, dict):
        raise ProblemError(200, 2001, "charging_profile is missing")
    limit = _limit_kw(profile)

    def set_limit(run: Run) -> Object:
        run.limit_kw = limit
        return {"result": "ACCEPTED"}

    return _reply(call, call.field("response_url") or "", set_limit)


async def delete_profile(call: Call) -> Reply:
    """DELETE chargingprofiles/{session_id}?response_url: full power again."""

    def clear(run: Run) -> Object:
        run.limit_kw = None
        return {"result": "ACCEPTED"}

    return _reply(call, call.request.rel_url.query.get("response_url", ""), clear)


def _reply(call: Call, response_url: str, act: Any) -> Reply:
    if not response_url.startswith(("http://", "https://")):
        raise ProblemError(200, 2001, "response_url is no http(s) URL")
    timeout = int(call.cpo.behaviour.knobs.command_timeout)
    run = call.cpo.runs.get(call.path[0]) if len(call.path) == 1 else None
    if run is None:
        return Reply("profile_response", {"result": "UNKNOWN_SESSION", "timeout": timeout})
    if "CHARGING_PROFILE_CAPABLE" not in run.bay.evse["capabilities"]:
        return Reply("profile_response", {"result": "NOT_SUPPORTED", "timeout": timeout})
    call.cpo.pusher.answer(run.bay.uid, response_url, "profile_result", act(run))
    return Reply("profile_response", {"result": "ACCEPTED", "timeout": timeout})


def _limit_kw(profile: Object) -> float | None:
    """kW of the first period: W as it is, A per phase at 230 V on three phases."""
    try:
        periods = profile.get("charging_profile_period") or []
        limit = float(periods[0]["limit"]) if periods else None
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProblemError(200, 2001, "charging_profile_period cannot be read") from None
    if limit is None:
        return None
    return limit / 1000 if profile.get("charging_rate_unit") == "W" else limit * _VOLTS * _PHASES / 1000


def _active(run: Run) -> Object:
    watts = (run.limit_kw or run.start.connector["max_electric_power"] / 1000) * 1000
    periods = [{"start_period": 0, "limit": round(watts, 1)}]
    profile = {"charging_rate_unit": "W", "charging_profile_period": periods}
    return {"start_date_time": run.office.clock.now(), "charging_profile": profile}
