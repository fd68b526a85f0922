"""What `decide` answers with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sessions_adhoc.states import State


class Do(StrEnum):
    """Things to be done. Each is safe to ask for again: the row it works on says whether it was done."""

    RESERVE = "reserve"
    RELEASE = "release"
    LET_GO = "let_go"
    REPLACE_HOLD = "replace_hold"
    CAPTURE = "capture"
    OPEN_ATTEMPT = "open_attempt"
    CLOSE_ATTEMPT = "close_attempt"
    SEND_START = "send_start"
    SEND_STOP = "send_stop"
    FORGET_STOP = "forget_stop"
    RENEW_STOP = "renew_stop"
    NOTE_LIMIT = "note_limit"
    SCHEDULE_RETRY = "schedule_retry"
    PULL_SESSIONS = "pull_sessions"
    PULL_CDRS = "pull_cdrs"
    OPEN_INCIDENT = "open_incident"
    CLOSE_INCIDENTS = "close_incidents"
    CHECK_BILL = "check_bill"
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - the name of an action


@dataclass(frozen=True)
class Action:
    """One thing to do; `amount` in minor units, `code` and `text` as the action needs them."""

    do: Do
    amount: int = 0
    code: str = ""
    text: str = ""


@dataclass(frozen=True)
class Decision:
    """Go `to` a state (or stay), do `actions`, look again at `check_at`.

    `again` asks for another decision at once, because an action changed the facts. `text` is the timeline's sentence.
    """

    to: State | None = None
    reason: str = ""
    text: str = ""
    actions: tuple[Action, ...] = ()
    check_at: datetime | None = None
    again: bool = False


def stay(check_at: datetime, *actions: Action, text: str = "") -> Decision:
    return Decision(check_at=check_at, actions=actions, text=text)


def go(to: State, text: str, *actions: Action, reason: str = "") -> Decision:
    return Decision(to=to, text=text, actions=actions, reason=reason)


def end_attempt(failure: str, verdict: str) -> Action:
    return Action(Do.CLOSE_ATTEMPT, code=failure, text=verdict)


def fail(reason: str, text: str, *actions: Action, again: bool = True) -> Decision:
    """The session failed: let go of the money, end the attempt, let the token die (rule 24).

    `again`: the driver may try again here, and what is held may be kept for that a while.
    """
    return go(
        State.FAILED,
        text,
        *actions,
        end_attempt(reason, text),
        Action(Do.LET_GO if again else Do.RELEASE),
        Action(Do.REVOKE_TOKEN),
        reason=reason,
    )


def suspended(*actions: Action) -> Decision:
    """Nothing new is started at a suspended partner (rule 37)."""
    text = "The connection to the operator is suspended. The charger was not asked to start."
    return fail("partner_suspended", text, *actions, again=False)


def cancel(reason: str, text: str) -> Decision:
    """The session ends before any START_SESSION: void whatever the gateway did, or keep what is held a while."""
    return go(State.CANCELLED, text, Action(Do.LET_GO), Action(Do.REVOKE_TOKEN), reason=reason)
