"""What the steps of one version share: the partner, its CPO, tokens known in the clear, ways to wait and check."""

import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ocpi.client import functional
from ocpi.models import Message, OcpiSession, Token
from ocpi.routing import details_url
from ocpi.store import Party
from ocpi.versions import Version
from partners.models import Partner
from rehearsal.interop.cpo import ByHand, Cpo
from rehearsal.interop.meaning import differences

T = TypeVar("T")
PATIENCE = 15.0
POLL = 0.05


class Gap(Exception):
    """A feature does not work; the text says why."""


class NotInVersion(Exception):
    """The version has no such feature."""


def must(condition: object, otherwise: str) -> None:
    """Raise Gap unless the condition holds."""
    if not condition:
        raise Gap(otherwise)


def eventually(what: str, condition: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """Return the first true value of `condition()`. Raises Gap after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise Gap(f"waited {patience:g} s for {what}")
        time.sleep(POLL)
    return found


@dataclass
class World:
    """One version with its CPO. `cpo_token` and `our_token` are known once credentials were agreed by hand.

    `workers`: for the length of a `with` block our tasks are done by processes, as in earnest; else each step does what
    it needs itself.
    """

    version: Version
    cpo: Cpo
    partner: Partner
    workers: Callable[[], AbstractContextManager[None]] = nullcontext
    cpo_token: str = ""  # what the CPO calls us with
    our_token: str = ""  # what we call the CPO with
    token: Token | None = None
    session: OcpiSession | None = None
    evse_uid: str = ""
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def party(self) -> Party:
        return Party(self.partner, self.partner.country_code, self.partner.party_id, self.version)

    def url(self, *segments: str) -> str:
        """One of our own URLs of this version."""
        return "/".join((details_url(self.partner, self.version), *segments))

    def owned(self, module: str, *ids: str) -> str:
        """The URL of an object of the CPO at our receiver interface."""
        return self.url(module, self.partner.country_code, self.partner.party_id, *ids)

    def hand(self, method: str, url: str, body: Any = None) -> ByHand:
        """A request of the CPO's people with the token that the CPO used last."""
        return self.cpo.by_hand(method, url, self.cpo_token, body)

    def asked(self, module: str, *segments: str, **params: Any) -> Any:
        """What the CPO answers to a GET of ours."""
        self.partner.refresh_from_db()
        return functional(self.partner, "GET", module, "SENDER", *segments, params=params).data

    def mark(self) -> int:
        """Messages after this one are new."""
        newest = Message.objects.order_by("-id").first()
        return newest.pk if newest else 0

    def pushed(self, since: int, method: str, module: str) -> list[Message]:
        """What the CPO has sent since, each answered by now."""
        rows = Message.objects.filter(
            pk__gt=since, partner=self.partner, direction="in", method=method, module=module, http_status__isnull=False
        )
        return list(rows.order_by("id"))


def clean(messages: Iterable[Message]) -> None:
    """Raise Gap unless every push was taken and kept to the specification."""
    for message in messages:
        where = f"{message.method} {message.url}"
        must(message.ok, f"{where} was answered {message.http_status}, {message.ocpi_status}: {message.faults}")
        must(not message.leniences, f"{where} was read with {message.leniences}")


def same(what: str, theirs: Any, ours: Any) -> None:
    """Raise Gap where two objects differ in meaning."""
    found = list(differences(theirs, ours))
    must(not found, f"{what} differs: {'; '.join(found[:3])}")
