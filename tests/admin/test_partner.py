"""The page of a partner: what staff enter, and what the buttons do."""

import uuid
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from ocpi.models import HandshakeRun, SyncRun
from onboarding.admin.partner_page import PartnerAdmin
from onboarding.models import Onboarding
from partners import tokens
from partners.ground import secrets
from partners.incidents import close_by_staff
from partners.models import Contact, HistoryEntry, IssuedToken, Partner, PartnerRole, ReceivedToken
from tests.admin.rows import World
from tests.factories import PartnerFactory
from tests.support.pages import secret_in

TOKEN_A = str(uuid.uuid4())
INLINES = [inline.model._meta.get_field("partner").remote_field.related_name for inline in PartnerAdmin.inlines]
NO_INLINES = {f"{prefix}-{name}": "0" for prefix in INLINES for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
FIELDS = {
    "name": "ION Charging",
    "code": "ion",
    "country_code": "SK",
    "party_id": "ION",
    "environment": "test",
    "agreed_version": "2.2.1",
    "versions_url": "https://cpo.example/ocpi/versions",
    "token_a": TOKEN_A,
    **NO_INLINES,
}


@pytest.fixture
def waiting(db: None) -> Partner:
    """A partner that nothing was tried with yet."""
    return PartnerFactory.create(connection=Partner.Connection.NOT_CONNECTED, version="")


def change(partner: Partner) -> str:
    return reverse("admin:partners_partner_change", args=[partner.pk])


def press(page: Client, partner: Partner, name: str, **data: Any) -> Any:
    return page.post(reverse(f"admin:partners_partner_do_{name}", args=[partner.pk]), data, follow=True)


def add(page: Any, **changes: Any) -> Any:
    return page.post(reverse("admin:partners_partner_add"), {**FIELDS, **changes})


class TestAdding:
    def test_saving_leads_to_the_partner_and_stays_there(self, page: Client) -> None:
        answer = add(page)
        partner = Partner.objects.get()
        assert answer["Location"] == change(partner)
        again = page.post(f"{change(partner)}?tab=settings", {**FIELDS, "name": "Ion Charge"})
        partner.refresh_from_db()
        assert (again["Location"], partner.name) == (change(partner), "Ion Charge")

    def test_it_needs_no_versions_url_because_the_cpo_enters_it_itself(self, page: Client) -> None:
        assert add(page, versions_url="").status_code == 302
        partner = Partner.objects.get(code="ion")
        assert partner.versions_url == ""
        said = press(page, partner, "handshake", token_a="").content.decode()
        assert "has no versions URL yet" in said
        assert not HandshakeRun.objects.exists()
        assert "Check connection" not in page.get(change(partner)).content.decode()

    def test_it_stores_partner_contact_role_and_token_a(self, page: Client) -> None:
        contact = {"contacts-TOTAL_FORMS": "1", "contacts-0-name": "Jana", "contacts-0-email": "jana@cpo.example"}
        assert add(page, **contact).status_code == 302
        partner = Partner.objects.get(code="ion")
        assert Contact.objects.get(partner=partner).email == "jana@cpo.example"
        assert PartnerRole.objects.get(partner=partner).party_id == "ION"
        stored = tokens.received_token(partner.pk, ReceivedToken.Purpose.REGISTRATION)
        assert stored is not None
        assert tokens.reveal_received(stored) == TOKEN_A

    def test_token_a_is_never_shown_or_written_into_the_history(self, page: Client) -> None:
        add(page)
        partner = Partner.objects.get(code="ion")
        shown = page.get(change(partner), {"tab": "settings"}).content.decode()
        assert TOKEN_A not in shown
        assert TOKEN_A[-4:] in shown
        assert TOKEN_A not in str(list(HistoryEntry.objects.values()))

    @pytest.mark.parametrize(
        ("field", "value", "complaint"),
        [
            ("party_id", "IO", "3 characters"),
            ("country_code", "S1", "Two letters, for example SK"),
            ("country_code", "ZZ", "is not a country of ISO 3166-1"),
            ("code", "Ion Charging", "lower-case"),
            ("versions_url", "ftp://cpo.example/versions", "versions URL"),
            ("versions_url", "https://user:secret@cpo.example/versions", "no user name or password"),
            ("token_a", "two words", "no blanks"),
            ("agreed_version", "2.3.0", "Switch OCPI 2.3.0 on first"),
        ],
    )
    def test_it_says_what_is_wrong(self, page: Client, field: str, value: str, complaint: str) -> None:
        answer = add(page, **{field: value})
        assert answer.status_code == 200
        assert complaint in " ".join(str(error) for error in answer.context["errors"])
        assert not Partner.objects.exists()

    def test_a_party_and_code_are_taken_once(self, page: Client) -> None:
        add(page)
        assert add(page, name="Again").status_code == 200
        assert Partner.objects.count() == 1


class TestChanging:
    def test_an_empty_token_a_keeps_the_stored_one(self, page: Client, waiting: Partner) -> None:
        tokens.store_received(waiting, TOKEN_A, ReceivedToken.Purpose.REGISTRATION)
        fields = {**FIELDS, "token_a": "", "party_id": waiting.party_id, "name": "New name"}
        assert page.post(change(waiting), fields).status_code == 302
        waiting.refresh_from_db()
        assert waiting.name == "New name"
        kept = ReceivedToken.objects.get(partner=waiting)
        assert kept.state == ReceivedToken.State.ACTIVE

    def test_the_code_stays(self, page: Client, waiting: Partner) -> None:
        before = waiting.code
        page.post(change(waiting), {**FIELDS, "code": "other", "party_id": waiting.party_id})
        waiting.refresh_from_db()
        assert waiting.code == before

    def test_a_version_on_request_needs_a_reason(self, page: Client, waiting: Partner) -> None:
        answer = page.post(change(waiting), {**FIELDS, "on_request": "on"})
        assert "Say why" in str(answer.context["errors"])

    def test_a_version_on_request_is_switched_on_with_its_reason_in_the_history(
        self, page: Client, waiting: Partner
    ) -> None:
        fields = {**FIELDS, "on_request": "on", "reason": "Asked by Jana"}
        assert page.post(change(waiting), fields).status_code == 302
        waiting.refresh_from_db()
        assert waiting.enabled_versions == ["2.3.0"]
        assert "Asked by Jana" in HistoryEntry.objects.latest("pk").outcome


class TestHandshake:
    def test_it_starts_and_goes_to_the_run(self, page: Client, waiting: Partner, boss: User) -> None:
        answer = press(page, waiting, "handshake", token_a=TOKEN_A)
        run = HandshakeRun.objects.get(partner=waiting)
        assert run.started_by == boss
        assert answer.redirect_chain[-1][0] == reverse("admin:ocpi_handshakerun_change", args=[run.pk])

    def test_it_waits_for_the_window(self, page: Client, waiting: Partner) -> None:
        press(page, waiting, "handshake", token_a=TOKEN_A, window_starts_at="2099-01-01T10:00")
        run = HandshakeRun.objects.get(partner=waiting)
        assert run.state == HandshakeRun.State.SCHEDULED
        assert timezone.localtime(run.window_starts_at).strftime("%Y-%m-%dT%H:%M") == "2099-01-01T10:00"

    def test_it_is_refused_without_token_a(self, page: Client, waiting: Partner) -> None:
        answer = press(page, waiting, "handshake")
        assert "No Token A is stored" in answer.content.decode()
        assert not HandshakeRun.objects.exists()

    def test_a_wrong_entry_comes_back_with_its_fault(self, page: Client, waiting: Partner) -> None:
        answer = press(page, waiting, "handshake", token_a="two words")
        assert "no blanks" in answer.content.decode()
        assert not HandshakeRun.objects.exists()

    def test_there_is_one_at_a_time(self, page: Client, waiting: Partner) -> None:
        press(page, waiting, "handshake", token_a=TOKEN_A)
        answer = press(page, waiting, "handshake", token_a=TOKEN_A)
        assert "not possible any more" in answer.content.decode()
        assert HandshakeRun.objects.count() == 1


class TestTokenB:
    def test_it_is_revealed_exactly_once(self, page: Client, waiting: Partner) -> None:
        answer = press(page, waiting, "issue-token-b")
        token = secret_in(answer)
        assert IssuedToken.objects.get(partner=waiting).digest == secrets.digest(token)
        assert "no-store" in answer.headers["Cache-Control"]
        for address in (change(waiting), reverse("admin:partners_issuedtoken_changelist"), reverse("admin:index")):
            assert token not in page.get(address).content.decode()

    def test_the_history_says_who_issued_it_and_not_what(self, page: Client, waiting: Partner, boss: User) -> None:
        answer = press(page, waiting, "issue-token-b")
        token = secret_in(answer)
        entry = HistoryEntry.objects.get(label="Issue Token B")
        assert (entry.actor, entry.partner, entry.result) == (boss, waiting, "done")
        assert token not in str(list(HistoryEntry.objects.values()))

    def test_an_earlier_one_stops_working(self, page: Client, waiting: Partner) -> None:
        press(page, waiting, "issue-token-b")
        press(page, waiting, "issue-token-b")
        states = IssuedToken.objects.filter(partner=waiting).order_by("pk").values_list("state", flat=True)
        assert list(states) == ["revoked", "active"]

    def test_a_token_can_be_revoked(self, page: Client, world: World) -> None:
        address = reverse("admin:partners_issuedtoken_do_revoke", args=[world.issued.pk])
        page.post(address)
        world.issued.refresh_from_db()
        assert world.issued.state == IssuedToken.State.REVOKED
        assert "not possible any more" in page.post(address, follow=True).content.decode()


class TestOperating:
    @pytest.mark.parametrize("module", ["locations", "tariffs"])
    def test_it_asks_for_a_full_sync(self, page: Client, waiting: Partner, module: str) -> None:
        Partner.objects.update(connection=Partner.Connection.CONNECTED)
        press(page, waiting, f"sync-{module}")
        assert SyncRun.objects.get().full
        assert SyncRun.objects.get().module == module

    def test_it_cannot_sync_a_partner_that_is_not_connected(self, page: Client, waiting: Partner) -> None:
        press(page, waiting, "sync-locations")
        assert not SyncRun.objects.exists()

    def test_it_suspends_and_resumes(self, page: Client, world: World) -> None:
        press(page, world.partner, "suspend", reason="Asked by Jana")
        world.partner.refresh_from_db()
        assert world.partner.connection == Partner.Connection.SUSPENDED
        press(page, world.partner, "resume", reason="Solved")
        world.partner.refresh_from_db()
        assert world.partner.connection == Partner.Connection.CONNECTED

    def test_without_a_token_it_resumes_unconnected(self, page: Client, world: World) -> None:
        press(page, world.partner, "suspend", reason="Asked by Jana")
        tokens.revoke(world.issued)
        press(page, world.partner, "resume", reason="Solved")
        world.partner.refresh_from_db()
        assert world.partner.connection == Partner.Connection.NOT_CONNECTED


class TestStanding:
    """What the page says first."""

    def said(self, page: Client, partner: Partner) -> Any:
        return page.get(change(partner), {"tab": "connection"}).context["standing"]

    def test_connected_with_open_incidents(self, page: Client, world: World) -> None:
        assert "Incidents are open" in self.said(page, world.partner).text

    def test_connected_and_well(self, page: Client, world: World) -> None:
        close_by_staff(world.incident.pk, None, "Done.")
        assert "Nobody has to do anything" in self.said(page, world.partner).text

    def test_connected_and_silent(self, page: Client, waiting: Partner) -> None:
        Partner.objects.update(connection=Partner.Connection.CONNECTED)
        assert "no message yet" in self.said(page, waiting).text

    def test_no_token_a(self, page: Client, waiting: Partner) -> None:
        assert "there is no Token A yet" in self.said(page, waiting).text

    def test_nothing_tried(self, page: Client, waiting: Partner) -> None:
        tokens.store_received(waiting, TOKEN_A, ReceivedToken.Purpose.REGISTRATION)
        assert self.said(page, waiting).advice == "Start the handshake."

    def test_under_way(self, page: Client, waiting: Partner) -> None:
        press(page, waiting, "handshake", token_a=TOKEN_A)
        assert self.said(page, waiting).label == "Handshake under way"

    def test_failed(self, page: Client, world: World) -> None:
        Partner.objects.update(connection=Partner.Connection.NOT_CONNECTED)
        assert self.said(page, world.partner).text == "HTTP 401."

    def test_suspended(self, page: Client, world: World) -> None:
        Partner.objects.update(connection=Partner.Connection.SUSPENDED)
        assert self.said(page, world.partner).label == "Suspended"


class TestStagesInTheList:
    """Where each integration stands, and the usual questions about it."""

    STAGES = ("infrastructure", "testing", "live", "off_boarded")

    @pytest.fixture
    def integrations(self, waiting: Partner) -> dict[str, Partner]:
        """A partner per stage, by stage; the waiting one has no integration stored yet."""
        now, found = timezone.now(), {"pre_integration": waiting}
        for stage in self.STAGES:
            found[stage] = PartnerFactory.create()
            Onboarding.objects.create(partner=found[stage], stage=stage, stage_since=now, evidence_from=now)
        return found

    def listed(self, page: Any, **query: Any) -> Any:
        return page.get(reverse("admin:partners_partner_changelist"), query)

    def test_each_shows_number_and_name(self, page: Client, integrations: dict[str, Partner]) -> None:
        shown = self.listed(page).content.decode()
        for text in ("0 Pre-integration", "1 SFP infrastructure setup", "3 Functional testing", "Off-boarded"):
            assert f">{text}</span>" in shown

    def test_a_partner_that_came_back_is_where_its_newest_integration_is(
        self, page: Client, integrations: dict[str, Partner]
    ) -> None:
        back, now = integrations["off_boarded"], timezone.now()
        Onboarding.objects.create(partner=back, stage="handshake", stage_since=now, evidence_from=now)
        assert self.rows(page, stage="handshake") == {back}
        assert self.rows(page, stage="off_boarded") == set()

    def test_a_connection_in_production_is_where_its_integration_is(
        self, page: Client, integrations: dict[str, Partner]
    ) -> None:
        production = PartnerFactory.create(environment="production")
        Onboarding.objects.filter(stage="testing").update(production=production)
        assert self.rows(page, stage="testing") == {integrations["testing"], production}

    def test_the_usual_questions(self, page: Client, integrations: dict[str, Partner]) -> None:
        Partner.objects.filter(pk=integrations["live"].pk).update(connection="suspended")
        links = {one["title"]: one["query"] for one in self.listed(page).context["quick_filters"]}
        assert list(links) == ["All", "Our turn", "Onboarding", "Live", "Suspended"]
        found = {title: self.rows(page, **dict(parse_qsl(query))) for title, query in links.items()}
        assert found["All"] == set(integrations.values())
        assert found["Onboarding"] == {integrations[one] for one in ("pre_integration", "infrastructure", "testing")}
        assert found["Live"] == found["Suspended"] == {integrations["live"]}
        assert found["Our turn"] == set(integrations.values()) - {integrations["off_boarded"]}

    def rows(self, page: Any, **query: Any) -> set[Any]:
        return set(self.listed(page, **query).context["cl"].result_list)
