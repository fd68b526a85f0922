"""Pressing Pay: one session, whatever the driver's fingers and network do."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from billing.models import PaymentAuthorization
from ocpi.models import Evse, Tariff
from partners.models import Policy
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.driver import scene
from tests.factories import tariff_data

pytestmark = pytest.mark.django_db

PAGE = f"/c/{scene.EVSE_ID}"


def problem(response: Any) -> str:
    """The text that the page shows on top."""
    return str(response.context["error"])


def test_it_starts_a_session_and_shows_it(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    response = client.post(PAGE, form())
    session = AdHocSession.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/c/session/{session.pk}")
    assert (session.channel, session.connector_number, session.amount) == ("qr", "1", 4000)
    assert session.authorization.payment_method == "pm_sim_ok"
    assert client.get(response["Location"]).status_code == 200


def test_it_starts_by_the_code_in_the_link(client: Client, form: Callable[..., dict[str, Any]]) -> None:
    evse = scene.station(evse_id="", uid="A12")
    assert client.post(f"/c/{evse.code}", form()).status_code == 302
    assert AdHocSession.objects.get().evse == evse


def test_the_same_form_twice_is_one_session(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    sent = form()
    first, second = client.post(PAGE, sent), client.post(PAGE, sent)
    assert first["Location"] == second["Location"]
    assert AdHocSession.objects.count() == PaymentAuthorization.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_taps_at_the_same_time_are_one_session(form: Callable[..., dict[str, Any]]) -> None:
    scene.station()
    sent = form()

    def tap(_number: int) -> str:
        try:
            return Client().post(PAGE, sent).headers["Location"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as hands:
        links = set(hands.map(tap, range(8)))
    assert len(links) == 1
    assert AdHocSession.objects.count() == PaymentAuthorization.objects.count() == 1


def test_going_back_and_choosing_otherwise_shows_the_running_session(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    sent = form()
    first = client.post(PAGE, sent)
    second = client.post(PAGE, sent | {"card": "pm_sim_slow"})
    assert first["Location"] == second["Location"]
    assert AdHocSession.objects.count() == 1


def test_an_old_form_of_a_session_that_ended_is_offered_anew(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    sent = form()
    first = client.post(PAGE, sent)
    client.post(f"{first['Location']}/cancel")
    second = client.post(PAGE, sent | {"card": "pm_sim_slow"})
    assert second.status_code == 409
    assert "check your choice" in problem(second)
    assert second.context["choice"].nonce != sent["nonce"]
    assert second.context["choice"].card == "pm_sim_slow"


def test_two_forms_are_two_sessions_one_after_the_other(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    first = client.post(PAGE, form())
    refused = client.post(PAGE, form())
    assert (refused.status_code, "Somebody is charging here" in problem(refused)) == (409, True)
    client.post(f"{first['Location']}/cancel")
    assert client.post(PAGE, form())["Location"] != first["Location"]
    assert AdHocSession.objects.count() == 2


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"nonce": ""}, "open for too long"),
        ({"nonce": "short"}, "open for too long"),
        ({"card": "pm_sim_capture_refused"}, "Choose a card."),
        ({"card": ""}, "Choose a card."),
        ({"connector": "9"}, "no connector '9'"),
        ({"previous": "nonsense"}, "no such earlier session"),
        ({"amount": "1"}, "The limits have changed. Please choose one"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_nothing_starts(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]], changes: dict[str, str], text: str
) -> None:
    response = client.post(PAGE, form(**changes))
    assert response.status_code == 409
    assert text in problem(response)
    assert 'role="alert"' in response.content.decode()
    assert not AdHocSession.objects.exists()
    assert not PaymentAuthorization.objects.exists()


def test_the_driver_never_reserves_more_than_was_shown(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    shown = form()
    Policy.objects.create(partner=evse.partner, reservation_amount=9000)
    refused = client.post(PAGE, shown)
    assert "The limits have changed" in problem(refused)
    assert re.findall(r'name="amount" value="(\d+)"', refused.content.decode()) == ["4500", "9000", "18000"]
    assert client.post(PAGE, form(amount="9000")).status_code == 302


def test_the_driver_chooses_the_limit(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    assert client.post(PAGE, form(amount="8000")).status_code == 302
    session = AdHocSession.objects.get()
    assert (session.amount, session.authorization.amount, session.offer["limit"]) == (8000, 8000, 8000)


def offer_in(response: Any) -> str:
    """The hash that the form has of connector 1's price."""
    found = re.search(r'name="offer-1" value="([0-9a-f]{64})"', response.content.decode())
    assert found
    return found[1]


def test_nobody_pays_a_price_that_changed_between_looking_and_pressing(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    seen = offer_in(client.get(PAGE))
    component = {"type": "ENERGY", "price": 0.59, "vat": 23.0, "step_size": 1}
    Tariff.objects.update(raw=tariff_data(elements=[{"price_components": [component]}]))
    refused = client.post(PAGE, form(**{"offer-1": seen}))
    assert refused.status_code == 409
    assert problem(refused) == "The price has changed since you looked. Please check it and pay again."
    assert not PaymentAuthorization.objects.exists()
    anew = offer_in(refused)
    assert client.post(PAGE, form(**{"offer-1": anew})).status_code == 302
    assert AdHocSession.objects.get().offer_hash == anew != seen


def test_a_charger_that_broke_meanwhile_is_refused(
    client: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    Evse.objects.update(status="OUTOFORDER")
    assert "out of service" in problem(client.post(PAGE, form()))


def test_several_connectors_need_a_choice(client: Client, form: Callable[..., dict[str, Any]]) -> None:
    scene.station(connectors=2)
    assert "say which one" in problem(client.post(PAGE, form(connector="")))
    assert client.post(PAGE, form(connector="2")).status_code == 302


def test_an_unknown_charger_cannot_be_paid(client: Client, db: None, form: Callable[..., dict[str, Any]]) -> None:
    assert client.post(PAGE, form()).status_code == 404


def test_a_post_from_elsewhere_is_refused(strict: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    assert strict.post(PAGE, form()).status_code == 403
    assert not AdHocSession.objects.exists()


def test_the_page_s_own_form_passes_the_csrf_check(
    strict: Client, evse: Evse, form: Callable[..., dict[str, Any]]
) -> None:
    page = strict.get(PAGE)
    token = page.context["csrf_token"]
    assert strict.post(PAGE, form(csrfmiddlewaretoken=str(token))).status_code == 302


def test_a_new_try_names_the_one_before(client: Client, evse: Evse, form: Callable[..., dict[str, Any]]) -> None:
    failed = scene.session_in(evse, State.FAILED, reason="no_session")
    page = client.get(PAGE, {"previous": str(failed.pk), "connector": "1"})
    assert f'name="previous" value="{failed.pk}"' in page.content.decode()
    client.post(PAGE, form(previous=str(failed.pk)))
    assert AdHocSession.objects.exclude(pk=failed.pk).get().previous == failed


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_are_not_allowed(client: Client, evse: Evse, method: str) -> None:
    assert getattr(client, method)(PAGE).status_code == 405
