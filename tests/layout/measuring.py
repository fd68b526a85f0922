"""What a browser says of a page's layout: what is wider than the screen, what is cut, what it is called."""

from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

WIDTHS = (390, 1024, 1440)
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
FAULTS, NAMES = (Path(__file__).with_name(name).read_text() for name in ("faults.js", "names.js"))


FITS = """() => [...document.querySelectorAll('.simplebar-content-wrapper')].every(
  (one) => one.scrollHeight <= one.clientHeight + 1 || getComputedStyle(one).overflowY === 'scroll')"""
"""The script that makes the sidebar scroll has seen the window as it is now."""


def faults(tab: Page) -> list[str]:
    """What is wider than the window or cut in it."""
    tab.wait_for_function(FITS)
    found: list[str] = tab.evaluate(FAULTS)
    return found


def names(tab: Page) -> dict[str, str]:
    """What a list is called: in the tab, in its heading, and by the entry of the sidebar that leads to it."""
    told: dict[str, str] = tab.evaluate(NAMES)
    return told


def height(tab: Page) -> int:
    """In pixels."""
    return int(tab.evaluate("document.documentElement.scrollHeight"))


def accessibility(tab: Page) -> list[str]:
    """What axe finds serious or critical by WCAG 2.1 AA and by good practice."""
    answer = Axe().run(tab, options=RULES).response
    assert len(answer["passes"]) > 10, "it looked"
    return [
        f"{one['id']}: {node['html'][:150]}"
        for one in answer["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"][:3]
    ]
