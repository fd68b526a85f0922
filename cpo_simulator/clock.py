"""Wall-clock time. Simulated charging may run faster; what is written down is always the real time."""

from datetime import UTC, datetime, timedelta

_MILLISECOND = timedelta(milliseconds=1)


def now() -> datetime:
    """The present moment in UTC, cut to milliseconds (longer fractions break OCPI's 25 characters)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def later_than(previous: datetime | None) -> datetime:
    """Now, but at least a millisecond after ``previous``: ``last_updated`` must grow with each change."""
    moment = now()
    if previous is not None and moment <= previous:
        return previous + _MILLISECOND
    return moment


def read(text: str) -> datetime:
    """An OCPI DateTime: with Z, with an offset, or bare (which means UTC). Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
