"""Which of two updates is the newer one, by the partner's own stamps (rule 31).

A stamp orders the partner's own news and nothing else. It counts for no more than the moment at which it arrived, so
that one from the future shuts out nothing that comes later; two that are ahead by about the same are compared as they
are, so that a clock that is constantly wrong keeps its order. What a GET brings is newer than everything that had
arrived when it was asked for.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils import timezone

from ocpi.versions.patching import moment
from partners import clocks

AHEAD = timedelta(seconds=60)
ALIKE = timedelta(seconds=60)


class Stamped(Protocol):
    """A row that keeps what the partner said, and when it was said."""

    last_updated: datetime
    arrived_at: datetime | None


@dataclass(frozen=True)
class Stamp:
    """When something was changed.

    Args:
        said: as the partner says.
        arrived: when we were told. For what a GET brought: when it was asked for.
        pulled: a GET brought it.
    """

    said: datetime
    arrived: datetime
    pulled: bool = False

    @property
    def lead(self) -> timedelta:
        """How far it was ahead of its arrival; what is late is behind."""
        return self.said - self.arrived

    @property
    def ahead(self) -> bool:
        return self.lead > AHEAD

    @property
    def counts(self) -> datetime:
        """What it counts for beside a stamp of another clock."""
        return self.arrived if self.ahead else self.said


def push_stamp(said: datetime) -> Stamp:
    """The stamp of what arrives now."""
    return Stamp(said, timezone.now())


def pull_stamp(said: datetime, asked: datetime) -> Stamp:
    """The stamp of what a GET brought that was sent at `asked`."""
    return Stamp(said, asked, pulled=True)


def arriving(said: datetime, asked: datetime | None) -> Stamp:
    """`push_stamp`, or `pull_stamp` where it was asked for."""
    return push_stamp(said) if asked is None else pull_stamp(said, asked)


def of(row: Stamped) -> Stamp:
    """The stamp of what is stored. What came before arrivals were kept came no later than now."""
    return Stamp(row.last_updated, row.arrived_at or min(row.last_updated, timezone.now()))


def keep(row: Stamped, stamp: Stamp) -> None:
    """Make it the stamp of the row."""
    row.last_updated, row.arrived_at = stamp.said, stamp.arrived


def alike(first: Stamp, second: Stamp) -> bool:
    """Whether one clock, as wrong as it may be, made both."""
    if first.ahead and second.ahead:
        return abs(first.lead - second.lead) <= ALIKE
    return not first.ahead and not second.ahead


def older(first: Stamp, second: Stamp) -> bool:
    """Whether the first is older than the second."""
    if alike(first, second):
        return first.said < second.said
    return first.counts < second.counts


def is_outdated(update: Stamp, row: Stamped) -> bool:
    """Whether an update is older than what is stored."""
    stored = of(row)
    if update.pulled and stored.arrived <= update.arrived:
        return False
    return older(update, stored)


def measure(partner_id: int, said: datetime | None, before: datetime | None, message_id: int | None) -> None:
    """What a push says of the partner's clock: it was stamped a moment ago, unless the stamp was there before.

    Called outside the transaction that stores it, so that nobody holds the clock's row for long.
    """
    if said is not None and said != before:
        now = timezone.now()
        clocks.notice(partner_id, clocks.Source.STAMPS, said - now, now, message_id)


def named_stamp(change: Any) -> datetime | None:
    """The `last_updated` that a PATCH names."""
    said = moment(change["last_updated"]) if isinstance(change, Mapping) and change.get("last_updated") else None
    return said if isinstance(said, datetime) else None


def apart(first: Stamp, second: Stamp) -> timedelta:
    """How much later the second is: by its stamps, or by the arrivals where two clocks made them."""
    if abs(first.lead - second.lead) <= ALIKE:
        return second.said - first.said
    return second.arrived - first.arrived
