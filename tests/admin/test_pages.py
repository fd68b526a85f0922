"""What every page has in common. Who may see which, and press what: `tests/house/test_admin_rights.py`."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
EVERY = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


def url(model: Any, page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def row_of(model: Any) -> Any:
    return model._default_manager.first()


@EVERY
def test_it_searches(page: Client, world: World, model: Any) -> None:
    answer = page.get(url(model, "changelist"), {"q": "b5f0e0a4-0000-4000-8000-000000000000"})
    assert answer.status_code == 200


@EVERY
def test_nothing_but_groups_can_be_deleted(page: Client, world: World, model: Any) -> None:
    if model._meta.label == "auth.Group":
        return
    assert page.post(url(model, "delete", row_of(model).pk), {"post": "yes"}).status_code == 403
    assert row_of(model) is not None
