"""The back office: everything this CPO has and knows, wired together, save what goes on at its chargers."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TextIO

from cpo_simulator.clock import Clock
from cpo_simulator.door import Door
from cpo_simulator.emsp.exchanges import Exchanges
from cpo_simulator.emsp.peer import Peer
from cpo_simulator.emsp.pushes import Pusher
from cpo_simulator.emsp.registration import Registration
from cpo_simulator.network import catalogue
from cpo_simulator.network.bay import Bay
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.config import Config
from cpo_simulator.store import Store
from cpo_simulator.wire.voice import Voice


class Office:
    """What a charge finds at its CPO: settings, books, the way to the eMSP, and the bays of the network."""

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
        self.door = Door(config)
        self.bays: dict[str, Bay] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._build()

    def _build(self) -> None:
        for tariff in catalogue.tariffs(self.config, self.started):
            self.store.tariffs.put(tariff["id"], tariff)
        for location in catalogue.locations(self.config, self.started):
            self.store.locations.put(location["id"], location)
            for evse in location["evses"]:
                self.bays[evse["uid"]] = Bay(location, evse, self.pusher, self.clock)

    @property
    def base_url(self) -> str:
        """Where it listens; empty until then."""
        return self.door.url

    def ready(self) -> dict[str, Any]:
        """What a supervisor needs to know: ``{port, versions_url, token_a, control_url}``."""
        return {
            "port": self.door.port,
            "versions_url": self.registration.versions_url,
            "token_a": self.registration.token_a,
            "control_url": f"{self.door.url}/control",
        }

    def later(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something in the background; it ends with the simulator."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    async def close(self) -> None:
        """End what goes on in the background, pushing and listening; nothing is kept."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.pusher.close()
        await self.door.close()
        await self.peer.close()

    async def outage(self, seconds: float) -> None:
        """Be gone for this many real seconds: connections are refused and nothing is pushed; charging goes on."""
        if not self.door.is_open or self.pusher.offline:
            return
        self.exchanges.note(f"gone for {seconds:g} s")
        self.pusher.offline = True
        await self.door.shut()
        await asyncio.sleep(seconds)
        await self.door.reopen()
        self.pusher.offline = False
        self.exchanges.note("back again")

    async def register_at(self, url: str, token: str) -> None:
        """Start the handshake ourselves. Raises HandshakeError."""
        await self.registration.register(url, token)
        self.registered()

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

    async def _push_network_soon(self) -> None:
        """A moment later, so that the eMSP has read our answer to its registration first."""
        await asyncio.sleep(0.3)
        self.push_network()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.exchanges.note(f"internal error: {task.exception()!r}")
