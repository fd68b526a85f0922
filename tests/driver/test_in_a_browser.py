"""The driver's pages in a real browser: WCAG 2.1 AA by axe, small, and nothing wider than a phone."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Request
from pytest_django.live_server_helper import LiveServer

from billing.receipts.issuing import Draft, issue
from billing.receipts.lines import Line
from ocpi.models import Evse
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State
from tests.driver import scene
from tests.support.chromium import in_chromium

pytestmark = [
    pytest.mark.heavy,  # needs Chromium
    pytest.mark.django_db(transaction=True),
]

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
MOST_BYTES, MOST_REQUESTS = 60_000, 6
LANGUAGES = ("sk", "cs", "de", "en", "hu", "pl")
STATES = (State.WAITING_FOR_CONNECTOR, State.CHARGING, State.ESCALATED, State.SETTLED, State.FAILED)


@dataclass
class Loaded:
    """What came over the wire for a page."""

    requests: int = 0
    size: int = 0


def phone(browser: Browser, scheme: str = "light", *, scripts: bool = True) -> BrowserContext:
    return browser.new_context(
        viewport={"width": 390, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        bypass_csp=True,  # for axe, which is no part of the page
    )


def places(evse: Evse) -> dict[str, str]:
    """The address of each page."""
    sessions = {state: made(evse, state) for state in STATES}
    return {
        "charger": f"/c/{evse.code}",
        "unknown": "/c/SK*NO*BODY",
        "find": "/c/?near=48.1486,17.1077",
        "receipt": f"/c/receipt/{issue(sold(sessions[State.SETTLED])).pk}",
        "stop": f"/c/session/{sessions[State.CHARGING].pk}/stop",
        **{state.value: f"/c/session/{session.pk}" for state, session in sessions.items()},
    }


def sold(session: AdHocSession) -> Draft:
    """A receipt with a signature of the meter, whose lines are long."""
    line = Line("energy", "Charging, as the operator billed it", 744, "23", "12.345", "kWh", "0.6027")
    facts = {
        "evse_id": scene.EVSE_ID,
        "operator": "ION Charging",
        "payments": [{"amount": 744, "gateway": "simulated", "last_four": "4242"}],
        "signed_data": {"encoding_method": "OCMF", "signed_values": [{"nature": "End", "signed_data": "x" * 200}]},
    }
    return Draft(str(session.pk), session.partner_id, "SK", "EUR", [line], facts)


def made(evse: Evse, state: State) -> AdHocSession:
    return scene.session_in(
        evse,
        state,
        captured=744 if state == State.SETTLED else 0,
        reason="cdr_without_energy" if state == State.ESCALATED else "",
    )


@pytest.fixture
def site(live_server: LiveServer) -> Callable[[str], str]:
    return lambda path: f"{live_server.url}{path}"


@pytest.fixture
def pages(transactional_db: None) -> dict[str, str]:
    evse = scene.station(connectors=2)
    scene.add_tariff(evse)
    scene.beside(evse, "SK*ION*E100*2")
    return places(evse)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(site: Callable[[str], str], pages: dict[str, str], scheme: str) -> None:
    def look(browser: Browser) -> list[str]:
        tab, found = phone(browser, scheme).new_page(), []
        for name, path in pages.items():
            tab.goto(site(path))
            answer = Axe().run(tab, options=RULES).response
            assert len(answer["passes"]) > 15, "it looked"
            for one in answer["violations"]:
                found.append(f"{name}: {one['id']} {one['nodes'][0]['html'][:120]}")
        return found

    assert in_chromium(look) == []


def test_each_page_is_small(site: Callable[[str], str], pages: dict[str, str]) -> None:
    """As it is sent without compression, by a browser that has nothing yet: a phone receives less."""

    def look(browser: Browser) -> dict[str, Loaded]:
        seen = {}
        for name, path in pages.items():
            context, seen[name] = phone(browser), Loaded()
            tab = context.new_page()
            count(tab, seen[name])
            tab.goto(site(path))
            tab.wait_for_load_state("load")
            context.close()  # before it asks what is new
        return seen

    seen = in_chromium(look)
    assert {name: one for name, one in seen.items() if one.requests > MOST_REQUESTS or one.size > MOST_BYTES} == {}
    assert min(one.size for one in seen.values()) > 5_000, "it was measured"


def count(tab: Page, loaded: Loaded) -> None:
    def finished(request: Request) -> None:
        sizes = request.sizes()
        loaded.requests += 1
        loaded.size += sizes["responseBodySize"] + sizes["responseHeadersSize"]

    tab.on("requestfinished", finished)


def test_nothing_is_wider_than_a_phone(site: Callable[[str], str], pages: dict[str, str]) -> None:
    """In any language, at 390 px and at 320 px, which is 1280 px at 400 % (WCAG 1.4.10)."""

    def look(browser: Browser) -> list[tuple[str, str, int]]:
        tab, wide = phone(browser).new_page(), []
        for path in pages.values():
            for language in LANGUAGES:
                tab.goto(site(f"{path}{'&' if '?' in path else '?'}lang={language}"))
                for width in (390, 320):
                    tab.set_viewport_size({"width": width, "height": 844})
                    if tab.evaluate("document.documentElement.scrollWidth") > width:
                        wide.append((path, language, width))
        return wide

    assert in_chromium(look) == []


def test_without_scripts_a_driver_can_stop(site: Callable[[str], str], pages: dict[str, str]) -> None:
    def press(browser: Browser) -> str:
        tab = phone(browser, scripts=False).new_page()
        tab.goto(site(pages["charging"]))
        tab.get_by_role("link", name="Stop charging").click()
        tab.get_by_role("button", name="Yes, stop").click()
        return tab.locator("h1").inner_text()

    in_chromium(press)
    assert AdHocSession.objects.get(pk=pages["charging"].rpartition("/")[2]).stop_requested_at is not None


def test_where_the_driver_is_goes_into_the_address(site: Callable[[str], str], pages: dict[str, str]) -> None:
    def ask(browser: Browser) -> list[str]:
        context = phone(browser)
        context.grant_permissions(["geolocation"])
        context.set_geolocation({"latitude": 48.14861, "longitude": 17.10771})
        tab = context.new_page()
        tab.goto(site("/c/"))
        tab.get_by_role("button", name="Near me").click()
        tab.wait_for_url("**/c/?near=48.1486,17.1077")
        return tab.get_by_role("heading", level=2).all_inner_texts()

    assert in_chromium(ask) == ["Aupark P2"]
