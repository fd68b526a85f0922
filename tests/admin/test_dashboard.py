"""The first page and the sidebar."""

import pytest
from django.conf import settings
from django.urls import reverse

from ocpi.models import HandshakeRun
from partners.models import Partner
from tests.admin.rows import ad_hoc_session, message


@pytest.fixture
def home(page):
    return lambda: page.get(reverse("admin:index"))


def test_it_is_switched_on():
    assert settings.UNFOLD["DASHBOARD_CALLBACK"] == "sfp_platform.dashboard.dashboard"


def test_an_empty_platform_says_what_to_do(home):
    shown = home().content.decode()
    assert "No partner yet" in shown
    assert reverse("admin:partners_partner_add") in shown
    assert "Nothing needs you now" in shown


def test_it_shows_what_needs_somebody(home, world):
    escalated = ad_hoc_session(world.evse, "escalated")
    Partner.objects.update(connection=Partner.Connection.NOT_CONNECTED)
    context = home().context
    assert [row.pk for row in context["escalated"]] == [escalated.pk]
    assert [row.pk for row in context["open_incidents"]] == [world.incident.pk]
    assert [row.pk for row in context["failed_handshakes"]] == [HandshakeRun.objects.get().pk]


def test_a_failed_handshake_of_a_connected_partner_is_history(home, world):
    assert home().context["failed_handshakes"] == []


def test_it_counts_messages_and_failures(home, world):
    message(world.partner, http_status=500)
    message(None, http_status=401, ocpi_status=2001)
    context = home().context
    assert context["traffic"] == {"total": 3, "failed": 2, "inbound": 3}
    line = context["partners"][0]
    assert (line.messages, line.failures, line.live) == (2, 1, 1)


def test_live_sessions_are_listed(home, world):
    ad_hoc_session(world.evse, "settled")
    context = home().context
    assert [row.pk for row in context["live_sessions"]] == [world.session.pk]
    assert context["live_count"] == 1


def test_who_may_see_nothing_sees_nothing(client, django_user_model, world):
    client.force_login(django_user_model.objects.create_user("new", is_staff=True))
    answer = client.get(reverse("admin:index"))
    assert world.partner.name not in answer.content.decode()
    assert [group for group in answer.context["sidebar_navigation"] if group.get("title")] == []


def test_the_sidebar_counts_what_waits(page, world):
    ad_hoc_session(world.evse, "escalated")
    groups = page.get(reverse("admin:index")).context["sidebar_navigation"]
    badges = {item["title"]: item["badge"] for group in groups for item in group["items"] if "badge" in item}
    assert badges == {"Incidents": "1", "Ad-hoc sessions": "1"}


def test_every_registered_page_is_in_the_sidebar(page, db):
    groups = page.get(reverse("admin:index")).context["sidebar_navigation"]
    links = [str(item["link"]) for group in groups for item in group["items"]]
    missing = [
        model["admin_url"]
        for app in page.get(reverse("admin:index")).context["app_list"]
        for model in app["models"]
        if model["admin_url"] not in links
    ]
    assert missing == []
    assert len(set(links)) == len(links)
