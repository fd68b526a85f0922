"""A partner that calls our own interface in this process, through the real URLs and views."""

import base64
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from ocpi.models import Message
from ocpi.routing import PREFIX
from ocpi.versions import Version
from partners import tokens
from partners.models import IssuedToken, Partner, PartnerRole


@dataclass(frozen=True)
class Answer:
    """One of our answers, with what the message log noted about the request."""

    http: int
    code: int
    data: Any
    text: str
    location: str
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class Caller:
    """A partner that speaks `version` and holds a token of ours."""

    version: Version
    owner: tuple[str, str]
    purpose: str = IssuedToken.Purpose.CONNECTION
    partner: Partner = field(init=False)

    def __post_init__(self) -> None:
        country_code, party_id = self.owner
        connected = self.purpose == IssuedToken.Purpose.CONNECTION
        self.partner = Partner.objects.create(
            code="example",
            name="Example",
            country_code=country_code,
            party_id=party_id,
            versions_url="http://127.0.0.1/versions",
            agreed_version=self.version.number,
            version=self.version.number if connected else "",
            connection=Partner.Connection.CONNECTED if connected else Partner.Connection.NOT_CONNECTED,
            enabled_versions=[self.version.number],
        )
        PartnerRole.objects.create(partner=self.partner, country_code=country_code, party_id=party_id)
        _row, self._token = tokens.issue(self.partner, self.purpose, IssuedToken.State.ACTIVE)
        self._client = Client()

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        """Call `path` below our URL of this version, or an absolute URL of ours."""
        url = path if "://" in path else f"/{PREFIX}/{self.version}/{path}"
        payload = {} if body is None else {"data": body, "content_type": "application/json"}
        send = getattr(self._client, method.lower())
        token = base64.b64encode(self._token.encode()).decode() if self.version.encodes_token else self._token
        response = send(url, headers={"authorization": f"Token {token}"}, **payload)
        envelope = response.json()
        message = Message.objects.order_by("-id").filter(direction=Message.Direction.INBOUND)[0]
        return Answer(
            response.status_code,
            envelope["status_code"],
            envelope.get("data"),
            envelope["status_message"],
            response.headers.get("Location", ""),
            tuple(note["path"] for note in message.faults),
            tuple(note["path"] for note in message.leniences),
        )
