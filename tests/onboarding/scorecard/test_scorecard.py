"""A month in figures: measured once a day, added up, shown to staff and to the CPO, on paper too."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ocpi.models import Cdr, Command, SyncRun, TrafficHour
from onboarding.models import ScoreDay
from onboarding.portal.links import make_link
from onboarding.scorecard import card_of, cards_of, measure_due
from onboarding.scorecard.measuring import write_day
from partners.models import Partner
from sessions_adhoc.models import ChargingAttempt, Sample
from tests.admin import rows
from tests.factories import CommandFactory, PartnerFactory
from tests.onboarding.documents.reading import text_of

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def world(db: None) -> rows.World:
    """Everything of one partner happened on one day, and as much at another partner."""
    one, other = rows.world(), rows.world()
    ScoreDay.objects.all().delete()
    for made in (one, other):
        Partner.objects.filter(pk=made.partner.pk).update(connected_at=DAY - timedelta(days=40), connection="connected")
        type(made.session).objects.filter(pk=made.session.pk).update(created_at=DAY)
        ChargingAttempt.objects.filter(pk=made.attempt.pk).update(energy_at=DAY, ended_at=DAY)
        Sample.objects.filter(attempt=made.attempt).update(faults="late")
        Sample.objects.filter(pk=made.attempt.samples.latest("pk").pk).update(faults="")
        Command.objects.filter(partner=made.partner).update(created_at=DAY, response="ACCEPTED", result="TIMEOUT")
        Cdr.objects.filter(partner=made.partner).update(end_at=DAY + timedelta(hours=1))
        Cdr.objects.filter(partner=made.partner).update(created_at=DAY + timedelta(hours=1, seconds=90))
        SyncRun.objects.filter(partner=made.partner).update(ended_at=DAY, refused=2)
    refused = CommandFactory.create(partner=one.partner, response="REJECTED")
    Command.objects.filter(pk=refused.pk).update(created_at=DAY + timedelta(hours=23), response="REJECTED")
    for direction, total, failed in (("out", 200, 1), ("in", 1000, 4)):
        for hour in (0, 23, 24):
            TrafficHour.objects.create(
                partner=one.partner,
                hour=DAY + timedelta(hours=hour),
                direction=direction,
                total=total,
                failed=failed,
                answered=100,
                duration_ms=20_000,
                slowest_ms=hour * 100,
            )
    return one


def figures(partner: Partner) -> dict[str, Any]:
    row = ScoreDay.objects.get(partner=partner, day=DAY.date())
    return {field.name: getattr(row, field.name) for field in ScoreDay._meta.fields[3:]}


def test_a_day_is_measured_when_its_cdrs_had_time_to_come(world: rows.World) -> None:
    assert measure_due(DAY + timedelta(days=2, hours=23)) == 2 * 5
    assert not ScoreDay.objects.filter(day__gte=DAY.date()).exists()
    assert measure_due(DAY + timedelta(days=3)) == 2
    assert measure_due(DAY + timedelta(days=3, hours=5)) == 0
    assert figures(world.partner) == {
        "calls": 400,
        "calls_failed": 2,
        "answered": 200,
        "answered_ms": 40_000,
        "slowest_ms": 2300,
        "pushes": 2000,
        "pushes_refused": 8,
        "refused_in_lists": 2,
        "charges": 1,
        "starts": 2,
        "starts_refused": 1,
        "samples": 2,
        "gaps": 1,
        "cdrs": 1,
        "cdr_delay_s": 90,
        "cdr_slowest_s": 90,
        "claims": 0,
    }


def test_who_was_not_connected_then_has_no_day(world: rows.World) -> None:
    Partner.objects.filter(pk=world.partner.pk).update(connected_at=DAY + timedelta(hours=30))
    PartnerFactory.create(connection="not_connected", connected_at=None)
    measure_due(DAY + timedelta(days=3))
    assert {row.partner_id for row in ScoreDay.objects.filter(day=DAY.date())}.isdisjoint({world.partner.pk})


def test_days_add_up_to_a_month(world: rows.World) -> None:
    write_day(world.partner, DAY.date())
    write_day(world.partner, DAY.date())
    write_day(world.partner, date(2026, 11, 19))
    write_day(world.partner, date(2026, 10, 31))
    cards = cards_of(world.partner)
    assert [(card.month, card.days) for card in cards] == [(date(2026, 11, 1), 2), (date(2026, 10, 1), 1)]
    card = card_of(world.partner, date(2026, 11, 20))
    assert card is not None
    assert {name: value for name, value, _said in card.rows()} == {
        "Availability": "99.5 %",
        "Answers in": "200 ms",
        "Starts refused": "50.0 %",
        "Sample gaps": "50.0 %",
        "CDR delay": "1 min 30 s",
        "CDRs": "1",
        "Refused objects": "10",
        "Claims": "0",
    }
    empty = cards[1]
    assert (empty.availability, empty.latency, empty.gap_share, empty.cdr_delay) == (None, None, None, None)
    assert [value for _name, value, _said in empty.rows()][:5] == ["-"] * 5


def test_staff_and_the_cpo_read_the_same(world: rows.World) -> None:
    row = write_day(world.partner, DAY.date())
    boss = User.objects.create_superuser("boss", "boss@sfp.example", "a-long-password")
    staff = Client()
    staff.force_login(boss)
    page = staff.get(reverse("admin:onboarding_scoreday_change", args=[row.pk])).content.decode()
    link, url = make_link(world.partner, given_to="Ana", days=1, by=boss, reveals_token_b=False)
    path = url[url.index("/onboarding/") :]
    told = Client().get(path).content.decode()
    for words in ("99.5 %", "1 of 2 START_SESSION", "1 of 2 meter values came late", "November 2026"):
        assert words in page, words
        assert words in told, words
    ours = staff.get(reverse("admin:onboarding_scoreday_pdf", args=[row.pk]))
    theirs = Client().get(f"{path}scorecards/{world.partner.pk}/2026-11.pdf")
    for answer in (ours, theirs):
        assert "99.5 %" in text_of(answer.content)
    assert [event.text for event in link.events.all()] == [f"scorecard-{world.partner.code}-2026-11.pdf"]
    other = PartnerFactory.create()
    write_day(other, DAY.date())
    for missing in (f"{other.pk}/2026-11", f"{world.partner.pk}/2026-10", f"{world.partner.pk}/x"):
        assert Client().get(f"{path}scorecards/{missing}.pdf").status_code == 404


def test_a_day_costs_the_same_however_much_happened(world: rows.World) -> None:
    with CaptureQueriesContext(connection) as few:
        write_day(world.partner, DAY.date())
    for number in range(20):
        CommandFactory.create(partner=world.partner)
        Sample.objects.create(
            attempt=world.attempt,
            ocpi_session=world.ocpi_session,
            at=DAY,
            received_at=DAY,
            kwh=Decimal(number),
            source="push",
            message_id=1,
        )
    ScoreDay.objects.all().delete()
    with CaptureQueriesContext(connection) as many:
        write_day(world.partner, DAY.date())
    assert len(few) == len(many) <= 14
