"""The five groups: made by every migration, and exactly what `partners.people.rights` says."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from partners.models import Partner
from partners.people import rights
from tests.factories import PartnerFactory

SUPPORT = {
    "sessions_adhoc.operate_session",
    "partners.close_incident",
    "ocpi.request_sync",
    "ocpi.send_command",
    "ocpi.push_token",
    "ocpi.replay_message",
    "onboarding.run_connection_check",
}
INTEGRATOR = {
    "partners.onboard_partner",
    "partners.override_condition",
    "partners.suspend_partner",
    "partners.reveal_secret",
    "partners.change_allowlist",
}
OWN = {*SUPPORT, *INTEGRATOR, "billing.move_money", "billing.settle_outstanding", "partners.offboard_partner"}


def granted(name: str) -> set[str]:
    rows = Group.objects.get(name=name).permissions.values_list("content_type__app_label", "codename")
    return {f"{app}.{codename}" for app, codename in rows}


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("viewer", set()),
        ("support", SUPPORT),
        ("integrator", SUPPORT | INTEGRATOR),
        ("finance", {"billing.move_money", "billing.settle_outstanding"}),
        ("admin", OWN),
    ],
)
def test_what_each_may_do_beside_looking_and_editing(db: None, group: str, expected: Any) -> None:
    assert granted(group) & OWN == expected


def test_everybody_may_look_at_everything_but_people_and_their_secrets(db: None) -> None:
    seen = {name for name in granted("viewer") if ".view_" in name}
    assert granted("viewer") == seen
    assert {"partners.view_partner", "ocpi.view_message", "billing.view_paymentauthorization"} <= seen
    assert not any("auth." in name or "otp_" in name or "authenticatorapp" in name for name in seen)
    assert {"partners.view_failedlogin", "partners.view_recoverycodes"}.isdisjoint(seen)
    for group in rights.GROUPS:
        assert seen <= granted(group)


def test_only_administrators_manage_people(db: None) -> None:
    for group in rights.GROUPS:
        may = any(name.startswith("auth.") for name in granted(group))
        assert may == (group == "admin")


def test_only_they_and_integrators_edit_partners(db: None) -> None:
    editing = {group for group in rights.GROUPS if "partners.change_partner" in granted(group)}
    assert editing == {"integrator", "admin"}


def test_finance_keeps_the_rates_of_vat(db: None) -> None:
    editing = {group for group in rights.GROUPS if "billing.change_vatrate" in granted(group)}
    assert editing == {"finance", "admin"}
    assert not any("billing.delete_vatrate" in granted(group) for group in rights.GROUPS)


def test_a_migration_puts_them_right_again(db: None) -> None:
    Group.objects.get(name="finance").delete()
    support = Group.objects.get(name="support")
    support.permissions.set([Permission.objects.get(codename="move_money")])
    own = Group.objects.create(name="night shift")
    own.permissions.add(Permission.objects.get(codename="close_incident"))
    call_command("migrate", verbosity=0)
    assert granted("finance") & OWN == {"billing.move_money", "billing.settle_outstanding"}
    assert granted("support") & OWN == SUPPORT
    assert granted("night shift") == {"partners.close_incident"}


def test_a_permission_that_is_added_later_reaches_them(db: None) -> None:
    of_partner = ContentType.objects.get_for_model(Partner)
    Permission.objects.create(content_type=of_partner, codename="view_something_new", name="Can view something new")
    rights.make_groups()
    assert "partners.view_something_new" in granted("viewer")


def test_where_nothing_changed_nothing_is_written(db: None) -> None:
    with CaptureQueriesContext(connection) as captured:
        rights.make_groups()
    written = [query["sql"] for query in captured if query["sql"].startswith(("UPDATE", "DELETE"))]
    assert written == []
    assert len(captured) <= 6
    assert Group.objects.filter(name__in=rights.GROUPS).count() == 5


class TestTheirPages:
    def test_they_are_read_and_others_edited(self, page: Client) -> None:
        own = Group.objects.create(name="night shift")
        platforms = Group.objects.get(name="support")
        assert page.post(reverse("admin:auth_group_change", args=[platforms.pk]), {"name": "x"}).status_code == 403
        assert page.post(reverse("admin:auth_group_delete", args=[platforms.pk]), {"post": "yes"}).status_code == 403
        assert page.post(reverse("admin:auth_group_change", args=[own.pk]), {"name": "day shift"}).status_code == 302
        assert set(Group.objects.values_list("name", flat=True)) == {*rights.GROUPS, "day shift"}

    def test_the_page_says_what_the_group_may_do(self, page: Client) -> None:
        shown = page.get(reverse("admin:auth_group_change", args=[Group.objects.get(name="finance").pk]))
        assert "Can capture, release or give back money" in shown.content.decode()

    def test_an_administrator_makes_accounts_but_no_superusers(self, db: None) -> None:
        chief = User.objects.create_user("chief", is_staff=True)
        chief.groups.add(Group.objects.get(name="admin"))
        client = Client()
        client.force_login(chief)
        new = {
            "username": "nina",
            "password1": "a-very-long-one",
            "password2": "a-very-long-one",
            "usable_password": "true",
        }
        assert client.post(reverse("admin:auth_user_add"), new).status_code == 302
        nina = User.objects.get(username="nina")
        fields = {
            "username": "nina",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "groups": [Group.objects.get(name="support").pk],
        }
        assert client.post(reverse("admin:auth_user_change", args=[nina.pk]), fields).status_code == 302
        nina.refresh_from_db()
        assert (nina.is_staff, nina.is_superuser) == (True, False)
        assert nina.has_perm("partners.close_incident")


class TestNetworks:
    """From where a partner may call is a right of its own, on the partner's form as well."""

    SENT = {
        "name": "Ion",
        "country_code": "SK",
        "party_id": "ION",
        "environment": "test",
        "agreed_version": "2.2.1",
        "versions_url": "https://cpo.example/versions",
        "allowed_networks-TOTAL_FORMS": "1",
        "allowed_networks-INITIAL_FORMS": "0",
        "allowed_networks-0-network": "192.0.2.7",
        **{f"{name}-{form}_FORMS": "0" for name in ("contacts", "roles", "policies") for form in ("TOTAL", "INITIAL")},
    }

    @pytest.mark.parametrize(
        ("granted_beside_editing", "networks"),
        [
            (["change_allowlist"], ["192.0.2.7"]),
            (["add_allowednetwork", "change_allowednetwork", "delete_allowednetwork"], []),
        ],
    )
    def test_they_are_changed_with_the_right_to_the_allowlist_only(
        self, db: None, granted_beside_editing: list[str], networks: Any
    ) -> None:
        partner = PartnerFactory.create(name="Ion", country_code="SK", party_id="ION", code="ion")
        user = User.objects.create_user("ana", is_staff=True)
        named = ["view_partner", "change_partner", "view_allowednetwork", *granted_beside_editing]
        user.user_permissions.set(Permission.objects.filter(codename__in=named))
        browser = Client()
        browser.force_login(user)
        answer = browser.post(reverse("admin:partners_partner_change", args=[partner.pk]), self.SENT)
        assert answer.status_code == 302, answer.context["errors"]
        assert [row.network for row in partner.allowed_networks.all()] == networks
