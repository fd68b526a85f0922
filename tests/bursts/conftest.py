"""A partner with a charger, and requests as our web server hands them to Django."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from django.core.wsgi import get_wsgi_application

from partners.models import Partner
from sfp_platform.web.front import Front
from tests.factories import PartnerFactory, PartnerRoleFactory, issue_token

BROKEN = b"what the web server cannot read as a chunk"


@dataclass
class Answered:
    """What came back; no status where the front had nobody left to answer."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """The front with Django behind it, in this process."""

    def __init__(self, threads: int = 2) -> None:
        self.front = Front(get_wsgi_application(), threads)

    def ask(
        self, method: str, path: str, *chunks: bytes, headers: dict[str, str] | None = None, complete: bool = True
    ) -> Answered:
        """Send a body in chunks; one that is not `complete` never ends."""
        return asyncio.run(self.asked(method, path, chunks, headers or {}, complete))

    async def asked(
        self, method: str, path: str, chunks: Sequence[bytes], headers: dict[str, str], complete: bool
    ) -> Answered:
        answered, waiting = Answered(), list(chunks)

        async def receive() -> dict[str, Any]:
            if not waiting and not complete:
                await asyncio.sleep(3600)
            if waiting and waiting[0] is BROKEN:
                raise RuntimeError("Invalid chunk size line")
            chunk = waiting.pop(0) if waiting else b""
            return {"type": "http.request", "body": chunk, "more_body": bool(waiting) or not complete}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                answered.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            else:
                answered.body += message.get("body", b"")

        raw, _, query = path.partition("?")
        given = {"host": "127.0.0.1", **headers}
        await self.front(
            {
                "type": "http",
                "http_version": "1.1",
                "method": method,
                "scheme": "http",
                "path": unquote(raw),
                "raw_path": raw.encode(),
                "query_string": query.encode(),
                "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
                "client": ("127.0.0.1", "40000"),
                "server": ("127.0.0.1", "8000"),
            },
            receive,
            send,
        )
        return answered


@pytest.fixture
def server(transactional_db: None, settings: Any, tmp_path: Path) -> Server:
    """With a spool of its own: what another test left in this process's would be told as not answered."""
    settings.SPOOL_DIR = str(tmp_path / "spool")
    return Server()


@pytest.fixture
def partner(transactional_db: None) -> Partner:
    made: Partner = PartnerFactory.create(code="ion", party_id="ION")
    PartnerRoleFactory.create(partner=made)
    return made


@pytest.fixture
def token(partner: Partner) -> dict[str, str]:
    """The header that the partner authenticates with."""
    return {"authorization": f"Token {issue_token(partner)}"}
