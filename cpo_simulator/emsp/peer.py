"""The eMSP as seen from here: an HTTP client that logs every exchange."""

import json
from dataclasses import dataclass, field
from time import perf_counter

import aiohttp

from cpo_simulator.emsp.exchanges import Exchange, Exchanges
from cpo_simulator.wire.shapes import Json
from cpo_simulator.wire.voice import dumps

_LARGEST = 5_000_000


@dataclass(frozen=True)
class Answer:
    """What came back: HTTP status (None if nothing did), OCPI ``status_code``, ``data``, what went wrong."""

    http: int | None = None
    status_code: int | None = None
    data: Json = None
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """HTTP 2xx together with OCPI 1xxx."""
        return self.http is not None and 200 <= self.http < 300 and 1000 <= (self.status_code or 0) < 2000

    def reason(self) -> str:
        """One phrase for people: why this is no success."""
        return self.error or f"HTTP {self.http}, OCPI {self.status_code}"


class Peer:
    """Sends requests; never raises for what the other side does, and never sends anything twice."""

    def __init__(self, exchanges: Exchanges) -> None:
        self._exchanges = exchanges
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.close()

    async def call(
        self, method: str, url: str, headers: dict[str, str], body: Json = None, timeout: float = 15.0
    ) -> Answer:
        """One request with these headers; ``timeout`` in real seconds covers the whole exchange."""
        started = perf_counter()
        answer, text = await self._send(method, url, headers, body, timeout)
        shown = {name: value for name, value in headers.items() if name != "Authorization"}
        self._exchanges.add(
            Exchange(
                direction="out",
                method=method,
                url=url,
                http=answer.http,
                status_code=answer.status_code,
                ms=round((perf_counter() - started) * 1000),
                request=body,
                response=text,
                error=answer.error,
                authorization=headers.get("Authorization", ""),
                headers=shown,
            )
        )
        return answer

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: Json, timeout: float
    ) -> tuple[Answer, Json]:
        if self._http is None:
            self._http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        data, more = None, {}
        if body is not None:
            data, more = dumps(body), {"Content-Type": "application/json"}
        limit = aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._http.request(
                method, url, headers={**headers, **more}, data=data, timeout=limit, allow_redirects=False
            ) as response:
                raw = await _read(response)
                return _understood(response.status, raw, dict(response.headers))
        except TimeoutError:
            return Answer(error=f"no answer within {timeout:g} s"), None
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return Answer(error=f"{type(problem).__name__}: {problem}"), None


async def _read(response: aiohttp.ClientResponse) -> bytes:
    raw = b""
    async for piece in response.content.iter_chunked(65_536):
        raw += piece
        if len(raw) > _LARGEST:
            raise ValueError("the answer is too long")
    return raw


def _understood(http: int, raw: bytes, headers: dict[str, str]) -> tuple[Answer, Json]:
    text = raw.decode("utf-8", "replace")
    try:
        body = json.loads(text) if text.strip() else None
    except ValueError:
        return Answer(http, error="the answer is not JSON", headers=headers), text[:2000]
    if not isinstance(body, dict):
        return Answer(http, error="the answer has no OCPI envelope", headers=headers), body
    code = body.get("status_code")
    code = int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdigit()) else None
    error = str(body.get("status_message") or "") if code is None or code >= 2000 else ""
    return Answer(http, code, body.get("data"), error, headers), body
