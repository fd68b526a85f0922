"""What the moments in a partner's answers tell: of its clock (rule 31), and when it wants to be asked again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.utils import timezone

from ocpi.log.message_log import header_in
from ocpi.versions.patching import moment
from partners import clocks
from partners.models import Partner

LONGEST_WAIT = 24 * 3600


def date_header(headers: Mapping[str, Any]) -> datetime | None:
    """The Date of an answer (RFC 9110 §6.6.1: whole seconds), or None."""
    return _moment_of(str(header_in(headers, "Date")))


def _moment_of(text: str) -> datetime | None:
    """A moment as HTTP writes it, or None: a number in it may be of any size."""
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def wait_of(headers: Mapping[str, Any]) -> int:
    """Seconds of Retry-After, which is a number of them or a moment (RFC 9110 §10.2.3); 0 where it says nothing."""
    text = str(header_in(headers, "Retry-After") or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 9:
        return min(int(text), LONGEST_WAIT)
    until = _moment_of(text)
    seconds = 0.0 if until is None else (until - timezone.now()).total_seconds()
    return min(max(0, round(seconds)), LONGEST_WAIT)


def measure(
    partner: Partner, headers: Mapping[str, Any], envelope: Mapping[str, Any] | None, message_id: int | None
) -> None:
    """Note both clocks of an answer that just came: the web server's and the application's (OCPI 2.2.1 §4.1.7)."""
    now = timezone.now()
    stamped = (envelope or {}).get("timestamp")
    read = moment(stamped) if isinstance(stamped, str) else None
    said = {
        clocks.Source.DATE: date_header(headers),
        clocks.Source.ENVELOPE: read if isinstance(read, datetime) else None,
    }
    for source, at in said.items():
        if at is not None:
            clocks.notice(partner.pk, source, at - now, now, message_id)
