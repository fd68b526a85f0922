"""Sloppy ways of speaking that real partners have: each switch changes finished JSON before it is sent."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cpo_simulator.wire.shapes import Json, Object

_TOO_LONG = 300
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_IDS = frozenset({"country_code", "party_id", "id", "location_id", "evse_uid", "uid", "connector_id"})
_LISTS: Mapping[str, tuple[str, ...]] = {
    "evses": ("related_locations", "directions", "facilities", "images"),
    "connectors": ("status_schedule", "directions", "parking_restrictions", "images"),
    "kwh": ("charging_periods",),
}

Leaf = Callable[[str, Json], Json]


@dataclass(frozen=True)
class Switch:
    """One sloppy habit; ``change`` rewrites a whole body (an envelope or a pushed object)."""

    name: str
    summary: str
    change: Callable[[Json], Json] = lambda body: body


def _walk(body: Json, leaf: Leaf, key: str = "") -> Json:
    if isinstance(body, dict):
        return {name: _walk(value, leaf, name) for name, value in body.items()}
    if isinstance(body, list):
        return [_walk(item, leaf, key) for item in body]
    return leaf(key, body)


def _on_moments(rewrite: Callable[[str], str]) -> Callable[[Json], Json]:
    def leaf(_key: str, value: Json) -> Json:
        return rewrite(value) if isinstance(value, str) and _MOMENT.fullmatch(value) else value

    return lambda body: _walk(body, leaf)


def _number_to_text(key: str, value: Json) -> Json:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and key != "status_code" else value


def _lower_id(key: str, value: Json) -> Json:
    return value.lower() if key in _IDS and isinstance(value, str) else value


def _preparing(key: str, value: Json) -> Json:
    return "PREPARING" if key == "status" and value == "BLOCKED" else value


def _null_lists(body: Json) -> Json:
    if isinstance(body, list):
        return [_null_lists(item) for item in body]
    if not isinstance(body, dict):
        return body
    out: Object = {name: None if value == [] else _null_lists(value) for name, value in body.items()}
    for marker, names in _LISTS.items():
        if marker in body:
            out = {**dict.fromkeys(names), **out}
    return out


def _unknown_values(body: Json) -> Json:
    if isinstance(body, list):
        return [_unknown_values(item) for item in body]
    if not isinstance(body, dict):
        return body
    out: Object = {name: _unknown_values(value) for name, value in body.items()}
    if isinstance(out.get("capabilities"), list):
        out["capabilities"] = [*out["capabilities"], "VALET_PARKING"]
    return {**out, "auth_method": "TERMINAL"} if "auth_method" in out else out


def _over_long(key: str, value: Json) -> Json:
    return value.ljust(_TOO_LONG, "x") if key == "address" and isinstance(value, str) else value


def _bare_command(body: Json) -> Json:
    if not isinstance(body, dict):
        return body
    if isinstance(body.get("data"), dict) and "result" in body["data"]:
        return {**body, "data": body["data"]["result"]}
    return body["result"] if set(body) <= {"result", "message"} and "result" in body else body


def _bare_error(body: Json) -> Json:
    is_error = isinstance(body, dict) and isinstance(body.get("status_code"), int) and body["status_code"] >= 2000
    return {"error": body.get("status_message", "error")} if is_error else body


def _slash_urls(key: str, value: Json) -> Json:
    is_endpoint = key == "url" and isinstance(value, str) and "/ocpi/" in value
    return value.rstrip("/") + "/" if is_endpoint else value


_ALL = (
    Switch("raw-tokens", "sends its token raw where the version wants base64"),
    Switch("base64-tokens", "sends its token in base64 where the version wants it raw"),
    Switch("no-message-headers", "leaves out X-Request-ID, X-Correlation-ID and the routing headers"),
    Switch("naive-timestamps", "writes times without Z", _on_moments(lambda text: text[:-1])),
    Switch("offset-timestamps", "writes +00:00 instead of Z", _on_moments(lambda text: text[:-1] + "+00:00")),
    Switch("numbers-as-strings", "writes numbers as strings", lambda body: _walk(body, _number_to_text)),
    Switch("null-lists", "writes null for empty lists and for lists that it does not fill", _null_lists),
    Switch("lower-case-ids", "writes country, party and object ids in lower case", lambda b: _walk(b, _lower_id)),
    Switch(
        "preparing-status",
        "says PREPARING, which is no OCPI status, for BLOCKED",
        lambda b: _walk(b, _preparing),
    ),
    Switch("unknown-values", "uses values that no list of the version has", _unknown_values),
    Switch("over-long-strings", "writes addresses longer than they may be", lambda b: _walk(b, _over_long)),
    Switch("bare-command-result", "a command's result is a bare string instead of an object", _bare_command),
    Switch("no-envelope-on-errors", "errors come as {'error': ...} without the OCPI envelope", _bare_error),
    Switch(
        "trailing-slashes",
        "URLs end with a slash: those of its endpoints, and those that it calls",
        lambda body: _walk(body, _slash_urls),
    ),
)

SWITCHES: Mapping[str, Switch] = {one.name: one for one in _ALL}


def apply(names: frozenset[str], body: Json) -> Json:
    """The body as somebody with these habits would send it; always in the order of ``SWITCHES``."""
    for name, switch in SWITCHES.items():
        if name in names:
            body = switch.change(body)
    return body
