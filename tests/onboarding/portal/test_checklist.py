"""The guide's checklist: the CPO ticks, the platform ticks what it sees."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from ocpi.models import HandshakeRun, HandshakeStep
from onboarding.checklist import checklist_of
from onboarding.connection_facts import facts_of
from onboarding.guide import Stage
from onboarding.guide.checklist import ITEMS
from onboarding.models import ChecklistItem, Onboarding
from partners.models import IssuedToken, Partner, RemoteEndpoint
from tests.factories import issue_token
from tests.onboarding.portal.conftest import Cpo


def done(partner: Partner) -> set[str]:
    return {line.item.key for line in checklist_of(partner, facts_of(partner)).lines if line.done}


def test_it_ticks_what_was_entered_and_valid(cpo: Cpo, partner: Partner) -> None:
    assert done(partner) == {"versions_url", "party_id", "country_code", "agreed_version"}
    shown = cpo.shown()
    assert "4 of 20" in shown
    assert all(item.title in shown for item in ITEMS)


def test_the_cpo_ticks_and_takes_back(cpo: Cpo, partner: Partner) -> None:
    cpo.post("checklist", offered=["locations", "sessions"], tick=["locations"])
    row = ChecklistItem.objects.get()
    assert (row.key, row.ticked_by) == ("locations", "Ana Nováková (link)")
    cpo.post("checklist", offered=["locations", "sessions"], tick=["sessions"])
    assert ChecklistItem.objects.get().key == "sessions"
    texts = [event.text for event in cpo.link.events.filter(kind="checklist")]
    assert texts == [
        "no longer ticked: Locations module implemented; ticked: Sessions module implemented",
        "ticked: Locations module implemented",
    ]


def test_what_was_not_on_the_page_stays(cpo: Cpo) -> None:
    cpo.post("checklist", offered=["locations"], tick=["locations"])
    cpo.post("checklist", offered=["sessions"], tick=["sessions"])
    assert set(ChecklistItem.objects.values_list("key", flat=True)) == {"locations", "sessions"}


def test_what_is_known_from_what_was_entered_cannot_be_ticked(cpo: Cpo, partner: Partner) -> None:
    cpo.post("checklist", offered=["token_a", "nonsense"], tick=["token_a", "nonsense"])
    assert not ChecklistItem.objects.exists()
    assert "token_a" not in done(partner)


def test_what_the_platform_sees_ticks_itself(cpo: Cpo, partner: Partner, settings: Settings) -> None:
    settings.OCPI_OUTBOUND_IPS = ["203.0.113.10"]
    run = HandshakeRun.objects.create(
        partner=partner, window_starts_at=timezone.now(), window_ends_at=timezone.now(), next_check_at=timezone.now()
    )
    HandshakeStep.objects.create(run=run, step="versions", ok=True, ended_at=timezone.now())
    for module, role in (("locations", "SENDER"), ("tokens", "RECEIVER"), ("sessions", "RECEIVER"), ("cdrs", "")):
        RemoteEndpoint.objects.create(
            partner=partner, version="2.2.1", module=module, role=role, url="https://x.example"
        )
    issue_token(partner)
    IssuedToken.objects.update(last_used_at=timezone.now())
    seen = done(partner) - {"versions_url", "party_id", "country_code", "agreed_version"}
    assert seen == {
        *("reachable", "token_accepted", "firewall", "got_addresses", "got_versions_url", "stores_credentials"),
        *("locations", "tokens", "cdrs"),
    }
    assert "Your server accepted it" in cpo.shown()
    assert "We reached your server from them" in cpo.shown()
    cpo.post("checklist", offered=["reachable"], tick=[])
    assert "reachable" in done(partner)
    settings.OCPI_OUTBOUND_IPS = []
    assert not done(partner) & {"firewall", "got_addresses"}, "none is named that could have been let in"
    assert "We reached your server from them" not in cpo.shown()


def test_a_step_that_failed_ticks_nothing(partner: Partner) -> None:
    run = HandshakeRun.objects.create(
        partner=partner, window_starts_at=timezone.now(), window_ends_at=timezone.now(), next_check_at=timezone.now()
    )
    HandshakeStep.objects.create(run=run, step="versions", ok=False, ended_at=timezone.now())
    assert not done(partner) & {"reachable", "token_accepted", "firewall"}


def test_the_fetched_data_sheet_counts_as_received(
    cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
) -> None:
    in_stage(Stage.INFRASTRUCTURE)
    assert "got_versions_url" not in done(partner)
    assert cpo.get("data-sheet-pdf").status_code == 200
    assert "got_versions_url" in done(partner)


def test_the_page_needs_the_same_queries_whatever_is_on_it(
    cpo: Cpo, partner: Partner, in_stage: Callable[..., Onboarding]
) -> None:
    in_stage(Stage.INFRASTRUCTURE)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert cpo.get().status_code == 200
        return len(captured)

    cpo.get()
    before = queries()
    assert before <= 20
    for number in range(5):
        partner.contacts.create(name=f"Person {number}", email=f"p{number}@ion.example")
        partner.allowed_networks.create(network=f"81.2.3.{number}")
    cpo.post("checklist", offered=["locations", "sessions"], tick=["locations", "sessions"])
    assert queries() == before
