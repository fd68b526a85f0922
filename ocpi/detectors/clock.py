"""Clocks that differ: timestamps decide which news is newer, so a wrong clock loses updates."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings

from ocpi.detectors.traffic import OUTBOUND, messages, traffic
from ocpi.models import Message
from partners.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident

CLOCK = "clock"


def skew(message: Message) -> timedelta | None:
    """How far their clock was ahead when they answered, by the Date header (RFC 9110 §6.6.1: whole seconds)."""
    text = next((value for name, value in message.response_headers.items() if name.lower() == "date"), "")
    try:
        said = parsedate_to_datetime(text)
    except ValueError:
        return None
    said = said if said.tzinfo else said.replace(tzinfo=UTC)
    return said - (message.at + timedelta(milliseconds=message.duration_ms or 0))


def _newest_answers(window: Window) -> dict[int, Message]:
    """The newest good answer of each partner. One statement."""
    newest: dict[int, tuple[datetime, int]] = {}
    for one in window.shared(traffic).successes:
        if one.direction == OUTBOUND and one.newest_at is not None and one.newest_id is not None:
            newest[one.partner_id] = max(newest.get(one.partner_id, (one.newest_at, 0)), (one.newest_at, one.newest_id))
    shown = messages({pk for _, pk in newest.values()})
    return {partner_id: shown[pk] for partner_id, (_, pk) in newest.items() if pk in shown}


def _is_wrong(by: timedelta) -> bool:
    return abs(by) > timedelta(seconds=settings.DETECT_CLOCK_SKEW_SECONDS)


def wrong_clocks(window: Window) -> list[Finding]:
    """Partners whose newest answer is dated in another time than ours."""
    found = []
    for partner_id, message in window.shared(_newest_answers).items():
        by = skew(message)
        if by is not None and _is_wrong(by):
            found.append(Finding(partner_id, _tell(by, message), message.at, message.at))
    return found


def _tell(by: timedelta, message: Message) -> Report:
    words = f"{abs(by.total_seconds()):.0f} seconds {'ahead of' if by > timedelta(0) else 'behind'} ours"
    return Report(
        key=CLOCK,
        symptom="Clocks differ",
        cause=f"The clock of the CPO's server is {words}.",
        resolution="Synchronize the server's clock (NTP). Timestamps decide which update is the newer one.",
        evidence=[evidence(f"{moment(message.at)}: their answer is dated {words}.", message.pk)],
        letter=f"The Date of your server's answer on {moment(message.at)} is {words}. Timestamps decide which update "
        "is the newer one, so updates may be lost. Please synchronize your server's clock (NTP).",
    )


def right_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later answer is dated right."""
    answers, over = window.shared(_newest_answers), {}
    for row in rows:
        message = answers.get(row.partner_id)
        by = skew(message) if message is not None else None
        if message is not None and by is not None and message.at > row.last_seen_at and not _is_wrong(by):
            over[row.partner_id, row.key] = "Their clock is right again."
    return over


DETECTORS = (Detector(CLOCK, wrong_clocks, right_again, every=timedelta(minutes=5)),)
