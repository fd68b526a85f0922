"""Messages to the eMSP that nobody asked for: in order per lane, never sent twice, never waited for."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from cpo_simulator.emsp.exchanges import Exchanges
from cpo_simulator.emsp.peer import Peer
from cpo_simulator.emsp.registration import Connection, Registration
from cpo_simulator.settings.config import Config
from cpo_simulator.settings.knobs import Knobs
from cpo_simulator.store import Books
from cpo_simulator.wire.voice import Voice

_MOST_WAITING = 200
_CONFIGURATION = frozenset({"hubclientinfo"})  # no routing headers (OCPI 2.2.1 §4.1.8)


class Pusher:
    """Sends in the background. A lane (an EVSE's uid) keeps its messages in order; lanes run side by side.

    A failed push is logged and forgotten (OCPI 2.2.1 §4.4): GET serves the truth.
    """

    def __init__(
        self,
        config: Config,
        registration: Registration,
        peer: Peer,
        voice: Voice,
        exchanges: Exchanges,
        books: Books,
        knobs: Callable[[], Knobs],
    ) -> None:
        self._config = config
        self._registration = registration
        self._peer = peer
        self._voice = voice
        self._exchanges = exchanges
        self._books = books
        self._knobs = knobs
        self.offline = False
        self._tails: dict[str, asyncio.Task[None]] = {}
        self._waiting: Counter[str] = Counter()

    def push(
        self,
        lane: str,
        method: str,
        module: str,
        path: tuple[str, ...],
        kind: str,
        thing: Any,
        role: str = "RECEIVER",
    ) -> None:
        """Queue one object, or part of one, for an interface of the eMSP; spoken as it is now."""
        connection = self._registration.connection
        if connection is None:
            return
        url = connection.endpoints.get((module, role))
        if url is None:
            self._exchanges.note(f"not pushed: the eMSP has no {role.lower()} for {module}")
            return
        body = self._voice.speak(connection.version, kind, thing)
        target = self._voice.address(url, path)
        self._enqueue(lane, lambda: self._send(connection, method, module, target, body))

    def owned_path(self, *segments: str) -> tuple[str, ...]:
        """Path segments of an object of ours at a receiver: country, party, then the ids."""
        return (self._config.country, self._config.party, *segments)

    def result(self, lane: str, response_url: str, result: str, message: str = "") -> None:
        """Queue a CommandResult for the response_url of a command (OCPI 2.2.1 §13.3.3)."""
        text = [{"language": "en", "text": message}] if message else None
        self.answer(lane, response_url, "command_result", {"result": result, "message": text})

    def answer(self, lane: str, response_url: str, kind: str, thing: Any) -> None:
        """Queue any asynchronous result for a response_url."""
        connection = self._registration.connection
        if connection is None:
            return
        body = self._voice.speak(connection.version, kind, thing)
        self._enqueue(lane, lambda: self._send(connection, "POST", kind, response_url, body))

    async def flush(self, lane: str) -> None:
        """Wait until everything queued so far in this lane is out."""
        tail = self._tails.get(lane)
        if tail is not None:
            await asyncio.wait([tail])

    async def close(self) -> None:
        """Stop sending."""
        tails = list(self._tails.values())
        for tail in tails:
            tail.cancel()
        await asyncio.gather(*tails, return_exceptions=True)

    def _enqueue(self, lane: str, send: Callable[[], Awaitable[None]]) -> None:
        if self._waiting[lane] >= _MOST_WAITING:
            self._exchanges.note(f"not pushed: {_MOST_WAITING} messages of {lane} are waiting already")
            return
        self._waiting[lane] += 1
        task = asyncio.ensure_future(self._after(self._tails.get(lane), lane, send))
        self._tails[lane] = task

    async def _after(self, previous: asyncio.Task[None] | None, lane: str, send: Callable[[], Awaitable[None]]) -> None:
        try:
            if previous is not None and not previous.done():
                await asyncio.wait([previous])
            await send()
        finally:
            self._waiting[lane] -= 1
            if self._waiting[lane] <= 0:
                del self._waiting[lane]
                self._tails.pop(lane, None)

    async def _send(self, connection: Connection, method: str, module: str, url: str, body: Any) -> None:
        if self._registration.connection is None:
            return
        if self.offline:
            self._exchanges.note(f"not pushed while the server is gone: {method} {url}")
            return
        headers = self.headers(self._registration.connection)
        if module in _CONFIGURATION:
            headers = {name: value for name, value in headers.items() if not name.startswith("OCPI-")}
        answer = await self._peer.call(method, url, headers, body, self._knobs().push_timeout)
        self._books.push(method, module, answer.ok)

    def headers(self, connection: Connection) -> dict[str, str]:
        """Authorization, message ids and routing headers of a request on a functional module."""
        version = connection.version
        headers = {"Authorization": self._voice.authorization(connection.token_out, connection.base64_tokens)}
        if self._voice.wants_headers(version):
            headers |= self._voice.message_ids(version)
            headers["OCPI-to-country-code"] = connection.party.country_code
            headers["OCPI-to-party-id"] = connection.party.party_id
            headers["OCPI-from-country-code"] = self._config.country
            headers["OCPI-from-party-id"] = self._config.party
        return headers
