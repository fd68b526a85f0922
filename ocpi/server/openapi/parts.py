"""What the endpoints of a document share: parameters, headers, the envelope, refusals."""

from typing import Any

from ocpi.envelope import StatusCode
from ocpi.server.openapi.scalars import Schema
from ocpi.server.openapi.schemas import ref
from ocpi.server.views.base import OcpiView
from ocpi.versions import Version

JSON = "application/json"
TIMESTAMP = "2026-11-22T10:21:31Z"
STRING = {"type": "string"}
UUID = {"type": "string", "format": "uuid"}
COMMAND_ID = "0f8c1d52-3a0b-4a35-9a55-6c3c7a1f9d10"
# Path variables: what they are, and an example.
VARIABLES: dict[str, tuple[str, str]] = {
    "country_code": ("Country code of the party that owns the object: one of yours.", "SK"),
    "party_id": ("Party ID of that party.", "ION"),
    "location_id": ("`id` of the Location.", "ION-BA-07"),
    "evse_uid": ("`uid` of the EVSE.", "ION-BA-07-1"),
    "connector_id": ("`id` of the Connector.", "1"),
    "session_id": ("`id` of the Session.", "ION-2026-118204"),
    "tariff_id": ("`id` of the Tariff.", "ION-DC-149"),
    "token_uid": ("`uid` of the token.", "SFP-5f2c81d0"),
    "cdr_uuid": ("Our own id of the CDR: take the URL as it is.", "c1c1a6b2-55a0-4d7c-8a2e-0f5b3a3b9b11"),
    "kind": ("What we asked for: take the URL as it is.", ""),
    "command_id": ("Our own id of the command: take the URL as it is.", COMMAND_ID),
    "request_id": ("Our own id of the request: take the URL as it is.", COMMAND_ID),
    "terminal_id": ("`terminal_id` of the Terminal.", "SFP-TERM-07"),
    "advice_id": ("`id` of the FinancialAdviceConfirmation.", COMMAND_ID),
    "booking_id": ("`id` of the Booking.", "ION-BOOK-91"),
    "booking_location_id": ("`id` of the BookingLocation.", "ION-BL-7"),
    "calendar_id": ("`id` of the Calendar.", "ION-CAL-7"),
}
CORRELATION = {
    "X-Request-ID": "Unique per request; the answer repeats it.",
    "X-Correlation-ID": "The same along a chain of requests; the answer repeats it.",
}
ROUTING = {
    "OCPI-to-country-code": "Country code of the party that is meant.",
    "OCPI-to-party-id": "Party ID of the party that is meant.",
    "OCPI-from-country-code": "Country code of the party that sends this.",
    "OCPI-from-party-id": "Party ID of the party that sends this.",
}
PAGE_QUERY: dict[str, tuple[str, Schema, Any]] = {
    "offset": ("Objects to skip.", {"type": "integer", "minimum": 0}, 0),
    "limit": ("Objects at most; more than our own limit is cut to it.", {"type": "integer", "minimum": 0}, 50),
    "date_from": ("Last updated at this moment or later.", {"type": "string", "format": "date-time"}, TIMESTAMP),
    "date_to": ("Last updated before this moment.", {"type": "string", "format": "date-time"}, TIMESTAMP),
}
PAGE_HEADERS = {
    "Link": ('URL of the next page: `<...>; rel="next"`. Absent on the last.', STRING),
    "X-Total-Count": ("Objects that match, on all pages.", {"type": "integer"}),
    "X-Limit": ("Our limit for a page.", {"type": "integer"}),
}
CODES = ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in StatusCode)
ENVELOPE: Schema = {
    "type": "object",
    "description": "Every answer has this form, also a refusal.",
    "properties": {
        "data": {"description": "What was asked for; absent where there is nothing to tell."},
        "status_code": {"type": "integer", "description": f"OCPI status code: {CODES}.", "examples": [1000]},
        "status_message": {"type": "string", "description": "For the developer who reads your log."},
        "timestamp": {"type": "string", "format": "date-time"},
    },
    "required": ["status_code", "status_message", "timestamp"],
}


def envelope(status_code: int, message: str, data: Any = None) -> dict[str, Any]:
    """Return an example of an answer."""
    body = {"status_code": int(status_code), "status_message": message, "timestamp": TIMESTAMP}
    return body if data is None else {"data": data} | body


def in_envelope(data: Schema | None) -> Schema:
    """Return the schema of an answer with `data`."""
    return {"allOf": [ref("Envelope"), {"type": "object", "properties": {"data": data}}]} if data else ref("Envelope")


def answer(text: str, schema: Schema, examples: dict[str, Any], headers: dict[str, Any]) -> dict[str, Any]:
    """Return a response. `examples`: title -> body."""
    shown = {
        f"example{number}": {"summary": title, "value": body}
        for number, (title, body) in enumerate(examples.items(), 1)
    }
    found = {"description": text, "content": {JSON: {"schema": schema, "examples": shown}}}
    return found | ({"headers": headers} if headers else {})


def variable(name: str, is_uuid: bool, choices: list[str]) -> dict[str, Any]:
    """Return a path parameter; `choices` are the values of `kind`."""
    text, example = VARIABLES.get(name, ("", "1"))
    schema: Schema = {**(UUID if is_uuid else STRING)}
    if name == "kind":
        schema["enum"], example = choices, choices[0]
    return {"name": name, "in": "path", "required": True, "description": text, "schema": schema, "example": example}


def query(name: str, text: str, schema: Schema, example: Any) -> dict[str, Any]:
    """Return a query parameter; none is required."""
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema, "example": example}


def carried_headers(version: Version, view: type[OcpiView]) -> dict[str, str]:
    """Return the headers that requests and answers carry: name -> meaning."""
    correlation = CORRELATION if version.correlation_headers else {}
    return correlation | (ROUTING if version.routing_headers and view.functional else {})


def request_headers(version: Version, view: type[OcpiView]) -> list[dict[str, Any]]:
    """Return the header parameters of a request."""
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": STRING}
        for name, text in carried_headers(version, view).items()
    ]


def response_headers(version: Version, view: type[OcpiView]) -> dict[str, Any]:
    """Return the headers of any answer."""
    return {name: header(text, STRING) for name, text in carried_headers(version, view).items()}


def header(text: str, schema: Schema) -> dict[str, Any]:
    """Return a response header."""
    return {"description": text, "schema": schema}
