"""How a moment is written in documents and on the CPO's page."""

from datetime import datetime

from django.utils import timezone


def clock(moment: datetime | None) -> str:
    """`22 Nov 2026, 19:15 CET`, in the platform's time zone; empty for None."""
    return timezone.localtime(moment).strftime("%-d %b %Y, %H:%M %Z") if moment else ""
