"""The clocks of the partners: how far each is ahead of ours, measured by everything that carries a moment (rule 31).

    noticed(partner_id, Source.STAMPS, lead, now)    # a message arrived whose stamp was `lead` ahead of `now`
    offset_of(partner_id)                            # how far ahead their clock is; negative: behind
    ours(partner_id, stamp), theirs(partner_id, at)  # from their time to ours, and back

Messages are late, but never early: of the last few the one that is furthest ahead tells the clock. They are kept in
this process; a row is written when a clock moved, or was not written for an hour, so that messages cost no statement.
"""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.utils import timezone

from partners.models import PartnerClock

Source = PartnerClock.Source
WRONG = timedelta(seconds=30)
"""From here on a clock is an incident; below, it is the way of networks."""
FURTHEST = timedelta(hours=27)
"""Time zones reach from -12 to +14 hours: what differs by more than that, and an hour, is no clock but old news."""
KEPT = 8
REMEMBERED = timedelta(minutes=10)
CERTAIN = 3
ALIKE = timedelta(seconds=60)
MOVED = timedelta(seconds=5)
REWRITTEN = timedelta(hours=1)
BELIEVED = timedelta(days=1)
NONE = timedelta(0)
PREFERRED = (Source.STAMPS, Source.ENVELOPE, Source.DATE)


@dataclass
class _Measuring:
    """What this process noticed of one clock. `written` is what the row says, as far as is known here."""

    noticed: deque[tuple[datetime, timedelta]] = field(default_factory=lambda: deque(maxlen=KEPT))
    written: timedelta = NONE
    written_at: datetime | None = None

    def offset(self, source: str, now: datetime) -> timedelta | None:
        """How far ahead the clock is, or None where it cannot be told: messages that wait in a queue are late too."""
        leads = [lead for at, lead in self.noticed if now - at <= REMEMBERED]
        most = max(leads)
        if source != Source.STAMPS:
            return leads[-1]
        if most < -WRONG and (len(leads) < CERTAIN or most - min(leads) > ALIKE):
            return None
        return most


_measuring: dict[tuple[int, str], _Measuring] = {}


def notice(partner_id: int, source: str, lead: timedelta, now: datetime, message_id: int | None = None) -> None:
    """A message arrived `now` whose moment is `lead` ahead of it. Never raises; mostly no statement."""
    if abs(lead) > FURTHEST:
        return
    clock = _measuring.setdefault((partner_id, source), _Measuring())
    clock.noticed.append((now, lead))
    offset = clock.offset(source, now)
    if offset is not None and _is_new(clock, offset, now):
        _write(partner_id, source, offset, now, message_id)
        clock.written, clock.written_at = offset, now


def _is_new(clock: _Measuring, offset: timedelta, now: datetime) -> bool:
    """A right clock that was never seen wrong costs nothing at all."""
    if abs(offset - clock.written) > MOVED:
        return True
    return clock.written_at is not None and now - clock.written_at > REWRITTEN


def _write(partner_id: int, source: str, offset: timedelta, now: datetime, message_id: int | None) -> None:
    row = PartnerClock(
        partner_id=partner_id,
        source=source,
        offset=round(offset.total_seconds(), 1),
        measured_at=now,
        message_id=message_id,
    )
    try:
        with transaction.atomic():
            PartnerClock.objects.bulk_create(
                [row],
                update_conflicts=True,
                unique_fields=["partner", "source"],
                update_fields=["offset", "measured_at", "message_id"],
            )
    except DatabaseError:
        return


def offset_of(partner_id: int) -> timedelta:
    """How far the partner's clock is ahead of ours; negative: behind. Nothing where it was not measured. One query."""
    rows = {row.source: row for row in PartnerClock.objects.filter(partner_id=partner_id)}
    now = timezone.now()
    known = [rows[source] for source in PREFERRED if source in rows]
    fresh = [row for row in known if now - row.measured_at <= BELIEVED] or known
    return timedelta(seconds=fresh[0].offset) if fresh else NONE


def ours(partner_id: int, stamp: datetime) -> datetime:
    """A moment that the partner's clock showed, by our clock."""
    return stamp - offset_of(partner_id)


def theirs(partner_id: int, at: datetime) -> datetime:
    """A moment of ours, as the partner's clock showed it."""
    return at + offset_of(partner_id)


def asked_from(partner_id: int, at: datetime) -> datetime:
    """The `date_from` that finds what happened since `at`, whichever of the two clocks stamped it."""
    return min(at, theirs(partner_id, at))


def forget() -> None:
    """Forget what this process noticed; what was written stays."""
    _measuring.clear()
