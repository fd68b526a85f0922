"""Evidence for the seven functional tests, found in what the platform stored of the traffic (guide 7.4)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.db.models import Count, Prefetch
from django.db.models.functions import Upper

from billing.models import PaymentAuthorization
from ocpi.models import Cdr, Command, Location, Message
from onboarding.models import Onboarding
from onboarding.testing.functional_tests import Found
from partners.ground.numbers import plain
from partners.models import Partner
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample, TimelineEvent
from sessions_adhoc.states import State

MOST_LOCATIONS, MOST_CHARGES = 3, 10
ENOUGH_SAMPLES = 3
"""Two intervals: fewer tell nothing of regularity."""
NOT_STARTED = frozenset({"connector_never_ready", "no_session", "no_energy"})
"""Reasons of a session that ended because charging did not start in time (guide 5.3, 5.6)."""
PATH = ("AVAILABLE", "BLOCKED", "CHARGING")
"""PREPARING is kept as BLOCKED."""
EXECUTED = frozenset({"ACCEPTED"})


@dataclass(frozen=True)
class Charge:
    """An ad-hoc session with all that happened in it, read beforehand.

    Args:
        attempts: ChargingAttempts, each with `valid_links` and the `counted` samples.
    """

    session: AdHocSession
    attempts: list[Any]
    connector: list[TimelineEvent]
    cdrs: list[Cdr]

    @property
    def name(self) -> str:
        return f"Charge {str(self.session.pk)[:8]}"


@dataclass
class Seen:
    """What was found, and the tests that have all they need."""

    found: list[Found] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)

    def add(self, found: Iterable[Found], complete: bool) -> None:
        """Take the evidence of one test; all of it is of one test."""
        rows = list(found)
        self.found += rows
        if complete and rows:
            self.complete.add(rows[0].test)


def look(onboarding: Onboarding) -> Seen:
    """Look through the newest traffic of the tested connection, in a constant number of queries."""
    seen = Seen()
    locations = list(_locations(onboarding.partner, onboarding.evidence_from))
    seen.add(_of_locations(locations), any(row.evse_count for row in locations))
    for charge in charges_of(onboarding.partner, onboarding.evidence_from):
        seen_in(charge, seen)
    return seen


def seen_in(charge: Charge, seen: Seen | None = None) -> Seen:
    """What one charge shows, added to what was seen before."""
    seen = seen or Seen()
    for rows, complete in (_start(charge), _cdr(charge), _timeout(charge), _connector(charge)):
        seen.add(rows, complete)
    for attempt in charge.attempts:
        for rows, complete in (_commands(attempt), _meter(charge, attempt)):
            seen.add(rows, complete)
    return seen


def charges_of(partner: Partner, since: datetime, most: int = MOST_CHARGES) -> list[Charge]:
    """The newest charges, oldest first, with everything about them. Six queries."""
    rows = AdHocSession.objects.filter(partner=partner, created_at__gte=since)
    sessions = list(rows.select_related("authorization", "token", "evse").order_by("-created_at")[:most])[::-1]
    return with_everything(partner, sessions)


def with_everything(partner: Partner, sessions: list[AdHocSession]) -> list[Charge]:
    """The sessions with their attempts, commands, samples, connector's course and CDRs. Five queries."""
    samples = Sample.objects.filter(ignored="").order_by("at", "id")
    links = AttemptSession.objects.filter(validity=AttemptSession.Validity.VALID).select_related("ocpi_session")
    attempts = (
        ChargingAttempt.objects.filter(session__in=sessions)
        .select_related("command", "stop_command")
        .prefetch_related(
            Prefetch("session_links", queryset=links, to_attr="valid_links"),
            Prefetch("samples", queryset=samples, to_attr="counted"),
        )
        .order_by("number")
    )
    connector = TimelineEvent.objects.filter(session__in=sessions, kind=TimelineEvent.Kind.CONNECTOR).order_by("id")
    names = {name.upper(): one.pk for one in sessions for name in (one.token.uid, one.token.contract_id)}
    cdrs = Cdr.objects.alias(name=Upper("token_uid")).filter(partner=partner, name__in=names).order_by("id")
    by_attempt, by_event, by_cdr = list(attempts), list(connector), list(cdrs)
    return [
        Charge(
            one,
            [row for row in by_attempt if row.session_id == one.pk],
            [row for row in by_event if row.session_id == one.pk],
            [row for row in by_cdr if names.get(row.token_uid.upper()) == one.pk],
        )
        for one in sessions
    ]


# --- one function per test: (rows, whether they are all that the test needs)
def _locations(partner: Partner, since: datetime) -> Iterable[Any]:
    """With `evse_count`."""
    rows = Location.objects.filter(partner=partner, missing_since=None, updated_at__gte=since)
    return rows.annotate(evse_count=Count("evses")).order_by("-updated_at")[:MOST_LOCATIONS]


def _of_locations(locations: Iterable[Any]) -> Iterator[Found]:
    for row in locations:
        count = row.evse_count
        label = f"{row.name or row.ocpi_id}, {row.city}: {count} EVSE{'s'[: count != 1]}"
        yield Found.row("locations", "location", label, row, row.created_at)


def _start(charge: Charge) -> tuple[list[Found], bool]:
    """Started: a valid Session was ACTIVE in time. Tracked: energy and more than one update of it arrived."""
    rows, complete = [], False
    for attempt in charge.attempts:
        for link in attempt.valid_links:
            session, samples = link.ocpi_session, attempt.counted
            if session.first_active_at is None:
                continue
            waited = round((session.first_active_at - attempt.created_at).total_seconds())
            label = f"OCPI Session {session.ocpi_id} was ACTIVE {max(waited, 0)} s after START_SESSION"
            rows.append(Found.row("session_start", "session", label, session, session.first_active_at))
            text = f"{charge.name} at {charge.session.evse}: {len(samples)} updates tracked"
            if attempt.energy_at is not None and len(samples) > 1:
                rows.append(Found.row("session_start", "charge", text, charge.session, attempt.energy_at))
                complete = True
    return rows, complete


def _cdr(charge: Charge) -> tuple[list[Found], bool]:
    way = "remote stop" if charge.session.stop_requested_at else "local stop"
    rows = [
        Found.row(
            "cdr",
            "cdr",
            f"CDR {cdr.ocpi_id} after a {way}: {plain(cdr.total_energy)} kWh, {cdr.total_told}",
            cdr,
            cdr.created_at,
        )
        for cdr in charge.cdrs
        if not cdr.credit
    ]
    return rows, bool(rows)


def _commands(attempt: ChargingAttempt) -> tuple[list[Found], bool]:
    rows, complete = [], False
    for command in filter(None, (attempt.command, attempt.stop_command)):
        # A TIMEOUT or a refusal shows nothing of a command that executes correctly.
        if command.state != Command.State.ANSWERED or command.response != "ACCEPTED" or command.result not in EXECUTED:
            continue
        label = f"{command.kind} answered {command.response}, result {command.result}"
        rows.append(Found.row("command", "result", label, command, command.result_at or command.created_at))
        complete = True
    return rows, complete


def _timeout(charge: Charge) -> tuple[list[Found], bool]:
    session, payment = charge.session, charge.session.authorization
    if session.state != State.FAILED or session.reason not in NOT_STARTED or session.ended_at is None:
        return [], False
    why = session.reason.replace("_", " ")
    rows = [Found.row("timeout", "charge", f"{charge.name} ended: {why}", session, session.ended_at)]
    released = payment.state in (PaymentAuthorization.State.RELEASED, PaymentAuthorization.State.EXPIRED)
    if released:
        rows.append(Found.row("timeout", "payment", "The driver's funds were released", payment, session.ended_at))
    return rows, released


def _connector(charge: Charge) -> tuple[list[Found], bool]:
    """Steps of the path, and whether the whole of it was walked in one go."""
    rows, steps = [], [(event.state_from, event.state_to) for event in charge.connector]
    for event in charge.connector:
        if (event.state_from, event.state_to) in pairwise(PATH):
            label = f"{charge.session.evse}: {event.text.removeprefix('Connector ')}"
            at, step = event.at, f"to_{event.state_to.lower()}"
            if event.message_id:
                model = Message._meta.label_lower
                rows.append(Found("connector", step, label, model, str(event.message_id), at))
            else:
                rows.append(Found.row("connector", step, label, charge.session, at))
    return rows, any(walk == tuple(pairwise(PATH)) for walk in pairwise(steps))


def _meter(charge: Charge, attempt: ChargingAttempt) -> tuple[list[Found], bool]:
    """Only an attempt all of whose readings have kWh and kW and came in time."""
    samples = readings(attempt)
    if not samples:
        return [], False
    faulty = [one for one in samples if one.faults]
    powered = [one.kw for one in samples if one.kw is not None]
    label = f"{charge.name}: {len(samples)} readings, {_gaps(samples)}"
    label += f", {len(faulty)} of them late or without kWh or kW" if faulty else ", each with kWh and in time"
    if powered:
        label += f", up to {max(powered):.1f} kW"
    good = len(samples) >= ENOUGH_SAMPLES and not faulty and bool(powered)
    return [Found.row("meter_values", "readings", label, charge.session, samples[-1].at)], good


def readings(attempt: Any) -> list[Sample]:
    """The samples from when energy flows: before, there is no power to tell."""
    return [one for one in attempt.counted if one.kwh != 0]


def _gaps(samples: list[Sample]) -> str:
    gaps = [round((later.at - earlier.at).total_seconds()) for earlier, later in pairwise(samples)]
    if not gaps:
        return "one so far"
    return f"{min(gaps)} s apart" if min(gaps) == max(gaps) else f"{min(gaps)} to {max(gaps)} s apart"
