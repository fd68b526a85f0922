"""The workspace of a partner: stages on top, a tab for everything, and a constant number of queries."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from onboarding.admin.workspace.views import TABS
from onboarding.models import ConnectionCheck, FunctionalTest, Onboarding
from partners.models import Partner
from sessions_adhoc.models import AdHocSession
from tests.admin import rows
from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")

READ = [key for key, _ in TABS if key != "settings"]


def address(partner: Partner, tab: str = "") -> str:
    url = reverse("admin:partners_partner_change", args=[partner.pk])
    return f"{url}?tab={tab}" if tab else url


def test_it_shows_every_tab(page: Client, world: World) -> None:
    for tab, _ in TABS:
        answer = page.get(address(world.partner, tab))
        assert answer.status_code == 200, tab
        assert 'aria-current="page"' in answer.content.decode(), tab


def test_somebody_who_may_only_look_sees_them_without_buttons(viewer: Client, world: World) -> None:
    for tab, _ in TABS:
        answer = viewer.get(address(world.partner, tab))
        assert answer.status_code == 200, tab
        assert "/do/" not in answer.content.decode(), tab


def test_they_cost_the_same_for_many_rows_as_for_few(page: Client, world: World) -> None:
    now = world.message.at
    Onboarding.objects.create(partner=world.partner, stage="testing", stage_since=now, evidence_from=now)

    def queries(tab: str) -> list[Any]:
        with CaptureQueriesContext(connection) as captured:
            assert page.get(address(world.partner, tab)).status_code == 200
        return [query["sql"] for query in captured]

    for tab in READ:
        queries(tab)
    few = {tab: queries(tab) for tab in READ}
    for _ in range(4):
        rows.add_news(world.attempt, world.ocpi_session, world.message)
        rows.message(world.partner)
        rows.ad_hoc_session(world.evse, "settled")
    for tab in READ:
        many = queries(tab)
        assert len(many) == len(few[tab]), "\n".join([tab, *sorted(many)])


def test_an_unknown_tab_is_the_overview(page: Client, world: World) -> None:
    answer = page.get(address(world.partner, "nonsense"))
    assert answer.context["tab"] == "overview"


def test_the_page_of_test_runs(page: Client, world: World) -> None:
    url = reverse("admin:partners_partner_test_run", args=[world.partner.pk])
    assert "Start a test charge" in page.get(url).content.decode()
    shown = page.get(f"{url}?session={world.session.pk}").content.decode()
    assert "Expected path" in shown
    assert "Verdict per test" in shown


def test_the_page_of_a_charge_that_is_over_leads_on(page: Client, world: World) -> None:
    """To the next charge, to the verdicts, and to what the stage asks for."""
    Onboarding.objects.filter(partner=world.partner).delete()
    ConnectionCheck.objects.all().delete()
    onboarding = Onboarding.objects.create(
        partner=world.partner, stage="testing", stage_since=timezone.now(), evidence_from=world.partner.created_at
    )
    FunctionalTest.objects.create(onboarding=onboarding, key="cdr", seen_at=timezone.now())
    AdHocSession.objects.filter(pk=world.session.pk).update(state="failed", next_check_at=None, ended_at=timezone.now())
    url = reverse("admin:partners_partner_test_run", args=[world.partner.pk])
    shown = page.get(f"{url}?session={world.session.pk}")
    assert [one["action"].name for one in shown.context["buttons"]] == ["pass-seen"]
    assert [one["action"].name for one in shown.context["starts"]] == ["start-test-run"]
    assert f"Next for {world.partner.name}" in shown.content.decode()
    ConnectionCheck.objects.create(partner=world.partner, version="2.2.1", state="finished", ended_at=timezone.now())
    shown = page.get(f"{url}?session={world.session.pk}")
    assert shown.context["another"].startswith("Session start: Not seen yet: ")
    assert "Next for" not in shown.content.decode()
