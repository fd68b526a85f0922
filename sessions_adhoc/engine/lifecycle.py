"""The one door: nothing else moves an ad-hoc session.

`advance` locks the row, asks `decide` what follows from the facts, applies it, and repeats until there is nothing
left to do now. It is level-triggered: it looks at rows, not at messages, so that news which arrives twice, out of
order or never (the sweep comes by) leads to the same outcome. Whatever needs the network is a row plus a task that is
enqueued after commit.

Lock order, everywhere: the CPO's object, then the ad-hoc session, then its attempt, then its payment.
"""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from billing.models import PaymentAuthorization
from ocpi.models import Command
from partners.ground.writes import run_parts
from sessions_adhoc import timeline
from sessions_adhoc.decide import Action, Decision, Do, decide
from sessions_adhoc.decide.decision import fail, go
from sessions_adhoc.decide.settle import close_as_settled
from sessions_adhoc.decide.stop import WITHOUT_EFFECT
from sessions_adhoc.engine import actions, queueing
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import MOVING, AccountDue, AdHocSession, TimelineEvent
from sessions_adhoc.money import adding
from sessions_adhoc.money.holds import TAKEN
from sessions_adhoc.states import BEFORE_START, OCCUPYING, TERMINAL, WITHOUT_CLOCK, State
from sessions_adhoc.webhooks import events

log = structlog.get_logger(__name__)

MAX_STEPS = 12
"""More decisions in a row than any path through the states has: beyond it `decide` must be going round in circles."""

LEASE = timedelta(seconds=15)
"""How long a claimed session is left alone; after it the sweep takes it again."""


STOP_AGAIN = timedelta(seconds=10)
"""How soon after the last one another STOP goes out, however often the driver presses (rule 19)."""


class CannotStop(Exception):
    """The session has ended: there is nothing to stop or cancel. The text says so to the driver."""

    code = "already_ended"


class Circling(Exception):
    """`decide` did not come to rest: a fault of ours, never of the CPO's."""


def advance(session_id: UUID | str, now: datetime | None = None) -> State:
    """Do what the facts call for, once; return the state that it came to rest in.

    Raises:
        AdHocSession.DoesNotExist: no such session.
    """
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        settle_down(rows, now or timezone.now())
        return State(rows.session.state)


def settle_down(rows: Snapshot, now: datetime) -> None:
    """Decide and apply until nothing is left to do at `now`. The caller holds the session's lock."""
    for _ in range(MAX_STEPS):
        if rows.session.state in TERMINAL:
            break
        decision = decide(facts_of(rows, now), now)
        apply(rows, decision, now)
        if decision.to is None and not decision.again:
            break
    else:
        raise Circling(f"ad-hoc session {rows.session.pk} does not come to rest in {rows.session.state}")
    keep(rows)


def hear(rows: Snapshot, now: datetime, *events: TimelineEvent) -> None:
    """Write down news of a locked session, and do what it calls for: at once where this is a worker at that session,
    which has asked for it; else the session is woken.

    The news is kept whatever becomes of the decision.
    """
    rows.writes.add(*events)
    if queueing.does_engines_work():
        news = rows.writes.parts()
        try:
            with transaction.atomic():
                settle_down(rows, now)
        except Exception:
            log.exception("an ad-hoc session could not be advanced; it is due", id=str(rows.session.pk))
            run_parts(news)
            queueing.wake([rows.session.pk], now)
        return
    queueing.wake_locked(rows.session, now, rows.writes)
    rows.writes.run()


def keep(rows: Snapshot) -> None:
    """Write down what was applied: all of it in the transaction that holds the lock, or nothing."""
    rows.writes.change(rows.session, *MOVING)
    rows.writes.run()
    queueing.note_decided(rows.session)


def apply(rows: Snapshot, decision: Decision, now: datetime) -> None:
    """Make one decision true: state, actions, clock, and what the timeline is to say of it."""
    session, came_from = rows.session, rows.session.state
    if decision.to is not None:
        occupy(session, decision.to)
        session.enter(decision.to, now, decision.reason)
    elif decision.reason:
        session.reason = decision.reason
    for action in decision.actions:
        actions.perform(rows, action, now)
    adding.follow(session, rows.holds, rows.writes)
    session.next_check_at = clock(session, decision, now)
    if decision.to in TERMINAL:
        rows.writes.add(AccountDue(session=session, next_check_at=now))
    if decision.to is not None:
        moved = {"state_from": came_from, "state_to": session.state}
        rows.writes.add(timeline.event(session, TimelineEvent.Kind.STATE, decision.text, at=now, **moved))
        rows.writes.add(*events.about_session(session, rows.holds, rows.webhooks, came_from, now))
    elif decision.text:
        rows.writes.add(timeline.event(session, TimelineEvent.Kind.NOTE, decision.text, at=now))


def occupy(session: AdHocSession, target: State) -> None:
    """Keep the EVSE for this driver, or let the next one have it (rule 36).

    A start in doubt has let go of it: where somebody else charges by now, that stays so.
    """
    if target not in OCCUPYING:
        session.occupies_id = None
    elif session.state not in OCCUPYING and not is_occupied(session.evse_id):
        session.occupies_id = session.evse_id


def is_occupied(evse_id: int) -> bool:
    """Whether a driver of ours may be charging at this EVSE."""
    return AdHocSession.objects.filter(occupies_id=evse_id).exists()


def start_in_doubt(session_id: UUID | str, sent_at: datetime) -> bool:
    """Take a session, whose money is held or taken and whose next START may have gone out without our knowing, for one
    that was started: no START is sent, and the CPO is asked for its Session (rules 1, 8). Return whether it is one.

    After the database was put back to an earlier moment. `sent_at`: when it may have gone out at the earliest.
    """
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id)
        between = rows.session.state == State.STARTING and (rows.attempt is None or rows.attempt.ended_at is not None)
        if not (rows.session.state in BEFORE_START or between) or rows.payment.state not in HAS_MONEY:
            return False
        while rows.session.state != State.STARTING:
            apply(rows, go(NEXT_TO_START[State(rows.session.state)], STARTED_IN_DOUBT), now)
        actions.open_attempt_in_doubt(rows, sent_at)
        keep(rows)
    queueing.wake([rows.session.pk], now)
    return True


NEXT_TO_START = {
    State.CREATED: State.AUTHORIZING,
    State.AUTHORIZING: State.AUTHORIZED,
    State.AUTHORIZED: State.STARTING,
    State.WAITING_FOR_CONNECTOR: State.STARTING,
}
HAS_MONEY = TAKEN | {PaymentAuthorization.State.RESERVED}
STARTED_IN_DOUBT = "The database was put back: START_SESSION may have been sent since. Asking for its Session."


def give_up(rows: Snapshot, text: str, now: datetime) -> None:
    """Staff end an escalated session whose money is gone at the gateway. The caller holds the lock."""
    apply(rows, fail("payment_lost", text, Action(Do.CLOSE_INCIDENTS)), now)
    keep(rows)


def leave_open(rows: Snapshot, text: str, now: datetime) -> None:
    """Staff end an escalated session of which nothing is held, and what its CDR asks stays owed. The caller holds the
    lock."""
    apply(rows, close_as_settled(text), now)
    keep(rows)


def clock(session: AdHocSession, decision: Decision, now: datetime) -> datetime | None:
    """A live state always has a clock, a terminal one never. Between two decisions of one step it is `now`."""
    if session.state in WITHOUT_CLOCK:
        return None
    return decision.check_at or now


def request_stop(session_id: UUID | str, actor: str, client_id: int | None = None) -> AdHocSession:
    """The driver (or staff, as `actor`) wants to end charging. Asking twice at once is asking once.

    Before any START_SESSION it cancels.

    Args:
        client_id: whose session it must be, if anybody's.

    Raises:
        CannotStop: the session has ended.
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    return _driver_ends(session_id, actor, "stop", client_id)


def request_cancel(session_id: UUID | str, actor: str, client_id: int | None = None) -> AdHocSession:
    """The driver gives up. Once START_SESSION was sent it is a stop: a charger may be starting."""
    return _driver_ends(session_id, actor, "cancel", client_id)


def _wish_made_at(rows: Snapshot, earlier: datetime | None, now: datetime) -> datetime | None:
    """The moment of a wish; None where it is none. Pressing twice at once is one wish; pressing again later is another
    one, with a STOP of its own (rule 19).

    A STOP that went out by itself a moment ago answers the wish, and takes nothing from it: no attempt follows. What
    stops a second Session beside the one that counts is no such STOP (rule 7).
    """
    if earlier is not None and now < earlier + STOP_AGAIN:
        return None
    if (told := rows.ocpi_session) is None or rows.attempt is None:
        return now
    stops = Command.objects.filter(reference=str(rows.session.pk), kind=Command.Kind.STOP_SESSION)
    recent = stops.filter(request__session_id=told.ocpi_id, created_at__gt=now - STOP_AGAIN).order_by("-created_at")
    if (stop := recent.first()) is None:
        return now
    if stop.pk == rows.attempt.stop_command_id:
        return stop.created_at
    return now if _is_of_the_limit(stop, rows.session) else None


def _is_of_the_limit(stop: Command, session: AdHocSession) -> bool:
    """Whether it went out because the reservation was nearly used up, and not for a wish (rule 33)."""
    limit_at = session.limit_stop_at
    return limit_at is not None and abs(stop.created_at - limit_at) < timedelta(seconds=1)


def _driver_ends(session_id: UUID | str, actor: str, wish: str, client_id: int | None) -> AdHocSession:
    now = timezone.now()
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        session = rows.session
        if session.state in TERMINAL:
            raise CannotStop(gettext("This session has already ended."))
        field = "cancel_requested_at" if wish == "cancel" and session.state in BEFORE_START else "stop_requested_at"
        if made_at := _wish_made_at(rows, getattr(session, field), now):
            setattr(session, field, made_at)
            session.reason = "" if session.reason == WITHOUT_EFFECT else session.reason
            text = f"{actor} asked to {wish}."
            rows.writes.add(timeline.event(session, TimelineEvent.Kind.DRIVER, text, at=now, actor=actor))
        settle_down(rows, now)
    return session
