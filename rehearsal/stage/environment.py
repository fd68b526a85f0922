"""What the processes of one run are told: where their files, their database and their addresses are."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from rehearsal.stage.ports import LOOPBACK, free_port


@dataclass(frozen=True)
class Stage:
    """A folder and a port for the web server, and the variables that this process does not have yet."""

    folder: Path
    web_port: int
    variables: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def build(cls, folder: Path, own: Mapping[str, str], *, web_port: int | None = None) -> Self:
        """Point everything into `folder`: embedded defaults, whatever the shell has set, and `own` over them.

        Without `web_port` it is a free one, never a usual one: a second web server there would share its connections.
        """
        port = free_port() if web_port is None else web_port
        url = f"http://{LOOPBACK}:{port}"
        embedded = {
            "ENVIRONMENT": "development",
            "VAR_DIR": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'sfp.sqlite3'}",
            "REDIS_URL": "",
            "OCPI_BASE_URL_TEMPLATE": url,
            "PUBLIC_BASE_URL": url,
            "ALLOWED_HOSTS": f"{LOOPBACK},localhost",
            "PAYMENT_GATEWAY": "simulated",
            "EMAIL_URL": "consolemail://",
            "DJANGO_SETTINGS_MODULE": "sfp_platform.settings",
        }
        return cls(folder, port, embedded | dict(own))

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.web_port}"

    def environment(self, **more: str) -> dict[str, str]:
        """For every process of the platform."""
        return {**os.environ, **self.variables, **more}
