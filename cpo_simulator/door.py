"""The socket that this CPO listens at."""

import ssl

from aiohttp import web

from cpo_simulator.settings.config import Config


class Door:
    """Opened once; shut for an outage and opened again at the same port. ``port`` and ``url`` are known once open."""

    def __init__(self, config: Config) -> None:
        self.port = 0
        self._config = config
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None

    @property
    def url(self) -> str:
        """Its base URL; empty until it is opened."""
        if not self.port:
            return ""
        host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
        return f"{'https' if self._config.tls_cert else 'http'}://{host}:{self.port}"

    @property
    def is_open(self) -> bool:
        """Whether anybody is let in."""
        return self._site is not None

    async def open(self, app: web.Application) -> None:
        """Listen for this application."""
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await self._listen(self._runner, self._config.port)
        self.port = int(self._runner.addresses[0][1])

    async def shut(self) -> None:
        """Refuse every connection from now."""
        if self._site is not None:
            await self._site.stop()
            self._site = None

    async def reopen(self) -> None:
        """Listen again, where it did before."""
        if self._runner is not None:
            await self._listen(self._runner, self.port)

    async def close(self) -> None:
        """Stop listening for good."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _listen(self, runner: web.AppRunner, port: int) -> None:
        self._site = web.TCPSite(runner, self._config.host, port, ssl_context=self._tls())
        await self._site.start()

    def _tls(self) -> ssl.SSLContext | None:
        if not self._config.tls_cert:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._config.tls_cert, self._config.tls_key or None)
        return context
