"""Who we are connected to: tokens, the eMSP's endpoints, the handshake in both directions (OCPI 2.2.1 §7)."""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cpo_simulator.clock import now
from cpo_simulator.emsp.exchanges import Exchanges
from cpo_simulator.emsp.peer import Answer, Peer
from cpo_simulator.settings.config import Config, new_token
from cpo_simulator.wire.shapes import Json, Object
from cpo_simulator.wire.versions import VERSIONS, Version
from cpo_simulator.wire.voice import Voice

Endpoints = Mapping[tuple[str, str], str]


class HandshakeError(Exception):
    """The handshake cannot go on; ``code`` is the OCPI status code that says why."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Party:
    """The eMSP as it introduced itself."""

    country_code: str
    party_id: str
    name: str


@dataclass(frozen=True)
class Connection:
    """A finished registration: ``token_in`` opens our doors, ``token_out`` theirs."""

    version: Version
    token_in: str
    token_out: str
    versions_url: str
    endpoints: Endpoints
    party: Party
    base64_tokens: bool
    since: datetime = field(default_factory=now)


class Registration:
    """At most one connection, and a Token A while there is none."""

    def __init__(self, config: Config, peer: Peer, voice: Voice, exchanges: Exchanges) -> None:
        self.connection: Connection | None = None
        self.token_a: str | None = config.token_a or new_token()
        self.lock = asyncio.Lock()
        self._pending: str | None = None
        self._config = config
        self._peer = peer
        self._voice = voice
        self._exchanges = exchanges
        self.base_url = ""

    @property
    def versions_url(self) -> str:
        """Our own versions endpoint."""
        return f"{self.base_url}/ocpi/cpo/versions"

    def url(self, version: Version, *segments: str) -> str:
        """One of our own endpoints, or with no segments our version details."""
        return "/".join((self.base_url, "ocpi/cpo", version.number, *segments))

    def rank(self, candidates: list[str]) -> str:
        """``full`` for the connection's token, ``first`` for Token A, else an empty string."""
        full = {self._pending, self.connection.token_in if self.connection else None} - {None}
        if any(_same(one, known) for one in candidates for known in full):
            return "full"
        return "first" if self.token_a and any(_same(one, self.token_a) for one in candidates) else ""

    def reset(self) -> str:
        """Forget the connection and issue a new Token A."""
        self.connection, self._pending = None, None
        self.token_a = new_token()
        return self.token_a

    def forget(self) -> None:
        """End the connection; nobody can call until a new Token A is issued."""
        self.connection, self._pending, self.token_a = None, None, None

    def own_credentials(self, token: str) -> Object:
        """Our Credentials object with a token for the other side (OCPI 2.2.1 §7.3.1)."""
        role = {
            "role": "CPO",
            "business_details": {"name": self._config.name, "website": self._config.website},
            "party_id": self._config.party,
            "country_code": self._config.country,
        }
        mine = {"token": token, "url": self.versions_url, "roles": [role]}
        if not self._config.clients:
            return mine
        behind = [dict(zip(("country_code", "party_id"), one.split("*"), strict=True)) for one in self._config.clients]
        mine["roles"] = [role, {**role, "role": "HUB"}, *({**role, **one} for one in behind)]
        return mine | {"hub_party_id": self._config.country + self._config.party}

    async def accept(self, version: Version, body: Json) -> Object:
        """The eMSP registers or updates: call it back with its token, then answer with a new one of ours."""
        token, url, party = read_credentials(body)
        base64_tokens, endpoints = await self._discover(version, url, token)
        fresh = new_token()
        self.connection = Connection(version, fresh, token, url, endpoints, party, base64_tokens)
        self.token_a = None
        self._exchanges.note(f"registered with {party.country_code}-{party.party_id} over OCPI {version.number}")
        return self.own_credentials(fresh)

    async def register(self, url: str, token: str) -> Connection:
        """We register at the eMSP: versions, details, POST credentials with our own fresh token."""
        async with self.lock:
            if self.connection is not None:
                raise HandshakeError(2000, "already registered: reset the registration first")
            base64_tokens, offered = await self._versions(url, token, None)
            mutual = [VERSIONS[number] for number in self._config.versions if number in offered]
            if not mutual:
                raise HandshakeError(3002, f"no mutual version: they offer {', '.join(offered) or 'none'}")
            version = max(mutual, key=lambda one: one.order)
            endpoints = await self._details(version, offered[version.number], token, base64_tokens)
            credentials_url = _credentials_url(endpoints)
            self._pending = new_token()
            try:
                body = self._voice.speak(version, "credentials", self.own_credentials(self._pending))
                answer = await self._call("POST", credentials_url, token, version, base64_tokens, body)
                if not answer.ok:
                    raise HandshakeError(answer.status_code or 3001, f"POST credentials: {answer.reason()}")
                theirs, their_url, party = read_credentials(answer.data)
                self.connection = Connection(version, self._pending, theirs, their_url, endpoints, party, base64_tokens)
                self.token_a = None
            finally:
                self._pending = None
            self._exchanges.note(f"registered at {party.country_code}-{party.party_id} over OCPI {version.number}")
            return self.connection

    async def configure(self, body: Json) -> Connection:
        """Take over credentials agreed by hand: ``{token_in, token_out, versions_url, version}``."""
        version = VERSIONS[body["version"]]
        token_in, token_out, url = body["token_in"], body["token_out"], body["versions_url"]
        base64_tokens, endpoints = await self._discover(version, url, token_out)
        party = Party(body.get("country_code", ""), body.get("party_id", ""), body.get("name", ""))
        self.connection = Connection(version, token_in, token_out, url, endpoints, party, base64_tokens)
        self.token_a = None
        return self.connection

    async def _discover(self, version: Version, url: str, token: str) -> tuple[bool, Endpoints]:
        base64_tokens, offered = await self._versions(url, token, version)
        if version.number not in offered:
            raise HandshakeError(3002, f"{url} does not offer {version.number}")
        endpoints = await self._details(version, offered[version.number], token, base64_tokens)
        missing = [f"{name} ({role})" for name, role in version.required_of_emsp if (name, role) not in endpoints]
        if missing:
            raise HandshakeError(3003, f"missing endpoints: {', '.join(missing)}")
        return base64_tokens, endpoints

    async def _versions(self, url: str, token: str, version: Version | None) -> tuple[bool, dict[str, str]]:
        """Their versions; where the encoding of the token is refused, the other one is tried once."""
        speaking = version or max((VERSIONS[n] for n in self._config.versions), key=lambda one: one.order)
        base64_tokens = self._voice.encodes(speaking)
        answer = await self._call("GET", url, token, speaking, base64_tokens)
        if answer.http == 401:
            base64_tokens = not base64_tokens
            answer = await self._call("GET", url, token, speaking, base64_tokens)
        if not answer.ok or not isinstance(answer.data, list):
            raise HandshakeError(3001, f"GET {url}: {answer.reason()}")
        offered = {
            one["version"]: one["url"]
            for one in answer.data
            if isinstance(one, dict) and {"version", "url"} <= set(one)
        }
        return base64_tokens, offered

    async def _details(self, version: Version, url: str, token: str, base64_tokens: bool) -> Endpoints:
        answer = await self._call("GET", url, token, version, base64_tokens)
        endpoints = answer.data.get("endpoints") if isinstance(answer.data, dict) else None
        if not answer.ok or not isinstance(endpoints, list):
            raise HandshakeError(3001, f"GET {url}: {answer.reason()}")
        return dict(_read_endpoints(endpoints))

    async def _call(
        self, method: str, url: str, token: str, version: Version, base64_tokens: bool, body: Json = None
    ) -> Answer:
        headers = {
            "Authorization": self._voice.authorization(token, base64_tokens),
            **self._voice.message_ids(version),
        }
        return await self._peer.call(method, url, headers, body)


def read_credentials(body: Json) -> tuple[str, str, Party]:
    """(token, versions URL, party) of a Credentials object of any version. Raises HandshakeError 2001."""
    try:
        roles = body.get("roles") or [body]
        mine = next((one for one in roles if one.get("role") == "EMSP"), roles[0])
        name = (mine.get("business_details") or {}).get("name", "")
        party = Party(mine["country_code"], mine["party_id"], name)
        token, url = body["token"], body["url"]
    except (KeyError, AttributeError, TypeError, IndexError) as problem:
        raise HandshakeError(2001, f"credentials are not complete: {problem}") from problem
    if not (isinstance(token, str) and isinstance(url, str) and token and url.startswith(("http://", "https://"))):
        raise HandshakeError(2001, "credentials need a token and an http(s) url")
    return token, url, party


# Which side of a module an eMSP serves; 2.1.1 names no roles, so they are filled in from here.
_EMSP_ROLES = {
    "tokens": "SENDER",
    "commands": "SENDER",
    "chargingprofiles": "SENDER",
    "credentials": "SENDER",
}


def _read_endpoints(endpoints: list[Any]) -> list[tuple[tuple[str, str], str]]:
    found = []
    for one in endpoints:
        if isinstance(one, dict) and isinstance(one.get("url"), str) and isinstance(one.get("identifier"), str):
            name = one["identifier"]
            found.append(((name, one.get("role") or _EMSP_ROLES.get(name, "RECEIVER")), one["url"]))
    return found


def _credentials_url(endpoints: Endpoints) -> str:
    for (name, _role), url in endpoints.items():
        if name == "credentials":
            return url
    raise HandshakeError(3003, "their version details list no credentials endpoint")


def _same(one: str, other: str | None) -> bool:
    return other is not None and hmac.compare_digest(one.encode(), other.encode())
