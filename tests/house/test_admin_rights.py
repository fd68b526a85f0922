"""Every page and button of the admin, as each group of staff: found by walking the site, judged by `people.rights`.

One set-up for the whole module: nothing here may change a row, which is one of the things it proves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, URLResolver, reverse

from partners.admin.kit.actions import ActionsMixin, PageAction
from partners.models import HistoryEntry
from partners.people import rights
from tests.admin import rows


def actions_of(registered: object) -> tuple[PageAction, ...]:
    return registered.page_actions if isinstance(registered, ActionsMixin) else ()


MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
ACTIONS = [(model, action) for model in MODELS for action in actions_of(admin.site._registry[model])]
pytestmark = pytest.mark.django_db
GROUPS = pytest.mark.parametrize("group", sorted(rights.GROUPS))
WRITES = ("INSERT", "UPDATE", "DELETE")
# What looking writes: the browser's session.
OWN_WRITES = ('"django_session"',)


@dataclass(frozen=True)
class Staff:
    """One browser per group, one of a superuser, and a row of each model."""

    clients: dict[str, Client]
    boss: Client
    known: frozenset[tuple[str, str]]
    rows: dict[Any, Any]
    there: dict[str, bool]

    def is_there(self, address: str) -> bool:
        """Whether a superuser gets the page: whether there is such a page at all."""
        if address not in self.there:
            self.there[address] = self.boss.get(address).status_code == 200
        return self.there[address]

    def may(self, group: str, permission: str) -> bool:
        app, codename = permission.split(".")
        return (app, codename) in rights.wanted_rights(group, self.known)

    def address(self, model: Any, page: str) -> str:
        return reverse(
            named(model, page), args=[] if page in ("changelist", "add") else [getattr(self.rows[model], "pk", 0)]
        )


def test_the_world_has_a_row_for_every_page(staff: Staff) -> None:
    assert [model._meta.label for model, row in staff.rows.items() if row is None] == []


@pytest.fixture(scope="module")
def staff(django_db_setup: None, django_db_blocker: Any) -> Iterator[Staff]:
    with django_db_blocker.unblock(), transaction.atomic():
        rows.world()
        clients = {}
        for group in rights.GROUPS:
            user = User.objects.create_user(f"of-{group}", is_staff=True)
            user.groups.add(Group.objects.get(name=group))
            clients[group] = browser_of(user)
        yield Staff(
            clients,
            browser_of(User.objects.create_superuser("superuser")),
            frozenset(Permission.objects.values_list("content_type__app_label", "codename").order_by()),
            {model: row_of(model) for model in MODELS},
            {},
        )
        transaction.set_rollback(True)


def browser_of(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


def row_of(model: Any) -> Any:
    """The newest one: of groups and users, none that the platform or this test made."""
    made_here = {Group: {"name__startswith": "group-"}, User: {"username__startswith": "user-"}}
    return model._default_manager.filter(**made_here.get(model, {})).order_by("pk").last()


def named(model: Any, page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def permission(model: Any, verb: str) -> str:
    return f"{model._meta.app_label}.{verb}_{model._meta.model_name}"


def written(captured: CaptureQueriesContext) -> list[str]:
    statements = [query["sql"] for query in captured]
    return [sql for sql in statements if sql.startswith(WRITES) and not any(table in sql for table in OWN_WRITES)]


class TestPages:
    """Lists, pages of one row, and forms."""

    @GROUPS
    def test_it_shows_what_the_group_may_see_and_refuses_the_rest(self, staff: Staff, group: str) -> None:
        page, wrong = staff.clients[group], []
        for model in MODELS:
            expected = 200 if staff.may(group, permission(model, "view")) else 403
            for page_of_it in ("changelist", "change") if staff.rows[model] else ("changelist",):
                address = staff.address(model, page_of_it)
                if (status := page.get(address).status_code) != expected:
                    wrong.append((address, status, expected))
        assert wrong == []

    @GROUPS
    @pytest.mark.parametrize("verb", ["add", "delete"])
    def test_it_lets_nobody_add_or_delete_without_the_right(self, staff: Staff, group: str, verb: str) -> None:
        wrong = []
        for model in MODELS:
            address = staff.address(model, verb)
            possible = staff.is_there(address)
            expected = 200 if possible and staff.may(group, permission(model, verb)) else 403
            if (status := staff.clients[group].get(address).status_code) != expected:
                wrong.append((address, status, expected))
        assert wrong == []

    def test_looking_at_any_page_of_the_site_changes_nothing(self, staff: Staff) -> None:
        wrong = []
        for address in addresses(staff):
            with CaptureQueriesContext(connection) as captured:
                status = staff.boss.get(address).status_code
            if status >= 500 or written(captured):
                wrong.append((address, status, written(captured)))
        assert wrong == []

    def test_every_page_of_the_site_sends_strangers_to_the_login(self, staff: Staff) -> None:
        stranger = Client()
        open_to_all = {reverse("admin:login"), reverse("admin:jsi18n")}
        wrong = []
        for address in addresses(staff):
            answer = stranger.get(address)
            to_login = answer.status_code == 302 and answer["Location"].startswith(reverse("admin:login"))
            if address not in open_to_all and not to_login and answer.status_code != 405:
                wrong.append((address, answer.status_code))
        assert wrong == []


class TestButtons:
    """Every action that a page offers. Their addresses are tried with a row, and with the id of none."""

    def test_there_are_some(self) -> None:
        assert len(ACTIONS) > 10

    @GROUPS
    def test_none_answers_to_get(self, staff: Staff, group: str) -> None:
        addresses = [staff.address(model, f"do_{action.name}") for model, action in ACTIONS]
        answers = {address: staff.clients[group].get(address).status_code for address in addresses}
        assert set(answers.values()) == {405}, answers

    @GROUPS
    def test_it_is_refused_to_a_group_without_its_permission_and_the_try_is_kept(
        self, staff: Staff, group: str
    ) -> None:
        wrong = []
        for model, action in ACTIONS:
            if staff.may(group, action.permission):
                continue
            with CaptureQueriesContext(connection) as captured:
                status = staff.clients[group].post(staff.address(model, f"do_{action.name}")).status_code
            beside = [sql for sql in written(captured) if HistoryEntry._meta.db_table not in sql]
            if status != 403 or beside:
                wrong.append((model._meta.label, action.name, status, beside))
        assert wrong == []

    @GROUPS
    def test_it_is_open_to_a_group_with_its_permission(self, staff: Staff, group: str) -> None:
        answers = {}
        for model, action in ACTIONS:
            missing = UUID(int=0) if model._meta.pk.get_internal_type() == "UUIDField" else 0
            address = reverse(named(model, f"do_{action.name}"), args=[missing])
            status = staff.clients[group].post(address).status_code
            answers[f"{model._meta.label} {action.name}"] = (status, staff.may(group, action.permission))
        assert {name: one for name, one in answers.items() if one[0] != (404 if one[1] else 403)} == {}

    def test_it_is_on_the_page_of_those_who_may_press_it_only(self, staff: Staff) -> None:
        shown = staff.clients[rights.VIEWER]
        for model in {model for model, _ in ACTIONS if staff.may(rights.VIEWER, permission(model, "view"))}:
            assert 'id="do-' not in shown.get(staff.address(model, "change")).content.decode(), model

    def test_it_needs_a_login(self, staff: Staff) -> None:
        for model, action in ACTIONS:
            answer = Client().post(staff.address(model, f"do_{action.name}"))
            assert answer.status_code == 302
            assert answer["Location"].startswith(reverse("admin:login"))

    def test_it_needs_the_token_against_forgery(self, staff: Staff) -> None:
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(User.objects.get(username="superuser"))
        for model, action in ACTIONS:
            assert strict.post(staff.address(model, f"do_{action.name}")).status_code == 403


class TestPermissions:
    """Names in the code, rows in the database, groups in `rights`: they agree."""

    def test_every_button_needs_a_permission_that_exists_and_that_a_group_has(self, staff: Staff) -> None:
        needed = {action.permission for _, action in ACTIONS}
        granted = {
            f"{app}.{codename}" for group in rights.GROUPS for app, codename in rights.wanted_rights(group, staff.known)
        }
        known = {f"{app}.{codename}" for app, codename in staff.known}
        assert needed - known == set()
        assert needed - granted == set()

    def test_every_permission_of_a_group_exists(self, staff: Staff) -> None:
        named = set().union(*(rights.permissions_of(group) for group in rights.GROUPS))
        assert named - {f"{app}.{codename}" for app, codename in staff.known} == set()

    def test_every_permission_that_the_models_declare_is_given_to_a_group(self, staff: Staff) -> None:
        declared = {
            f"{model._meta.app_label}.{codename}"
            for app in rights.OPEN_APPS
            for model in apps.get_app_config(app).get_models()
            for codename, _ in model._meta.permissions
        }
        named = set().union(*(rights.permissions_of(group) for group in rights.GROUPS))
        assert declared - named == set()


def addresses(staff: Staff) -> list[str]:
    """Every address of the admin site that a row of ours or nothing has to be filled into."""
    found = []
    for name, parameters in patterns(admin.site.get_urls()):
        if name is None or name in ("logout", "view_on_site", "app_list"):
            continue
        model = model_of(name)
        row = staff.rows.get(model)
        if not parameters:
            found.append(reverse(f"admin:{name}"))
        elif row is not None and len(parameters) == 1:
            found.append(reverse(f"admin:{name}", args=[row.pk]))
    return found


def patterns(urls: list[Any]) -> Iterator[tuple[str | None, list[str]]]:
    for one in urls:
        if isinstance(one, URLResolver):
            yield from patterns(one.url_patterns)
        elif isinstance(one, URLPattern) and one.name is not None:
            yield one.name, list(one.pattern.regex.groupindex or one.pattern.converters)


def model_of(name: str) -> Any:
    return next((model for model in MODELS if name.startswith(named(model, "").removeprefix("admin:"))), None)
