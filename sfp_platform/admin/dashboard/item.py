"""One row of the queue."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from partners.models import Ticket


@dataclass(frozen=True)
class Item:
    """One thing that needs somebody of us.

    Attributes:
        weight: sorts; more is worse.
        key, state: of its ticket (`partners.models.ticket`): what it is about, and what it needs now.
        press, press_url: the one thing to press, and the page where it is.
        since: when it began to wait.
        about: names of the same thing in other kinds of rows: of two that share one, only the first is shown.
    """

    weight: int
    kind: str
    title: str
    url: str
    partner: str
    since: datetime | None
    key: str
    press: str
    state: str = ""
    partner_id: int | None = None
    press_url: str = ""
    advice: str = ""
    tone: str = "danger"
    about: frozenset[str] = frozenset()
    ticket: Ticket | None = None

    @property
    def button_url(self) -> str:
        return self.press_url or self.url


Look = Callable[[datetime], Iterable[Item]]
