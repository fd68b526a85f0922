"""One row of the queue."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from partners.admin.kit.showing import url_of
from partners.models import Ticket

Row = TypeVar("Row")


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

    @property
    def may_be_acknowledged(self) -> bool:
        """What is done on the page of a partner is done, or put off there."""
        return not self.key.startswith("partner:")


Look = Callable[[datetime], Iterable[Item]]


def item_of(row: Any, weight: int, kind: str, title: str, since: datetime | None, **more: Any) -> Item:
    """An item about a row of a partner's, with the page of that row; `more` as `Item` has it."""
    page = url_of(type(row), row.pk)
    return Item(weight, kind, title, page, row.partner.label, since, partner_id=row.partner_id, **more)


def first_of_each(rows: Iterable[Row], key: Callable[[Row], Hashable]) -> list[Row]:
    """Of rows with the same key the first."""
    found: dict[Hashable, Row] = {}
    for row in rows:
        found.setdefault(key(row), row)
    return list(found.values())
