"""A tiny eMSP for these tests: it stores what a CPO sends and says what it was asked to say."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from cpo_simulator.server.wishes import change_behaviour
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.config import Config
from cpo_simulator.simulator import Simulator
from tests.support.processes import PATIENCE

TOKEN_B = "token-b-of-the-emsp"
ROLES = {"tokens": "SENDER", "commands": "SENDER", "credentials": "SENDER"}
MODULES = ("credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands")
TOKEN = {
    "country_code": "SK",
    "party_id": "SFP",
    "uid": "one-off-1",
    "type": "AD_HOC_USER",
    "contract_id": "SK-SFP-C1",
    "auth_id": "SK-SFP-C1",
    "issuer": "Smart Fuel Pass",
    "valid": True,
    "whitelist": "NEVER",
    "last_updated": "2026-11-22T10:00:00Z",
}


@dataclass
class Heard:
    """A request that the CPO sent us."""

    method: str
    path: str
    body: Any
    headers: Any


@dataclass
class Emsp:
    """Serves versions, details and credentials with token B (or ``token_a``); remembers everything else."""

    version: str = "2.2.1"
    modules: tuple[str, ...] = MODULES
    token: str = TOKEN_B
    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    credentials_from_cpo: dict[str, Any] = field(default_factory=dict)
    http: aiohttp.ClientSession = field(init=False)
    cpo_token: str = ""
    endpoints: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def has_roles(self) -> bool:
        return self.version != "2.1.1"

    def encoded(self, token: str) -> str:
        return base64.b64encode(token.encode()).decode() if self.has_roles else token

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Token {self.encoded(self.token)}":
            return web.json_response({"status_code": 2000, "timestamp": "2026-11-22T10:00:00Z"}, status=401)
        body: Any = await request.json() if await request.read() else None
        path = request.rel_url.raw_path
        if path == "/versions":
            return self.say([{"version": "2.0", "url": "x"}, {"version": self.version, "url": f"{self.url}/details"}])
        if path == "/details":
            return self.say({"version": self.version, "endpoints": self._endpoints()})
        if path == "/credentials":
            self.credentials_from_cpo = body
            return self.say(self.credentials("token-for-the-cpo-after"))
        self.heard.append(Heard(request.method, path, body, request.headers))
        self._news.set()
        return self.say(None)

    def _endpoints(self) -> list[dict[str, str]]:
        out = [{"identifier": one, "url": f"{self.url}/{one}"} for one in self.modules]
        return [{**one, "role": ROLES.get(one["identifier"], "RECEIVER")} for one in out] if self.has_roles else out

    @staticmethod
    def say(data: Any) -> web.Response:
        body = {"status_code": 1000, "timestamp": "2026-11-22T10:00:00Z"}
        return web.json_response(body if data is None else {**body, "data": data})

    def credentials(self, token: str | None = None) -> dict[str, Any]:
        role = {"country_code": "SK", "party_id": "SFP", "business_details": {"name": "Smart Fuel Pass"}}
        base = {"token": token or self.token, "url": f"{self.url}/versions"}
        return {**base, "roles": [{**role, "role": "EMSP"}]} if self.has_roles else {**base, **role}

    async def call(self, method: str, url: str, body: Any = None, token: str | None = None, **headers: str) -> Any:
        """(http status, envelope, headers) of a call to the CPO."""
        sent = {"Authorization": f"Token {self.encoded(token or self.cpo_token)}", **headers}
        async with self.http.request(method, url, json=body, headers=sent) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else text, response.headers

    async def register(self, sim: Simulator) -> None:
        """The whole handshake, as an eMSP starts it."""
        token_a = sim.registration.token_a
        _, versions, _ = await self.call("GET", sim.registration.versions_url, token=token_a)
        url = next(one["url"] for one in versions["data"] if one["version"] == self.version)
        _, details, _ = await self.call("GET", url, token=token_a)
        self.endpoints = {one["identifier"]: one["url"] for one in details["data"]["endpoints"]}
        http, reply, _ = await self.call("POST", self.endpoints["credentials"], self.credentials(), token_a)
        assert (http, reply["status_code"]) == (200, 1000), reply
        self.cpo_token = reply["data"]["token"]

    async def command(self, name: str, **body: Any) -> Any:
        url = f"{self.endpoints['commands']}/{name}"
        _, envelope, _ = await self.call("POST", url, {"response_url": f"{self.url}/results/{name}", **body})
        return envelope

    async def start(self, evse_uid: str, reference: str = "ref-1", **more: Any) -> Any:
        location = evse_uid.rsplit("-", 1)[0]
        body = {"token": TOKEN, "location_id": location, "evse_uid": evse_uid}
        return await self.command("START_SESSION", **body, authorization_reference=reference, **more)

    async def wait(self, wanted: Callable[[Heard], bool], seconds: float = PATIENCE) -> Heard:
        """The first request that fits; fails if none comes in time."""

        async def look() -> Heard:
            while True:
                for one in self.heard:
                    if wanted(one):
                        return one
                self._news.clear()
                await self._news.wait()

        return await asyncio.wait_for(look(), seconds)

    async def session(self, status: str) -> dict[str, Any]:
        """The body of the first PUT of a Session in this status."""
        heard = await self.wait(lambda one: "/sessions/" in one.path and one.body.get("status") == status)
        body: dict[str, Any] = heard.body
        return body

    async def cdr(self) -> dict[str, Any]:
        heard = await self.wait(lambda one: one.method == "POST" and one.path == "/cdrs")
        body: dict[str, Any] = heard.body
        return body

    def statuses(self, evse_uid: str) -> list[str]:
        return [one.body["status"] for one in self.heard if one.path.endswith(f"/{evse_uid}")]

    async def control(self, sim: Simulator, path: str, body: Any = None, method: str = "POST") -> Any:
        async with self.http.request(method, f"{sim.base_url}/control/{path}", json=body) as response:
            return response.status, await response.json()


@asynccontextmanager
async def emsp(version: str = "2.2.1", **more: Any) -> AsyncIterator[Emsp]:
    """A running eMSP."""
    one = Emsp(version=version, **more)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", one.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    one.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as http:
        one.http = http
        yield one
    await runner.cleanup()


@asynccontextmanager
async def cpo(behaviour: dict[str, Any] | None = None, **config: Any) -> AsyncIterator[Simulator]:
    """A running simulator, fast and silent."""
    chosen = Behaviour()
    change_behaviour(chosen, behaviour or {})
    settings = {"speed": 1000.0, "meter_interval": 0.1, "quiet": True, **config}
    sim = Simulator(Config(**settings), chosen)
    await sim.start()
    try:
        yield sim
    finally:
        await sim.stop()


@asynccontextmanager
async def connected(
    behaviour: dict[str, Any] | None = None, version: str = "2.2.1", **config: Any
) -> AsyncIterator[tuple[Any, Any]]:
    """(simulator, eMSP), registered with each other."""
    async with cpo(behaviour, versions=(version,), **config) as sim, emsp(version) as one:
        await one.register(sim)
        yield sim, one
