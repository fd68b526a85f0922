"""What every payment gateway offers us, and what it may answer.

A reservation has two halves. `open` makes it known to the gateway and holds nothing; its reference is saved; then
either the driver acts (`ACTION_REQUIRED`: a page to go to, a secret for the app), or `confirm` has the money held.
So whatever holds money has a reference that we know, and can be asked about by it: an idempotency key can not. It
repeats the first answer, a failure of the gateway's own too, and is forgotten after a day.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class Outcome(StrEnum):
    """How a gateway answered."""

    OPENED = "opened"  # known to the gateway, nothing is held: confirm it next
    ACTION_REQUIRED = "action_required"  # the driver has to act; nothing is held until then
    DONE = "done"
    PENDING = "pending"  # accepted, not finished: look up later
    DECLINED = "declined"  # the driver's bank says no
    REFUSED = "refused"  # the gateway will not do it, and asking again changes nothing
    EXPIRED = "expired"  # the reservation ran out: nothing is held any more
    UNKNOWN_KEY = "unknown_key"  # lookup only: this was not asked, or did not arrive


class Verb(StrEnum):
    """What a gateway is asked to do."""

    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    RAISE = "raise"


class Dispute(StrEnum):
    """How the driver's objection at the bank stands."""

    NONE = ""
    OPEN = "open"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DriverAction:
    """What the driver has to do before money is held: go to `url`, or let the app confirm with `client_secret`.

    `expires_at`: until when that is possible. Whoever has one of them can pay, and see what is paid for: they are
    kept encrypted, and shown to the driver alone.
    """

    url: str = ""
    client_secret: str = field(default="", repr=False)
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """A gateway's answer to a request, or to a lookup of it. Amounts in minor units.

    `gateway_reference`: what to ask by from now on; it may be another one than before.
    `expires_at`: until when the money is held. `most_capturable`: what may be captured, where that is not the amount.
    `refunded_amount`, `disputed_amount`: of what was captured; None where the gateway did not say.
    `card`: its last four digits, for the receipt.
    """

    outcome: Outcome
    gateway_reference: str = ""
    amount: int | None = None
    captured_amount: int | None = None
    expires_at: datetime | None = None
    code: str = ""
    message: str = ""
    action: DriverAction | None = None
    most_capturable: int | None = None
    refunded_amount: int | None = None
    dispute: Dispute | None = None
    disputed_amount: int | None = None
    card: str = ""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """What a reservation is opened with. Repeated with the same `key` it is the same in every field.

    `payment_method`: the gateway's token for the driver's card; "" where the driver chooses at the gateway's page
    (`Gateway.asks_driver`). `return_url`: where the driver goes afterwards. `locale`: of the driver, `sk` or `de-AT`.
    `metadata`: what staff find in the gateway's own pages: `session`, `evse`, `cpo`, `payment`, `purpose`. `asked_at`:
    when the reservation was wanted, for what is to end at a fixed time after it.
    """

    key: str
    amount: int
    currency: str
    payment_method: str
    reference: str
    asked_at: datetime
    return_url: str = ""
    locale: str = ""
    description: str = ""
    email: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def takes_all(self) -> bool:
        """Whether it is taken as soon as it is held, and all of it: what was still owed after a charge."""
        return self.metadata.get("purpose") == "collection"


@dataclass(frozen=True, slots=True)
class Opened:
    """What became of `open`: the gateway's `reference`, and what the driver has to do, if anything.

    `told`: where the gateway needs no second step, or does not open it.
    """

    reference: str = ""
    action: DriverAction | None = None
    told: GatewayAnswer | None = None

    def as_answer(self) -> GatewayAnswer:
        if self.told is not None:
            return self.told
        outcome = Outcome.ACTION_REQUIRED if self.action else Outcome.OPENED
        return GatewayAnswer(outcome, gateway_reference=self.reference, action=self.action)


@dataclass(frozen=True, slots=True)
class Question:
    """What became of a request? By the gateway's `reference` ("" where none was saved); `amount` in minor units."""

    verb: Verb
    key: str
    reference: str
    amount: int
    currency: str


@dataclass(frozen=True, slots=True)
class News:
    """An event as a gateway sent it, its signature checked. It says where to look, never what is true.

    `id`: the gateway's own, by which the same event is known again. `references`: the gateway's names of what it may
    be about; `payment`: our authorization's id, where the gateway gives back what it was opened with. `body`: what is
    kept of it, without secrets and without what tells who the driver is.
    """

    id: str
    kind: str
    at: datetime
    references: tuple[str, ...]
    payment: str
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one payment stands in a gateway's own books, in minor units. `payment`: our id, where the gateway has it.

    `disputed`: withheld or taken back by the bank; None where the gateway's list does not tell. `amount`: what was to
    be held. `about`: what it was opened with (`OpenRequest.metadata`), where the gateway gives it back.
    """

    reference: str
    payment: str
    currency: str
    held: int
    captured: int
    refunded: int
    disputed: int | None = None
    amount: int = 0
    opened_at: datetime | None = None
    about: Mapping[str, str] = field(default_factory=dict)


class NotFromGateway(Exception):
    """What arrived is not signed by the gateway, or cannot be read. The text may be told to whoever sent it."""


class GatewayUnreachable(Exception):
    """No usable answer came.

    `might_have_arrived` is False only when the request certainly did not reach the gateway (name not
    resolved, connection refused, TLS failure). Otherwise the gateway may have acted, and only a lookup tells.
    `key_is_spent`: the gateway will repeat this failure for the key that it came with.
    """

    def __init__(self, message: str, *, might_have_arrived: bool, key_is_spent: bool = False) -> None:
        super().__init__(message)
        self.might_have_arrived = might_have_arrived
        self.key_is_spent = key_is_spent


NOTHING: Mapping[str, str] = MappingProxyType({})
AGAIN = "~"


def intent_of(key: str) -> str:
    """What a key was made for, the same for all keys that were spent on it (rule 29)."""
    return key.partition(AGAIN)[0]


NOT_OFFERED = GatewayAnswer(Outcome.REFUSED, code="not_offered", message="This gateway cannot do that.")


class Gateway(ABC):
    """A payment gateway or a terminal's acquirer.

    Each request carries an idempotency key (rule 29), which the gateway may forget; what became of a request is asked
    by `lookup`, and nothing is asked twice that a lookup has not told to be undone. Every method may raise
    `GatewayUnreachable`, and gives up after `call_timeout` at the latest, connecting included. None is ever called
    inside a database transaction.
    """

    call_timeout: timedelta = timedelta(seconds=15)
    """The most that one call takes. After a worker died in a call, a driver waits a little over twice as long."""

    asks_driver: bool = False
    """The driver chooses at the gateway's own page how to pay: no payment method is needed."""

    usual_method: str = ""
    """The payment method where nobody names one."""

    def least(self, currency: str) -> int:
        """The smallest payment that it makes, in minor units."""
        return 1

    @abstractmethod
    def open(self, request: OpenRequest) -> Opened:
        """Make a reservation known to the gateway.

        Asked again with the same key it is the same reservation, or another one that nobody can pay: either nothing
        is held before its reference was saved, or the gateway can be asked by the key (`lookup` with no reference).
        """

    def confirm(self, request: OpenRequest, reference: str) -> GatewayAnswer:
        """Have what was opened with this request held. Asked only where `open` gave a reference and nothing to do."""
        return NOT_OFFERED

    def adopt(
        self, key: str, reference: str, amount: int, currency: str, about: Mapping[str, str] = NOTHING
    ) -> GatewayAnswer:
        """Take over what a payment terminal holds already, as if we had reserved it; nothing is changed there.

        `about`: as `OpenRequest.metadata`, for a gateway that keeps it with what it holds.
        """
        return NOT_OFFERED

    @abstractmethod
    def capture(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        """Take `amount` of what is reserved and let the rest go. There is no second capture."""

    @abstractmethod
    def release(self, key: str, reference: str) -> GatewayAnswer:
        """Let go of everything reserved, also when the driver has yet to pay, or the reservation is pending."""

    @abstractmethod
    def refund(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        """Give `amount` back of what was captured. There may be several, together at most what was captured."""

    def raise_to(self, key: str, reference: str, amount: int) -> GatewayAnswer:
        """Have `amount` held in all, instead of less. Where the gateway cannot, what is held stays as it is."""
        return NOT_OFFERED

    @abstractmethod
    def lookup(self, question: Question) -> GatewayAnswer:
        """Tell what became of a request, as it stands now; UNKNOWN_KEY if it was never done and may be asked.

        Of `Verb.RESERVE` it tells how the money stands, whoever moved it: captured, given back, disputed.
        """

    def list_since(self, since: datetime | None) -> Iterator[Standing] | None:
        """Tell every payment that was made since then, all of them for None, as the gateway's own books have it.

        One that nobody has paid yet is among them. None where the gateway cannot list. Asked by `ledger verify` and
        after a restore; each page is a call of its own.
        """
        return None

    def moved_since(self, since: datetime) -> Iterator[str] | None:
        """Tell the references of payments of which something was given back or disputed since then.

        None where the gateway cannot list them.
        """
        return None

    def read_event(self, headers: Mapping[str, str], body: bytes) -> News:
        """Check an event's signature and read it. `headers` by their names in small letters.

        Raises:
            NotFromGateway
        """
        raise NotFromGateway("This gateway sends no events.")
