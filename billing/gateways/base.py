"""What every payment gateway offers us, and what it may answer."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class Outcome(StrEnum):
    """How a gateway answered."""

    DONE = "done"
    PENDING = "pending"  # accepted, not finished: look up the same key later
    DECLINED = "declined"  # the driver's bank says no
    REFUSED = "refused"  # the gateway will not do it, and asking again changes nothing
    EXPIRED = "expired"  # the reservation ran out: nothing is held any more
    UNKNOWN_KEY = "unknown_key"  # lookup only: no request with this key ever arrived


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """A gateway's answer to a request, or to a lookup of it. Amounts in minor units."""

    outcome: Outcome
    gateway_reference: str = ""
    amount: int | None = None
    captured_amount: int | None = None
    expires_at: datetime | None = None
    code: str = ""
    message: str = ""


class GatewayUnreachable(Exception):
    """No answer came.

    `might_have_arrived` is False only when the request certainly did not reach the gateway (name not
    resolved, connection refused, TLS failure). Otherwise the gateway may have acted, and only a lookup tells.
    """

    def __init__(self, message: str, *, might_have_arrived: bool) -> None:
        super().__init__(message)
        self.might_have_arrived = might_have_arrived


class Gateway(ABC):
    """A payment gateway or a terminal's acquirer.

    Each request carries an idempotency key (rule 29): the gateway does the same key's request once and
    answers repetitions as it answered the first. Every method may raise `GatewayUnreachable`, and gives up after
    `call_timeout` at the latest, connecting included. None is ever called inside a database transaction.
    """

    call_timeout: timedelta = timedelta(seconds=15)
    """The most that one call takes. After a worker died in a call, a driver waits a little over twice as long."""

    @abstractmethod
    def reserve(self, key: str, amount: int, currency: str, payment_method: str, reference: str) -> GatewayAnswer:
        """Reserve `amount` minor units of the driver's money; DONE carries `gateway_reference`."""

    @abstractmethod
    def capture(self, key: str, gateway_reference: str, amount: int) -> GatewayAnswer:
        """Take `amount` of what is reserved and let the rest go. There is no second capture."""

    @abstractmethod
    def release(self, key: str, gateway_reference: str) -> GatewayAnswer:
        """Let go of everything reserved, also when the reservation is still pending."""

    @abstractmethod
    def refund(self, key: str, gateway_reference: str, amount: int) -> GatewayAnswer:
        """Give `amount` back of what was captured. There may be several, together at most what was captured."""

    @abstractmethod
    def lookup(self, key: str) -> GatewayAnswer:
        """Tell what became of the request with this key, as it stands now; UNKNOWN_KEY if none arrived."""
