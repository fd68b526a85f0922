"""Making an exchange fit to be kept: secrets masked, bodies capped, nothing that a database refuses."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from django.conf import settings

from partners.ground import secrets

SECRET_HEADERS = ("authorization", "cookie", "token", "api-key", "secret")
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\ufffd"


def _spell(word: str) -> str:
    """A pattern for `word` inside JSON, where any letter may be written as `\\u0074`."""
    return "".join(f"(?:{char}|\\\\u00{ord(char):02x}|\\\\u00{ord(char.upper()):02x})" for char in word)


# The value may be cut off by the end of the body; the possessive quantifiers keep hostile bodies linear.
TOKEN_VALUE = re.compile(rf'("{_spell("token")}"\s*+:\s*+")([^"\\]*+(?:\\.[^"\\]*+)*+)', re.IGNORECASE | re.DOTALL)
# One parameter of a URL's query, wherever in a text the URL stands; JSON may write its `&` as `\u0026`.
PARAMETER = re.compile(r"([?&;#]|\\u0026)([^=&;?#\s\"'<>\\]++)=([^&;#\s\"'<>\\]++)")
SECRET_PARAMETER = re.compile(
    r"(?:token|secret|password|passwd|api[-_]?key|signature|authorization)$|^(?:auth|key|sig|pwd)$", re.IGNORECASE
)
# A name may have parts, and be encoded more than once on its way: `q[token]`, `filter.auth[0]`, `q%255Btoken%255D`.
PARTS = re.compile(r"[\[\].]+")
MOST_ENCODINGS = 4
USER_INFO = re.compile(r"(https?://)[^/?#\s\"'<>@]{1,500}+@", re.IGNORECASE)


def storable_text(text: str) -> str:
    """Return `text` without what PostgreSQL refuses in a text: U+0000 and halves of surrogate pairs."""
    if text.isascii() and "\x00" not in text:
        return text  # as nearly all of it is, told in a thirtieth of the time
    return UNSTORABLE.sub(REPLACEMENT, text)


def decode(body: bytes) -> str:
    """Return a JSON body as text, whichever Unicode encoding it has; unreadable bytes become U+FFFD."""
    return body.decode(json.detect_encoding(body), "replace")


def mask_urls(text: str) -> str:
    """Return a text with the secrets masked that URLs in it carry: `?token=`, `&api_key=`, `user:password@`."""
    if "=" in text:
        text = PARAMETER.sub(_mask_parameter, text)
    return USER_INFO.sub(r"\1…@", text) if "@" in text else text


def _mask_parameter(found: re.Match[str]) -> str:
    before, name, value = found.groups()
    if not any(SECRET_PARAMETER.search(part) for part in PARTS.split(_unquote(name))):
        return found[0]
    return f"{before}{name}={secrets.mask(unquote(value))}"


def _unquote(name: str) -> str:
    for _ in range(MOST_ENCODINGS):
        if "%" not in name:
            break
        name = unquote(name)
    return name


def mask_body(body: bytes | str) -> str:
    """Return a body as it is logged: string values of `token` masked, URLs too, capped at `OCPI_MESSAGE_BODY_LIMIT`.

    A `token` that is an object (START_SESSION's) stays: it names a driver's token, which opens nothing.
    """
    text = decode(body) if isinstance(body, bytes) else body
    text = TOKEN_VALUE.sub(lambda found: found[1] + secrets.mask(found[2]), mask_urls(storable_text(text)))
    limit = settings.OCPI_MESSAGE_BODY_LIMIT
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[cut: {len(text)} characters, {limit} kept]"


def mask_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return headers as they are logged: the scheme and the last four characters of what authenticates."""
    return {storable_text(name): _mask_header(name, str(value)) for name, value in headers.items()}


def _mask_header(name: str, value: str) -> str:
    value = storable_text(value)
    if not any(word in name.lower() for word in SECRET_HEADERS):
        return mask_urls(value)
    scheme, space, secret = value.strip().partition(" ")
    return f"{scheme} {secrets.mask(secret)}" if space else secrets.mask(scheme)
