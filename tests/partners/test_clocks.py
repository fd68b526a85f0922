"""A partner's clock is measured by what comes from it, and written when it moved (rule 31)."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from partners import clocks
from partners.clocks import Source
from partners.models import Partner, PartnerClock
from tests.factories import PartnerFactory

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create()


def pushed(partner: Partner, *leads: float, start: datetime = NOON) -> None:
    """Pushes, ten seconds apart, whose stamps are so many seconds ahead of their arrival."""
    for number, lead in enumerate(leads):
        at = start + timedelta(seconds=10 * number)
        clocks.notice(partner.pk, Source.STAMPS, timedelta(seconds=lead), at, message_id=number)


def test_nothing_is_known_of_a_new_partner(partner: Partner) -> None:
    assert clocks.offset_of(partner.pk) == timedelta(0)
    assert clocks.ours(partner.pk, NOON) == clocks.theirs(partner.pk, NOON) == NOON


@pytest.mark.parametrize("hours", [-26, -1, 1, 2, 26])
def test_a_clock_is_known_after_three_pushes(partner: Partner, hours: int) -> None:
    pushed(partner, *[hours * 3600 - late for late in (0, 2, 1)])
    offset = timedelta(hours=hours)
    assert abs(clocks.offset_of(partner.pk) - offset) <= timedelta(seconds=2)
    assert abs(clocks.ours(partner.pk, NOON + offset) - NOON) <= timedelta(seconds=2)
    assert abs(clocks.theirs(partner.pk, NOON) - (NOON + offset)) <= timedelta(seconds=2)


def test_what_waited_in_a_queue_tells_nothing_of_the_clock(partner: Partner) -> None:
    pushed(partner, -3600, -2900, -1500, -600, -90, -40)
    assert not PartnerClock.objects.exists()


def test_a_stamp_from_the_future_tells_at_once(partner: Partner) -> None:
    pushed(partner, 0, 3600)
    row = PartnerClock.objects.get()
    assert (row.source, row.offset, row.message_id) == ("stamps", 3600, 1)


@pytest.mark.parametrize("days", [-400, -2, 2, 400])
def test_what_no_time_zone_explains_is_no_clock(partner: Partner, days: int) -> None:
    pushed(partner, *[days * 86_400] * 9)
    assert not PartnerClock.objects.exists()


def test_a_right_clock_costs_no_statement_and_a_constant_one_only_one(partner: Partner) -> None:
    with CaptureQueriesContext(connection) as queries:
        pushed(partner, 0, -2, 1, -25, 0, -3)
    assert len(queries) == 0
    with CaptureQueriesContext(connection) as queries:
        pushed(partner, *[3600, 3598] * 20)
    assert sum("INSERT" in query["sql"] for query in queries.captured_queries) == 1


def test_a_clock_that_was_set_right_is_right_again(partner: Partner) -> None:
    pushed(partner, *[3600] * 4)
    pushed(partner, *[0] * 9, start=NOON + HOUR)
    assert clocks.offset_of(partner.pk) == timedelta(0)


def test_the_stamps_tell_before_the_web_server_does(partner: Partner) -> None:
    clocks.notice(partner.pk, Source.DATE, 2 * HOUR, NOON)
    assert clocks.offset_of(partner.pk) == 2 * HOUR
    clocks.notice(partner.pk, Source.ENVELOPE, -2 * HOUR, NOON)
    assert clocks.offset_of(partner.pk) == -2 * HOUR
    pushed(partner, 3600)
    assert clocks.offset_of(partner.pk) == HOUR


def test_a_list_is_asked_for_from_the_earlier_of_both_clocks(partner: Partner) -> None:
    pushed(partner, 3600)
    assert clocks.asked_from(partner.pk, NOON) == NOON
    pushed(partner, *[-3600] * 9, start=NOON + HOUR)
    assert clocks.asked_from(partner.pk, NOON) == NOON - HOUR
