"""Wall-clock time. Simulated charging may run faster; what is written down is the time of the CPO's own clock."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

_MILLISECOND = timedelta(milliseconds=1)
_SET_BACK = timedelta(seconds=1)


def now() -> datetime:
    """The present moment in UTC, cut to milliseconds (longer fractions break OCPI's 25 characters)."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Clock:
    """The CPO's clock, which everything that it tells is stamped by; ``ahead`` says by how many seconds it is wrong."""

    def __init__(self, ahead: Callable[[], float]) -> None:
        self._ahead = ahead

    def now(self) -> datetime:
        """The moment that the clock shows, in UTC."""
        return now() + timedelta(seconds=self._ahead())

    def later_than(self, previous: datetime | None) -> datetime:
        """Now, but at least a millisecond after ``previous``: ``last_updated`` must grow with each change.

        A clock that was set back does not know that.
        """
        moment = self.now()
        if previous is not None and moment <= previous < moment + _SET_BACK:
            return previous + _MILLISECOND
        return moment


def read(text: str) -> datetime:
    """An OCPI DateTime: with Z, with an offset, or bare (which means UTC). Raises ValueError."""
    moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
