"""Durations as people read them: policies are in seconds, and 25 s is not 0.416667 min (rule 40)."""

from datetime import timedelta


def lasting(span: timedelta) -> str:
    """Return `45 s`, `5 min`, `1 min 30 s`, `24 h` or `1 h 5 min`; fractions of a second only below ten."""
    if span < timedelta(seconds=10):
        return f"{round(span.total_seconds(), 1):g} s"
    seconds = round(span.total_seconds())
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    if minutes:
        return f"{minutes} min {seconds % 60} s" if seconds % 60 else f"{minutes} min"
    return f"{seconds} s"
