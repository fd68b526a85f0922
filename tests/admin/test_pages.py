"""Every page renders for those who may see it, and for nobody else."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from partners.admin.actions import ActionsMixin

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
EVERY = pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)


def url(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def row_of(model):
    return model._default_manager.first()


@EVERY
def test_it_lists(page, world, model):
    assert page.get(url(model, "changelist")).status_code == 200


@EVERY
def test_it_lists_nothing(page, model):
    assert page.get(url(model, "changelist")).status_code == 200


@EVERY
def test_it_searches(page, world, model):
    answer = page.get(url(model, "changelist"), {"q": "b5f0e0a4-0000-4000-8000-000000000000"})
    assert answer.status_code == 200


@EVERY
def test_it_shows_one(page, world, model):
    answer = page.get(url(model, "change", row_of(model).pk))
    assert answer.status_code == 200


@EVERY
def test_somebody_who_may_only_look_sees_it(viewer, world, model):
    assert viewer.get(url(model, "changelist")).status_code == 200
    assert viewer.get(url(model, "change", row_of(model).pk)).status_code == 200


@EVERY
def test_strangers_are_sent_to_the_login(client, world, model):
    for address in (url(model, "changelist"), url(model, "change", row_of(model).pk)):
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))


@EVERY
def test_nothing_but_groups_can_be_deleted(page, world, model):
    if model._meta.label == "auth.Group":
        return
    assert page.post(url(model, "delete", row_of(model).pk), {"post": "yes"}).status_code == 403
    assert row_of(model) is not None


def test_only_these_can_be_added(page, db):
    addable = {model._meta.label for model in MODELS if page.get(url(model, "add")).status_code == 200}
    assert addable == {"partners.Partner", "partners.Policy", "sessions_adhoc.ClientKey", "auth.User", "auth.Group"}


@pytest.mark.parametrize(
    ("model", "action"),
    [
        (model, action)
        for model in MODELS
        if isinstance(registered := admin.site._registry[model], ActionsMixin)
        for action in registered.page_actions
    ],
    ids=lambda value: getattr(value, "name", None) or value._meta.label,
)
class TestButtons:
    """What every button has in common."""

    def address(self, model, action):
        return url(model, f"do_{action.name}", row_of(model).pk)

    def test_it_cannot_be_followed_as_a_link(self, page, world, model, action):
        assert page.get(self.address(model, action)).status_code == 405

    def test_it_needs_its_permission(self, viewer, world, model, action):
        assert viewer.post(self.address(model, action)).status_code == 403

    def test_it_needs_a_login(self, client, world, model, action):
        answer = client.post(self.address(model, action))
        assert answer.status_code == 302
        assert answer.url.startswith(reverse("admin:login"))

    def test_it_needs_the_token_against_forgery(self, boss, world, model, action):
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(boss)
        assert strict.post(self.address(model, action)).status_code == 403

    def test_it_needs_an_object(self, page, db, model, action):
        missing = "0" if model._meta.pk.get_internal_type() != "UUIDField" else "00000000-0000-4000-8000-000000000000"
        assert page.post(url(model, f"do_{action.name}", missing)).status_code == 404

    def test_it_is_hidden_from_those_who_may_not(self, viewer, world, model, action):
        shown = viewer.get(url(model, "change", row_of(model).pk)).content.decode()
        assert f'id="do-{action.name}"' not in shown
