"""What was decided of a push, before anything of it is written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Decision:
    """A push that can be taken.

    Args:
        row: the columns to be written, those of the object and what guards them.
        created: nothing was stored under this id before.
        stored_id: the object's id as it is stored now.
        kind: of the object, for the message log.
        said, said_before: `last_updated` as the push names it, and as it was stored, for the partner's clock; None:
            it tells nothing of that.
        followed: what whoever follows the object decided to write; None: nobody is to hear of it.
    """

    row: dict[str, Any]
    created: bool
    stored_id: str
    kind: str
    said: datetime | None
    said_before: datetime | None
    followed: dict[str, Any] | None = None
