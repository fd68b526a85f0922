"""The answers of one endpoint: success, and every refusal that it can give."""

from typing import Any

from ocpi.envelope import StatusCode
from ocpi.server.errors import tell_faults
from ocpi.server.openapi import parts, samples
from ocpi.server.openapi.operations import Operation, kind_for
from ocpi.server.openapi.schemas import name_of, ref
from ocpi.server.views.base import OcpiView
from ocpi.server.views.registration import VersionsView
from ocpi.versions import Version

REGISTERING = " A registration token is good here."
UNKNOWN_TOKEN = "The token is not known, or no longer valid."  # noqa: S105  (a message)
BARRED = "The connection is suspended, or you call from an address that is not on the list you gave us."
TOO_MANY = "Too many requests in a minute: of yours, or of your address without a valid token."
ABSENT = "There is no such object, or the party in the URL is none of yours."


def answers(version: Version, view: type[OcpiView], operation: Operation, variables: list[str]) -> dict[str, Any]:
    """Return the responses by HTTP status code."""
    headers = parts.response_headers(version, view)
    found = {"200": _success(version, operation, headers)}
    if operation.creates:
        found["201"] = _created_answer(version, operation, headers)
    for code, text, status_code, message in _refusals(version, view, operation, variables):
        body = parts.envelope(status_code, message)
        found[str(code)] = parts.answer(text, ref("Envelope"), {message: body}, dict(headers))
    if "401" in found:
        found["401"]["headers"] = headers | {"WWW-Authenticate": parts.header("`Token`", parts.STRING)}
    if "429" in found:
        found["429"]["headers"] = headers | {"Retry-After": parts.header("In how many seconds.", parts.STRING)}
    if "405" in found:
        found["405"]["headers"] = headers | {"Allow": parts.header("Methods of this URL.", parts.STRING)}
    return dict(sorted(found.items()))


def _success(version: Version, operation: Operation, headers: dict[str, Any]) -> dict[str, Any]:
    text = "Done." if operation.gives is None else "The answer is in `data`."
    examples = {"Done": parts.envelope(StatusCode.SUCCESS, "Success", _data(version, operation))}
    if operation.takes:
        kind = kind_for(operation.takes, version)
        text += (
            " Also for a body that is JSON but no valid object: then with `status_code` 2001 and every fault by its "
            "path in `status_message`."
        )
        examples["Refused: faults in the body"] = parts.envelope(
            StatusCode.INVALID, tell_faults(samples.faults(version, kind))
        )
    more = {name: parts.header(*meaning) for name, meaning in parts.PAGE_HEADERS.items()} if operation.paged else {}
    return parts.answer(
        text, parts.in_envelope(_schema(version, operation)), examples, headers | more | _location(operation)
    )


def _created_answer(version: Version, operation: Operation, headers: dict[str, Any]) -> dict[str, Any]:
    body = parts.envelope(StatusCode.SUCCESS, "Success", _data(version, operation))
    schema = parts.in_envelope(_schema(version, operation))
    return parts.answer("Done: the object is new here.", schema, {"Done": body}, headers | _location(operation))


def _location(operation: Operation) -> dict[str, Any]:
    return {"Location": parts.header(operation.location, parts.STRING)} if operation.location else {}


def _schema(version: Version, operation: Operation) -> dict[str, Any] | None:
    if operation.gives is None:
        return None
    one = ref(name_of(version, kind_for(operation.gives, version)))
    return {"type": "array", "items": one} if operation.many else one


def _data(version: Version, operation: Operation) -> Any:
    if operation.gives is None:
        return None
    one = samples.answer_sample(version, kind_for(operation.gives, version))
    return [one] if operation.many and one else one


def _refusals(
    version: Version, view: type[OcpiView], operation: Operation, variables: list[str]
) -> list[tuple[int, str, int, str]]:
    """(HTTP status code, when, OCPI status code, message) of each."""
    client = StatusCode.CLIENT_ERROR
    refusals: list[tuple[int, str, int, str]] = [
        (401, "No token, or a wrong one." + (REGISTERING if view.while_registering else ""), client, UNKNOWN_TOKEN),
        (403, BARRED, client, "The connection is suspended. Please contact us."),
        (429, TOO_MANY, client, "Too many requests with this token. Please try again in 36 seconds."),
    ]
    if variables:
        refusals.append((404, ABSENT, view.unknown_code, "There is no such object."))
    elif version.on_request and view is not VersionsView:
        refusals.append((404, "This version is not enabled for you.", client, "There is nothing at this URL."))
    if operation.takes:
        refusals += [
            (400, "The body is no JSON.", StatusCode.INVALID, "The body is empty: JSON is expected."),
            (408, "The body took too long to arrive.", client, "The body was not complete after 20 seconds."),
            (413, "The body is too large.", StatusCode.INVALID, "The body is larger than 10485760 bytes."),
        ]
    refusals += [(code, text, client, text) for code, text in operation.refusals.items()]
    return refusals
