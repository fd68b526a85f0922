"""Reading request bodies: JSON as CPOs send it, whatever the Content-Type says."""

import json
import re
from typing import Any

from ocpi.envelope import Refusal, StatusCode
from ocpi.log.masking import decode

DEEPEST = 50  # OCPI's own objects nest about ten levels
FEW_BRACKETS = 100
MOST_BRACKETS = 150_000  # a day's Session with a charging period every ten seconds has some 50,000
STRINGS_AND_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


def read_json(body: bytes) -> Any:
    """Return the JSON value in `body`.

    Raises:
        Refusal: HTTP 400 when it is no JSON (OCPI 2.2.1 §4.1.7); 2001 when it nests deeper than anything in
        OCPI, or has more objects and lists.
    """
    text = decode(body).removeprefix("\ufeff")
    if not text.strip():
        raise Refusal(400, StatusCode.INVALID, "The body is empty: JSON is expected.")
    _check_depth(text)
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise Refusal(400, StatusCode.INVALID, f"The body is not JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _check_depth(text: str) -> None:
    brackets = text.count("[") + text.count("{")
    if brackets < FEW_BRACKETS:
        return
    if brackets > MOST_BRACKETS:
        many = f"The body has more than {MOST_BRACKETS} objects and lists."
        raise Refusal(200, StatusCode.INVALID, many)
    depth = 0
    for found in STRINGS_AND_BRACKETS.finditer(text):
        if found[0] in "[{":
            depth += 1
            if depth > DEEPEST:
                raise _too_deep()
        elif found[0] in "]}":
            depth -= 1


def _too_deep() -> Refusal:
    return Refusal(200, StatusCode.INVALID, f"The body nests deeper than {DEEPEST} levels.")
