"""Rates of VAT: what the platform comes with, and what staff amend (rule 34)."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from billing import vat
from billing.models import VatRate

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("country", "day", "percent"),
    [
        ("SK", date(2024, 12, 31), "20"),
        ("SVK", date(2025, 1, 1), "23"),
        ("sk", date(2026, 11, 29), "23"),
        ("DE", date(2020, 7, 1), "16"),
        ("US", date(2026, 1, 1), None),
        ("SK", date(1990, 1, 1), None),
        ("", date(2026, 1, 1), None),
    ],
)
def test_the_rate_of_a_country_on_a_day(country: str, day: date, percent: str | None) -> None:
    assert vat.rate_at(country, day) == (None if percent is None else Decimal(percent))


@pytest.mark.parametrize("percent", ["-50", "-0.01", "100.01", "1000"])
def test_a_rate_that_is_none_is_refused(admin_client: Client, percent: str) -> None:
    vat.after_migrate("default")
    rows = VatRate.objects.count()
    form = {"country": "SK", "percent": percent, "valid_from": "2026-06-01", "note": ""}
    answer = admin_client.post(reverse("admin:billing_vatrate_add"), form)
    assert (answer.status_code, VatRate.objects.count()) == (200, rows)
    assert "percent" in answer.context["adminform"].form.errors
    row = VatRate.objects.get(country="SK", valid_from="2025-01-01")
    answer = admin_client.post(reverse("admin:billing_vatrate_change", args=[row.pk]), form)
    assert (answer.status_code, vat.rate_at("SK", date(2026, 7, 1))) == (200, Decimal(23))


@pytest.mark.parametrize("percent", ["-50", "1000", "100.01"])
def test_the_database_takes_none_either(percent: str) -> None:
    with pytest.raises((IntegrityError, DataError)), transaction.atomic():
        VatRate.objects.create(country="SK", valid_from="2026-06-01", percent=Decimal(percent))


def test_staff_see_and_amend_them(admin_client: Client) -> None:
    vat.after_migrate("default")
    row = VatRate.objects.get(country="SK", valid_from="2025-01-01")
    assert admin_client.get(reverse("admin:billing_vatrate_changelist")).status_code == 200
    form = {"country": "SK", "percent": "24", "valid_from": "2025-01-01", "note": "Act 1/2026"}
    answer = admin_client.post(reverse("admin:billing_vatrate_change", args=[row.pk]), form)
    assert answer.status_code == 302
    vat.after_migrate("default")
    assert vat.rate_at("SK", date(2026, 1, 1)) == 24
