"""Loaded by Schemathesis: makes what it generates belong together often enough to be stored, not only refused.

Left alone, it would hardly ever name a party of the caller's, the same id in URL and body, or an object that is there.
What to use comes from the test in `FUZZ_WITH`. One request in a few stays as generated.
"""

import itertools
import json
import os
from typing import Any

import schemathesis

GIVEN: dict[str, Any] = json.loads(os.environ["FUZZ_WITH"])
IDS = {
    "location_id": "id",
    "evse_uid": "uid",
    "connector_id": "id",
    "session_id": "id",
    "tariff_id": "id",
    "booking_id": "id",
    "booking_location_id": "id",
    "calendar_id": "id",
    "terminal_id": "terminal_id",
}
POOL = ["A-1", "A-2", "a-2"]
AS_GENERATED = 7
numbers = itertools.count(1)


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Change a request just before it is sent."""
    number = next(numbers)
    if case.path.endswith("/credentials"):
        as_registration(case, number)
    elif number % AS_GENERATED:
        as_somebody_known(case, number)


def as_registration(case: Any, number: int) -> None:
    """Registrations spoil the token that they use, and call the URL that they name."""
    tokens = GIVEN["registering"][case.method.upper() == "DELETE" :]
    case.headers["Authorization"] = f"Token {tokens[number % len(tokens)]}"
    if isinstance(case.body, dict) and isinstance(case.body.get("url"), str):
        case.body["url"] = GIVEN["nowhere"]


def as_somebody_known(case: Any, number: int) -> None:
    """Put what exists into the URL, and the same into the body."""
    variables = case.path_parameters or {}
    for name in variables:
        if name == "kind":
            variables[name] = GIVEN["kinds"][case.path.split("/")[4]]
        elif name in IDS:
            variables[name] = POOL[number % len(POOL)]
        elif name in GIVEN["variables"]:
            variables[name] = GIVEN["variables"][name]
    if isinstance(case.body, dict):
        owner = {name: GIVEN["variables"][name] for name in ("country_code", "party_id")}
        last = next((name for name in reversed(variables) if name in IDS), None)
        own = {IDS[last]: variables[last]} if last else {}
        case.body.update({name: value for name, value in {**owner, **own}.items() if name in case.body})
