"""The list: every kind of personal data that the platform keeps."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

DRIVERS, CPOS, STAFF = "drivers", "people at CPOs", "staff"
BY_LAW = "as long as books have to be kept by law"
WITH_CPO = "as long as the integration is documented (guide 7.5)"


@dataclass(frozen=True)
class Kind:
    """One kind.

    Args:
        of: whose it is.
        fields: `app.model.field` that hold it; `app.model.*` where all of a model does.
        why: what it is kept for.
        days: how long, by which setting: (days, its name); None where `until` says it in words.
        forget: deletes or blanks what was past its time at a moment, some rows at a time; returns how many. None where
            something else does, or nothing is forgotten by itself.
    """

    name: str
    title: str
    of: str
    fields: frozenset[str]
    why: str
    days: Callable[[], tuple[int, str]] | None = None
    until: str = ""
    forget: Callable[[datetime], int] | None = None

    @property
    def how_long(self) -> str:
        """In words, with the setting that says so."""
        if self.days is None:
            return self.until
        days, setting = self.days()
        return f"{days} days{self.until and ', '}{self.until} ({setting})"


kinds: dict[str, Kind] = {}


def keep_personal(kind: Kind) -> None:
    """Put a kind on the list, in `AppConfig.ready()`."""
    kinds[kind.name] = kind


def covering(field: str, known: Collection[Kind]) -> list[str]:
    """The names of the kinds that a field, `app.model.name`, belongs to."""
    whole = f"{field.rpartition('.')[0]}.*"
    return [kind.name for kind in known if field in kind.fields or whole in kind.fields]
