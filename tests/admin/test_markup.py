"""The HTML of every page: what is opened is closed, in its order."""

from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from tests.admin.rows import World

pytestmark = pytest.mark.usefixtures("shared_world")

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
OURS = frozenset({"section", "div", "ol", "ul", "table", "form", "dialog", "details", "nav", "dl", "header", "main"})
"""What encloses something: a slip there moves all that follows. Text that is not closed stays where it is."""


class Balance(HTMLParser):
    """Notes each end without its beginning, and each beginning without its end."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[tuple[str, int]] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in OURS:
            self.open.append((tag, self.getpos()[0]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in OURS:
            return
        if self.open and self.open[-1][0] == tag:
            self.open.pop()
        else:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> ends {self.open[-1:]}")


def faults_of(text: str) -> list[str]:
    looked = Balance()
    looked.feed(text)
    return looked.faults + [f"<{tag}> of line {line} is not closed" for tag, line in looked.open]


def test_a_slip_is_noticed() -> None:
    assert faults_of("<section><div></div></section>") == []
    assert faults_of("<section><div></section>") != []
    assert faults_of("<div><div></div>") != []


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_pages_of_each_model(page: Client, world: World, model: Any) -> None:
    label = f"{model._meta.app_label}_{model._meta.model_name}"
    row = model._default_manager.first()
    for name, args in ((f"{label}_changelist", []), (f"{label}_change", [row.pk])):
        assert faults_of(page.get(reverse(f"admin:{name}", args=args)).content.decode()) == []


def test_pages_beside_them(page: Client, world: World) -> None:
    partner = reverse("admin:partners_partner_change", args=[world.partner.pk])
    run = reverse("admin:partners_partner_test_run", args=[world.partner.pk])
    addresses = [
        *(reverse(f"admin:{name}") for name in ("index", "ocpi_location_map", "ocpi_command_console")),
        *(f"{partner}?tab={tab}" for tab in ("overview", "connection", "checklist", "tests", "settings")),
        *(run, f"{run}?session={world.session.pk}", reverse("admin:partners_partner_import")),
    ]
    found = {address: faults_of(page.get(address).content.decode()) for address in addresses}
    assert {address: faults for address, faults in found.items() if faults} == {}
