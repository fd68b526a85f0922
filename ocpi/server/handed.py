"""A push that the plain way had and left to its view (`ocpi.server.push`): what both know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

HANDED = "sfp.push"
"""In a request's META: the plain way had it, so that it is not counted or tried again."""


def nothing() -> None:
    """It is kept nowhere."""


@dataclass(slots=True)
class Handed:
    """A push on its way.

    Args:
        at: when it arrived: its row in the message log says so, whoever writes it.
        let_go: to be called when it is answered: until then it stands in the spool of its process.
    """

    at: datetime
    let_go: Callable[[], None] = nothing


def handed(meta: Mapping[str, Any]) -> Handed | None:
    """What is known of a push by its request's META; None where the plain way never had it."""
    found = meta.get(HANDED)
    return found if isinstance(found, Handed) else None
