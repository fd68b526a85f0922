"""Objects that are read anew, as staff see them."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from ocpi.models import Message, OcpiSession, Refresh
from partners.admin.kit.showing import list_url, url_of
from partners.models import Partner
from tests.admin.rows import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_world")]
LIST = "admin:ocpi_refresh_changelist"


@pytest.fixture
def refresh(world: World) -> Refresh:
    return Refresh.objects.get()


def standing(page: Client, row: Refresh) -> Any:
    return page.get(url_of(Refresh, row.pk)).context["standing"]


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({}, "Waiting"),
        ({"error": "HTTP 500.", "tries": 1}, "Waiting"),
        ({"held": True}, "Under way"),
        ({"next_check_at": None, "error": "HTTP 404.", "tries": 5}, "Given up"),
    ],
)
def test_it_says_where_it_stands(page: Client, refresh: Refresh, values: Any, label: str) -> None:
    Refresh.objects.update(**values)
    said = standing(page, refresh)
    assert said.label == label
    assert values.get("error", "") in said.text


def test_nothing_is_asked_of_a_partner_that_is_not_connected(page: Client, refresh: Refresh) -> None:
    Partner.objects.update(connection=Partner.Connection.NOT_CONNECTED)
    assert standing(page, refresh).label == "Paused"


def test_it_links_object_and_exchanges(page: Client, refresh: Refresh, world: World) -> None:
    shown = page.get(url_of(Refresh, refresh.pk)).content.decode()
    assert f'href="{url_of(OcpiSession, world.ocpi_session.pk)}"' in shown
    asked = list_url(Message, direction__exact="out", partner__id__exact=world.partner.pk, module="sessions")
    assert f'href="{escape(asked)}"' in shown


@pytest.mark.parametrize(("state", "found"), [("waiting", 1), ("given-up", 0)])
def test_it_is_filtered_by_state(page: Client, refresh: Refresh, state: str, found: int) -> None:
    assert len(page.get(reverse(LIST), {"state": state}).context["cl"].result_list) == found


def test_it_is_found_by_the_objects_id(page: Client, refresh: Refresh) -> None:
    def found(text: str) -> list[Any]:
        return [row.pk for row in page.get(reverse(LIST), {"q": text}).context["cl"].result_list]

    assert found(refresh.ocpi_id[:4].upper()) == [refresh.pk]
    assert found("nothing-of-it") == []


def test_nobody_changes_it(page: Client, refresh: Refresh) -> None:
    assert page.post(url_of(Refresh, refresh.pk), {"tries": 0}).status_code == 403


def test_a_session_that_lacks_something_leads_to_it(page: Client, refresh: Refresh, world: World) -> None:
    OcpiSession.objects.filter(pk=world.ocpi_session.pk).update(needs_pull=True)
    shown = page.get(url_of(OcpiSession, world.ocpi_session.pk)).content.decode()
    assert f"{reverse(LIST)}?q={world.ocpi_session.ocpi_id}" in shown
