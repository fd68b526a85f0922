"""What happens next if nobody is heard of: asked of `decide` itself, at the moments that it would look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from sessions_adhoc.admin.state_words import WAITING
from sessions_adhoc.decide import Decision, Do, decide
from sessions_adhoc.engine.snapshot import Snapshot, facts_of
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State

MOST_LOOKS = 60
LONGEST = timedelta(days=3)
DEEDS = {
    Do.RESERVE: "the gateway is asked to reserve the funds",
    Do.RELEASE: "the funds are released",
    Do.LET_GO: "the funds are released, or kept a while for another try",
    Do.REPLACE_HOLD: "all of it is reserved anew",
    Do.CAPTURE: "the payment is captured",
    Do.SEND_START: "START_SESSION is sent",
    Do.OPEN_ATTEMPT: "START_SESSION is sent",
    Do.SEND_STOP: "STOP_SESSION is sent",
    Do.PULL_SESSIONS: "we ask with GET /sessions",
    Do.PULL_CDRS: "we ask with GET /cdrs",
    Do.SCHEDULE_RETRY: "another attempt is scheduled",
    Do.OPEN_INCIDENT: "an incident is opened",
}


@dataclass(frozen=True)
class Foreseen:
    """What will be done at `at`, in words, and the state that follows (empty: the same)."""

    at: datetime
    text: str
    state: str = ""


def foreseen(session: AdHocSession) -> Foreseen | None:
    """The next thing that time alone brings about, or None where nothing does.

    The facts stay as they are now; only the clock moves on, from each moment that `decide` names to the next.
    """
    if session.state in WITHOUT_CLOCK or session.next_check_at is None:
        return None
    now = timezone.now()
    facts, moment = facts_of(Snapshot(session), now), max(session.next_check_at, now)
    for _ in range(MOST_LOOKS):
        decision = decide(facts, moment)
        if text := _in_words(decision):
            return Foreseen(moment, text, decision.to.label if decision.to else "")
        if decision.check_at is None or not moment < decision.check_at < now + LONGEST:
            return None
        moment = decision.check_at
    return Foreseen(session.next_check_at, WAITING[State(session.state)][1]) if session.state not in TERMINAL else None


def _in_words(decision: Decision) -> str:
    deeds = list(dict.fromkeys(DEEDS[action.do] for action in decision.actions if action.do in DEEDS))
    if decision.text:
        return decision.text + (f" Then {' and '.join(deeds)}." if deeds and decision.to else "")
    return f"{' and '.join(deeds)}." if deeds else ""
