"""Staff look at payments, and can change nothing here."""

from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from billing.models import SimulatedCharge
from billing.payments import services
from tests.billing.conftest import fresh, opened, reserved

pytestmark = pytest.mark.django_db
CHANGELIST = "admin:billing_paymentauthorization_changelist"
DETAIL = "admin:billing_paymentauthorization_change"


def page(client: Client, name: str, *args: Any, **query: Any) -> str:
    response = client.get(reverse(name, args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_it_lists_where_the_money_is(admin_client: Client) -> None:
    row = reserved()
    html = page(admin_client, CHANGELIST)
    assert "session-1" in html
    assert "40.00 EUR" in html
    assert row.gateway_reference in html
    assert "Reserved" in html


def test_it_finds_by_reference_gateway_reference_and_id(admin_client: Client) -> None:
    row = reserved()
    other = reserved(reference="session-2")
    for text in (row.reference, row.gateway_reference, str(row.pk)):
        html = page(admin_client, CHANGELIST, q=text)
        assert row.gateway_reference in html
        assert other.gateway_reference not in html


def test_it_filters_by_state(admin_client: Client) -> None:
    reserved()
    opened(reference="session-2")
    html = page(admin_client, CHANGELIST, state__exact="created")
    assert "session-2" in html
    assert "session-1" not in html


def test_it_shows_the_history_and_who_is_awaited(admin_client: Client) -> None:
    row = reserved()
    services.request_capture(row.pk, 1234, reason="CDR 17")
    services.drive(row.pk)
    html = page(admin_client, DETAIL, row.pk)
    for text in ("12.34 EUR", "40.00 EUR", "Reserving → Reserved", "CDR 17", f"{row.pk}:capture"):
        assert text in html
    assert "Nobody: this is over." in html


@pytest.mark.parametrize(
    ("token", "verb", "expected"),
    [
        ("pm_sim_ok", None, "The session: the money is held"),
        ("pm_sim_capture_refused", "capture", "People: the gateway refused (capture_refused)"),
        ("pm_sim_slow", "reserve", "The gateway: it is asked to reserve."),
    ],
)
def test_it_says_who_is_awaited(admin_client: Client, token: str, verb: str | None, expected: str) -> None:
    row = reserved(token)
    if verb == "capture":
        services.request_capture(row.pk, 100)
        services.drive(row.pk)
    assert expected in page(admin_client, DETAIL, row.pk)


def test_it_says_when_people_must_look(admin_client: Client) -> None:
    row = reserved()
    services.request_capture(row.pk, 100)
    row = fresh(row)
    row.attempts = 8
    row.save()
    assert "People: the gateway was asked 8 times" in page(admin_client, DETAIL, row.pk)


def test_nobody_changes_money_by_hand(admin_client: Client) -> None:
    row = reserved()
    detail = reverse(DETAIL, args=[row.pk])
    assert admin_client.post(detail, {"amount": 1}).status_code == 403
    assert admin_client.get(reverse("admin:billing_paymentauthorization_add")).status_code == 403
    assert admin_client.post(reverse("admin:billing_paymentauthorization_delete", args=[row.pk])).status_code == 403
    assert fresh(row).amount == 4000


def test_it_shows_the_simulated_gateways_books(admin_client: Client) -> None:
    row = reserved()
    services.request_capture(row.pk, 1500)
    services.drive(row.pk)
    charge = SimulatedCharge.objects.get()
    assert "15.00 EUR" in page(admin_client, "admin:billing_simulatedcharge_changelist")
    html = page(admin_client, "admin:billing_simulatedcharge_change", quote(charge.pk))
    assert "25.00 EUR" in html
    assert f"{row.pk}:reserve" in html
    assert (
        admin_client.post(
            reverse("admin:billing_simulatedcharge_change", args=[quote(charge.pk)]), {"status": "released"}
        ).status_code
        == 403
    )


def test_it_is_for_staff_with_permission_only(client: Client) -> None:
    user = get_user_model().objects.create_user("clerk", password="x", is_staff=True)
    client.force_login(user)
    assert client.get(reverse(CHANGELIST)).status_code == 403
