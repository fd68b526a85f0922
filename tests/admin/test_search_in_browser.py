"""Enter in the search opens what is found where it is one thing only, and the marked one of several."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from partners.admin.kit.showing import url_of
from partners.models import Partner
from tests.factories import PartnerFactory
from tests.support.chromium import in_chromium

pytestmark = [
    pytest.mark.heavy,  # needs Chromium
    pytest.mark.django_db(transaction=True),
]


def asked(tab: Page, text: str) -> None:
    tab.goto("/admin/")
    tab.keyboard.press("Control+k")
    place = tab.locator("#search-input-command")
    place.wait_for()
    place.press_sequentially(text)


def test_enter_opens_the_only_hit(live_server: LiveServer) -> None:
    wanted = PartnerFactory.create(name="Ion Charge")
    for name in ("Green One", "Green Two"):
        PartnerFactory.create(name=name)
    client = Client()
    client.force_login(User.objects.create_superuser("boss", "boss@sfp.example", "a-long-password"))
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}

    def look(browser: Browser) -> tuple[str, str, str]:
        context = browser.new_context(base_url=live_server.url)
        context.add_cookies([cookie])  # type: ignore[list-item]
        tab = context.new_page()
        asked(tab, "Ion Ch")
        tab.keyboard.press("Enter")  # before the list is there
        tab.wait_for_url("**/change/")
        only = tab.url
        asked(tab, "Green")
        hits = tab.locator("#command-results-list a[href]")
        hits.nth(1).wait_for()
        with tab.expect_response("**/search/**"):
            tab.keyboard.press("Enter")
        tab.wait_for_timeout(300)
        several = tab.url
        asked(tab, "nobody has this")
        with tab.expect_response("**/search/**"):
            tab.keyboard.press("Enter")
        tab.wait_for_timeout(300)
        return only, several, tab.url

    only, several, none = in_chromium(look)
    assert only == f"{live_server.url}{url_of(Partner, wanted.pk)}"
    assert (several, none) == (f"{live_server.url}/admin/", f"{live_server.url}/admin/")
