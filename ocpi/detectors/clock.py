"""Clocks that differ: timestamps decide which news is newer, so a wrong clock delays updates (rule 31).

The Date of an answer tells the web server's clock; stamps of pushes and envelopes tell the application's, which often
sends local time as UTC, in a part of its messages only.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings

from ocpi.client.reading import date_header
from ocpi.detectors.traffic import OUTBOUND, messages, traffic
from ocpi.models import Message
from partners import clocks
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident, PartnerClock

CLOCK = "clock"
RIGHT = "Their clock is right again."


def skew(message: Message) -> timedelta | None:
    """How far their clock was ahead when they answered, by the Date header (RFC 9110 §6.6.1: whole seconds)."""
    said = date_header(message.response_headers)
    return None if said is None else said - (message.at + timedelta(milliseconds=message.duration_ms or 0))


def _newest_answers(window: Window) -> dict[int, Message]:
    """The newest good answer of each partner. One statement."""
    newest: dict[int, tuple[datetime, int]] = {}
    for one in window.share(traffic).successes:
        if one.direction == OUTBOUND and one.newest_at is not None and one.newest_id is not None:
            newest[one.partner_id] = max(newest.get(one.partner_id, (one.newest_at, 0)), (one.newest_at, one.newest_id))
    shown = messages({pk for _, pk in newest.values()})
    return {partner_id: shown[pk] for partner_id, (_, pk) in newest.items() if pk in shown}


def _is_wrong(by: timedelta) -> bool:
    return abs(by) > timedelta(seconds=settings.DETECT_CLOCK_SKEW_SECONDS)


def wrong_clocks(window: Window) -> list[Finding]:
    """Partners whose newest answer is dated in another time than ours."""
    found = []
    for partner_id, message in window.share(_newest_answers).items():
        by = skew(message)
        if by is not None and _is_wrong(by):
            found.append(Finding(partner_id, _tell(by, message), message.at, message.at))
    told = {one.partner_id for one in found}
    return found + [
        Finding(clock.partner_id, _tell_stamps(clock), clock.measured_at, clock.measured_at)
        for clock in window.share(_wrong_stamps)
        if clock.partner_id not in told
    ]


def _wrong_stamps(window: Window) -> list[PartnerClock]:
    """Applications' clocks that are wrong now: one for each partner. One statement."""
    fresh = PartnerClock.objects.filter(measured_at__gt=window.now - clocks.BELIEVED)
    rows = fresh.exclude(source=clocks.Source.DATE).order_by("source")
    return list({one.partner_id: one for one in rows if _is_wrong(timedelta(seconds=one.offset))}.values())


def _tell_stamps(clock: PartnerClock) -> Report:
    by = timedelta(seconds=clock.offset)
    words = f"{abs(clock.offset):.0f} seconds {'ahead of' if by > timedelta(0) else 'behind'} our time"
    what = "its pushes" if clock.source == clocks.Source.STAMPS else "its answers"
    return Report(
        key=CLOCK,
        symptom="Clocks differ",
        cause=f"The timestamps of {what} are {words}. A whole number of hours is local time that is sent as UTC.",
        resolution="Send UTC in every timestamp (OCPI: RFC 3339 with a Z), and synchronize the clock (NTP).",
        place=what,
        to_do="Send their technical contact the text for the CPO. No charge is lost meanwhile.",
        evidence=[evidence(f"{moment(clock.measured_at)}: the timestamps of {what} are {words}.", clock.message_id)],
        letter=f"The timestamps that your server sends are {words} (seen on {moment(clock.measured_at)}). Please send "
        "UTC in every timestamp, and synchronize the clock (NTP): timestamps decide which update is the newer one.",
    )


def _tell(by: timedelta, message: Message) -> Report:
    words = f"{abs(by.total_seconds()):.0f} seconds {'ahead of' if by > timedelta(0) else 'behind'} ours"
    return Report(
        key=CLOCK,
        symptom="Clocks differ",
        cause=f"The clock of the CPO's server is {words}.",
        resolution="Synchronize the server's clock (NTP). Timestamps decide which update is the newer one.",
        place="the Date of its answers",
        to_do="Send their technical contact the text for the CPO. No charge is lost meanwhile.",
        evidence=[evidence(f"{moment(message.at)}: the answer is dated {words}.", message.pk)],
        letter=f"The Date of your server's answer on {moment(message.at)} is {words}. Timestamps decide which update "
        "is the newer one, so updates may be lost. Please synchronize your server's clock (NTP).",
    )


def right_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later answer, or a later push, is dated right."""
    answers, over = window.share(_newest_answers), {}
    wrong = {one.partner_id for one in window.share(_wrong_stamps)}
    stamped = _right_stamps({row.partner_id for row in rows} - wrong)
    for row in rows:
        if row.partner_id in wrong:
            continue
        if (measured := stamped.get(row.partner_id)) is not None and measured > row.last_seen_at:
            over[row.partner_id, row.key] = RIGHT
            continue
        message = answers.get(row.partner_id)
        by = skew(message) if message is not None else None
        if message is not None and by is not None and message.at > row.last_seen_at and not _is_wrong(by):
            over[row.partner_id, row.key] = RIGHT
    return over


def _right_stamps(partner_ids: set[int]) -> dict[int, datetime]:
    """When the stamps of partners were last measured."""
    rows = PartnerClock.objects.filter(partner__in=partner_ids, source=clocks.Source.STAMPS)
    return dict(rows.values_list("partner_id", "measured_at"))


DETECTORS = (Detector(CLOCK, wrong_clocks, right_again, every=timedelta(minutes=5)),)
