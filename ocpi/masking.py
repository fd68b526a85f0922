"""Making an exchange fit to be kept: secrets masked, bodies capped, nothing that a database refuses."""

import json
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from partners import secrets

SECRET_HEADERS = ("authorization", "cookie", "token", "api-key", "secret")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def _spelled(word: str) -> str:
    """A pattern for `word` inside JSON, where any letter may be written as `\\u0074`."""
    return "".join(f"(?:{char}|\\\\u00{ord(char):02x}|\\\\u00{ord(char.upper()):02x})" for char in word)


# The value may be cut off by the end of the body; the possessive quantifiers keep hostile bodies linear.
TOKEN_VALUE = re.compile(rf'("{_spelled("token")}"\s*+:\s*+")([^"\\]*+(?:\\.[^"\\]*+)*+)', re.IGNORECASE | re.DOTALL)


def storable_text(text: str) -> str:
    """Return `text` without what PostgreSQL refuses in a text: U+0000 and halves of surrogate pairs."""
    return UNSTORABLE.sub(REPLACEMENT, text)


def decoded(body: bytes) -> str:
    """Return a JSON body as text, whichever Unicode encoding it has; unreadable bytes become U+FFFD."""
    return body.decode(json.detect_encoding(body), "replace")


def masked_body(body: bytes | str) -> str:
    """Return a body as it is logged: string values of `token` masked, capped at `OCPI_MESSAGE_BODY_LIMIT`.

    A `token` that is an object (START_SESSION's) stays: it names a driver's token, which opens nothing.
    """
    text = decoded(body) if isinstance(body, bytes) else body
    text = TOKEN_VALUE.sub(lambda found: found[1] + secrets.mask(found[2]), storable_text(text))
    limit = settings.OCPI_MESSAGE_BODY_LIMIT
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text)} characters, {limit} kept]"


def masked_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return headers as they are logged: the scheme and the last four characters of what authenticates."""
    return {storable_text(name): _masked_header(name, str(value)) for name, value in headers.items()}


def _masked_header(name: str, value: str) -> str:
    value = storable_text(value)
    if not any(word in name.lower() for word in SECRET_HEADERS):
        return value
    scheme, space, secret = value.strip().partition(" ")
    return f"{scheme} {secrets.mask(secret)}" if space else secrets.mask(scheme)
