"""The page of a check: it starts one, follows it, and shows what came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from onboarding.guide import Stage
from onboarding.models import ConnectionCheck, ConnectionCheckCase, Onboarding
from partners.models import Document, Partner
from tests.factories import ConnectorFactory
from tests.ocpi.cpo import connected_partner
from tests.onboarding.documents.reading import text_of as text_of_pdf
from tests.support.tasks import Ran

CHECK = "admin:onboarding_connectioncheck"
MOST_STATEMENTS = 25
"""Of a page, whatever stage its partner is in: what the partner's next step is, is asked there too."""


@pytest.fixture
def partner(db: None) -> Partner:
    return connected_partner("http://127.0.0.1:9")


def browser(*codenames: str) -> Client:
    user = User.objects.create_user(f"u-{len(codenames)}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def page(db: None) -> Client:
    return browser("view_partner", "view_connectioncheck", "run_connection_check", "view_message")


def finished(partner: Partner, **verdicts: Any) -> ConnectionCheck:
    """A finished check with these cases, by key."""
    now = timezone.now()
    run = ConnectionCheck.objects.create(partner=partner, version="2.2.1", state="finished", ended_at=now)
    for number, (key, verdict) in enumerate(verdicts.items(), 1):
        ConnectionCheckCase.objects.create(
            run=run,
            position=number,
            key=key,
            theme="Lists",
            title=f"Title of {key}",
            section="OCPI 2.2.1 §4.1.4.1",
            verdict=verdict,
            seen=f"Seen of {key}.",
            change=f"Change {key}." if verdict in ("warn", "fail") else "",
            ended_at=now,
        )
    return run


def text_of(client: Client, run: ConnectionCheck) -> str:
    answer = client.get(reverse(f"{CHECK}_change", args=[run.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_check_is_started_on_the_partners_page(
    page: Client, partner: Partner, waiting_tasks: Callable[[], list[Ran]]
) -> None:
    answer = page.post(reverse("admin:partners_partner_do_check", args=[partner.pk]))
    run = ConnectionCheck.objects.get()
    assert answer["Location"] == reverse(f"{CHECK}_change", args=[run.pk])
    assert (run.armed, run.state, str(run.started_by)) == (False, "due", "u-4")
    assert ("onboarding.tasks.sync_connection_check", (run.pk,)) in waiting_tasks()
    assert "0 of" in text_of(page, run)


def test_a_test_charge_needs_a_known_charger_and_a_word_that_a_car_is_there(page: Client, partner: Partner) -> None:
    connector = ConnectorFactory.create(evse__location__partner=partner, evse__evse_id="SK*ION*E0101")
    address = reverse("admin:partners_partner_do_check-armed", args=[partner.pk])
    form = {"charger": "sk*ion*e0101", "interval": "60"}
    assert "This field is required" in page.post(address, form).content.decode()
    assert (
        "We know no charger"
        in page.post(address, {**form, "charger": "X", "ready": "on"}, follow=True).content.decode()
    )
    assert not ConnectionCheck.objects.exists()
    page.post(address, {**form, "ready": "on"})
    run = ConnectionCheck.objects.get()
    evse = connector.evse
    assert (run.armed, run.location_id, run.evse_uid) == (True, evse.location.ocpi_id, evse.uid)
    assert (run.connector_id, run.sample_interval) == (connector.connector_id, 60)


def test_one_check_at_a_time(page: Client, partner: Partner) -> None:
    address = reverse("admin:partners_partner_do_check", args=[partner.pk])
    page.post(address)
    assert "not possible any more" in page.post(address, follow=True).content.decode()
    assert ConnectionCheck.objects.count() == 1


def test_who_may_only_look_cannot_start_one(partner: Partner) -> None:
    viewer = browser("view_partner", "view_connectioncheck")
    assert viewer.post(reverse("admin:partners_partner_do_check", args=[partner.pk])).status_code == 403
    run = finished(partner, a="pass")
    assert viewer.post(reverse(f"{CHECK}_do_again", args=[run.pk])).status_code == 403
    assert "/do/again/" not in text_of(viewer, run)
    assert ConnectionCheck.objects.count() == 1


def test_the_page_says_what_to_change_and_what_is_new(page: Client, partner: Partner) -> None:
    finished(partner, a="pass", b="fail", c="warn", d="na")
    shown = text_of(page, finished(partner, a="fail", b="pass", c="warn", d="pass"))
    assert "1 case failed." in shown
    assert shown.count("Change a.") == 2  # on the page and in the text to be copied
    changes = shown[shown.index("Since check") : shown.index("What the CPO should change")]
    assert "worse</span> Title of a" in changes
    assert "fixed</span> Title of b" in changes
    assert "Title of c" not in changes
    assert "Title of d" not in changes


def test_a_running_check_shows_what_it_waits_for_and_can_be_called_off(page: Client, partner: Partner) -> None:
    run = ConnectionCheck.objects.create(
        partner=partner,
        version="2.2.1",
        state="running",
        waiting_for="the Session. Plug the car in at X now",
        next_check_at=timezone.now() + timedelta(seconds=2),
    )
    shown = text_of(page, run)
    assert "We wait for the Session. Plug the car in at X now." in shown
    assert 'hx-trigger="every 2s' in shown
    page.post(reverse(f"{CHECK}_do_cancel", args=[run.pk]))
    run.refresh_from_db()
    assert run.stopping
    assert "Being called off" in text_of(page, run)


@pytest.mark.parametrize("stage", [*Stage])
def test_the_page_costs_the_same_however_many_cases_there_are(
    page: Client, partner: Partner, stage: Stage, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    Onboarding.objects.create(partner=partner, stage=stage, stage_since=now, evidence_from=now)
    few = finished(partner, **{"case-0": "fail"})
    text_of(page, few)
    with CaptureQueriesContext(connection) as captured:
        text_of(page, few)
    assert len(captured) <= MOST_STATEMENTS, "\n".join(query["sql"] for query in captured)
    few.delete()
    many = finished(partner, **{f"case-{number}": "fail" for number in range(60)})
    with django_assert_num_queries(len(captured)):
        text_of(page, many)


class TestPdf:
    def press(self, client: Client, run: ConnectionCheck) -> Any:
        return client.post(reverse(f"{CHECK}_do_pdf", args=[run.pk]))

    def test_it_is_downloaded_and_kept_once(self, page: Client, partner: Partner) -> None:
        run = finished(partner, lists="pass", dates="fail")
        assert f'action="{reverse(f"{CHECK}_do_pdf", args=[run.pk])}"' in text_of(page, run)
        answer = self.press(page, run)
        kept = Document.objects.get()
        assert (answer["Content-Type"], answer.content) == ("application/pdf", bytes(kept.content))
        assert answer["Content-Disposition"] == f'attachment; filename="{kept.name}"'
        assert (kept.partner, kept.kind, kept.made_by) == (partner, "connection_check", "u-4")
        assert kept.name == f"connection-check-{partner.code}-{run.pk}.pdf"
        said = " ".join(text_of_pdf(answer.content).split())
        assert "Title of dates" in said
        assert "Change dates." in said
        assert self.press(page, run).content == answer.content
        assert Document.objects.count() == 1
        other = finished(partner, lists="pass")
        self.press(page, other)
        assert Document.objects.count() == 2

    def test_not_of_a_check_that_is_under_way_and_not_for_everybody(self, page: Client, partner: Partner) -> None:
        live = ConnectionCheck.objects.create(partner=partner, version="2.2.1", next_check_at=timezone.now())
        assert "do/pdf" not in text_of(page, live)
        assert self.press(page, live).status_code == 302
        assert self.press(browser("view_partner"), live).status_code == 403
        assert not Document.objects.exists()
