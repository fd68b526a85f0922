"""What a decision's actions do to rows. No I/O: the network's share is a row plus a task after commit."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

from billing.payments import services as billing
from ocpi.calls import commands, tokens
from ocpi.models import Command
from partners import incidents
from partners.agreed.policies import DEFAULTS
from sessions_adhoc import symptoms, timeline
from sessions_adhoc.decide import Action, Do
from sessions_adhoc.decide.limit import HOLD_GONE
from sessions_adhoc.decide.settle import OWN
from sessions_adhoc.engine import pulls
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession, ChargingAttempt, TimelineEvent
from sessions_adhoc.models.attempt import new_reference
from sessions_adhoc.money import auditing
from sessions_adhoc.money.holds import TAKEN, UNPAID
from sessions_adhoc.states import TERMINAL

FORGOTTEN = "The database was put back to an earlier moment: it may have been sent since then."

HOLD_FOR_RETRY: dict[str, str] = {
    AdHocSession.Channel.QR: "hold_for_retry",
    AdHocSession.Channel.WEB: "hold_for_retry",
    AdHocSession.Channel.CONTRACT: "hold_for_retry",
    AdHocSession.Channel.TERMINAL: "hold_for_retry_terminal",
}
"""The policy's value by channel: the driver has left a terminal when the charge comes to nothing."""


def perform(rows: Snapshot, action: Action, now: datetime) -> None:
    """Do one action on the locked session. Doing it again changes nothing more."""
    PERFORMERS[action.do](rows, action, now)


def reserve(rows: Snapshot, _action: Action, _now: datetime) -> None:
    rows.payment = billing.request_reserve(rows.payment, writes=rows.writes)


def release(rows: Snapshot, action: Action, _now: datetime) -> None:
    if rows.payment.state in TAKEN:
        return  # taken at the gateway by others: there is an incident about it, and nothing to let go of
    _note_billed(rows, action)
    rows.payment = billing.request_release(rows.payment, writes=rows.writes)
    for row in rows.holds.more:
        if row.state in UNPAID or row.state == row.State.RESERVED:
            billing.request_release(row, writes=rows.writes)


def _note_billed(rows: Snapshot, action: Action) -> None:
    if action.code == OWN:
        rows.session.billed_by = AdHocSession.BilledBy.OWN.value


def let_go(rows: Snapshot, action: Action, now: datetime) -> None:
    """Keep what is held for another try of the driver, as long as the policy says, or release it."""
    policy = {**DEFAULTS, **rows.session.policy}
    until = now + timedelta(seconds=policy[HOLD_FOR_RETRY[rows.session.channel]])
    if until > now and billing.may_be_kept(rows.payment, until):
        rows.payment = billing.request_keep(rows.payment, until, writes=rows.writes)
        for row in rows.holds.held[1:]:
            if billing.may_be_kept(row, until):
                billing.request_keep(row, until, writes=rows.writes)
            else:
                billing.request_release(row, writes=rows.writes)
        text = f"The reservation is kept for another try until {until:%H:%M:%S} UTC."
        rows.writes.add(timeline.event(rows.session, TimelineEvent.Kind.PAYMENT, text, at=now))
    else:
        release(rows, action, now)


def replace_hold(rows: Snapshot, _action: Action, _now: datetime) -> None:
    """What an earlier try left is too little: reserve all of it anew, and let go of the other."""
    rows.writes.run()
    rows.payment = billing.replace(rows.payment, rows.session.amount)
    rows.session.authorization = rows.payment
    rows.writes.change(rows.session, "authorization")


def capture(rows: Snapshot, action: Action, _now: datetime) -> None:
    rows.session.billed_by = AdHocSession.BilledBy.CDR.value
    _note_billed(rows, action)
    for row, share in rows.holds.shares(action.amount):
        billing.request_capture(row, share, reason=action.text, writes=rows.writes)


def open_attempt(rows: Snapshot, _action: Action, now: datetime) -> None:
    """Create the attempt and its START_SESSION; nothing was sent when this returns (rule 1)."""
    if rows.attempt is not None and rows.attempt.ended_at is None:
        return
    rows.send(_begin_attempt(rows, now))


def open_attempt_in_doubt(rows: Snapshot, sent_at: datetime) -> None:
    """The same for a START_SESSION that may have gone out at that moment, and that we have forgotten: it is not sent
    again, its Session is waited for (rule 5)."""
    command = _begin_attempt(rows, sent_at)
    command.state, command.failure = Command.State.UNANSWERED.value, FORGOTTEN
    command.created_at = command.sent_at = sent_at
    command.tries = 1


def _begin_attempt(rows: Snapshot, now: datetime) -> Command:
    session, previous = rows.session, rows.attempt
    if previous is not None and rows.writes.is_changing(previous):
        rows.writes.run()  # one attempt at a time is open: the end of the one comes before the next
    reference = new_reference()
    command = commands.start_session(
        partner=session.partner,
        token=session.told_token,
        location_id=session.evse.location.ocpi_id,
        evse_uid=session.evse.uid,
        connector_id=session.connector_number,
        authorization_reference=reference,
        reference=str(session.pk),
        party=(session.evse.location.country_code, session.evse.location.party_id),
    )
    attempt = ChargingAttempt(
        session=session,
        number=previous.number + 1 if previous else 1,
        authorization_reference=reference,
        command=command,
        created_at=now,
    )
    rows.writes.add(command, attempt)
    rows.begin(attempt)
    session.retry_at = None
    return command


def send_start(rows: Snapshot, _action: Action, _now: datetime) -> None:
    """Ask for the open attempt's START to be sent; the command itself lets only one worker do it (rule 1)."""
    attempt = rows.attempt
    if attempt is not None and attempt.ended_at is None:
        rows.send(attempt.command)


def send_stop(rows: Snapshot, _action: Action, _now: datetime) -> None:
    """Create the attempt's STOP_SESSION, one for each wish of the driver, and have it sent."""
    session, attempt = rows.session, rows.attempt
    if attempt is None:
        return
    if rows.ocpi_session is not None and _is_older(attempt.stop_command, session.stop_requested_at):
        told = rows.ocpi_session
        attempt.stop_command = commands.stop_session(
            partner=session.partner,
            session_id=told.ocpi_id,
            reference=str(session.pk),
            party=(told.country_code, told.party_id),
        )
        rows.writes.add(attempt.stop_command)
        rows.writes.change(attempt, "stop_command")
    if attempt.stop_command is not None:
        rows.send(attempt.stop_command)


def _is_older(stop: Command | None, wish: datetime | None) -> bool:
    """Whether no STOP was made for this wish yet."""
    return stop is None or (wish is not None and stop.created_at < wish)


def forget_stop(rows: Snapshot, action: Action, now: datetime) -> None:
    """The stop had no effect: the driver may ask again (rule 19)."""
    rows.session.stop_requested_at = rows.session.cancel_requested_at = None
    renew_stop(rows, action, now)


def renew_stop(rows: Snapshot, _action: Action, _now: datetime) -> None:
    """The next STOP is a new command; the driver's wish stands (rule 19)."""
    attempt = rows.attempt
    if attempt is not None:
        attempt.stop_command = None
        rows.writes.change(attempt, "stop_command")


def note_limit(rows: Snapshot, action: Action, now: datetime) -> None:
    """Rule 33: the driver is told at most once, the charger is stopped again where a STOP had no effect."""
    session = rows.session
    if action.code != HOLD_GONE:
        session.limit_told_at = session.limit_told_at or now
    if action.code in ("stop", HOLD_GONE):
        session.limit_stop_at = now
        renew_stop(rows, action, now)


def close_attempt(rows: Snapshot, action: Action, now: datetime) -> None:
    attempt = rows.attempt
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at, attempt.failure, attempt.verdict = now, action.code, action.text
        attempt.ended_kwh = rows.ocpi_session.kwh if rows.ocpi_session else _billed_kwh(rows)
        rows.writes.change(attempt, "ended_at", "ended_kwh", "failure", "verdict")


def _billed_kwh(rows: Snapshot) -> Decimal | None:
    """What is known of a charge whose CDR came before its Session."""
    billed = rows.cdr_facts()
    return billed.energy if billed else None


def schedule_retry(rows: Snapshot, _action: Action, now: datetime) -> None:
    rows.session.retry_at = now + timedelta(seconds=rows.session.policy["retry_delay"])


def pull_sessions(rows: Snapshot, _action: Action, now: datetime) -> None:
    if rows.attempt is not None:
        pulls.ask_sessions(rows.session, rows.attempt, now)


def pull_cdrs(rows: Snapshot, _action: Action, now: datetime) -> None:
    if rows.attempt is not None:
        pulls.ask_cdrs(rows.session, rows.attempt, now)


def open_incident(rows: Snapshot, action: Action, _now: datetime) -> None:
    session = rows.session
    incidents.open_incident(session.partner_id, symptoms.report(session, action.code, action.text))


def close_incidents(rows: Snapshot, _action: Action, _now: datetime) -> None:
    """The news that the incidents of this session waited for has arrived (rule 30)."""
    session, reason = rows.session, "The session came to its end by itself."
    with_the_end = rows.writes if session.state in TERMINAL else None  # else others may be opened until they are run
    incidents.close_about(session.partner_id, str(session.pk), reason, symptoms.ENDED_BY_NEWS, with_the_end)


def check_bill(rows: Snapshot, _action: Action, _now: datetime) -> None:
    auditing.note_bill(rows.bill, rows.holds)


def revoke_token(rows: Snapshot, _action: Action, now: datetime) -> None:
    """The one-off token must start nothing any more."""
    token = rows.session.token
    if token.valid:
        token.valid, token.last_updated = False, now
        rows.writes.change(token, "valid", "last_updated")
        if rows.is_announced:
            tokens.token_changed(token)


PERFORMERS: dict[Do, Callable[[Snapshot, Action, datetime], None]] = {
    Do.RESERVE: reserve,
    Do.RELEASE: release,
    Do.LET_GO: let_go,
    Do.REPLACE_HOLD: replace_hold,
    Do.CAPTURE: capture,
    Do.OPEN_ATTEMPT: open_attempt,
    Do.CLOSE_ATTEMPT: close_attempt,
    Do.SEND_START: send_start,
    Do.SEND_STOP: send_stop,
    Do.FORGET_STOP: forget_stop,
    Do.RENEW_STOP: renew_stop,
    Do.NOTE_LIMIT: note_limit,
    Do.SCHEDULE_RETRY: schedule_retry,
    Do.PULL_SESSIONS: pull_sessions,
    Do.PULL_CDRS: pull_cdrs,
    Do.OPEN_INCIDENT: open_incident,
    Do.CLOSE_INCIDENTS: close_incidents,
    Do.CHECK_BILL: check_bill,
    Do.REVOKE_TOKEN: revoke_token,
}
