"""The ASGI application in front of Django: it reads a body to its end before a thread is spent on the request.

A client that sends half a body, or one byte a second, so costs a socket and nothing else, and is told so when
`MAX_BODY_SECONDS` are over. `Transfer-Encoding: chunked` is read like everything else. No more than
`MAX_REQUEST_BYTES` are kept of any body, 1 kB without an `Authorization` header where a token is needed, and
`MAX_BUFFERED_BYTES` of all bodies together. Django then gets a plain WSGI request, one per thread of `WEB_THREADS`.
"""

import asyncio
import io
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from django.conf import settings

from ocpi.envelope import EnvelopeRenderer, StatusCode, envelope
from ocpi.server.raw_path import RAW_PATH
from sfp_platform.middleware import OCPI_PREFIX
from sfp_platform.web.crew import Crew

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

KEPT_OF_STRANGERS = 1024
BASE = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
}


class Gone(Exception):
    """The client hung up before its body was complete."""


class Refused(Exception):
    """The request is answered here, with this HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


@dataclass
class Body:
    """What was read of a body: `kept`, and how long it is or says that it is, in bytes."""

    kept: bytearray = field(default_factory=bytearray)
    length: int = 0


class Front:
    """One per process."""

    def __init__(self, application: Wsgi, threads: int) -> None:
        self.application, self.crew, self.buffered = application, Crew(threads), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        headers = join_headers(scope["headers"])
        body = Body()
        try:
            async with asyncio.timeout(settings.MAX_BODY_SECONDS):
                await self._read(body, scope, headers, receive)
            environ = environ_of(scope, headers, body)
            answer = await self.crew.work(lambda: respond(self.application, environ))
        except Gone:
            return
        except TimeoutError:
            answer = refusal(scope, 408, f"The body was not complete after {settings.MAX_BODY_SECONDS:g} seconds.")
        except Refused as refused:
            answer = refusal(scope, refused.status, refused.text)
        finally:
            self.buffered -= len(body.kept)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _read(self, body: Body, scope: Scope, headers: dict[str, str], receive: Receive) -> None:
        """Read what there is, and keep what may be kept. What is declared to be too long is not even read."""
        declared = headers.get("content-length", "")
        body.length = int(declared) if declared.isascii() and declared.isdigit() else 0
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if body.length > most:
            return
        to_keep = KEPT_OF_STRANGERS if is_stranger(scope, headers) else most
        read, more = 0, True
        while more:
            message = await _next_part(receive)
            if message["type"] == "http.disconnect":
                raise Gone
            chunk, more = message.get("body", b""), message.get("more_body", False)
            read += len(chunk)
            self._keep(body, chunk[: max(0, to_keep - len(body.kept))])
            if read > most:
                break
        body.length = read if read > most else len(body.kept)

    def _keep(self, body: Body, chunk: bytes) -> None:
        if self.buffered + len(chunk) > settings.MAX_BUFFERED_BYTES:
            raise Refused(503, "Too much is being sent to us at the moment. Please try again in a few seconds.")
        body.kept += chunk
        self.buffered += len(chunk)


async def _next_part(receive: Receive) -> Any:
    """What comes next of a request. Chunks that are not framed as HTTP asks are the client's fault, and answered so."""
    try:
        return await receive()
    except Exception as error:
        raise Refused(400, "The body cannot be read: its chunks are not framed as HTTP asks.") from error


@dataclass(frozen=True)
class Answer:
    """What Django, or the front itself, answers."""

    status: int
    headers: Headers
    body: bytes


def respond(application: Wsgi, environ: dict[str, Any]) -> Answer:
    """Have Django answer. Its connection is back in the pool before a byte goes out to a client that may be slow."""
    begun: list[tuple[int, Headers]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        begun.append((int(status.split(" ", 1)[0]), pairs))

    response: Any = application(environ, start_response)
    with closing(response):
        body = b"".join(response)
    return Answer(*begun[-1], body)


def environ_of(scope: Scope, headers: dict[str, str], body: Body) -> dict[str, Any]:
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
        "wsgi.input": io.BytesIO(bytes(body.kept)),
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(body.length)
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


def is_stranger(scope: Scope, headers: dict[str, str]) -> bool:
    """Whether a body can be of no use: OCPI without a word of who it is from."""
    return "authorization" not in headers and str(scope["path"]).startswith(OCPI_PREFIX)


def refusal(scope: Scope, status: int, text: str) -> Answer:
    """An answer without Django: in the envelope for OCPI. Whatever is left of the body is not waited for."""
    headers = [(b"connection", b"close"), (b"retry-after", b"5")]
    if str(scope["path"]).startswith(OCPI_PREFIX):
        content, kind = EnvelopeRenderer().render(envelope(StatusCode.CLIENT_ERROR, message=text)), b"application/json"
    else:
        content, kind = f"{HTTPStatus(status).phrase}. {text}\n".encode(), b"text/plain; charset=utf-8"
    return Answer(status, [*headers, (b"content-type", kind), (b"content-length", str(len(content)).encode())], content)
