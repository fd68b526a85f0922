"""The CPO's page in each stage, and the driver's pages, in Chromium: they fit, and axe finds nothing serious."""

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from onboarding.guide import Stage
from onboarding.models import Onboarding
from partners.models import Partner
from tests.driver import scene
from tests.driver.test_in_a_browser import places as driver_pages
from tests.layout.conftest import Staff
from tests.layout.measuring import WIDTHS, accessibility, faults
from tests.support.chromium import in_chromium

pytestmark = [
    pytest.mark.heavy,  # needs Chromium
    pytest.mark.django_db(transaction=True),
]

UNCONNECTED = (Stage.PRE_INTEGRATION, Stage.INFRASTRUCTURE, Stage.HANDSHAKE)


def looked_at(browser: Browser, pages: dict[str, str], scheme: str) -> list[str]:
    """What is wrong at each width."""
    context = browser.new_context(color_scheme="dark" if scheme == "dark" else "light", bypass_csp=True)
    tab, found = context.new_page(), []
    for name, address in pages.items():
        answer = tab.goto(address)
        assert answer is not None
        assert answer.status in (200, 404), name
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            found += [f"{scheme} {name}, {width}: {fault}" for fault in faults(tab)]
        found += [f"{scheme} {name}: {fault}" for fault in accessibility(tab)]
    return found


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage != Stage.OFF_BOARDED])
def test_the_cpos_page(staff: Staff, portal: str, stage: Stage) -> None:
    partner = staff.world.partner
    state = Partner.Connection.NOT_CONNECTED if stage in UNCONNECTED else Partner.Connection.CONNECTED
    Partner.objects.filter(pk=partner.pk).update(connection=state)
    Onboarding.objects.filter(partner=partner).update(stage=stage.value)
    path = portal[portal.index("/onboarding/") :]

    def look(browser: Browser) -> list[str]:
        pages = {stage.value: f"{staff.url}{path}"}
        return [*looked_at(browser, pages, "light"), *looked_at(browser, pages, "dark")]

    found = in_chromium(look)
    assert not found, "\n".join(found)


def test_the_drivers_pages(live_server: LiveServer) -> None:
    """At a desk, too: telephones are looked at in `tests/driver`."""
    evse = scene.station(connectors=2)
    scene.add_tariff(evse)
    pages = {name: f"{live_server.url}{path}" for name, path in driver_pages(evse).items()}

    def look(browser: Browser) -> list[str]:
        return [*looked_at(browser, pages, "light"), *looked_at(browser, pages, "dark")]

    found = in_chromium(look)
    assert not found, "\n".join(found)
