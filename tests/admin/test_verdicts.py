"""Verdicts: the dialog says what is decided, all that are seen pass at once, and weak evidence is none."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import Command
from onboarding.guide import TESTS, Side
from onboarding.models import Evidence, FunctionalTest
from onboarding.testing.collecting import collect
from onboarding.testing.functional_tests import judge
from partners.models import Incident, Partner
from sessions_adhoc.models import ChargingAttempt, TimelineEvent
from tests.admin.rows import World
from tests.admin.test_onboarding_stages import at_stage, press


@pytest.fixture
def tested(world: World) -> Partner:
    onboarding = at_stage(world.partner, "testing")
    for test in TESTS:
        FunctionalTest.objects.create(onboarding=onboarding, key=test.key)
    return world.partner


def tab_of_tests(page: Client, partner: Partner) -> str:
    address = reverse("admin:partners_partner_change", args=[partner.pk])
    return page.get(address, {"tab": "tests"}).content.decode()


def verdicts() -> dict[str, tuple[str, str]]:
    return {row.key: (row.sfp_verdict, row.sfp_by) for row in FunctionalTest.objects.all() if row.sfp_verdict}


def test_the_dialog_names_test_side_and_verdict(page: Client, tested: Partner) -> None:
    shown = tab_of_tests(page, tested)
    assert "<h2>Pass “Session start” for Smart Fuel Pass</h2>" in shown
    assert "<h2>Fail “Session start” for the CPO</h2>" in shown
    assert "“Meter values” failed, for Smart Fuel Pass. It is kept with your name, and both sides see it." in shown
    assert "Meter values” for the CPO" not in shown


def test_all_that_are_seen_pass_at_once(page: Client, tested: Partner) -> None:
    assert "Pass all that are seen" not in tab_of_tests(page, tested)
    now = timezone.now()
    FunctionalTest.objects.filter(key__in=["locations", "cdr", "command", "timeout"]).update(seen_at=now)
    FunctionalTest.objects.filter(key="command").update(cpo_verdict="failed", reason="Two sessions")
    FunctionalTest.objects.filter(key="timeout").update(sfp_verdict="failed", sfp_by="eva")
    shown = tab_of_tests(page, tested)
    assert "Passed, for Smart Fuel Pass: “Locations sync”, “CDR received”." in shown
    assert "Passed for Smart Fuel Pass: Locations sync, CDR received." in press(page, tested, "pass-seen")
    assert verdicts() == {"locations": ("passed", "boss"), "cdr": ("passed", "boss"), "timeout": ("failed", "eva")}
    assert "not possible any more" in press(page, tested, "pass-seen")


@pytest.mark.parametrize(
    ("said", "added", "kept"),
    [
        ("Two sessions.", "", "Two sessions."),
        ("Two sessions", "", "Two sessions"),
        ("Two sessions.", "Seen.", "Two sessions. Seen."),
        ("Two sessions", "Seen.", "Two sessions. Seen."),
        ("Why two?", "Seen.", "Why two? Seen."),
    ],
)
def test_what_one_side_found_wrong_stays_in_its_words(tested: Partner, said: str, added: str, kept: str) -> None:
    FunctionalTest.objects.filter(key="command").update(seen_at=timezone.now())
    judge(tested, "command", Side.CPO, "failed", "Ana", said)
    assert judge(tested, "command", Side.SFP, "passed", "eva", added).reason == kept


def test_a_reason_ends_in_one_full_stop(page: Client, tested: Partner) -> None:
    for said in ("Two sessions.", "Two sessions"):
        FunctionalTest.objects.filter(key="command").update(cpo_verdict="failed", reason=said)
        shown = page.get(reverse("admin:partners_partner_change", args=[tested.pk])).content.decode()
        assert "Failed: Two sessions.<" in shown.replace("</div>", "<")


@pytest.mark.parametrize(
    ("response", "result", "shows"),
    [
        ("ACCEPTED", "ACCEPTED", True),
        ("ACCEPTED", "TIMEOUT", False),
        ("ACCEPTED", "FAILED", False),
        ("ACCEPTED", "", False),
        ("REJECTED", "", False),
        ("REJECTED", "ACCEPTED", False),
    ],
)
def test_only_a_command_that_was_executed_is_evidence(
    tested: Partner, world: World, response: str, result: str, shows: bool
) -> None:
    command = ChargingAttempt.objects.get().command
    Command.objects.filter(pk=command.pk).update(
        state="answered", response=response, result=result, answered_at=timezone.now()
    )
    collect(tested.onboardings.get())
    assert Evidence.objects.filter(test__key="command").exists() == shows
    assert bool(FunctionalTest.objects.get(key="command").seen_at) == shows


class TestClosingSeveral:
    def incidents(self, world: World) -> list[Incident]:
        return [
            Incident.objects.create(partner=world.partner, key=f"k{n}", symptom="S", cause="C", resolution="R")
            for n in range(2)
        ]

    def send(self, page: Client, rows: list[Incident], **data: Any) -> str:
        address = reverse("admin:partners_incident_changelist")
        chosen = {"action": "close_selected", "_selected_action": [row.pk for row in rows], **data}
        return page.post(address, chosen, follow=True).content.decode()

    def test_one_reason_closes_them_all_and_no_other(self, page: Client, world: World) -> None:
        rows = self.incidents(world)
        assert "Close several incidents" in self.send(page, rows)
        assert "Close several incidents" in self.send(page, rows, reason=" ")
        assert not Incident.objects.exclude(closed_at=None).exists()
        assert "2 incidents were closed." in self.send(page, rows, reason="A test on purpose.")
        closed = Incident.objects.exclude(closed_at=None)
        assert {(row.pk, row.close_reason, str(row.closed_by)) for row in closed} == {
            (row.pk, "A test on purpose.", "boss") for row in rows
        }
        assert "0 incidents were closed." in self.send(page, rows, reason="Again.")

    def test_who_may_only_look_closes_none(self, viewer: Client, world: World) -> None:
        self.send(viewer, self.incidents(world), reason="x")
        assert not Incident.objects.exclude(closed_at=None).exists()


def test_a_page_has_one_time_zone(page: Client, world: World) -> None:
    row = world.incident
    row.cause = "Seen on 22 Nov 2026, 23:30:07 UTC."
    row.evidence = [{"text": "22 Nov 2026, 10:01:07 UTC: GET /sessions", "message": world.message.pk}]
    row.letter = "Seen on 22 Nov 2026, 23:30:07 UTC."
    row.save()
    shown = page.get(reverse("admin:partners_incident_change", args=[row.pk])).content.decode()
    assert "Seen on 23 Nov 2026, 00:30:07." in shown
    assert "22 Nov 2026, 11:01:07: GET /sessions" in shown
    assert shown.count("22 Nov 2026, 23:30:07 UTC") == 1, "in the text for the CPO alone"
    assert "10:01:07 UTC" not in shown


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Kept until 12:10:00 UTC.", "Kept until 13:10:00."),
        ("Kept until 23:30 UTC.", "Kept until 00:30."),
        ("It expires at 2026-11-22 23:30 UTC.", "It expires at 23 Nov 2026, 00:30:00."),
        ("until 2026-07-01 10:00:05 UTC", "until 1 Jul 2026, 12:00:05"),
        ("GET 12:10:00Z", "GET 12:10:00Z"),
    ],
)
def test_what_the_story_of_a_charge_quotes_is_in_that_zone_too(
    page: Client, world: World, text: str, told: str
) -> None:
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    TimelineEvent.objects.create(session=world.session, at=at, kind="note", text=text)
    shown = page.get(reverse("admin:sessions_adhoc_adhocsession_change", args=[world.session.pk])).content.decode()
    assert told in shown
    assert (text in shown) is (text == told)
