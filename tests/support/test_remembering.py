"""A beginning that is put back is the one that was played; anything else is played."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ocpi.tasks import sync_tick
from partners.models import Partner
from tests.factories import LocationFactory, PartnerFactory
from tests.support.remembering import Remembering

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Holder:
    def __init__(self) -> None:
        self.seen: Any = 0


class Story:
    """A play that counts how often it was played."""

    def __init__(self, request: pytest.FixtureRequest, traveller: time_machine.Traveller) -> None:
        self.played, self.holder, self.traveller = 0, Holder(), traveller
        self.once = Remembering(request, traveller.move_to, (self.holder, ("seen",)))
        self.name = request.node.nodeid

    def told(self, name: str = "") -> tuple[int, list[Any], Any, datetime]:
        """What it returns and leaves; the database is then as it was before, and so is the rest."""
        try:
            with transaction.atomic():
                made = self.once(self.name + name, self.play)
                found = made, rows(), self.holder.seen, timezone.now()
                transaction.set_rollback(True)
        finally:
            self.holder.seen = 0
            self.traveller.move_to(MOMENT)
        return found

    def play(self) -> int:
        self.played += 1
        location = LocationFactory.create(partner=PartnerFactory.create(code=f"told-{self.played}"), ocpi_id="LOC")
        Partner.objects.filter(code="was-there").update(name="Changed")
        self.holder.seen = self.played
        self.traveller.shift(timedelta(minutes=1))
        return int(location.pk)


def rows() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT p::text, l::text FROM partners_partner p LEFT JOIN ocpi_location l ON true ORDER BY 1")
        return list(cursor.fetchall())


@pytest.fixture
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    PartnerFactory.create(code="was-there")
    with time_machine.travel(MOMENT, tick=False) as traveller:
        yield Story(request, traveller)


def test_it_is_put_back_as_it_was_left(story: Story) -> None:
    first = story.told()
    assert (story.played, first[2:]) == (1, (1, MOMENT + timedelta(minutes=1)))
    assert story.told() == first
    assert story.told() == first
    assert story.played == 1


def test_another_beginning_is_played(story: Story) -> None:
    story.told()
    Partner.objects.filter(code="was-there").update(name="Another")
    story.told()
    story.holder.seen = 7
    story.told()
    story.traveller.shift(1)
    story.told()
    story.told("of another name")
    assert story.played == 5


def test_other_settings_and_patched_code_have_it_played(
    story: Story, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.told()
    settings.LIMIT_DRIVERS = 17
    story.told()
    story.told()
    assert story.played == 2
    monkeypatch.setattr(Holder, "seen", 0, raising=False)
    story.told()
    assert story.played == 3


def test_who_counts_statements_sees_them(story: Story) -> None:
    story.told()
    with CaptureQueriesContext(connection) as captured:
        story.told()
    assert story.played == 2
    assert any("ocpi_location" in query["sql"] for query in captured)


def test_what_left_a_task_waiting_is_played_again(story: Story) -> None:
    def play() -> None:
        story.play()
        sync_tick.delay()

    story.once("a task", play)
    assert story.played == 1
    story.once("after it", story.play)
    story.once("after it", story.play)
    assert story.played == 3
