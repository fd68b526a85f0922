"""Lists of tables with a million rows: nobody sorts them by what has no index."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from ocpi.models import HandshakeRun
from partners.admin.kit.huge import HugeMixin
from tests.admin.rows import World

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
HUGE = {
    "billing.GatewayEvent",
    "billing.PaymentAuthorization",
    "billing.SimulatedCharge",
    "ocpi.Cdr",
    "ocpi.Command",
    "ocpi.Evse",
    "ocpi.Location",
    "ocpi.Message",
    "ocpi.OcpiSession",
    "ocpi.SyncRun",
    "ocpi.Token",
    "ocpi.TokenPush",
    "sessions_adhoc.AdHocSession",
}
"""What grows with sessions, messages and chargers."""


def ordering(page: Client, model: Any, **query: Any) -> tuple[Any, Any]:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    answer = page.get(reverse(f"admin:{label}_changelist"), query)
    assert answer.status_code == 200
    return answer.context["cl"].queryset.query.order_by, answer.content.decode()


def test_they_are_built_for_it(db: None) -> None:
    found = {model._meta.label for model in MODELS if isinstance(admin.site._registry[model], HugeMixin)}
    assert found >= HUGE


@pytest.mark.parametrize("model", [model for model in MODELS if model._meta.label in HUGE], ids=lambda m: m._meta.label)
def test_neither_a_header_nor_an_address_sorts_them(page: Client, world: World, model: Any) -> None:
    usual, shown = ordering(page, model)
    assert re.findall(r'href="\?[^"]*\bo=', shown) == []
    columns = len(admin.site._registry[model].list_display)
    by_hand, _ = ordering(page, model, o=".".join(f"-{number}" for number in range(1, columns + 1)))
    assert by_hand == usual


def test_small_lists_are_sorted_by_a_click(page: Client, world: World) -> None:
    usual, shown = ordering(page, HandshakeRun)
    assert re.findall(r'href="\?[^"]*\bo=', shown) != []
    assert ordering(page, HandshakeRun, o="3")[0] != usual
