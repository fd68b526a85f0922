"""A request of the web server as WSGI, and Django, have it."""

import io
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest

from ocpi.server.raw_path import RAW_PATH

Scope = dict[str, Any]
BASE = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class Arrived(HttpRequest):
    """A request as far as its environ tells it: without what Django's own makes of cookies, forms and files."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.META, self.method = environ, environ["REQUEST_METHOD"]

    def _get_scheme(self) -> str:
        return str(self.META["wsgi.url_scheme"])


def environ_of(scope: Scope, headers: dict[str, str], body: bytes, length: int) -> dict[str, Any]:
    """The request as WSGI has it. `RAW_PATH` is the path as it was sent: an encoded slash belongs to an id."""
    raw = scope.get("raw_path") or scope["path"].encode()
    raw = raw.partition(b"?")[0]
    host, port = scope.get("server") or ("", "")
    environ = {
        **BASE,
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(raw).decode("latin-1"),
        RAW_PATH: raw.decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(body),
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(length)
    return environ


def join_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names; a name with an underscore could pose as another one and is left out."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if "_" not in name:
            separator = "; " if name == "cookie" else ","
            headers[name] = f"{headers[name]}{separator}{value}" if name in headers else value
    return headers
