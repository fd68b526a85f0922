"""The page of an ad-hoc session: state, money, story, buttons."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import OutstandingAmount, PaymentAuthorization
from ocpi.models import Cdr, Command
from partners.incidents import Report, open_incident
from partners.models import Incident
from sessions_adhoc.admin.state_words import TONES, WAITING
from sessions_adhoc.admin.story import story
from sessions_adhoc.models import AdHocSession, Sample, TimelineEvent
from sessions_adhoc.states import TERMINAL, State
from tests.admin.rows import World, ad_hoc_session
from tests.factories import PartnerFactory

pytestmark = pytest.mark.usefixtures("shared_world")

LIST = "admin:sessions_adhoc_adhocsession_changelist"


def change(session: AdHocSession) -> str:
    return reverse("admin:sessions_adhoc_adhocsession_change", args=[session.pk])


def press(page: Client, session: AdHocSession, name: str) -> Any:
    return page.post(reverse(f"admin:sessions_adhoc_adhocsession_do_{name}", args=[session.pk]), follow=True)


def buttons(page: Client, session: AdHocSession) -> list[Any]:
    return [button["action"].name for button in page.get(change(session)).context["buttons"]]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_its_words(page: Client, world: World, state: Any) -> None:
    session = ad_hoc_session(world.evse, state.value)
    said = page.get(change(session)).context["standing"]
    assert said.label == state.label
    assert said.text.startswith(("Waiting for", "Nobody", "Energy flows", "Charging is over"))
    assert state in WAITING
    assert state in TONES


@pytest.mark.parametrize("kind", ["pk", "token", "reference", "evse", "ocpi_session"])
def test_it_is_found_by_any_id(page: Client, world: World, kind: str) -> None:
    other = ad_hoc_session(world.evse)
    term = {
        "pk": str(world.session.pk),
        "token": world.session.token.uid,
        "reference": world.attempt.authorization_reference,
        "evse": world.evse.evse_id,
        "ocpi_session": world.ocpi_session.ocpi_id,
    }[kind]
    listed = page.get(reverse(LIST), {"q": term}).context["cl"].result_list
    expected = {world.session.pk} | ({other.pk} if kind == "evse" else set())
    assert {row.pk for row in listed} == expected


@pytest.mark.parametrize(("queue", "states"), [("escalated", {"escalated"}), ("live", {"charging", "escalated"})])
def test_queues(page: Client, world: World, queue: str, states: set[str]) -> None:
    for state in ("escalated", "settled"):
        ad_hoc_session(world.evse, state)
    listed = page.get(reverse(LIST), {"queue": queue}).context["cl"].result_list
    assert {row.state for row in listed} == states


def test_the_page_links_what_belongs_to_it(page: Client, world: World) -> None:
    shown = page.get(change(world.session)).content.decode()
    for row in (world.partner, world.evse, world.ocpi_session, world.message, world.incident, world.command):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
        assert reverse(name, args=[row.pk]) in shown
    assert "12.30 EUR" in shown
    assert "Session timeout" in shown


class TestMoney:
    def money(self, page: Client, session: AdHocSession) -> Any:
        return page.get(change(session)).context["money"]

    def test_reserved(self, page: Client, world: World) -> None:
        money = self.money(page, world.session)
        assert (money["held"], money["captured"], money["released"]) == ("40.00 EUR", "0.00 EUR", "0.00 EUR")

    def test_captured_in_part(self, page: Client, world: World) -> None:
        PaymentAuthorization.objects.update(state="captured", captured_amount=1230, next_check_at=None)
        money = self.money(page, world.session)
        assert (money["held"], money["captured"], money["released"]) == ("0.00 EUR", "12.30 EUR", "27.70 EUR")

    def test_released(self, page: Client, world: World) -> None:
        PaymentAuthorization.objects.update(state="released", next_check_at=None)
        money = self.money(page, world.session)
        assert (money["held"], money["captured"], money["released"]) == ("0.00 EUR", "0.00 EUR", "40.00 EUR")

    def test_given_back_in_part(self, page: Client, world: World) -> None:
        PaymentAuthorization.objects.update(
            state="refunding", captured_amount=1230, refunded_amount=200, refund_amount=180, gateway_reference="sim_1"
        )
        money = self.money(page, world.session)
        assert (money["captured"], money["released"]) == ("12.30 EUR", "27.70 EUR")
        assert (money["refunded"], money["refunding"], money["kept"]) == ("2.00 EUR", "1.80 EUR", "10.30 EUR")
        shown = page.get(change(world.session)).content.decode()
        assert "1.80 EUR more is under way" in shown
        address = reverse("admin:billing_paymentauthorization_change", args=[world.session.authorization_id])
        payment = page.get(address).content.decode()
        assert "2.00 EUR; 1.80 EUR is under way" in payment
        assert "10.30 EUR" in payment

    def test_nothing_is_said_of_refunds_where_there_are_none(self, page: Client, world: World) -> None:
        assert "Given back" not in page.get(change(world.session)).content.decode()


class TestIncidents:
    """Those of the session alone, and those that many sessions share."""

    def listed(self, page: Client, session: AdHocSession) -> list[Any]:
        return [told["row"].symptom for told in page.get(change(session)).context["incidents"]]

    def test_one_that_names_it_as_evidence_is_shown_while_it_is_open(self, page: Client, world: World) -> None:
        other = ad_hoc_session(world.evse)
        proof = [{"text": "REJECTED", "session": str(other.pk)}]
        row = open_incident(
            world.partner.pk, Report("start-errors:X", "START_SESSION returns error", "c", "r", evidence=proof)
        )
        open_incident(
            PartnerFactory.create().pk, Report("start-errors:X", "Of somebody else", "c", "r", evidence=proof)
        )
        assert self.listed(page, other) == ["START_SESSION returns error"]
        assert self.listed(page, world.session) == [world.incident.symptom]
        Incident.objects.filter(pk=row.pk).update(closed_at=timezone.now())
        assert self.listed(page, other) == []

    def test_staff_read_what_they_do_and_not_what_the_cpo_is_asked_for(self, page: Client, world: World) -> None:
        told = Report(
            *("k", "CDRs not received by SFP", "Not sent.", "Verify your CDRs endpoint."),
            reference=str(world.session.pk),
            place="SK*ION*E0101",
            to_do="Ask them for the POST.",
        )
        open_incident(world.partner.pk, told)
        text = page.get(change(world.session)).content.decode()
        assert "Ask them for the POST." in text
        assert "Verify your CDRs endpoint." not in text
        assert "CDRs not received by SFP: SK*ION*E0101" in text


class TestButtons:
    def test_a_charging_session_can_be_stopped(self, page: Client, world: World) -> None:
        OutstandingAmount.objects.all().delete()
        Cdr.objects.all().delete()
        assert buttons(page, world.session) == ["check-again", "stop"]
        press(page, world.session, "stop")
        world.session.refresh_from_db()
        assert world.session.stop_requested_at is not None
        assert TimelineEvent.objects.filter(session=world.session, actor="boss").exists()
        assert Command.objects.filter(kind="STOP_SESSION").exists()
        assert "stop" not in buttons(page, world.session)

    def test_check_again_runs_the_lifecycle(self, page: Client, world: World) -> None:
        session = ad_hoc_session(world.evse, "created", next_check_at=timezone.now() + timedelta(hours=1))
        PaymentAuthorization.objects.filter(ad_hoc_session=session).update(state="created", next_check_at=None)
        press(page, session, "check-again")
        session.refresh_from_db()
        assert session.state == State.AUTHORIZING

    @pytest.mark.parametrize("state", sorted(TERMINAL))
    def test_a_session_that_is_over_has_none(self, page: Client, world: World, state: State) -> None:
        session = ad_hoc_session(world.evse, state.value)
        PaymentAuthorization.objects.filter(ad_hoc_session=session).update(state="released", next_check_at=None)
        assert buttons(page, session) == []
        before = AdHocSession.objects.get(pk=session.pk).state
        press(page, session, "stop")
        assert AdHocSession.objects.get(pk=session.pk).state == before


class TestStory:
    def event(self, second: int, **values: Any) -> TimelineEvent:
        return TimelineEvent(at=self.moment(second), kind=values.pop("kind", "note"), text=f"at {second}", **values)

    def sample(self, second: int, kwh: int | None = None, **values: Any) -> Sample:
        return Sample(at=self.moment(second), received_at=self.moment(second), kwh=kwh, source="push", **values)

    def moment(self, second: int) -> datetime:
        return timezone.now().replace(minute=0, second=second, microsecond=0)

    def test_readings_between_two_events_are_one_line(self) -> None:
        told = story([self.event(1), self.event(9)], [self.sample(3, 1), self.sample(4, 2), self.sample(5, 3)])
        assert [line.text for line in told] == ["at 1", "3 meter readings: 1.00 to 3.00 kWh", "at 9"]
        assert told[1].until == self.moment(5)

    def test_an_event_between_readings_parts_them(self) -> None:
        told = story([self.event(4)], [self.sample(3, 1, kw=20), self.sample(5, 3)])
        assert [line.text for line in told] == [
            "1 meter reading: 1.00 kWh, up to 20.0 kW",
            "at 4",
            "1 meter reading: 3.00 kWh",
        ]

    def test_ignored_readings_say_why(self) -> None:
        told = story([], [self.sample(3, 1), self.sample(4, 0, ignored="less kWh than before")])
        assert told[0].text == "1 meter reading: 1.00 kWh; 1 ignored (less kWh than before)"

    def test_changes_of_state_are_named(self) -> None:
        told = story([self.event(1, kind="state", state_from="starting", state_to="awaiting_cdr")], [])
        assert told[0].states == "Starting → Awaiting CDR"
