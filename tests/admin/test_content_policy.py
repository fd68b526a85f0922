"""The admin's pages run under their Content-Security-Policy: in a real browser no page asks for what it forbids."""

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from playwright.sync_api import sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from sessions_adhoc.driver.pages import charger
from tests.admin import rows

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
LOGIN = "admin:login"
POLICY = "Content Security Policy"
ENFORCED, REPORTED = "Content-Security-Policy", "Content-Security-Policy-Report-Only"


@pytest.mark.parametrize(
    ("mode", "sent"),
    [("enforce", {ENFORCED}), ("report", {REPORTED}), ("off", set())],
    ids=["enforce", "report", "off"],
)
def test_it_is_sent_as_the_setting_says(db: None, settings: Settings, mode: str, sent: Any) -> None:
    settings.ADMIN_CSP = mode
    headers = Client().get(reverse(LOGIN)).headers
    assert {ENFORCED, REPORTED} & set(headers) == sent


def test_no_script_may_stand_in_a_page_and_nobody_may_frame_it(db: None) -> None:
    policy = Client().get(reverse(LOGIN)).headers[ENFORCED]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == "'self' 'unsafe-eval'"
    assert "unsafe-inline" not in rules["script-src"]


def test_the_maps_tiles_may_come_from_where_they_are(db: None, settings: Settings) -> None:
    settings.MAP_TILES_URL = "https://{s}.tiles.example/{z}/{x}/{y}.png"
    assert "img-src 'self' data: https://*.tiles.example;" in Client().get(reverse(LOGIN)).headers[ENFORCED]


def addresses() -> Iterator[str]:
    """The overview, every list and the page of every first row."""
    yield reverse("admin:index")
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse(f"{name}_changelist")
        row = model._default_manager.first()
        if row is not None:
            yield reverse(f"{name}_change", args=[row.pk])
    yield reverse("admin:ocpi_location_map")


def test_no_page_of_ours_has_a_script_or_a_handler_in_it() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)|\son[a-z]+\s*=|javascript:", re.IGNORECASE)
    pages = [*(configured.BASE_DIR / "templates" / "admin").rglob("*.html")]
    assert len(pages) > 30
    assert [str(page) for page in pages if inline.search(page.read_text())] == []


@pytest.mark.heavy  # needs Chromium
@pytest.mark.django_db(transaction=True)
def test_no_page_asks_for_what_is_forbidden(live_server: LiveServer) -> None:
    world = rows.world()
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    name = configured.SESSION_COOKIE_NAME
    urls = [f"{live_server.url}{one}" for one in [*addresses(), charger.public_url(world.evse).partition(":8000")[2]]]
    refused: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        tab.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": live_server.url}])
        tab.on("console", lambda said: refused.append(f"{tab.url}: {said.text}") if POLICY in said.text else None)
        tab.on("pageerror", lambda error: refused.append(f"{tab.url}: {error}"))
        for url in urls:
            response = tab.goto(url)
            assert response is not None
            assert (url, response.status) == (url, 200)
            assert ENFORCED.lower() in response.headers
        tab.close()
        browser.close()
    assert len(urls) > 60
    assert refused == []
