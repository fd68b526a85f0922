"""One simulated CPO with its server: its life from start to stop."""

import json
import os
from pathlib import Path
from typing import TextIO

from aiohttp import web

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.server.control.routes import routes
from cpo_simulator.server.modules import bookings, clients
from cpo_simulator.server.ocpi import answer
from cpo_simulator.settings.behaviour import Behaviour
from cpo_simulator.settings.config import Config

_LARGEST_BODY = 5_000_000


class Simulator(Cpo):
    """A CPO that serves OCPI and its control API."""

    def __init__(self, config: Config, behaviour: Behaviour | None = None, out: TextIO | None = None) -> None:
        super().__init__(config, behaviour, out)
        for place in bookings.places(self):
            self.store.booking_locations.put(place["id"], place)
        for client in config.clients:
            clients.connect(self, *client.upper().split("*"))

    async def start(self) -> None:
        """Listen; afterwards ``base_url`` and the URLs of ``ready`` are known."""
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/ocpi/cpo/{tail:.*}", self._ocpi)
        app.add_routes(routes(self))
        await self.door.open(app)
        self.registration.base_url = self.config.public_url.rstrip("/") or self.base_url
        if self.config.ready_file:
            self._write_ready_file(Path(self.config.ready_file))
        if self.config.register_url:
            self.later(self._register_at_start())

    async def stop(self) -> None:
        """Stop charging, pushing and listening; nothing is kept."""
        await self.close()

    async def _register_at_start(self) -> None:
        try:
            await self.register_at(self.config.register_url, self.config.register_token)
        except Exception as problem:  # noqa: BLE001 - said aloud; the simulator goes on unregistered
            self.exchanges.note(f"could not register: {problem}")

    async def _ocpi(self, request: web.Request) -> web.StreamResponse:
        return await answer(self, request)

    def _write_ready_file(self, path: Path) -> None:
        """Written aside and renamed, so that nobody reads half of it; only the owner may read it."""
        aside = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.ready(), file)
        aside.replace(path)
