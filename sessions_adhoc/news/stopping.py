"""Asking the CPO to stop a Session that nobody pays for: once, while it runs (rule 12).

Many CPOs cannot stop a Session that is still PENDING, and a STOP that was refused ends nothing: it is none for what
came to life only afterwards.
"""

from datetime import timedelta

from django.utils import timezone

from ocpi.calls import commands
from ocpi.models import Command, OcpiSession
from partners.agreed.policies import DEFAULTS
from sessions_adhoc.decide.session_facts import REFUSING_RESPONSES, TURNED_DOWN
from sessions_adhoc.engine.queueing import send_command_after_commit
from sessions_adhoc.models import AttemptSession


def stop_once(link: AttemptSession) -> None:
    """Ask the CPO to stop a Session that we do not follow."""
    if is_to_be_stopped(link.ocpi_session, link.stop_command):
        link.stop_command = send(link.ocpi_session, str(link.attempt.session_id))
        link.save(update_fields=["stop_command"])


def is_to_be_stopped(session: OcpiSession, stop: Command | None) -> bool:
    """Whether it runs and was sent no STOP, or one that was refused before it came to life."""
    if session.status not in ("ACTIVE", "PENDING"):
        return False
    if stop is None:
        return True
    born = session.first_active_at
    return born is not None and _is_turned_down(stop) and stop.created_at < born


def may_be_obeyed(stop: Command, link: AttemptSession) -> bool:
    """Whether a STOP of its attempt may still end the Session: not refused, and not out for long (rule 19)."""
    policy = {**DEFAULTS, **link.attempt.session.policy}
    since = stop.sent_at or stop.created_at
    return not _is_turned_down(stop) and timezone.now() < since + timedelta(seconds=policy["stop_timeout"])


def _is_turned_down(stop: Command) -> bool:
    return stop.response in REFUSING_RESPONSES or stop.result in TURNED_DOWN


def send(session: OcpiSession, reference: str) -> Command:
    """Write a STOP_SESSION, which is sent after the commit."""
    party = session.country_code, session.party_id
    made = commands.stop_session(partner=session.partner, session_id=session.ocpi_id, reference=reference, party=party)
    stop = commands.create(made)
    send_command_after_commit(stop)
    return stop
