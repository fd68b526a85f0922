"""The states of an ad-hoc session (session rules, table of states). Imports no Django.

Which may follow which is said by the transitions of `AdHocSession`; `docs/states.md` draws them.
"""

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


def choices() -> list[tuple[str, str]]:
    """Return `(value, label)` pairs for a model field."""
    return [(state.value, state.label) for state in State]
