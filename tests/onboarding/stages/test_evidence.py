"""Evidence for the functional tests is found by itself in what the platform stored, and links what it names."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from billing.models import OutstandingAmount, PaymentAuthorization
from onboarding.models import Evidence, FunctionalTest, Onboarding
from onboarding.testing.evidence import Charge
from onboarding.testing.test_run import Outcome, expected_path, read, start, verdicts
from partners.models import Partner
from sessions_adhoc.models import AdHocSession, Sample, TimelineEvent
from sfp_platform.celery import app
from tests.admin import rows
from tests.admin.rows import World
from tests.factories import ConnectorFactory
from tests.support.shared import shared_rows

TICK = "onboarding.tasks.sync_evidence_tick"


def under_way() -> rows.World:
    made = rows.world()
    Sample.objects.all().delete()
    OutstandingAmount.objects.all().delete()
    apps.get_model("ocpi.Cdr").objects.all().delete()
    apps.get_model("ocpi.Command").objects.all().update(state="created", response="", result="")
    Onboarding.objects.create(
        partner=made.partner,
        stage="testing",
        stage_since=timezone.now(),
        evidence_from=made.partner.created_at,
    )
    return made


@pytest.fixture(scope="module")
def shared_world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    with shared_rows(django_db_blocker, under_way) as made:
        yield made


@pytest.fixture
def world(shared_world: World, db: None) -> World:
    """A charge under way: its Session is known, and nothing else was seen yet."""
    return deepcopy(shared_world)


def tick() -> int:
    """What the schedule does every few seconds."""
    return int(app.tasks[TICK].apply().get())


def charge_of(world: World) -> Charge:
    charge = read(world.partner, str(world.session.pk))
    assert charge is not None
    return charge


def seen() -> set[str]:
    return set(FunctionalTest.objects.exclude(seen_at=None).values_list("key", flat=True))


def kinds(test: str) -> list[str]:
    return sorted(Evidence.objects.filter(test__key=test).values_list("kind", flat=True))


def sample(world: World, second: int, kwh: str, kw: str | None = "50", faults: str = "") -> Sample:
    moment = world.session.created_at + timedelta(seconds=second)
    return Sample.objects.create(
        attempt=world.attempt,
        ocpi_session=world.ocpi_session,
        at=moment,
        received_at=moment,
        kwh=Decimal(kwh),
        kw=Decimal(kw) if kw else None,
        source="PATCH",
        faults=faults,
    )


def connector(world: Any, came_from: str, went_to: str) -> None:
    TimelineEvent.objects.create(
        session=world.session,
        at=timezone.now(),
        kind="connector",
        text=f"Connector {came_from} → {went_to}",
        state_from=came_from,
        state_to=went_to,
        message_id=world.message.pk,
    )


def test_locations_are_seen_as_soon_as_they_are_stored(world: World) -> None:
    assert tick() == 1
    assert seen() == {"locations"}
    found = Evidence.objects.get(test__key="locations")
    assert (found.model, found.object_pk) == ("ocpi.location", str(world.evse.location_id))
    assert found.label.endswith(": 1 EVSE")


def test_a_start_needs_an_active_session_energy_and_updates(world: World) -> None:
    world.ocpi_session.first_active_at = world.attempt.created_at + timedelta(seconds=12)
    world.ocpi_session.save()
    sample(world, 60, "0.8")
    tick()
    assert "session_start" not in seen()
    assert kinds("session_start") == ["session"]
    sample(world, 120, "1.6")
    world.attempt.energy_at = timezone.now()
    world.attempt.save()
    tick()
    assert "session_start" in seen()
    assert kinds("session_start") == ["charge", "session"]
    label = Evidence.objects.get(test__key="session_start", kind="session").label
    assert label.endswith("was ACTIVE 12 s after START_SESSION")


@pytest.mark.parametrize(("result", "complete"), [("", False), ("REJECTED", False), ("ACCEPTED", True)])
def test_a_command_counts_when_it_was_executed(world: World, result: str, complete: bool) -> None:
    command = world.command
    command.state, command.response, command.result = "answered", "ACCEPTED", result
    command.answered_at = timezone.now()
    command.save()
    tick()
    assert ("command" in seen()) == complete
    found = Evidence.objects.filter(test__key="command").values_list("object_pk", flat=True)
    assert list(found) == [str(command.pk)] * complete


@pytest.mark.parametrize(
    ("steps", "complete"),
    [
        ([("AVAILABLE", "BLOCKED"), ("BLOCKED", "CHARGING")], True),
        ([("AVAILABLE", "BLOCKED"), ("BLOCKED", "AVAILABLE"), ("AVAILABLE", "CHARGING")], False),
        ([("BLOCKED", "CHARGING")], False),
        ([("AVAILABLE", "CHARGING")], False),
    ],
)
def test_the_connector_walks_the_whole_path(world: World, steps: list[tuple[str, str]], complete: bool) -> None:
    for step in steps:
        connector(world, *step)
    tick()
    assert ("connector" in seen()) == complete
    assert {one.model for one in Evidence.objects.filter(test__key="connector")} <= {"ocpi.message"}


@pytest.mark.parametrize(
    ("fault", "kw", "count", "complete"),
    [("", "50", 3, True), ("", "50", 2, False), ("late", "50", 4, False), ("", None, 4, False)],
)
def test_meter_values_are_regular_and_have_kwh_and_kw(
    world: World, fault: str, kw: str | None, count: int, complete: bool
) -> None:
    for number in range(count):
        sample(world, 60 * number, f"{number}.5", kw, fault if number == 1 else "")
    tick()
    assert ("meter_values" in seen()) == complete
    assert "60 s apart" in Evidence.objects.get(test__key="meter_values").label


def test_readings_before_energy_flows_do_not_count_against_the_meter(world: World) -> None:
    """A Session that has just become ACTIVE has no power to tell."""
    sample(world, 0, "0", None, "power")
    for number in range(1, 4):
        sample(world, 60 * number, f"{number}.5")
    tick()
    assert "meter_values" in seen()
    assert "3 readings, 60 s apart, each with kWh and in time" in Evidence.objects.get(test__key="meter_values").label
    steps = {step.title: step for step in expected_path(charge_of(world))}
    assert (steps["Meter values in time"].outcome, steps["Meter values in time"].text) == (Outcome.DONE, "3 so far")


@pytest.mark.parametrize(
    ("reason", "money", "complete"),
    [("no_session", "released", True), ("no_session", "reserved", False), ("payment_declined", "released", False)],
)
def test_a_timeout_ends_with_the_funds_released(world: World, reason: str, money: str, complete: bool) -> None:
    AdHocSession.objects.update(state="failed", reason=reason, ended_at=timezone.now(), next_check_at=None)
    due = None if money == "released" else timezone.now()
    PaymentAuthorization.objects.update(state=money, next_check_at=due)
    tick()
    assert ("timeout" in seen()) == complete


def test_a_cdr_is_found_by_the_token_of_the_charge(world: World) -> None:
    rows.add_news(world.attempt, world.ocpi_session, world.message)
    tick()
    assert "cdr" in seen()
    label = Evidence.objects.get(test__key="cdr").label
    assert label.endswith("after a local stop: 20.5 kWh, 12.30 EUR")


def test_looking_again_adds_nothing(world: World) -> None:
    connector(world, "AVAILABLE", "BLOCKED")
    tick()
    before = list(Evidence.objects.order_by("pk").values_list("pk", "label"))
    tick()
    assert list(Evidence.objects.order_by("pk").values_list("pk", "label")) == before


@pytest.mark.parametrize("stage", ["handshake", "live", "off_boarded"])
def test_only_integrations_that_are_tested_are_looked_at(world: World, stage: str) -> None:
    Onboarding.objects.update(stage=stage)
    assert tick() == 0
    assert not Evidence.objects.exists()


def test_traffic_of_an_earlier_integration_proves_nothing(world: World) -> None:
    Onboarding.objects.update(evidence_from=timezone.now() + timedelta(minutes=1))
    tick()
    assert seen() == set()


class TestRun:
    def test_the_path_says_what_was_reached_and_what_is_awaited(self, world: World) -> None:
        connector(world, "AVAILABLE", "BLOCKED")
        world.session.funds_reserved_at = timezone.now()
        world.session.save()
        steps = {step.title: step for step in expected_path(charge_of(world))}
        done = [title for title, step in steps.items() if step.outcome == Outcome.DONE]
        assert done == ["Funds reserved", "Connector PREPARING"]
        assert steps["Session ACTIVE"].text == "their Session, within the agreed time"
        assert {step.outcome for step in steps.values()} == {Outcome.DONE, Outcome.WAITING}

    def test_what_did_not_come_is_missed_when_it_is_over(self, world: World) -> None:
        AdHocSession.objects.update(state="failed", reason="no_session", ended_at=timezone.now(), next_check_at=None)
        charge = charge_of(world)
        assert {step.outcome for step in expected_path(charge)} == {Outcome.MISSED}

    def test_it_gives_a_verdict_per_test(self, world: World) -> None:
        rows.add_news(world.attempt, world.ocpi_session, world.message)
        found = {one.key: one.shown for one in verdicts(charge_of(world))}
        assert found == {
            "session_start": False,
            "cdr": True,
            "command": False,
            "timeout": False,
            "connector": False,
            "meter_values": False,
        }

    def test_it_starts_at_the_tested_connection_though_production_has_the_same_evse(self, world: World) -> None:
        evse = world.session.evse
        live = ConnectorFactory.create(evse__evse_id=evse.evse_id, evse__uid=evse.uid).evse
        Partner.objects.filter(pk=live.partner_id).update(environment="production")
        session = start(world.partner, evse, evse.connectors.get().connector_id, "eva")
        assert (session.evse, session.partner) == (evse, world.partner)

    def test_charges_of_others_are_not_shown(self, world: World) -> None:
        other = rows.world()
        assert read(other.partner, str(world.session.pk)) is None
