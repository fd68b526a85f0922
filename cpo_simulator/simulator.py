"""The CPO itself: its parts wired together, and its life from start to stop."""

import asyncio
import json
import os
import ssl
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TextIO

from aiohttp import web

from cpo_simulator import catalogue
from cpo_simulator.behaviour import Behaviour
from cpo_simulator.charging.bay import Bay
from cpo_simulator.charging.run import Run
from cpo_simulator.clock import Clock
from cpo_simulator.config import Config
from cpo_simulator.exchanges import Exchanges
from cpo_simulator.peer import Peer
from cpo_simulator.pushes import Pusher
from cpo_simulator.registration import Registration
from cpo_simulator.server import bookings, clients
from cpo_simulator.server.control import routes
from cpo_simulator.server.ocpi import answer
from cpo_simulator.store import Store
from cpo_simulator.wire.voice import Voice

_LARGEST_BODY = 5_000_000


class Runs:
    """The runs under way, by session id."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def get(self, session_id: str) -> Run | None:
        """The run whose Session is still live."""
        return self._runs.get(session_id.casefold())

    def add(self, run: Run) -> None:
        """Remember a run."""
        self._runs[run.id] = run

    def remove(self, run: Run) -> None:
        """Forget a run."""
        self._runs.pop(run.id, None)

    def __len__(self) -> int:
        return len(self._runs)


class Simulator:
    """One simulated CPO."""

    def __init__(self, config: Config, behaviour: Behaviour | None = None, out: TextIO | None = None) -> None:
        self.config = config
        self.behaviour = behaviour or Behaviour()
        self.clock = Clock(lambda: self.behaviour.knobs.clock)
        self.started = self.clock.now()
        self.exchanges = Exchanges(config, out)
        self.store = Store(config.keep)
        self.voice = Voice(lambda: self.behaviour.habits, self.clock)
        self.peer = Peer(self.exchanges)
        self.registration = Registration(config, self.peer, self.voice, self.exchanges)
        self.pusher = Pusher(
            config,
            self.registration,
            self.peer,
            self.voice,
            self.exchanges,
            self.store.books,
            lambda: self.behaviour.knobs,
        )
        self.bays: dict[str, Bay] = {}
        self.runs = Runs()
        self.base_url = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._build()

    def _build(self) -> None:
        for tariff in catalogue.tariffs(self.config, self.started):
            self.store.tariffs.put(tariff["id"], tariff)
        for location in catalogue.locations(self.config, self.started):
            self.store.locations.put(location["id"], location)
            for evse in location["evses"]:
                self.bays[evse["uid"]] = Bay(location, evse, self.pusher, self.clock)
        for place in bookings.places(self):
            self.store.booking_locations.put(place["id"], place)
        for client in self.config.clients:
            clients.connect(self, *client.upper().split("*"))

    async def start(self) -> None:
        """Listen; afterwards ``base_url`` and the URLs of ``ready`` are known."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/ocpi/cpo/{tail:.*}", self._ocpi)
        app.add_routes(routes(self))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen(self._runner, self.config.port)
        self.port = int(self._runner.addresses[0][1])
        host = f"[{self.config.host}]" if ":" in self.config.host else self.config.host
        scheme = "https" if self.config.tls_cert else "http"
        self.base_url = f"{scheme}://{host}:{self.port}"
        self.registration.base_url = self.config.public_url.rstrip("/") or self.base_url
        if self.config.ready_file:
            self._write_ready_file(Path(self.config.ready_file))
        if self.config.register_url:
            self.later(self._register_at_start())

    async def _listen(self, runner: web.AppRunner, port: int) -> None:
        self._site = web.TCPSite(runner, self.config.host, port, ssl_context=self._tls())
        await self._site.start()

    async def outage(self, seconds: float) -> None:
        """Be gone for this many real seconds: connections are refused and nothing is pushed; charging goes on."""
        if self._runner is None or self._site is None or self.pusher.offline:
            return
        self.exchanges.note(f"gone for {seconds:g} s")
        self.pusher.offline = True
        await self._site.stop()
        await asyncio.sleep(seconds)
        await self._listen(self._runner, self.port)
        self.pusher.offline = False
        self.exchanges.note("back again")

    def ready(self) -> dict[str, Any]:
        """What a supervisor needs to know: ``{port, versions_url, token_a, control_url}``."""
        return {
            "port": self.port,
            "versions_url": self.registration.versions_url,
            "token_a": self.registration.token_a,
            "control_url": f"{self.base_url}/control",
        }

    async def stop(self) -> None:
        """Stop charging, pushing and listening; nothing is kept."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pusher.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self.peer.close()

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; it ends with the simulator."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def begin(self, run: Run) -> None:
        """Start a run at its EVSE."""
        run.bay.run = run
        run.bay.attempts[run.scenario.name] += 1
        self.behaviour.faults |= run.scenario.faults
        self.runs.add(run)
        self.later(run.play())

    def registered(self) -> None:
        """A registration succeeded: push the whole network, if that is wanted."""
        if self.config.push_locations:
            self.later(self._push_network_soon())

    def push_network(self) -> None:
        """PUT every Tariff and every Location to the eMSP."""
        for tariff in self.store.tariffs:
            path = self.pusher.owned_path(tariff["id"])
            self.pusher.push("network", "PUT", "tariffs", path, "tariff", tariff)
        for location in self.store.locations:
            path = self.pusher.owned_path(location["id"])
            self.pusher.push("network", "PUT", "locations", path, "location", location)

    async def register_at(self, url: str, token: str) -> None:
        """Start the handshake ourselves. Raises HandshakeError."""
        await self.registration.register(url, token)
        self.registered()

    async def _push_network_soon(self) -> None:
        """A moment later, so that the eMSP has read our answer to its registration first."""
        await asyncio.sleep(0.3)
        self.push_network()

    async def _register_at_start(self) -> None:
        try:
            await self.register_at(self.config.register_url, self.config.register_token)
        except Exception as problem:  # noqa: BLE001 - said aloud; the simulator goes on unregistered
            self.exchanges.note(f"could not register: {problem}")

    async def _ocpi(self, request: web.Request) -> web.StreamResponse:
        return await answer(self, request)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.exchanges.note(f"internal error: {task.exception()!r}")

    def _tls(self) -> ssl.SSLContext | None:
        if not self.config.tls_cert:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.config.tls_cert, self.config.tls_key or None)
        return context

    def _write_ready_file(self, path: Path) -> None:
        """Written aside and renamed, so that nobody reads half of it; only the owner may read it."""
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.ready(), file)
        aside.replace(path)
