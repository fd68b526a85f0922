"""The page of a session: what happens now, how it ended, and who may end it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ocpi.models import Evse
from sessions_adhoc.driver.api.serializers import AdHocSessionSerializer
from sessions_adhoc.driver.pages.progress import below
from sessions_adhoc.models import AdHocSession, ClientKey, Sample
from sessions_adhoc.states import BEFORE_START, TERMINAL, State
from tests.driver import scene
from tests.driver.test_charger_page import words

pytestmark = pytest.mark.django_db


def link(session: AdHocSession) -> str:
    return f"/c/session/{session.pk}"


def view(client: Client, session: AdHocSession) -> Any:
    return client.get(f"{link(session)}.json").json()["view"]


@pytest.mark.parametrize("state", list(State))
def test_every_state_has_a_page(client: Client, evse: Evse, state: Any) -> None:
    session = scene.session_in(evse, state, captured=744 if state == State.SETTLED else 0)
    response = client.get(link(session))
    page = words(response)
    assert response.status_code == 200
    shown = view(client, session)
    assert shown["headline"] in page
    assert shown["message"] in page
    assert ("Try again" in page) is (state in (State.FAILED, State.CANCELLED))
    assert ("Charge again" in page) is (state == State.SETTLED)


@pytest.mark.parametrize(
    ("title", "message", "rest"),
    [
        ("Charging", "Charging.", ""),
        ("Plug in your car", "Plug in your car: charging starts by itself.", "Charging starts by itself."),
        ("Cancelled", "Cancelled. Nothing was charged to you.", "Nothing was charged to you."),
        ("Charging", "Charging is over. Thank you.", "Charging is over. Thank you."),
    ],
)
def test_nothing_is_said_twice(title: str, message: str, rest: str) -> None:
    assert below(title, message) == rest


@pytest.mark.parametrize("state", list(State))
def test_only_what_can_be_done_is_offered(client: Client, evse: Evse, state: Any) -> None:
    session = scene.session_in(evse, state, captured=744 if state == State.SETTLED else 0)
    page = client.get(link(session)).content.decode()
    stoppable = state in (State.STARTING, State.VALIDATING, State.CHARGING)
    assert ('data-show="can_stop">' in page) is stoppable
    assert ('data-show="can_cancel">' in page) is (state in BEFORE_START)


def test_charging_shows_energy_power_battery_time_and_cost(client: Client, evse: Evse) -> None:
    page = words(client.get(link(scene.session_in(evse, State.CHARGING))))
    for text in ("12.35 kWh", "48.2\u00a0kW", "63\u00a0%", "18\u00a0min", "Last reading 40\u00a0s ago", "7.44\u00a0€"):
        assert text in page
    assert "40.00\u00a0€ is reserved on your card" in page


def test_what_is_not_known_is_left_out(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    Sample.objects.update(kw=None, soc=None)
    evse.connectors.update(tariff_ids=[])
    shown = view(client, session)
    assert (shown["kw"], shown["soc"], shown["cost"]) == ("", "", "–")


@pytest.mark.parametrize(
    ("state", "places"),
    [
        (State.AUTHORIZING, "now next next next"),
        (State.WAITING_FOR_CONNECTOR, "done now next next"),
        (State.VALIDATING, "done now next next"),
        (State.STOPPING, "done done now next"),
        (State.AWAITING_CDR, "done done done now"),
        (State.SETTLED, "done done done done"),
    ],
)
def test_the_steps_say_how_far_it_is(client: Client, evse: Evse, state: State, places: str) -> None:
    session = scene.session_in(evse, state, captured=744 if state == State.SETTLED else 0)
    assert " ".join(step["place"] for step in view(client, session)["steps"]) == places


def test_an_escalated_session_stands_where_it_got_stuck(client: Client, evse: Evse) -> None:
    before = scene.session_in(evse, State.ESCALATED)
    after = scene.session_in(evse, State.ESCALATED, charging_ended_at=timezone.now())
    assert [step["place"] for step in view(client, before)["steps"]] == ["done", "now", "next", "next"]
    assert [step["place"] for step in view(client, after)["steps"]] == ["done", "done", "done", "now"]


def test_the_result_says_what_was_taken_and_released(client: Client, evse: Evse) -> None:
    page = words(client.get(link(scene.session_in(evse, State.SETTLED, captured=744))))
    assert "7.44\u00a0€ was taken from your card; the other 32.56\u00a0€ was released." in page
    assert "12.35 kWh" in page


@pytest.mark.parametrize(
    ("payment", "text"),
    [
        ("declined", "Nothing was reserved"),
        ("failed", "Nothing was reserved"),
        ("expired", "has expired"),
        ("releasing", "is being released"),
        ("released", "was released"),
    ],
)
def test_a_failure_says_where_the_money_is(client: Client, evse: Evse, payment: str, text: str) -> None:
    session = scene.session_in(evse, State.FAILED, payment=payment, reason="no_session")
    page = words(client.get(link(session)))
    assert text in page
    assert "The charger did not start in time" in page


def test_a_declined_card_is_called_that(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.FAILED, payment="declined", reason="payment_declined")
    assert view(client, session)["headline"] == "Payment declined"


@pytest.mark.parametrize(("payment", "live"), [("releasing", True), ("released", False)])
def test_a_finished_page_looks_again_only_while_the_money_moves(
    client: Client, evse: Evse, payment: str, live: bool
) -> None:
    session = scene.session_in(evse, State.FAILED, payment=payment)
    assert view(client, session)["live"] is live
    page = client.get(link(session)).content.decode()
    assert ("data-url=" in page) is live
    assert ('http-equiv="refresh"' in page) is live


def test_a_running_page_reloads_itself_without_javascript(client: Client, evse: Evse) -> None:
    page = client.get(link(scene.session_in(evse, State.CHARGING))).content.decode()
    assert '<noscript><meta http-equiv="refresh"' in page


def test_try_again_leads_to_the_charger_and_names_this_try(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.FAILED)
    page = client.get(link(session)).content.decode()
    assert f"/c/{session.evse.code}?previous={session.pk}&amp;connector=1" in page


def test_a_try_of_another_channel_is_not_named(client: Client, evse: Evse) -> None:
    key = ClientKey.objects.create(name="shop", digest="d", last4="abcd")
    page = client.get(link(scene.session_in(evse, State.FAILED, client=key))).content.decode()
    assert "previous=" not in page


def test_the_json_is_the_api_s(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    data = client.get(f"{link(session)}.json").json()
    api = AdHocSessionSerializer(session).data
    assert set(data) - {"view"} == set(api)
    for name in ("state", "message", "can_stop", "can_cancel", "finished", "money", "evse"):
        assert data[name] == api[name]
    assert data["meter"]["kwh"] == api["meter"]["kwh"] == pytest.approx(12.3456)
    assert data["id"] == str(session.pk)


def test_looking_costs_few_queries(
    client: Client, evse: Evse, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    session = scene.session_in(evse, State.CHARGING)
    with django_assert_max_num_queries(12):
        client.get(f"{link(session)}.json")


def test_stop_asks_first_and_then_stops(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    sure = client.get(f"{link(session)}/stop")
    assert "Yes, stop" in words(sure)
    session.refresh_from_db()
    assert session.stop_requested_at is None
    response = client.post(f"{link(session)}/stop")
    assert (response.status_code, response["Location"]) == (302, link(session))
    session.refresh_from_db()
    assert session.stop_requested_at is not None
    assert session.state == State.STOPPING


def test_a_stop_before_the_charger_answered_is_confirmed_in_words(client: Client, evse: Evse) -> None:
    shown = view(client, scene.session_in(evse, State.STARTING, stop_requested_at=timezone.now()))
    assert (shown["message"], shown["note"]) == ("You asked to stop. It stops as soon as the charger answers.", "")
    shown = view(client, scene.session_in(evse, State.CHARGING, stop_requested_at=timezone.now()))
    assert (shown["message"], shown["note"][:17]) == ("", "You asked to stop")


def test_a_stop_without_effect_is_told(client: Client, evse: Evse) -> None:
    shown = view(client, scene.session_in(evse, State.CHARGING, reason="stop_without_effect"))
    assert shown["tone"] == "act"
    assert "did not stop" in shown["message"]


def test_cancel_ends_it_before_the_start(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.WAITING_FOR_CONNECTOR)
    assert client.post(f"{link(session)}/cancel")["Location"] == link(session)
    session.refresh_from_db()
    assert session.state == State.CANCELLED


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_ending_what_has_ended_shows_how_it_ended(client: Client, evse: Evse, state: State, verb: str) -> None:
    session = scene.session_in(evse, state, captured=744 if state == State.SETTLED else 0)
    assert client.post(f"{link(session)}/{verb}")["Location"] == link(session)
    if verb == "stop":
        assert client.get(f"{link(session)}/stop")["Location"] == link(session)
    session.refresh_from_db()
    assert session.state == state


def test_looking_changes_nothing(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.WAITING_FOR_CONNECTOR)
    assert client.get(f"{link(session)}/cancel").status_code == 405
    for path in ("", ".json", "/stop"):
        assert client.get(f"{link(session)}{path}").status_code == 200
    session.refresh_from_db()
    assert session.state == State.WAITING_FOR_CONNECTOR
    assert client.post(link(session)).status_code == 405
    assert client.post(f"{link(session)}.json").status_code == 405


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_ending_from_elsewhere_is_refused(strict: Client, evse: Evse, verb: str) -> None:
    session = scene.session_in(evse, State.WAITING_FOR_CONNECTOR)
    assert strict.post(f"{link(session)}/{verb}").status_code == 403
    token = str(strict.get(link(session)).context["csrf_token"])
    assert strict.post(f"{link(session)}/{verb}", {"csrfmiddlewaretoken": token}).status_code == 302


@pytest.mark.parametrize("path", ["", ".json", "/stop"])
def test_an_unknown_session_is_a_404(client: Client, db: None, path: str) -> None:
    assert client.get(f"/c/session/{uuid4()}{path}").status_code == 404


@pytest.mark.parametrize("verb", ["stop", "cancel"])
def test_an_unknown_session_cannot_be_ended(client: Client, db: None, verb: str) -> None:
    assert client.post(f"/c/session/{uuid4()}/{verb}").status_code == 404


@pytest.mark.parametrize("path", ["", ".json", "/stop"])
def test_the_link_stays_with_the_driver(client: Client, evse: Evse, path: str) -> None:
    response = client.get(f"{link(scene.session_in(evse, State.CHARGING))}{path}")
    assert response.headers["Cache-Control"] == "no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_long_durations_are_in_hours(client: Client, evse: Evse) -> None:
    session = scene.session_in(evse, State.CHARGING)
    charge = Sample.objects.get().ocpi_session
    charge.start_at = timezone.now() - timedelta(hours=2, minutes=5, seconds=10)
    charge.save()
    assert view(client, session)["elapsed"] == "2\u00a0h 05\u00a0min"
