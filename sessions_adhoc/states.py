"""The states of an ad-hoc session and who may follow whom (session rules, table of states). Imports no Django."""

from enum import StrEnum


class State(StrEnum):
    CREATED = "created"
    AUTHORIZING = "authorizing"
    AUTHORIZED = "authorized"
    WAITING_FOR_CONNECTOR = "waiting_for_connector"
    STARTING = "starting"
    VALIDATING = "validating"
    CHARGING = "charging"
    STOPPING = "stopping"
    AWAITING_CDR = "awaiting_cdr"
    ESCALATED = "escalated"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize().replace("cdr", "CDR")


TERMINAL = frozenset({State.SETTLED, State.FAILED, State.CANCELLED})
"""Nothing follows these; they have no clock."""

WITHOUT_CLOCK = TERMINAL | {State.ESCALATED}
"""An escalated session waits for staff or late news; it is on a queue instead."""

BEFORE_START = frozenset({State.CREATED, State.AUTHORIZING, State.AUTHORIZED, State.WAITING_FOR_CONNECTOR})
"""No START_SESSION was sent yet: the driver may still cancel."""

OCCUPYING = BEFORE_START | {State.STARTING, State.VALIDATING, State.CHARGING, State.STOPPING}
"""One EVSE, one driver (rule 36). The rule speaks of `starting` to `charging`. It is claimed from the first moment,
because of two drivers who pay at once the second must be refused before its money is touched, and because whoever
waits for the cable has money held for just that charger. All states before the START have a clock that frees it."""

FOLLOWERS: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.AUTHORIZING, State.CANCELLED}),
    State.AUTHORIZING: frozenset({State.AUTHORIZED, State.FAILED, State.CANCELLED}),
    State.AUTHORIZED: frozenset({State.WAITING_FOR_CONNECTOR, State.STARTING, State.FAILED, State.CANCELLED}),
    State.WAITING_FOR_CONNECTOR: frozenset({State.STARTING, State.FAILED, State.CANCELLED}),
    State.STARTING: frozenset({State.VALIDATING, State.STARTING, State.FAILED, State.ESCALATED}),
    State.VALIDATING: frozenset({State.CHARGING, State.STARTING, State.FAILED, State.ESCALATED}),
    State.CHARGING: frozenset({State.STOPPING, State.AWAITING_CDR}),
    State.STOPPING: frozenset({State.AWAITING_CDR, State.CHARGING}),
    State.AWAITING_CDR: frozenset({State.SETTLED, State.ESCALATED}),
    State.ESCALATED: frozenset({State.VALIDATING, State.AWAITING_CDR, State.SETTLED, State.FAILED}),
    State.SETTLED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}


def choices() -> list[tuple[str, str]]:
    """Return `(value, label)` pairs for a model field."""
    return [(state.value, state.label) for state in State]
