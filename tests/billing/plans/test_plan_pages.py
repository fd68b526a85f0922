"""Staff make price plans, and see why a price is what it is."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing import plans
from billing.models import PricePlan
from partners.models import HistoryEntry
from tests.factories import ConnectorFactory, EvseFactory, PartnerFactory

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:billing_priceplan_changelist", "admin:billing_priceplan_add"
LONG_AGO = {"valid_from_0": "2026-01-01", "valid_from_1": "00:00:00"}


def form(**values: Any) -> dict[str, Any]:
    return {"name": "Summer", "kind": "margin", "margin_percent": "10", **LONG_AGO, **values}


def change(plan: PricePlan) -> str:
    return reverse("admin:billing_priceplan_change", args=[plan.pk])


def text(response: Any) -> str:
    return unescape(response.content.decode())


def test_finance_makes_a_plan_and_the_history_has_who_did_it(client: Client) -> None:
    user = get_user_model().objects.create_user("fin", password="x", is_staff=True)
    user.groups.add(Group.objects.get(name="finance"))
    client.force_login(user)
    assert client.post(reverse(ADD), form()).status_code == 302
    made = PricePlan.objects.get()
    assert (made.kind, made.margin_percent, made.version) == ("margin", Decimal(10), 1)
    assert client.post(change(made), form(margin_percent="12")).status_code == 302
    entries = HistoryEntry.objects.filter(content_type__model="priceplan", object_pk=str(made.pk)).order_by("pk")
    assert [entry.actor for entry in entries] == [user, user]
    assert entries[1].changes["margin_percent"] == ["10.00", "12"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"per_kwh": "1"}, "This belongs to another kind of plan."),
        ({"kind": "retail", "currency": "EUR", "per_kwh": "1"}, "This belongs to another kind of plan."),
        ({"kind": "pass_through"}, "This belongs to another kind of plan."),
        ({"location_id": "L"}, "Name the partner whose location this is."),
        ({"kind": "retail", "margin_percent": "", "currency": "EUR"}, "it may be 0."),
        ({"kind": "retail", "margin_percent": "", "per_kwh": "1"}, "Say in which currency."),
        ({"margin_per_kwh": "0.05"}, "Say in which currency."),
        ({"margin_percent": ""}, "Say how much: in percent, per kWh, or both."),
        ({"kind": "retail", "margin_percent": "", "per_kwh": "1", "idle_after": "9"}, "Say how much the occupancy fee"),
        ({"min_kw": "50", "max_kw": "50"}, "This is not after where it begins."),
        ({"kind": "retail", "margin_percent": "", "per_kwh": "1", "by_time": "nights 1"}, "“nights 1” is not days"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(admin_client: Client, values: dict[str, Any], problem: str) -> None:
    response = admin_client.post(reverse(ADD), form(**values))
    assert response.status_code == 200
    assert problem in text(response)
    assert not PricePlan.objects.exists()


SEEN = re.compile(r'name="_seen" value="([^"]+)"')


def opened(client: Client, plan: PricePlan) -> dict[str, str]:
    """What the form brings back of what it showed."""
    found = SEEN.search(text(client.get(change(plan))))
    assert found is not None
    return {"_seen": found.group(1)}


def test_who_saves_second_is_told_what_the_first_has_changed(admin_client: Client) -> None:
    plan = PricePlan.objects.create(name="Summer", kind="margin", margin_percent=Decimal(10))
    ana, eva = opened(admin_client, plan), opened(admin_client, plan)
    assert admin_client.post(change(plan), form(margin_percent="12", **ana)).status_code == 302
    refused = admin_client.post(change(plan), form(margin_percent="15", note="for the summer", **eva))
    assert refused.status_code == 200
    assert "has changed this since you opened it: margin in percent, valid from." in text(refused)
    assert "for the summer" in text(refused), "what was entered is there still"
    plan.refresh_from_db()
    assert (plan.margin_percent, plan.note) == (Decimal(12), "")
    assert admin_client.post(change(plan), form(margin_percent="12", _seen="who:knows,:,pk:1,note")).status_code == 302
    again = SEEN.search(text(refused))
    assert again is not None
    saved = admin_client.post(change(plan), form(margin_percent="15", note="for the summer", _seen=again.group(1)))
    plan.refresh_from_db()
    assert (saved.status_code, plan.margin_percent, plan.note) == (302, Decimal(15), "for the summer")


def test_a_price_that_a_driver_has_taken_meanwhile_is_not_dropped_in_silence(admin_client: Client) -> None:
    plan = PricePlan.objects.create(name="Summer", kind="margin", margin_percent=Decimal(10))
    seen = opened(admin_client, plan)
    plans.note_taken(plans.as_kept(plan), timezone.now())
    refused = admin_client.post(change(plan), form(margin_percent="12", note="dearer", **seen))
    assert refused.status_code == 200
    assert "This cannot be changed any more: margin in percent." in text(refused)
    plan.refresh_from_db()
    assert (plan.margin_percent, plan.note) == (Decimal(10), "")


def test_a_plan_that_was_taken_is_to_be_read_and_a_new_version_is_made_of_it(admin_client: Client) -> None:
    plan = PricePlan.objects.create(name="Summer", kind="margin", margin_percent=Decimal(10))
    assert "it may still be changed" in text(admin_client.get(change(plan)))
    plans.note_taken(plans.as_kept(plan), timezone.now())
    page = text(admin_client.get(change(plan)))
    assert "Drivers have taken it, so it stays as it is." in page
    assert 'name="margin_percent"' not in page
    admin_client.post(change(plan), {"margin_percent": "12", "note": "ends soon"})
    plan.refresh_from_db()
    assert (plan.margin_percent, plan.note) == (Decimal(10), "ends soon")
    refused = admin_client.post(change(plan), {"valid_until_0": "2020-01-01", "valid_until_1": "00:00:00"})
    assert "This is not after where it begins." in text(refused)
    plan.refresh_from_db()
    assert plan.valid_until is None
    response = admin_client.post(reverse("admin:billing_priceplan_do_new-version", args=[plan.pk]))
    made = PricePlan.objects.get(version=2)
    assert response["Location"] == change(made)
    assert "Change it until then" in text(admin_client.get(change(made)))


def test_the_list_says_where_each_applies_and_what_it_costs(admin_client: Client) -> None:
    ion = PartnerFactory.create(name="Ionity")
    ended = datetime(2026, 1, 2, tzinfo=UTC)
    PricePlan.objects.create(
        name="A",
        kind="margin",
        margin_percent=Decimal(10),
        margin_per_kwh=Decimal("0.05"),
        currency="EUR",
        min_kw=Decimal(50),
        max_kw=Decimal(99),
    )
    PricePlan.objects.create(
        name="B", kind="retail", currency="EUR", per_kwh=Decimal("0.5"), partner=ion, location_id="L"
    )
    PricePlan.objects.create(
        name="C", kind="pass_through", power_type="AC", valid_from=ended - timedelta(days=1), valid_until=ended
    )
    page = text(admin_client.get(reverse(LIST)))
    for words in (
        "all partners, from 50 kW, below 99 kW",
        "the operator's tariff and 10 % and 0.05 EUR/kWh on top, gross",
        "Ionity, L",
        "0.50 EUR/kWh, taxes included",
        "all partners, AC",
        "the operator's tariff, as it is",
    ):
        assert words in page
    assert "Ended" in text(admin_client.get(change(PricePlan.objects.get(name="C"))))


def test_a_charger_s_page_says_why_its_price_is_what_it_is(admin_client: Client) -> None:
    evse = EvseFactory.create()
    ConnectorFactory.create(evse=evse)
    url = reverse("admin:ocpi_evse_change", args=[evse.pk])
    page = text(admin_client.get(url))
    assert "No price plan applies: drivers pay what the operator's tariff says." in page
    assert "The operator has not published a price." in page
    PricePlan.objects.create(name="Ours", kind="retail", currency="EUR", per_kwh=Decimal("0.5"), partner=evse.partner)
    PricePlan.objects.create(name="All", kind="margin", margin_percent=Decimal(10))
    PricePlan.objects.create(name="Slow", kind="margin", margin_percent=Decimal(10), power_type="AC")
    page = text(admin_client.get(url))
    assert "Ours, version 1 applies: it is the most specific." in page
    assert "0.50 EUR/kWh" in page
    assert "another one is more specific, or valid since later" in page
    assert "not AC" in page
