"""A Session that delivers energy after its charge was paid: nobody pays for that (rules 19, 27).

While the bill is awaited the engine stops such a one by itself (`decide.stop`). Once it is settled nothing moves the
ad-hoc session any more: the CPO is asked to stop, once, and staff are told.
"""

from decimal import Decimal

from ocpi.receivers import SessionNews
from partners import incidents
from sessions_adhoc import symptoms
from sessions_adhoc.decide.session_facts import INTERIM_SHARE, LEAST_ENERGY
from sessions_adhoc.models import AttemptSession
from sessions_adhoc.money.eligibility import Bill
from sessions_adhoc.news import stopping
from sessions_adhoc.states import TERMINAL


def meet(link: AttemptSession, news: SessionNews) -> None:
    """Stop the Session if its charge is paid and it goes on. Its ad-hoc session is locked."""
    if link.stop_command_id is not None or news.stale or not _goes_on(link):
        return
    if _was_stopped_since(link):
        link.stop_command = link.attempt.stop_command
        link.save(update_fields=["stop_command"])
    else:
        stopping.stop_once(link)
    incidents.open_incident(news.session.partner_id, symptoms.running_on(link, news.message_id))


def _goes_on(link: AttemptSession) -> bool:
    """Whether it is ACTIVE, and has delivered more than was metered or billed when its charge ended."""
    attempt, told = link.attempt, link.ocpi_session
    if link.validity != AttemptSession.Validity.VALID or told.status != "ACTIVE" or attempt.ended_at is None:
        return False
    if attempt.session.state not in TERMINAL or attempt.failure or not _is_more(told.kwh, attempt.ended_kwh):
        return False
    billed = Bill(attempt.session).facts()
    return billed is None or _is_more(told.kwh, billed.energy)


def _is_more(kwh: Decimal, than: Decimal | None) -> bool:
    known = than or Decimal(0)
    return kwh > known + max(LEAST_ENERGY, known * INTERIM_SHARE)


def _was_stopped_since(link: AttemptSession) -> bool:
    """Whether the engine asked for it by itself while the bill was awaited."""
    stop, ended_at = link.attempt.stop_command, link.attempt.ended_at
    return stop is not None and ended_at is not None and stop.created_at >= ended_at
