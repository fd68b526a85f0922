"""What somebody may write into the address of a page of the admin: it never ends in HTTP 500."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from ocpi.models import Tariff
from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
ODD = ("²", "9" * 30, "-1", "x", "", "0001-01-01", "%", "\\", "'")


def parameters(page: Client, model: Any) -> list[str]:
    """Those that the filters of its list read."""
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    shown = page.get(reverse(f"admin:{label}_changelist")).context.get("cl")
    specs = shown.filter_specs if shown else ()
    return ["month", *(name for spec in specs for name in spec.expected_parameters() if name)]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_filter_of_a_list_breaks(page: Client, world: World, model: Any) -> None:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    address, broken = reverse(f"admin:{label}_changelist"), []
    page.raise_request_exception = False
    for name in (*parameters(page, model), "q", "p", "o", "all"):
        for value in ODD:
            if page.get(address, {name: value}).status_code >= 500:
                broken.append((name, value))
    assert broken == []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_no_number_of_a_page_breaks(page: Client, world: World, model: Any) -> None:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    page.raise_request_exception = False
    asked = {value: page.get(reverse(f"admin:{label}_change", args=[value])).status_code for value in ODD if value}
    assert {value: status for value, status in asked.items() if status not in (302, 404)} == {}


@pytest.mark.parametrize("value", ODD)
def test_nor_does_the_map_or_the_console(page: Client, world: World, value: str) -> None:
    assert page.get(reverse("admin:ocpi_location_places"), {"partner": value}).status_code == 200
    assert page.get(reverse("admin:ocpi_location_map"), {"partner": value}).status_code == 200
    assert page.get(reverse("admin:ocpi_command_console"), {"evse": value}).status_code == 200


@pytest.mark.parametrize("begin", ["9999-12-31 23:59", "0001-01-01 00:00", "²", "2026-03-29 02:30", "2026-10-25 02:30"])
def test_nor_does_the_calculator_of_a_tariff(page: Client, world: World, begin: str) -> None:
    address = reverse("admin:ocpi_tariff_change", args=[Tariff.objects.all()[0].pk])
    for more in ({}, {"minutes": "2880", "parked": "2880"}, {"kwh": "1e999"}, {"kwh": "NaN"}, {"minutes": "²"}):
        assert page.get(address, {"begin": begin, **more}).status_code == 200
