"""What the cases of one run share: whom they look at, how they ask, what they found so far."""

import copy
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from ocpi.client import Call, CallFailed, call
from ocpi.client.remote import connection_token
from ocpi.hubs import hub_of
from ocpi.models import Message
from ocpi.routing import ON_PURPOSE
from ocpi.versions import VERSIONS, Version
from onboarding.connection_check.look import Look
from onboarding.connection_check.noting import note_manners
from onboarding.models import ConnectionCheck
from partners import tokens
from partners.models import Partner, ReceivedToken

LISTS = ("locations", "sessions", "cdrs", "tariffs")
KINDS: Mapping[str, str] = {"locations": "location", "sessions": "session", "cdrs": "cdr", "tariffs": "tariff"}


class Scene:
    """One run under way. `notes` are kept with each case's verdict and with each wait, and at once by `keep()`."""

    def __init__(self, run: ConnectionCheck) -> None:
        self.run = run
        self.partner: Partner = run.partner
        self.version: Version = VERSIONS[run.version]
        self.notes: dict[str, Any] = run.notes
        self.keep: Callable[[], None] = lambda: None

    @cached_property
    def is_connected(self) -> bool:
        """There was a handshake: the token opens every module."""
        return tokens.received_token(self.partner.pk, ReceivedToken.Purpose.CONNECTION) is not None

    @cached_property
    def token(self) -> str:
        """The token that we call them with; before the handshake Token A.

        Raises:
            CallFailed: `no_token`
        """
        purpose = ReceivedToken.Purpose
        return connection_token(self.partner, purpose.CONNECTION if self.is_connected else purpose.REGISTRATION)

    @property
    def secure(self) -> bool:
        return urlsplit(self.partner.versions_url).scheme.lower() == "https"

    def ask(
        self,
        url: str,
        module: str,
        *,
        method: str = "GET",
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        token: str = "",
        encoding: str = "",
        on_purpose: bool = False,
    ) -> Look:
        """Make a call, whatever comes of it, and note how it was answered.

        Args:
            token, encoding: instead of those in use.
            on_purpose: the call is wrong, to see how that is answered.
        """
        partner = copy.copy(self.partner)
        partner.token_encoding = encoding or self.notes.get("encoding", "") or partner.token_encoding
        request = Call(
            partner,
            method,
            url,
            token or self.token,
            module=ON_PURPOSE if on_purpose else module,
            version=self.version,
            params=params,
            body=body,
            # Lists behind a hub are asked of the hub itself (OCPI 2.2.1 §4.1.8.5).
            to=hub_of(self.partner),
        )
        reply, failure = None, None
        try:
            reply = call(request)
        except CallFailed as error:
            failure = error
        answered = reply or failure
        logged = answered.message_id if answered else None
        message = Message.objects.filter(pk=logged).first() if logged is not None else None
        look = Look(url, reply, failure, message)
        if not on_purpose:
            note_manners(self.notes, self.version, look, request)
        return look

    def url_of(self, module: str) -> str:
        """Where the check found this module; empty where it is not offered."""
        return str(self.notes.get("urls", {}).get(module, ""))

    @property
    def began_at(self) -> datetime:
        """When the case at hand was first looked at."""
        return datetime.fromisoformat(self.notes["began_at"])
