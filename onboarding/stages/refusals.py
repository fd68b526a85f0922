"""Why something cannot be done with an integration now."""

from collections.abc import Sequence

from onboarding.guide import Condition


class NotPossible(Exception):
    """This cannot be done now; the text says why, to staff and to the CPO."""


class NotYet(NotPossible):
    """Conditions of the stage are not met. `blocked` holds them."""

    def __init__(self, blocked: Sequence[Condition]) -> None:
        self.blocked = blocked
        super().__init__(" ".join(f"{one.title}: {' '.join(one.missing)}" for one in blocked))


class Unproven(NotYet):
    """What shows that production works is missing. `blocked` holds it."""

    def __str__(self) -> str:
        return f"Production is not proven yet. {super().__str__()}"


def require_reason(reason: str) -> str:
    """The reason without blanks around it. Raises `NotPossible` when there is none."""
    if not reason.strip():
        raise NotPossible("Say why: the reason stays with the partner.")
    return reason.strip()
