"""The first page and the sidebar."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from billing.models import PaymentAuthorization, RestoreFinding
from ocpi.models import HandshakeRun, Message, SyncRun, TokenPush, TrafficHour
from ocpi.tasks import sync_count_traffic
from onboarding.models import LinkEvent, Onboarding
from partners.admin.kit.showing import url_of
from partners.models import Partner, PartnerRole
from sessions_adhoc.models import AdHocSession, ContractRecord, WebhookDelivery
from sfp_platform.admin.naming import sidebar_entry
from sfp_platform.admin.navigation import own_account
from tests.admin.rows import World, ad_hoc_session, message


@pytest.fixture
def home(page: Client) -> Callable[..., Any]:
    return lambda: page.get(reverse("admin:index"))


def test_it_is_switched_on() -> None:
    assert settings.UNFOLD["DASHBOARD_CALLBACK"] == "sfp_platform.admin.dashboard.dashboard"


def test_an_empty_platform_says_what_to_do(home: Callable[..., Any]) -> None:
    shown = home().content.decode()
    assert "No partner yet" in shown
    assert reverse("admin:partners_partner_add") in shown
    assert "Nothing needs you now" in shown


def queue(home: Callable[..., Any]) -> list[Any]:
    return [(item.kind, item.url) for item in home().context["attention"]]


def change(row: Any) -> str:
    return url_of(type(row), row.pk)


def test_what_needs_somebody_comes_worst_first(home: Callable[..., Any], world: World) -> None:
    late = timezone.now() - timedelta(minutes=5)
    escalated = ad_hoc_session(world.evse, "escalated")
    overdue = ad_hoc_session(world.evse, "starting", next_check_at=late)
    stuck = ad_hoc_session(world.evse, "awaiting_cdr").authorization
    PaymentAuthorization.objects.filter(pk=stuck.pk).update(
        state="capturing", state_since=timezone.now() - timedelta(hours=1)
    )
    failed = SyncRun.objects.create(
        partner=world.partner, module="tariffs", state="failed", error="HTTP 500", ended_at=late
    )
    TokenPush.objects.update(error="HTTP 500", tries=5)
    Partner.objects.update(connection=Partner.Connection.NOT_CONNECTED)
    LinkEvent.objects.all().delete()
    assert queue(home) == [
        ("Overdue", change(overdue)),
        ("Escalated", change(escalated)),
        ("Payment", change(stuck)),
        ("Contract charge", change(ContractRecord.objects.get())),
        ("Restore", change(RestoreFinding.objects.get())),
        ("Handshake", change(HandshakeRun.objects.get())),
        ("Incident", change(world.incident)),
        ("Party", change(PartnerRole.objects.get(state="pending"))),
        ("Sync", change(failed)),
        ("Token push", change(TokenPush.objects.get())),
    ]


def test_a_failed_handshake_of_a_connected_partner_is_history(home: Callable[..., Any], world: World) -> None:
    waiting, refused = PartnerRole.objects.get(state="pending"), SyncRun.objects.get(refused=1)
    assert queue(home) == [
        ("Contract charge", change(ContractRecord.objects.get())),
        ("Restore", change(RestoreFinding.objects.get())),
        ("Incident", change(world.incident)),
        ("Location", change(refused)),
        ("Party", change(waiting)),
    ]


def test_what_may_not_be_seen_is_not_in_the_queue(client: Client, django_user_model: type[User], world: World) -> None:
    ad_hoc_session(world.evse, "escalated")
    user = django_user_model.objects.create_user("few", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_incident"))
    client.force_login(user)
    found = client.get(reverse("admin:index")).context["attention"]
    assert [item.kind for item in found] == ["Incident"]


def test_messages_are_counted_in_the_background(home: Callable[..., Any], world: World) -> None:
    message(world.partner, http_status=500, direction="out", duration_ms=300)
    message(world.partner, direction="out", duration_ms=100)
    message(None, http_status=401, ocpi_status=2001)
    message(world.partner, at=timezone.now() - timedelta(hours=26))
    first = home()
    assert (first.context["traffic"].total, "they are being counted, within a minute" in first.content.decode()) == (
        0,
        True,
    )
    assert sync_count_traffic() == sync_count_traffic() == 3
    context = home().context
    assert (context["traffic"].total, context["traffic"].failed, context["traffic"].inbound) == (4, 2, 2)
    line = context["partners"][0]
    assert (line.sums.total, line.sums.failed, line.sums.error_rate, line.sums.latency) == (3, 1, 33.3, 200)
    assert line.live == 1


def test_the_charts_show_the_worst(home: Callable[..., Any], world: World) -> None:
    message(world.partner, http_status=500, direction="out", duration_ms=300)
    sync_count_traffic()
    traffic = home().context["traffic"]
    rates = json.loads(traffic.error_rates["data"])
    assert (rates["labels"], rates["datasets"][0]["data"]) == ([world.partner.label], [50.0])
    assert json.loads(traffic.latencies["data"])["datasets"][0]["data"] == [300]
    failed, fine = json.loads(traffic.by_hour["data"])["datasets"]
    assert (len(failed["data"]), sum(failed["data"]), sum(fine["data"])) == (24, 1, 1)


def test_no_page_counts_the_message_log(
    page: Client, world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(53) as captured:
        page.get(reverse("admin:index"))
    assert [query["sql"] for query in captured if "COUNT(" in query["sql"] and '"ocpi_message"' in query["sql"]] == []


def test_a_late_message_is_counted_when_it_ended(world: World) -> None:
    sync_count_traffic()
    open_one = message(world.partner, http_status=None, ocpi_status=None, duration_ms=None)
    sync_count_traffic()
    assert TrafficHour.objects.get().failed == 0
    Message.objects.filter(pk=open_one.pk).update(duration_ms=20_000, error="No answer.", failed=True)
    sync_count_traffic()
    assert (TrafficHour.objects.get().failed, TrafficHour.objects.get().slowest_ms) == (1, 20_000)


def test_what_no_worker_takes_is_behind(home: Callable[..., Any], world: World) -> None:
    AdHocSession.objects.update(next_check_at=timezone.now() - timedelta(minutes=5))
    HandshakeRun.objects.all().delete()
    late = {sidebar_entry(row.options): (row.due, row.behind) for row in home().context["queues"] if row.late}
    assert late["Ad-hoc sessions"] == (1, "5 min")
    assert "<td>Ad-hoc sessions</td>" in home().content.decode()


def test_every_partner_is_counted_in_its_stage(home: Callable[..., Any], world: World) -> None:
    now = timezone.now()
    assert {key: count for key, _, count in home().context["stages"] if count} == {"pre_integration": 1}
    live = Partner.objects.create(code="live", name="Live", country_code="SK", party_id="LIV", environment="production")
    Onboarding.objects.create(
        partner=world.partner, production=live, stage="testing", stage_since=now, evidence_from=now
    )
    Partner.objects.create(code="new", name="New", country_code="SK", party_id="NEW")
    counted = {key: count for key, _, count in home().context["stages"] if count}
    assert counted == {"pre_integration": 1, "testing": 2}


def test_live_sessions_are_listed(home: Callable[..., Any], world: World) -> None:
    ad_hoc_session(world.evse, "settled")
    context = home().context
    assert [row.pk for row in context["live_sessions"]] == [world.session.pk]
    assert context["live_count"] == 1


def test_who_may_see_nothing_sees_nothing(client: Client, django_user_model: type[User], world: World) -> None:
    client.force_login(django_user_model.objects.create_user("new", is_staff=True))
    answer = client.get(reverse("admin:index"))
    assert world.partner.name not in answer.content.decode()
    assert [group for group in answer.context["sidebar_navigation"] if group.get("title")] == []


def test_the_sidebar_counts_what_waits(page: Client, world: World) -> None:
    ad_hoc_session(world.evse, "escalated")
    TokenPush.objects.update(error="HTTP 500")
    WebhookDelivery.objects.update(state="given_up")
    groups = page.get(reverse("admin:index")).context["sidebar_navigation"]
    badges = {item["title"]: item["badge"] for group in groups for item in group["items"] if "badge" in item}
    assert badges == dict.fromkeys(
        (
            *("Incidents", "Ad-hoc sessions", "Token pushes", "Parties' roles"),
            *("Contract charges", "Webhook deliveries"),
        ),
        "1",
    )


def test_every_registered_page_is_in_the_sidebar(page: Client, db: None) -> None:
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


def test_test_and_production_of_a_cpo_are_told_apart(home: Callable[..., Any], world: World) -> None:
    Partner.objects.update(name="Ion", environment="production")
    other = Partner.objects.create(code="ion-t", name="Ion", country_code="SK", party_id="IOT", environment="test")
    for partner in (world.partner, other):
        message(partner, http_status=500, direction="out", duration_ms=300)
    sync_count_traffic()
    rates = json.loads(home().context["traffic"].error_rates["data"])
    assert sorted(rates["labels"]) == ["Ion", "Ion (test)"]


def test_overdue_sessions_are_counted_and_listed(home: Callable[..., Any], page: Client, world: World) -> None:
    assert home().context["overdue_count"] == 0
    late = ad_hoc_session(world.evse, "starting", next_check_at=timezone.now() - timedelta(minutes=5))
    shown = home()
    assert shown.context["overdue_count"] == 1
    address = f"{reverse('admin:sessions_adhoc_adhocsession_changelist')}?queue=overdue"
    assert f'href="{address}"' in shown.content.decode()
    assert [row.pk for row in page.get(address).context["cl"].result_list] == [late.pk]


def test_a_stage_leads_to_its_partners(home: Callable[..., Any], page: Client, world: World) -> None:
    now = timezone.now()
    Onboarding.objects.create(partner=world.partner, stage="testing", stage_since=now, evidence_from=now)
    address = f"{reverse('admin:partners_partner_changelist')}?stage=testing"
    assert address in home().content.decode()
    assert [row.pk for row in page.get(address).context["cl"].result_list] == [world.partner.pk]


@pytest.mark.parametrize("entry", [*own_account(HttpRequest()), {"title": "My work", "link": "/admin/?queue=mine"}])
def test_a_page_is_called_as_the_entry_that_leads_to_it(page: Client, entry: dict[str, Any]) -> None:
    shown = page.get(str(entry["link"])).content.decode()
    assert re.findall(r"<title>\s*([^<|]*?) \|", shown) == [entry["title"]]
    assert re.findall(r'class="sfp-crumb"[^>]*>([^<]*)<', shown)[-1] == entry["title"]
