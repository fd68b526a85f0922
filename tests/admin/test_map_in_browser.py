"""The map's script in a real browser: what partners call their locations is text there, never markup."""

import shutil
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import sync_playwright

from tests.factories import LocationFactory

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
STATIC = Path(__file__).resolve().parents[2] / "sfp_platform" / "static"
HOSTILE = "<img src=x onerror='alert(1)'>"
PAGE = (
    "<style>#map { width: 400px; height: 400px }</style><span id='map-said'></span>"
    "<div id='map' data-places='http://map.example/places' data-tiles='' data-attribution=''></div>"
)


@pytest.mark.heavy  # needs Chromium
def test_a_name_is_text(page: Client, db: None) -> None:
    LocationFactory.create(name=HOSTILE)
    places = page.get(reverse("admin:ocpi_location_places")).content
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 500, "height": 500})
        tab.route("**/places", lambda route: route.fulfill(body=places, content_type="application/json"))
        tab.route("http://map.example/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        tab.goto("http://map.example/")
        tab.add_style_tag(path=STATIC / "vendor/leaflet/leaflet.css")
        tab.add_script_tag(path=STATIC / "vendor/leaflet/leaflet.js")
        tab.add_script_tag(path=STATIC / "support/map.js")
        tab.get_by_text("1 location, live").wait_for()
        tab.locator("#map").hover()
        shown = tab.locator(".leaflet-tooltip").inner_text()
        pictures = tab.locator("#map img").count()
        browser.close()
    assert (shown, pictures) == (HOSTILE, 0)
