"""A list costs as many queries for three rows as for one."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ocpi.models import Location
from sfp_platform.health.verdict import watch
from tests.admin import rows
from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def queries(page: Client, address: str) -> list[Any]:
    watch.forget()
    with CaptureQueriesContext(connection) as captured:
        assert page.get(address).status_code == 200
    return [query["sql"] for query in captured]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_lists(page: Client, world: World, model: Any) -> None:
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    queries(page, address)
    few = queries(page, address)
    for _ in range(2):
        rows.world()
    many = queries(page, address)
    assert len(many) == len(few), "\n".join(sorted(many))


def test_dashboard(page: Client, world: World) -> None:
    few = queries(page, reverse("admin:index"))
    for _ in range(9):
        rows.world()
    assert len(queries(page, reverse("admin:index"))) == len(few)


@pytest.mark.parametrize("party", ["ION", "OTH"])
def test_page_of_a_session(page: Client, world: World, party: str) -> None:
    """Also where its CDRs name another party than its charger's, as behind a hub."""
    Location.objects.filter(pk=world.evse.location_id).update(party_id=party)
    address = reverse("admin:sessions_adhoc_adhocsession_change", args=[world.session.pk])
    queries(page, address)
    few = queries(page, address)
    for _ in range(9):
        rows.add_news(world.attempt, world.ocpi_session, world.message)
        world.session.refresh_from_db()
    assert len(queries(page, address)) == len(few)
