"""How a moment is written in documents and on the CPO's page."""

from datetime import datetime

from django.utils import timezone


def clock(moment: datetime | None) -> str:
    """`22 Nov 2026, 19:15 CET`, in the platform's time zone; empty for None."""
    return timezone.localtime(moment).strftime("%-d %b %Y, %H:%M %Z") if moment else ""


def span(opens: datetime | None, closes: datetime | None) -> str:
    """`Sun 22 Nov 2026, 19:15 to 21:00 CET`; the second day too where it is another; empty where nothing opens."""
    if opens is None:
        return ""
    begins = timezone.localtime(opens)
    if closes is None:
        return begins.strftime("%a %-d %b %Y, %H:%M %Z")
    ends = timezone.localtime(closes)
    until = ends.strftime("%H:%M %Z" if ends.date() == begins.date() else "%a %-d %b %Y, %H:%M %Z")
    return f"{begins.strftime('%a %-d %b %Y, %H:%M')} to {until}"
