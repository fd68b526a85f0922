"""A month's scorecard: the sum of its days, in the figures that people compare."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from onboarding.models import ScoreDay
from partners.models import Partner

MOST_MONTHS = 12
SUMS = (
    *("calls", "calls_failed", "answered", "answered_ms", "pushes", "pushes_refused", "refused_in_lists", "charges"),
    *("starts", "starts_refused", "samples", "gaps", "cdrs", "cdr_delay_s", "claims"),
)
HIGHEST = ("slowest_ms", "cdr_slowest_s")


@dataclass(frozen=True)
class Scorecard:
    """One partner's month. Shares are per cent with one decimal; None where there was nothing to measure.

    Attributes:
        month: its first day.
        days: how many days are in it.
    """

    month: date
    days: int
    calls: int
    calls_failed: int
    answered: int
    answered_ms: int
    slowest_ms: int
    pushes: int
    pushes_refused: int
    refused_in_lists: int
    charges: int
    starts: int
    starts_refused: int
    samples: int
    gaps: int
    cdrs: int
    cdr_delay_s: int
    cdr_slowest_s: int
    claims: int

    @property
    def availability(self) -> float | None:
        """How many of our calls were answered as they should be."""
        return _share(self.calls - self.calls_failed, self.calls)

    @property
    def latency(self) -> int | None:
        """Milliseconds, on average."""
        return round(self.answered_ms / self.answered) if self.answered else None

    @property
    def gap_share(self) -> float | None:
        return _share(self.gaps, self.samples)

    @property
    def cdr_delay(self) -> int | None:
        """Seconds, on average."""
        return round(self.cdr_delay_s / self.cdrs) if self.cdrs else None

    @property
    def refused(self) -> int:
        """Objects and messages of theirs that could not be taken."""
        return self.pushes_refused + self.refused_in_lists

    def rows(self) -> list[tuple[str, str, str]]:
        """(figure, value, what it is made of), as on pages and paper."""
        return [
            ("Availability", _percent(self.availability), f"{self.calls_failed} of {self.calls} of our calls failed"),
            ("Answers in", _milliseconds(self.latency), f"on average; the slowest {_milliseconds(self.slowest_ms)}"),
            (
                "Starts refused",
                _percent(_share(self.starts_refused, self.starts)),
                f"{self.starts_refused} of {self.starts} START_SESSION",
            ),
            ("Sample gaps", _percent(self.gap_share), f"{self.gaps} of {self.samples} meter values came late"),
            ("CDR delay", _seconds(self.cdr_delay), f"on average; the slowest {_seconds(self.cdr_slowest_s)}"),
            ("CDRs", str(self.cdrs), f"of {self.charges} charges with energy"),
            (
                "Refused objects",
                str(self.refused),
                f"{self.pushes_refused} of {self.pushes} messages, {self.refused_in_lists} in lists",
            ),
            ("Claims", str(self.claims), "CDRs that asked for more than the price shown"),
        ]


def card_of(partner: Partner, month: date) -> Scorecard | None:
    """The scorecard of one month; None where no day of it was measured."""
    return next((card for card in cards_of(partner) if card.month == month.replace(day=1)), None)


def cards_of(partner: Partner) -> list[Scorecard]:
    """The newest months, the newest first. One query."""
    days = ScoreDay.objects.filter(partner=partner).order_by("-day")[: MOST_MONTHS * 31]
    months: dict[date, list[ScoreDay]] = {}
    for row in days:
        months.setdefault(row.day.replace(day=1), []).append(row)
    return [_add(month, rows) for month, rows in months.items()][:MOST_MONTHS]


def _add(month: date, rows: Sequence[ScoreDay]) -> Scorecard:
    sums = {name: sum(_values(rows, name)) for name in SUMS}
    highest = {name: max(_values(rows, name)) for name in HIGHEST}
    return Scorecard(month=month, days=len(rows), **sums, **highest)


def _values(rows: Iterable[ScoreDay], name: str) -> Iterable[int]:
    return (getattr(row, name) for row in rows)


def _share(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share} %"


def _milliseconds(number: int | None) -> str:
    return "-" if number is None else f"{number:,} ms"


def _seconds(number: int | None) -> str:
    if number is None:
        return "-"
    minutes, seconds = divmod(number, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
