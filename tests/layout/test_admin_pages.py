"""Every page of the admin in Chromium: nothing wider than its window or cut, one name, no serious fault of axe."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.layout.conftest import Staff
from tests.layout.measuring import WIDTHS, accessibility, faults, height, names
from tests.support.chromium import in_chromium

pytestmark = [
    pytest.mark.heavy,  # needs Chromium
    pytest.mark.django_db(transaction=True),
]

PICTURES = os.environ.get("SFP_LAYOUT_PICTURES", "")
"""A folder for a picture of each page at each width; none is taken where it is empty."""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_and_can_be_read(staff: Staff, scheme: str) -> None:
    assert len(staff.pages) > 120, "all of them"

    def look(browser: Browser) -> list[str]:
        tab, found = staff.browser(browser, scheme).new_page(), []
        for name, path in staff.pages.items():
            answer = tab.goto(path)
            assert answer is not None
            assert answer.status == 200, name
            tab.wait_for_load_state("networkidle")
            for width in WIDTHS:
                tab.set_viewport_size({"width": width, "height": 900})
                tab.wait_for_timeout(60)  # charts and scroll bars follow the window
                found += [f"{name}, {width}: {fault}" for fault in faults(tab)]
                if PICTURES:
                    tab.screenshot(path=Path(PICTURES) / f"{scheme} {name} {width}.png", full_page=True)
            found += [f"{name}: {fault}" for fault in accessibility(tab)]
        return found

    found = in_chromium(look)
    assert not found, "\n".join(found)


def test_every_page_of_the_sidebar_is_called_as_there(staff: Staff) -> None:
    def look(browser: Browser) -> dict[str, dict[str, str]]:
        tab, told = staff.browser(browser).new_page(), {}
        tab.goto(staff.pages["overview"])
        entries: list[str] = tab.eval_on_selector_all("#nav-sidebar-apps a[href]", "all => all.map(one => one.href)")
        for path in dict.fromkeys(one for one in entries if "/admin/" in one and "#" not in one):
            tab.goto(path)
            told[path] = names(tab)
        return told

    told = in_chromium(look)
    assert {path: one for path, one in told.items() if len(set(one.values())) != 1 or not one["title"]} == {}
    lists = {path for name, path in staff.pages.items() if name.startswith("list of ")}
    assert {f"{staff.url}{path}" for path in lists} <= set(told), "every list has an entry"


def test_long_pages_stay_short(staff: Staff) -> None:
    """Fifty messages on a telephone, and a session whose five attempts say the same."""
    session, messages = staff.pages["one sessions_adhoc.AdHocSession"], staff.pages["list of ocpi.Message"]

    def look(browser: Browser) -> tuple[int, str, int, str, bool]:
        tab = staff.browser(browser).new_page()
        tab.set_viewport_size({"width": 390, "height": 844})
        tab.goto(messages)
        how_many = tab.get_by_role("navigation", name="Pages").inner_text()
        message_list = height(tab)
        tab.set_viewport_size({"width": 1440, "height": 900})
        tab.goto(session)
        lines = tab.locator("#timeline > li[data-source]").count()
        folded = tab.locator(".sfp-folded summary").inner_text()
        first = tab.locator("h2").all_inner_texts()
        order = [one.split("\n")[0].split(" ")[0] for one in first]
        return message_list, how_many, lines, folded, order.index("Attempts") < order.index("Timeline")

    message_list, how_many, lines, folded, attempts_first = in_chromium(look)
    assert message_list < 8000
    assert how_many.splitlines()[0] == "1–50, and more"
    assert (lines, folded, attempts_first) == (24 + 2, "The same 3 times more 36 lines", True)
