"""The ASGI application in front of Django: it reads a body to its end before a thread is spent on the request.

A client that sends half a body, or one byte a second, so costs a socket and nothing else, and is told so when
`MAX_BODY_SECONDS` are over. `Transfer-Encoding: chunked` is read like everything else. No more than
`MAX_REQUEST_BYTES` are kept of any body, 1 kB without an `Authorization` header where a token is needed, and
`MAX_BUFFERED_BYTES` of all bodies together. A push of a Session or status goes to the gatherer; for anything else, and
what that leaves, Django gets a plain WSGI request, one per thread of `WEB_THREADS`.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.conf import settings

from ocpi.envelope import EnvelopeRenderer, StatusCode, envelope
from ocpi.server import push
from partners.ground import counting
from sfp_platform.health.views import LIVE_BODY
from sfp_platform.middleware import OCPI_PREFIX, transport_headers
from sfp_platform.web.crew import Crew
from sfp_platform.web.environ import Arrived, environ_of, join_headers
from sfp_platform.web.gatherer import Gatherer

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

KEPT_OF_STRANGERS = 1024
AREAS = frozenset({"ocpi", "admin", "api", "webhooks", "onboarding", "docs", "health", "metrics", "static", "c"})
LIVE = "/health/live"
LIVE_JSON = json.dumps(LIVE_BODY).encode()


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


@dataclass(frozen=True)
class Answer:
    """What Django, or the front itself, answers."""

    status: int
    headers: Headers
    body: bytes

    def last(self) -> "Answer":
        """The same, as the last one on its connection."""
        others = [pair for pair in self.headers if pair[0] != b"connection"]
        return Answer(self.status, [*others, (b"connection", b"close")], self.body)


LIVE_ANSWER = Answer(
    200,
    [(b"content-type", b"application/json"), (b"content-length", str(len(LIVE_JSON)).encode())],
    LIVE_JSON,
)


async def send_answer(answer: Answer, send: Send) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    await send({"type": "http.response.body", "body": answer.body})


class Front:
    """One per process.

    `inside`: how many requests are in it at this moment. `leaving`: each answer ends its connection (`web.leaving`).
    """

    def __init__(self, application: Wsgi, threads: int) -> None:
        self.application, self.crew, self.buffered = application, Crew(threads), 0
        self.inside, self.leaving = 0, False
        self.pushes = Gatherer()
        self.pushes.start()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.inside += 1
        try:
            if answer := await self._answer_to(scope, receive):
                await send_answer(answer.last() if self.leaving else answer, send)
        finally:
            self.inside -= 1

    async def _answer_to(self, scope: Scope, receive: Receive) -> Answer | None:
        """None: nobody is there any more to be answered."""
        if scope["path"] == LIVE and scope["method"] == "GET":
            # Answered here, so that a process whose threads all wait for a database is not taken for a dead one.
            return LIVE_ANSWER
        headers = join_headers(scope["headers"])
        body = Body()
        try:
            async with asyncio.timeout(settings.MAX_BODY_SECONDS):
                await self._read(body, scope, headers, receive)
            environ = environ_of(scope, headers, bytes(body.kept), body.length)
            return await self._answer(environ, body)
        except Gone:
            return None
        except TimeoutError:
            return refusal(scope, 408, f"The body was not complete after {settings.MAX_BODY_SECONDS:g} seconds.")
        except Refused as refused:
            return refusal(scope, refused.status, refused.text)
        finally:
            self.buffered -= len(body.kept)

    async def _answer(self, environ: dict[str, Any], body: Body) -> Answer:
        if taken := await self._push(environ, body):
            return taken
        answer = await self.crew.work(lambda: respond(self.application, environ))
        counting.counted().requests.labels(area_of(environ["PATH_INFO"]), str(answer.status)).inc()
        return answer

    async def _push(self, environ: dict[str, Any], body: Body) -> Answer | None:
        """The answer to a push that can be taken at once; None: it is Django's, like all other requests."""
        if body.length != len(body.kept) or not push.is_one(environ):
            return None
        request = Arrived(environ)
        found = await self.pushes.answer(request, bytes(body.kept))
        if found is None:
            return None
        headers = {**found.headers, "Content-Length": str(len(found.body)), **transport_headers(request)}
        pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        return Answer(found.status, pairs, found.body)

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


def area_of(path: str) -> str:
    """What a request is for, by the beginning of its path."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in AREAS else "other"


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
