"""The history: who changed or did what, when and why. And what it costs those who change nothing."""

from typing import Any

import pytest
from auditlog.registry import auditlog
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners import history, tokens
from partners.ground import secrets
from partners.models import Contact, HistoryEntry, Partner, Policy, ReceivedToken
from partners.services import issue_registration_token
from tests.factories import PartnerFactory

TOKEN = "b5f0e0a4-7d5c-4f0e-9d0e-3c1f0e7b1a2b"
HOT = ("ocpi.message", "ocpi.ocpisession", "ocpi.evse", "ocpi.location", "sessions_adhoc.adhocsession")


@pytest.fixture
def partner(db: None) -> Partner:
    return PartnerFactory.create(name="Ion")


@pytest.fixture
def integrator(db: None) -> User:
    user = User.objects.create_user("iva", first_name="Iva", last_name="Novak", is_staff=True)
    user.groups.add(Group.objects.get(name="integrator"))
    return user


@pytest.fixture
def office(integrator: User) -> Client:
    client = Client(REMOTE_ADDR="9.8.7.6")
    client.force_login(integrator)
    return client


def told(partner: Partner) -> list[str]:
    return [line.what for line in history.of(partner)]


def do(client: Client, partner: Partner, name: str, **data: str) -> Any:
    return client.post(reverse(f"admin:partners_partner_do_{name}", args=[partner.pk]), data)


class TestChanges:
    def test_a_switch_is_on_or_off(self, partner: Partner) -> None:
        partner.writes_nulls = True
        partner.save()
        title = Partner._meta.get_field("writes_nulls").verbose_name
        assert history.of(partner)[0].what == f"Changed partner {partner}: {title}: no → yes"

    def test_a_changed_value_is_told_with_the_old_one(self, partner: Partner) -> None:
        partner.agreed_version, partner.connection = "2.1.1", "suspended"
        partner.save()
        line = history.of(partner)[0]
        assert line.what == (
            f"Changed partner {partner}: OCPI version: 2.2.1 (recommended) → 2.1.1; connection: Connected → Suspended"
        )
        assert (line.who, line.why) == ("the platform", "")
        assert line.link == reverse("admin:partners_partner_change", args=[partner.pk])

    def test_what_belongs_to_a_partner_is_in_its_history(self, partner: Partner) -> None:
        contact = Contact.objects.create(partner=partner, name="Jana", email="jana@ion.example")
        contact.email = "it@ion.example"
        contact.save()
        contact.delete()
        Policy.objects.create(partner=PartnerFactory.create(), session_timeout=60)
        assert told(partner)[:3] == [
            "Removed contact Jana <it@ion.example>",
            "Changed contact Jana <it@ion.example>: email: jana@ion.example → it@ion.example",
            "Added contact Jana <jana@ion.example>: email: jana@ion.example; name: Jana",
        ]
        of_ion = reverse("admin:partners_partner_change", args=[partner.pk])
        assert {line.link for line in history.of(partner)} == {of_ion}

    def test_nothing_changed_is_nothing_told(self, partner: Partner) -> None:
        before = HistoryEntry.objects.count()
        partner.save()
        assert HistoryEntry.objects.count() == before

    def test_a_reason_and_a_name_from_outside_are_kept(self, partner: Partner) -> None:
        with history.because("Their new server", by="Jana (CPO)"):
            partner.versions_url = "https://new.example/versions"
            partner.save()
        line = history.of(partner)[0]
        assert (line.who, line.why) == ("Jana (CPO)", "Their new server")
        partner.name = "Ion 2"
        partner.save()
        assert history.of(partner)[0].why == ""

    def test_rights_of_people_are_told(self, integrator: User) -> None:
        integrator.groups.add(Group.objects.get(name="finance"))
        integrator.set_password("another-long-password")
        integrator.save()
        of_iva = HistoryEntry.objects.filter(content_type__model="user", object_pk=str(integrator.pk))
        password, group = [history.line_of(entry).what for entry in of_iva.order_by("-pk")[:2]]
        assert group == "Changed user iva: groups: added finance"
        assert password == "Changed user iva: password: (hidden) → (hidden)"

    def test_no_secret_gets_into_it(self, partner: Partner) -> None:
        tokens.store_received(partner, TOKEN, ReceivedToken.Purpose.REGISTRATION)
        mine = issue_registration_token(partner)
        User.objects.create_user("eve", password="a-long-password")
        stored = str(list(HistoryEntry.objects.values()))
        for secret in (TOKEN, mine, secrets.digest(mine), "a-long-password", "md5$"):
            assert secret not in stored
        assert f"last4: {TOKEN[-4:]}" in str(told(partner))


class TestButtons:
    def test_pressing_one_is_told_with_everything(self, office: Client, integrator: User, partner: Partner) -> None:
        do(office, partner, "suspend", reason="Their server is moved.")
        entry = HistoryEntry.objects.get(label="Suspend")
        assert (entry.actor, entry.partner, entry.result) == (integrator, partner, "done")
        assert entry.remote_addr == "9.8.7.6"
        [line] = [line for line in history.of(partner) if line.what.startswith("Suspend: Ion is suspended")]
        assert line.who == "Iva Novak"
        assert line.why == "Their server is moved."

    def test_a_refused_one_is_told_too(self, office: Client, partner: Partner) -> None:
        do(office, partner, "resume")
        entry = HistoryEntry.objects.get(label="Resume")
        assert (entry.result, entry.outcome) == (
            "refused",
            "“Resume” is not possible any more: the state has changed.",
        )

    def test_so_is_one_that_somebody_may_not_press(self, partner: Partner, django_user_model: type[User]) -> None:
        viewer = django_user_model.objects.create_user("vera", is_staff=True)
        viewer.groups.add(Group.objects.get(name="viewer"))
        client = Client()
        client.force_login(viewer)
        assert do(client, partner, "issue-token-b").status_code == 403
        entry = HistoryEntry.objects.get(label="Issue Token B")
        assert (entry.actor, entry.result, entry.outcome) == (viewer, "refused", "They may not do this.")
        assert not partner.issued_tokens.exists()

    def test_one_that_breaks_is_told_as_failed(
        self, office: Client, partner: Partner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        PartnerFactory._meta.model.objects.filter(pk=partner.pk).update(connection="not_connected")
        office.raise_request_exception = False
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE ocpi_handshakerun RENAME COLUMN cause TO gone")
        do(office, partner, "handshake", token_a=TOKEN)
        entry = HistoryEntry.objects.get(label="Start handshake")
        assert (entry.result, entry.outcome) == ("failed", "ProgrammingError")

    def test_revealing_a_secret_is_told(self, office: Client, integrator: User, partner: Partner) -> None:
        assert do(office, partner, "issue-token-b").status_code == 200
        entry = HistoryEntry.objects.get(label="Issue Token B")
        assert (entry.actor, entry.result, entry.outcome) == (integrator, "done", "")
        office.post(reverse("admin:sessions_adhoc_clientkey_add"), {"name": "Terminal"})
        assert HistoryEntry.objects.get(label="Key revealed").actor == integrator


class TestList:
    ADDRESS = reverse("admin:partners_historyentry_changelist")

    def listed(self, page: Client, **filters: Any) -> list[HistoryEntry]:
        return list(page.get(self.ADDRESS, filters).context["cl"].result_list)

    def test_its_filters(self, page: Client, office: Client, partner: Partner) -> None:
        other = PartnerFactory.create()
        do(office, partner, "suspend", reason="Their server is moved.")
        do(office, partner, "suspend", reason="Their server is moved.")
        pressed = self.listed(page, kind="pressed")
        assert [entry.result for entry in pressed] == ["refused", "done"]
        assert self.listed(page, kind="refused") == pressed[:1]
        assert {entry.partner for entry in self.listed(page, partner__id__exact=other.pk)} == {other}
        assert {entry.label for entry in self.listed(page, kind="added")} == {""}

    def test_the_history_of_an_object_is_its_part_of_it(self, page: Client, partner: Partner) -> None:
        contact = Contact.objects.create(partner=partner, name="Jana", email="jana@ion.example")
        policy = Policy.objects.create(partner=partner, session_timeout=60)
        of_partner = page.get(reverse("admin:partners_partner_history", args=[partner.pk]), follow=True)
        shown = {entry.object_pk for entry in of_partner.context["cl"].result_list}
        assert {str(partner.pk), str(contact.pk), str(policy.pk)} <= shown
        of_policy = page.get(reverse("admin:partners_policy_history", args=[policy.pk]), follow=True)
        assert [entry.object_repr for entry in of_policy.context["cl"].result_list] == [str(policy)]

    def test_nobody_changes_it(self, page: Client, partner: Partner) -> None:
        entry = HistoryEntry.objects.latest("pk")
        for view in ("change", "delete"):
            address = reverse(f"admin:partners_historyentry_{view}", args=[entry.pk])
            assert page.post(address, {"post": "yes", "reason": "x"}).status_code == 403


class TestCost:
    def test_one_query_however_long_it_is(self, partner: Partner) -> None:
        for number in (1, 30):
            for at in range(number):
                history.note(partner, f"Done {number} {at}")
            with CaptureQueriesContext(connection) as captured:
                assert len(history.of(partner, 100)) > number
            assert len(captured) == 1

    def test_it_is_found_by_an_index(self, partner: Partner) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = HistoryEntry.objects.filter(partner=partner)[:50].explain()
        assert "history_of_partner" in plan
        assert "Sort" not in plan

    def test_hot_tables_are_not_watched(self) -> None:
        watched = {model._meta.label_lower for model in auditlog.get_models()}
        assert watched.isdisjoint(HOT)
        prices = {"billing.priceplan", "billing.vatrate"}
        assert {label for label in watched if label.startswith(("ocpi.", "billing."))} == prices
        assert watched == {label.lower() for label in history.RECORDED}


CONFIGURED = ("partners", "onboarding")


def test_every_model_of_the_configuration_is_recorded_or_says_why_not() -> None:
    models = {model._meta.label for app in CONFIGURED for model in apps.get_app_config(app).get_models()}
    recorded = {label for label in history.RECORDED if label.split(".")[0] in CONFIGURED}
    assert recorded | set(history.NOT_RECORDED) == models
    assert recorded.isdisjoint(history.NOT_RECORDED)


def test_what_can_be_edited_in_the_admin_is_recorded(rf: RequestFactory, admin_user: User) -> None:
    request = rf.get("/")
    request.user = admin_user
    editable = {
        model._meta.label
        for model, page in admin.site._registry.items()
        if page.has_add_permission(request) or page.has_change_permission(request)
    }
    assert editable - set(history.RECORDED) == set()
