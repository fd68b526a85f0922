"""What a decision's actions do to rows. No I/O: the network's share is a row plus a task after commit."""

from collections.abc import Callable
from datetime import datetime, timedelta

from billing import services as billing
from ocpi import commands
from partners import incidents
from sessions_adhoc import pulls, queueing, symptoms
from sessions_adhoc.decide import Action, Do
from sessions_adhoc.models import AdHocSession, ChargingAttempt
from sessions_adhoc.models.attempt import new_reference
from sessions_adhoc.snapshot import newest_attempt, valid_session


def perform(session: AdHocSession, action: Action, now: datetime) -> None:
    """Do one action on the locked `session`. Doing it again changes nothing more."""
    PERFORMERS[action.do](session, action, now)


def reserve(session: AdHocSession, _action: Action, _now: datetime) -> None:
    billing.request_reserve(session.authorization_id)


def release(session: AdHocSession, _action: Action, _now: datetime) -> None:
    billing.request_release(session.authorization_id)


def capture(session: AdHocSession, action: Action, _now: datetime) -> None:
    billing.request_capture(session.authorization_id, action.amount, reason=action.text)


def open_attempt(session: AdHocSession, _action: Action, now: datetime) -> None:
    """Create the attempt and its START_SESSION; nothing was sent when this returns (rule 1)."""
    previous = newest_attempt(session)
    if previous is not None and previous.ended_at is None:
        return
    reference = new_reference()
    command = commands.create_start_session(
        partner=session.partner,
        token=session.token,
        location_id=session.evse.location.ocpi_id,
        evse_uid=session.evse.uid,
        connector_id=session.connector_number,
        authorization_reference=reference,
        reference=str(session.pk),
    )
    ChargingAttempt.objects.create(
        session=session,
        number=previous.number + 1 if previous else 1,
        authorization_reference=reference,
        command=command,
        created_at=now,
    )
    session.retry_at = None
    queueing.send_command_after_commit(command)


def send_start(session: AdHocSession, _action: Action, _now: datetime) -> None:
    """Ask for the open attempt's START to be sent; the command itself lets only one worker do it (rule 1)."""
    attempt = newest_attempt(session)
    if attempt is not None and attempt.ended_at is None:
        queueing.send_command_after_commit(attempt.command)


def send_stop(session: AdHocSession, _action: Action, _now: datetime) -> None:
    """Create the attempt's STOP_SESSION once, and have it sent."""
    attempt = newest_attempt(session)
    if attempt is None:
        return
    ocpi_session = valid_session(attempt)
    if attempt.stop_command is None and ocpi_session is not None:
        attempt.stop_command = commands.create_stop_session(
            partner=session.partner, session_id=ocpi_session.ocpi_id, reference=str(session.pk)
        )
        attempt.save(update_fields=["stop_command"])
    if attempt.stop_command is not None:
        queueing.send_command_after_commit(attempt.stop_command)


def forget_stop(session: AdHocSession, _action: Action, _now: datetime) -> None:
    """The stop had no effect: the driver may ask again (rule 19)."""
    session.stop_requested_at = session.cancel_requested_at = None
    attempt = newest_attempt(session)
    if attempt is not None:
        attempt.stop_command = None
        attempt.save(update_fields=["stop_command"])


def renew_stop(session: AdHocSession, _action: Action, _now: datetime) -> None:
    """The next STOP is a new command; the driver's wish stands (rule 19)."""
    attempt = newest_attempt(session)
    if attempt is not None:
        attempt.stop_command = None
        attempt.save(update_fields=["stop_command"])


def close_attempt(session: AdHocSession, action: Action, now: datetime) -> None:
    attempt = newest_attempt(session)
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at, attempt.failure, attempt.verdict = now, action.code, action.text
        attempt.save(update_fields=["ended_at", "failure", "verdict"])


def schedule_retry(session: AdHocSession, _action: Action, now: datetime) -> None:
    session.retry_at = now + timedelta(seconds=session.policy["retry_delay"])


def pull_sessions(session: AdHocSession, _action: Action, now: datetime) -> None:
    attempt = newest_attempt(session)
    if attempt is not None:
        pulls.ask_sessions(session, attempt, now)


def pull_cdrs(session: AdHocSession, _action: Action, now: datetime) -> None:
    attempt = newest_attempt(session)
    if attempt is not None:
        pulls.ask_cdrs(session, attempt, now)


def open_incident(session: AdHocSession, action: Action, _now: datetime) -> None:
    incidents.open_incident(session.partner_id, symptoms.report(session, action.code, action.text))


def close_incidents(session: AdHocSession, _action: Action, _now: datetime) -> None:
    """The news that the incidents of this session waited for has arrived (rule 30)."""
    incidents.close_about(
        session.partner_id, str(session.pk), "The session came to its end by itself.", symptoms.ENDED_BY_NEWS
    )


def revoke_token(session: AdHocSession, _action: Action, now: datetime) -> None:
    """The one-off token must start nothing any more."""
    type(session.token).objects.filter(pk=session.token_id, valid=True).update(valid=False, last_updated=now)


PERFORMERS: dict[Do, Callable[[AdHocSession, Action, datetime], None]] = {
    Do.RESERVE: reserve,
    Do.RELEASE: release,
    Do.CAPTURE: capture,
    Do.OPEN_ATTEMPT: open_attempt,
    Do.CLOSE_ATTEMPT: close_attempt,
    Do.SEND_START: send_start,
    Do.SEND_STOP: send_stop,
    Do.FORGET_STOP: forget_stop,
    Do.RENEW_STOP: renew_stop,
    Do.SCHEDULE_RETRY: schedule_retry,
    Do.PULL_SESSIONS: pull_sessions,
    Do.PULL_CDRS: pull_cdrs,
    Do.OPEN_INCIDENT: open_incident,
    Do.CLOSE_INCIDENTS: close_incidents,
    Do.REVOKE_TOKEN: revoke_token,
}
