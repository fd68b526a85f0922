"""From rows to `Facts`: everything `decide` looks at, read in a constant number of queries."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Self
from uuid import UUID

from billing import plans
from billing.models import PaymentAuthorization
from ocpi.models import Command, OcpiSession
from partners import clocks
from partners.agreed.policies import DEFAULTS
from partners.ground.writes import Writes
from partners.models import Partner
from sessions_adhoc import belonging
from sessions_adhoc.belonging import WHOLE_SECONDS
from sessions_adhoc.decide import (
    AttemptFacts,
    CdrFacts,
    CommandFacts,
    Facts,
    OwnFacts,
    PaymentFacts,
    Rules,
    SessionFacts,
    Spent,
)
from sessions_adhoc.decide.charge import may_reach_the_limit
from sessions_adhoc.decide.session_facts import SESSION_OVER
from sessions_adhoc.engine.queueing import send_command_after_commit
from sessions_adhoc.engine.reading import read_locked
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt
from sessions_adhoc.money import calculating, estimating
from sessions_adhoc.money.eligibility import Bill
from sessions_adhoc.money.holds import Holds, additions_of
from sessions_adhoc.states import BEFORE_START, State

ENERGY_STEP = Decimal("0.01")
WAITING_FOR_A_CABLE = frozenset({State.AUTHORIZED, State.WAITING_FOR_CONNECTOR, State.STARTING})
"""States in which a START waits for the connector (rule 2)."""
OVER = frozenset({State.AWAITING_CDR, State.ESCALATED})
TAKEN = frozenset({PaymentAuthorization.State.CAPTURING, PaymentAuthorization.State.CAPTURED})
"""Once the charge is over and money is being taken for it, what the CDRs come to decides nothing any more."""


def energy_observed(session: OcpiSession, attempt: ChargingAttempt) -> bool:
    """The session rules' term: kWh rose above its first value by at least 0.01, or above 0 (rule 11).

    A first value above 0 may be the reading of a meter, unless the Session began after this attempt's START.
    """
    first = session.first_kwh or Decimal(0)
    if session.kwh >= first + ENERGY_STEP:
        return True
    return session.kwh > 0 and (first == 0 or began_within(session, attempt))


def began_within(session: OcpiSession, attempt: ChargingAttempt) -> bool:
    """Whether a Session began after the START of its attempt, as its CPO says."""
    if session.start_at is None:
        return False
    return clocks.ours(session.partner_id, session.start_at) >= attempt.created_at - WHOLE_SECONDS


def newest_attempt(session: AdHocSession) -> ChargingAttempt | None:
    return session.attempts.select_related("command", "stop_command").order_by("-number").first()


def valid_session(attempt: ChargingAttempt) -> OcpiSession | None:
    """The OCPI session that counts for this attempt, if one came."""
    link = (
        AttemptSession.objects.filter(attempt=attempt, validity=AttemptSession.Validity.VALID)
        .select_related("ocpi_session")
        .first()
    )
    return link.ocpi_session if link else None


class Snapshot:
    """The rows around one locked session, each read once, at once (`locked`) or when it is first asked for.

    They hold as long as the lock is held: whoever has news waits for it, and wakes the session again afterwards.
    Actions change the rows that are here, so that the next decision sees what they did, and leave in `writes` what is
    to be written of it.
    """

    def __init__(self, session: AdHocSession) -> None:
        self.session = session
        self.writes = Writes()
        self._status: str | None = None
        self._is_billed = self._may_be_credited = True
        self.is_announced, self._is_locked = True, False
        self._sent = set[UUID]()
        self.webhooks: list[int] = []
        """Endpoints of the client whose session it is, as of the lock."""

    @classmethod
    def locked(cls, session_id: UUID | str, client_id: int | None = None) -> Self:
        """Lock a session and its payment until the transaction ends, and read what is decided on, in one statement.

        `client_id`: of the client that asks; None where it may be anybody's.

        Raises:
            AdHocSession.DoesNotExist: no such session, or it is another client's.
        """
        session, around = read_locked(session_id)
        if client_id not in (None, session.client_id):
            raise AdHocSession.DoesNotExist(f"There is no ad-hoc session {session_id} of this client.")
        rows = cls(session)
        rows._is_locked = True
        rows.payment, rows.attempt, rows.ocpi_session = around["payment"], around["attempt"], around["told"]
        rows._status, rows.is_announced = session.evse.status, around["announced"]
        rows._is_billed, rows._may_be_credited = around["billed"], around["credited"]
        rows.webhooks = around["webhooks"]
        return rows

    @cached_property
    def attempt(self) -> ChargingAttempt | None:
        return newest_attempt(self.session)

    @cached_property
    def ocpi_session(self) -> OcpiSession | None:
        return valid_session(self.attempt) if self.attempt else None

    @cached_property
    def payment(self) -> PaymentAuthorization:
        return PaymentAuthorization.objects.get(pk=self.session.authorization_id)

    @cached_property
    def more(self) -> list[PaymentAuthorization]:
        """What the driver was asked to add to the first payment."""
        return additions_of(self.session, lock=self._is_locked)

    @property
    def holds(self) -> Holds:
        """The payments that the limit is made of, as one."""
        return Holds(self.payment, self.more)

    def look_for_more(self) -> None:
        """Something was added, or one of them was changed by others under the same lock: read them again."""
        self.session.has_additions = True
        self.__dict__.pop("more", None)

    @cached_property
    def bill(self) -> Bill:
        """What the CDRs come to."""
        return Bill(self.session, self.attempt, named=self._is_billed, credited=self._may_be_credited)

    def cdr_facts(self) -> CdrFacts | None:
        """What the CDRs come to, while that can decide anything."""
        if self.session.state in BEFORE_START or (self.session.state in OVER and self.holds.state in TAKEN):
            return None
        self.bill.judge_anew()
        return self.bill.facts()

    def cdr_elsewhere(self) -> str:
        """The id of a CDR of this charge that names another charger, while a CDR is waited for."""
        if self.session.state != State.AWAITING_CDR or self.holds.state in TAKEN:
            return ""
        cdrs = (cdr for cdr in self.bill.cdrs if not cdr.credit)
        return next((cdr.ocpi_id for cdr in cdrs if not belonging.is_at_its_charger(self.session, cdr)), "")

    def own_facts(self) -> OwnFacts | None:
        """What the charge comes to by our own calculation, while that can be due."""
        waits = self.session.state == State.AWAITING_CDR and self.holds.state == PaymentAuthorization.State.RESERVED
        if not waits or self.attempt is None or self.ocpi_session is None:
            return None
        return calculating.calculate(self.session, self.attempt, self.ocpi_session, self.bill.shown)

    @property
    def connector_status(self) -> str:
        """Only where a rule asks for it."""
        if self.session.state not in WAITING_FOR_A_CABLE:
            return ""
        if self._status is None:
            evses = type(self.session.evse).objects
            self._status = str(evses.values_list("status", flat=True).get(pk=self.session.evse_id))
        return self._status

    def send(self, command: Command) -> None:
        """Have a command sent after the commit; asked for by several decisions in a row it is sent once."""
        if command.pk not in self._sent:
            self._sent.add(command.pk)
            send_command_after_commit(command)

    def begin(self, attempt: ChargingAttempt) -> None:
        """A new attempt is the newest now, and has no OCPI session."""
        self.attempt, self.ocpi_session = attempt, None
        self.__dict__.pop("bill", None)


def facts_of(rows: Snapshot, now: datetime) -> Facts:
    """Return what is known about a session, whose row the caller has locked. What it costs so far is worked out only
    where a rule asks for it at `now`."""
    facts = _facts_of(rows)
    return replace(facts, spent=_money_spent(rows)) if may_reach_the_limit(facts, now) else facts


def _facts_of(rows: Snapshot) -> Facts:
    session, attempt = rows.session, rows.attempt
    return Facts(
        state=State(session.state),
        state_since=session.state_since,
        created_at=session.created_at,
        rules=Rules.from_policy({**DEFAULTS, **session.policy}),  # a value that is younger than the session
        payment=_payment(rows.holds, session.amount),
        connector_status=rows.connector_status,
        is_dc=session.is_dc,
        suspended=session.partner.connection == Partner.Connection.SUSPENDED,
        attempt=attempt_facts(attempt, rows.ocpi_session) if attempt else None,
        cdr=(cdr := rows.cdr_facts()),
        cdr_elsewhere=rows.cdr_elsewhere() if cdr is None else "",
        own=rows.own_facts(),
        is_retail=plans.is_retail(session.offer),
        funds_reserved_at=session.funds_reserved_at,
        stop_requested_at=session.stop_requested_at,
        cancel_requested_at=session.cancel_requested_at,
        retry_at=session.retry_at,
        charging_ended_at=session.charging_ended_at,
        reason=session.reason,
        limit_told_at=session.limit_told_at,
        limit_stop_at=session.limit_stop_at,
    )


def _money_spent(rows: Snapshot) -> Spent | None:
    """The live estimate of the attempt that charges, and what it will be when its next sample is due (rule 33)."""
    told = rows.ocpi_session
    costs = estimating.now_and_soon(rows.session, told) if told else None
    return Spent(*costs, reserved=rows.session.amount) if costs else None


def _payment(holds: Holds, wanted: int) -> PaymentFacts:
    return PaymentFacts(
        state=holds.state,
        expires_soon=holds.expires_soon,
        refused=holds.is_refused,
        stuck=holds.is_stuck,
        short=holds.amount < wanted,
        raising=holds.first.raise_amount is not None,
    )


def _command(row: Command) -> CommandFacts:
    return CommandFacts(
        state=row.state,
        created_at=row.created_at,
        tries=row.tries,
        response=row.response,
        result=row.result,
        sent_at=row.sent_at,
        answered_at=row.answered_at,
        result_at=row.result_at,
        put_off=timedelta(seconds=row.timeout or 0) if row.turned_away else None,
    )


def attempt_facts(row: ChargingAttempt, session: OcpiSession | None) -> AttemptFacts:
    """Return what `decide` knows of an attempt and the OCPI session that counts for it."""
    return AttemptFacts(
        number=row.number,
        created_at=row.created_at,
        command=_command(row.command),
        stop=_command(row.stop_command) if row.stop_command else None,
        session=_session(row, session) if session else None,
        connector_charging_at=row.connector_charging_at,
        connector_fell_at=row.connector_fell_at,
        connector_contradicts_at=row.connector_contradicts_at,
        pull_asked_at=row.pull_asked_at,
        pull_answered_at=row.pull_answered_at,
        pull_failures=row.pull_failures,
        cdr_pulls=row.cdr_pulls,
        ended_at=row.ended_at,
        ended_kwh=row.ended_kwh,
    )


def _session(attempt: ChargingAttempt, row: OcpiSession) -> SessionFacts:
    # Whose id is another's by now is over: a STOP of it would end the other's charge.
    return SessionFacts(
        status="COMPLETED" if row.is_set_aside and row.status not in SESSION_OVER else row.status,
        kwh=row.kwh,
        energy_observed=attempt.energy_at is not None or (row.status == "ACTIVE" and energy_observed(row, attempt)),
        # One that goes on from an attempt that failed has its time for energy anew.
        active_at=row.first_active_at and max(row.first_active_at, attempt.created_at),
        news_at=row.news_at,
    )
