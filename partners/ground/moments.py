"""Moments in texts that were stored: written in UTC, shown in the platform's time zone."""

import re
from datetime import UTC, datetime, time

from django.utils import timezone

WRITTEN_MOMENT = re.compile(r"(?:(\d{1,2} [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d),? )?(\d\d:\d\d)(:\d\d)? UTC")
"""As texts that were stored have it: with the day, or of the day on which they were written."""


def clock_time(moment: datetime) -> str:
    """`22 Nov 2026, 19:15:03`, in the platform's time zone."""
    return timezone.localtime(moment).strftime("%-d %b %Y, %H:%M:%S")


def in_our_zone(text: str, near: datetime | None = None, *, named: bool = False) -> str:
    """A text with its moments, written in UTC, in the platform's time zone: one zone on a page.

    Args:
        near: when it was written. Without it a time of day without its day stays as it is.
        named: whether the zone is said with each, where the page does not say it once.
    """
    return WRITTEN_MOMENT.sub(lambda match: _ours(match, near, named), text)


def _ours(match: re.Match[str], near: datetime | None, named: bool) -> str:
    day, minute, second = match.groups()
    clock = time.fromisoformat(f"{minute}{second or ''}")
    if day is not None:
        form = "%Y-%m-%d" if "-" in day else "%d %b %Y"
        moment = datetime.combine(datetime.strptime(day, form).replace(tzinfo=UTC), clock, UTC)
        return f"{clock_time(moment)}{timezone.localtime(moment).strftime(' %Z') if named else ''}"
    if near is None:
        return match[0]
    moment = timezone.localtime(datetime.combine(near.astimezone(UTC), clock, UTC))
    return moment.strftime("%H:%M:%S" if second else "%H:%M")
