"""What `decide` looks at: plain values, no Django, so that every case can be written down in a test."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Self

from sessions_adhoc.states import State

REFUSING_RESPONSES = frozenset({"REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION"})
"""Rule 3. Anything else, 2.1.1's TIMEOUT included, leaves open whether the charger starts."""

DOUBTFUL_RESPONSES = frozenset({"TIMEOUT"})
"""Of 2.1.1: the charger did not answer its server; it may start all the same."""

REFUSING_RESULTS = frozenset(
    {
        "REJECTED",
        "NOT_SUPPORTED",
        "EVSE_OCCUPIED",
        "EVSE_INOPERATIVE",
        "UNKNOWN_RESERVATION",
        "CANCELED_RESERVATION",
    }
)
"""Rule 4: after one of these no Session will come."""

DOUBTFUL_RESULTS = frozenset({"FAILED", "TIMEOUT"})
"""Rule 4: worth a GET /sessions, but chargers start late."""

TURNED_DOWN = frozenset({"REJECTED", "NOT_SUPPORTED"}) | DOUBTFUL_RESULTS
"""Results of a STOP that stopped nothing."""

LEAST_ENERGY = Decimal("0.01")
INTERIM_SHARE = Decimal("0.02")
"""What meters and bills may differ by: kWh, or a share of the bill's (rules 11, 32)."""

CONNECTOR_READY = frozenset({"BLOCKED", "PREPARING"})
SESSION_OVER = frozenset({"COMPLETED", "INVALID"})


@dataclass(frozen=True)
class Rules:
    """The policy of this session. Durations, except `max_attempts`."""

    start_strategy: str
    auto_retry: str
    max_attempts: int
    created_timeout: timedelta
    authorizing_timeout: timedelta
    connector_timeout: timedelta
    session_timeout: timedelta
    energy_timeout: timedelta
    meter_interval: timedelta
    silence_timeout: timedelta
    stop_timeout: timedelta
    cdr_timeout: timedelta
    cdr_deadline: timedelta
    flap_delay: timedelta
    retry_delay: timedelta
    retry_window: timedelta
    at_limit: str = "stop"

    @classmethod
    def from_policy(cls, policy: dict[str, Any]) -> Self:
        """Read the values kept with the session; durations there are seconds."""
        durations = {
            name: timedelta(seconds=policy[name])
            for name, kind in cls.__annotations__.items()
            if kind in (timedelta, "timedelta")
        }
        return cls(
            start_strategy=policy["start_strategy"],
            auto_retry=policy["auto_retry"],
            max_attempts=policy["max_attempts"],
            at_limit=policy["at_limit"],
            **durations,
        )


@dataclass(frozen=True)
class PaymentFacts:
    """The authorization: `state` as billing names it.

    `expires_soon`: billing warned that the gateway will let go of the money (rule 28).
    `refused`: the gateway refused a capture or release, and still holds the money.
    `stuck`: it has not finished a capture or release for so long that people must look.
    `short`: it holds less than the session is to have; `raising`: the gateway is asked for more.
    """

    state: str
    expires_soon: bool = False
    refused: bool = False
    stuck: bool = False
    short: bool = False
    raising: bool = False


@dataclass(frozen=True)
class CommandFacts:
    """A command: `state` as `ocpi.models.Command.State`, response and result in OCPI's words.

    `put_off`: for how long the CPO, which was called too often, does not want to be asked again.
    """

    state: str
    created_at: datetime | None = None
    tries: int = 0
    response: str = ""
    result: str = ""
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    result_at: datetime | None = None
    put_off: timedelta | None = None

    @property
    def refused(self) -> bool:
        return self.state == "answered" and self.response in REFUSING_RESPONSES

    @property
    def turned_down(self) -> bool:
        """Refused, or carried out without success."""
        return self.refused or self.result in TURNED_DOWN


@dataclass(frozen=True)
class SessionFacts:
    """The valid OCPI session of the attempt. `energy_observed` is the session rules' own term."""

    status: str
    kwh: Decimal
    energy_observed: bool
    active_at: datetime | None
    news_at: datetime

    @property
    def over(self) -> bool:
        return self.status in SESSION_OVER

    @property
    def delivered(self) -> bool:
        """Energy was delivered: observed while ACTIVE, or in what it says at its end (rule 8)."""
        return self.energy_observed or (self.over and self.kwh > 0)


@dataclass(frozen=True)
class AttemptFacts:
    """The newest attempt."""

    number: int
    created_at: datetime
    command: CommandFacts
    stop: CommandFacts | None = None
    session: SessionFacts | None = None
    connector_charging_at: datetime | None = None
    connector_fell_at: datetime | None = None
    connector_contradicts_at: datetime | None = None
    pull_asked_at: datetime | None = None
    pull_answered_at: datetime | None = None
    pull_failures: int = 0
    cdr_pulls: int = 0
    ended_at: datetime | None = None
    ended_kwh: Decimal | None = None

    @property
    def ended(self) -> bool:
        return self.ended_at is not None

    @property
    def runs_on(self) -> bool:
        """Its Session is ACTIVE, and its kWh rose since we called charging over (rule 19)."""
        session = self.session
        if session is None or session.status != "ACTIVE" or self.ended_kwh is None:
            return False
        return session.kwh > self.ended_kwh


@dataclass(frozen=True)
class CdrFacts:
    """What the valid CDRs together say. `amount` in minor units, at most what was reserved; None: cannot be billed.

    `came_at`: when the newest of them arrived.
    `reason`: a code for why not (`billing.settlement`, `billing.plausibility.Doubt`).
    """

    energy: Decimal
    amount: int | None
    text: str = ""
    came_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class OwnFacts:
    """What the charge comes to by our own calculation, from the offer and the meter values.

    `amount` in minor units, at most what is reserved; None where the meter values cannot be billed, which `text` says.
    `due_at`: from when on it is taken without a CDR.
    """

    amount: int | None
    text: str
    due_at: datetime


@dataclass(frozen=True)
class Spent:
    """The live estimate in minor units: now, at the next sample by the power now, and what is reserved (rule 33)."""

    now: int
    soon: int
    reserved: int


@dataclass(frozen=True)
class Facts:
    """Everything known about one ad-hoc session. `suspended`: nothing new may be started at its partner (rule 37).

    `is_retail`: the driver pays a price of our own, which needs no CDR. `cdr_elsewhere`: the id of a CDR of this
    session that names another charger, while no CDR counts.
    """

    state: State
    state_since: datetime
    created_at: datetime
    rules: Rules
    payment: PaymentFacts
    connector_status: str = ""
    is_dc: bool = False
    suspended: bool = False
    attempt: AttemptFacts | None = None
    cdr: CdrFacts | None = None
    cdr_elsewhere: str = ""
    own: OwnFacts | None = None
    is_retail: bool = False
    funds_reserved_at: datetime | None = None
    stop_requested_at: datetime | None = None
    cancel_requested_at: datetime | None = None
    retry_at: datetime | None = None
    charging_ended_at: datetime | None = None
    reason: str = ""
    spent: Spent | None = None
    limit_told_at: datetime | None = None
    limit_stop_at: datetime | None = None

    @property
    def wish_at(self) -> datetime | None:
        """When the driver last pressed stop or cancel."""
        return self.stop_requested_at or self.cancel_requested_at

    @property
    def driver_ended(self) -> bool:
        """The driver pressed stop or cancel."""
        return self.stop_requested_at is not None or self.cancel_requested_at is not None

    @property
    def delivered(self) -> bool:
        """Energy was delivered in the open attempt, by its Session or by its CDR (rule 27)."""
        session = self.attempt.session if self.attempt else None
        return bool(session and session.delivered) or bool(self.cdr and self.cdr.energy > 0)

    @property
    def over(self) -> bool:
        """The CPO says that charging is over."""
        session = self.attempt.session if self.attempt else None
        return bool(session and session.over) or self.cdr is not None

    def is_interim(self, now: datetime) -> bool:
        """The CDR is one of a charge that goes on: its Session is ACTIVE and has metered more than it bills (rule 27).

        A Session that has said nothing for as long as silence is borne is not going on.
        """
        session = self.attempt.session if self.attempt else None
        if self.cdr is None or session is None or session.status != "ACTIVE":
            return False
        more = session.kwh > self.cdr.energy + max(LEAST_ENERGY, self.cdr.energy * INTERIM_SHARE)
        return more and now < session.news_at + self.rules.silence_timeout
