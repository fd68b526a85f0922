"""Stage 3 over HTTP: staff on the page of test runs, a CPO in a process of its own, and the evidence of both."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import Connector
from onboarding.models import Evidence, Onboarding
from partners.models import Partner, Policy
from sfp_platform.celery import app
from tests.onboarding.connection_check.conftest import cpo, our_server
from tests.support.processes import eventually
from tests.support.tasks import Ran

__all__ = ["cpo", "our_server"]

pytestmark = pytest.mark.django_db(transaction=True)

CHARGER, ANOTHER = "ION-BTS01-3", "ION-BTS01-1"
BEAT = (
    "sessions_adhoc.tasks.tick",
    "billing.tasks.tick",
    "ocpi.tasks.commands_tick",
    "ocpi.tasks.push_tick",
    "onboarding.tasks.sync_evidence_tick",
)
SHOWN_BY_A_GOOD_CHARGE = {"session_start", "cdr", "command", "connector", "meter_values"}
STEPS = [
    "Funds reserved",
    "START_SESSION accepted",
    "START_SESSION executed",
    "Connector PREPARING",
    "Session ACTIVE",
    "Connector CHARGING",
    "Energy delivered",
    "Meter values in time",
    "Charging ended",
    "CDR received",
    "Settled",
]


class Staff:
    """Somebody of ours in front of a partner's pages; a worker and beat do their work meanwhile."""

    def __init__(self, browser: Client, partner: Partner, run_tasks: Callable[..., Any]) -> None:
        self.browser, self.partner, self.run_tasks = browser, partner, run_tasks
        self.place = ""

    def do(self, button: str, **data: Any) -> None:
        address = reverse(f"admin:partners_partner_do_{button}", args=[self.partner.pk])
        answer = self.browser.post(address, data)
        assert answer.status_code == 302, answer.content.decode()
        self.place = answer.headers["Location"]

    def start(self, uid: str) -> None:
        """Choose a charger from those that the page offers, and press start."""
        page = self.browser.get(reverse("admin:partners_partner_test_run", args=[self.partner.pk]))
        offered = {
            value for button in page.context["starts"] for value, _ in button["form"].fields["connector"].choices
        }
        connector = Connector.objects.get(evse__uid=uid)
        assert connector.pk in offered
        self.do("start-test-run", connector=connector.pk)

    def look(self) -> Any:
        """The page as it is after everything that is due was done."""
        for task in BEAT:
            app.tasks[task].apply().get()
        self.run_tasks()
        return self.browser.get(self.place).context

    def wait(self, until: Callable[[Any], Any], what: str) -> Any:
        """Follow the page until it shows that."""
        seen: list[Any] = []

        def shown() -> bool:
            seen[:] = [self.look()]
            return bool(until(seen[0]))

        eventually(shown, what=what)
        return seen[0]


@pytest.fixture
def staff(admin_user: User, run_tasks: Callable[..., list[Ran]]) -> Callable[[Partner], Staff]:
    def in_stage_3(partner: Partner) -> Staff:
        Onboarding.objects.create(
            partner=partner, stage="testing", stage_since=timezone.now(), evidence_from=partner.created_at
        )
        Policy.objects.create(partner=partner, connector_timeout=5, session_timeout=5, meter_interval=15)
        browser = Client()
        browser.force_login(admin_user)
        return Staff(browser, partner, run_tasks)

    return in_stage_3


def readings(context: Any) -> int:
    step = next(one for one in context["path"] if one["title"] == "Meter values in time")
    found = re.search(r"(\d+) so far", str(step["text"]))
    return int(found[1]) if found else 0


def shown_by(context: Any) -> set[str]:
    return {one["row"].key for one in context["verdicts"] if one["row"].shown}


def test_two_charges_bring_the_evidence_for_all_seven_tests(
    cpo: Callable[..., Any], staff: Callable[..., Staff]
) -> None:
    with cpo("2.2.1") as (simulated, partner):
        eva = staff(partner)
        eva.start(CHARGER)
        context = eva.wait(lambda context: readings(context) >= 3, "three meter values")
        assert [one["title"] for one in context["path"]] == STEPS
        assert not context["over"]
        eva.do("stop-test-run", session=context["charge"].session.pk)
        context = eva.wait(lambda context: context["over"], "the end of the charge")
        assert {one["title"]: str(one["outcome"]) for one in context["path"]} == dict.fromkeys(STEPS, "done")
        assert shown_by(context) == SHOWN_BY_A_GOOD_CHARGE
        assert context["charge"].session.state == "settled"

        simulated.behave(evses={ANOTHER: "never-plugged"})
        eva.start(ANOTHER)
        context = eva.wait(lambda context: context["over"] and "timeout" in shown_by(context), "the end of the timeout")
        assert not shown_by(context) & {"session_start", "cdr", "connector", "meter_values"}
        assert context["charge"].session.authorization.state == "released"
        told = {one["title"]: str(one["text"]) for one in context["path"] if str(one["outcome"]) == "missed"}
        assert told["START_SESSION executed"] == "their result is TIMEOUT"
        assert told["Connector PREPARING"] == "did not come", "nobody is asked to plug in any more"
        eva.look()
    tests = eva.browser.get(f"{reverse('admin:partners_partner_change', args=[partner.pk])}?tab=tests")
    states = {one["info"].key: one["row"].state.label for one in tests.context["tests"]}
    assert states == dict.fromkeys(
        ("locations", "session_start", "cdr", "command", "timeout", "connector", "meter_values"), "Seen"
    )
    every_piece_of_evidence_leads_to_what_it_names(eva.browser, tests)


def every_piece_of_evidence_leads_to_what_it_names(browser: Client, tests: Any) -> None:
    links = [str(piece["link"]) for test in tests.context["tests"] for piece in test["evidence"]]
    addresses = {address for one in links for address in re.findall(r'href="([^"]+)"', one)[:1]}
    assert {one.split("/")[3] for one in addresses} >= {"location", "ocpisession", "cdr", "command", "message"}
    assert {browser.get(one).status_code for one in addresses} == {200}
    assert Evidence.objects.count() >= len(addresses)
