"""A person in front of Chromium, who finds buttons and fields by what is written on them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Response, expect, sync_playwright

DESKTOP, PHONE = (1440, 900), (390, 844)
CHROMIUM = "/usr/bin/chromium"
PATIENCE = 60.0
"""Seconds that a page may take on a machine that is busy with other things."""
TIME_ZONE = "Europe/Bratislava"
STRAIGHT, ASTRAY = "straight", "astray"
"""Ways: what an integration needs in which nothing goes wrong; and what wrong turns and looking around cost besides."""
Take = Callable[[Page, str], None]


def no_picture(_page: Page, _name: str) -> None:
    """For a walk without pictures."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The installed Chromium, closed at the end of the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            yield browser
        finally:
            browser.close()


class Person:
    """Somebody with a browser of their own: cookies, window, clock of Bratislava.

    Args:
        take: called with (page, name) where a picture belongs.

    `clicks` counts what was pressed: buttons, links, boxes that are ticked; and as a link each page that is opened by
    its address, unless it is shown already. They are counted by the `way` that they are a part of.
    """

    def __init__(self, browser: Browser, base_url: str, *, screen: tuple[int, int] = DESKTOP, take: Take = no_picture):
        width, height = screen
        self.base_url, self.take = base_url, take
        self.clicks: Counter[str] = Counter()
        self.way = STRAIGHT
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, locale="en-GB", timezone_id=TIME_ZONE, base_url=base_url
        )
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE * 1000)
        self.script_errors: list[str] = []
        self.server_errors: list[str] = []
        self.page.on("pageerror", lambda error: self.script_errors.append(f"{self.page.url}: {error}"))
        self.page.on("console", self._note_refused)
        self.page.on("response", self._note)

    def _note_refused(self, message: ConsoleMessage) -> None:
        """What a page's Content-Security-Policy refuses is an error of ours."""
        if "Content Security Policy" in message.text:
            self.script_errors.append(f"{self.page.url}: {message.text}")

    def _note(self, response: Response) -> None:
        if response.status >= 500:
            self.server_errors.append(f"{response.request.method} {response.url}: {response.status}")

    def go(self, address: str) -> int:
        """Open an address, as its link would; return the HTTP status."""
        if not self.is_at(address):
            self.clicked()
        response = self.page.goto(address)
        return response.status if response else 0

    def is_at(self, address: str) -> bool:
        """Whether this page is shown already, whatever was done on it."""
        here, there = (urlsplit(one) for one in (self.page.url, urljoin(self.base_url, address)))
        tabs = [parse_qs(one.query).get("tab") for one in (here, there)]
        return here.path == there.path and tabs[0] == tabs[1]

    def picture(self, name: str) -> None:
        self.take(self.page, name)

    # --- finding

    def button(self, label: str, within: Locator | None = None) -> Locator:
        """A button or link by its words; an icon may stand before them."""
        place = within if within is not None else self.page.locator("body")
        words = re.compile(rf"(^|\s|\W|[a-z_0-9]){re.escape(label)}\s*$")
        named = place.get_by_role("button", name=words).or_(place.get_by_role("link", name=words))
        return named.locator("visible=true").first

    def dialog(self) -> Locator:
        return self.page.locator("dialog[open]")

    # --- doing

    def clicked(self) -> None:
        self.clicks[self.way] += 1

    def press(self, label: str, within: Locator | None = None) -> None:
        self.clicked()
        self.button(label, within).click()

    def fill(self, within: Locator | Page, fields: Mapping[str, Any]) -> None:
        """Fill fields by their labels. True and False are for boxes to tick; (value,) chooses in a list."""
        for label, value in fields.items():
            field = within.get_by_label(re.compile(rf"^\s*{re.escape(label)}")).first
            if isinstance(value, bool):
                self.tick(field, value)
            elif isinstance(value, tuple):
                field.select_option(*value)
            else:
                field.fill(str(value))

    def tick(self, box: Locator, value: bool = True) -> None:
        """Tick a box, or take the tick away."""
        if box.is_checked() != value:
            self.clicked()
            box.set_checked(value)

    # --- seeing

    def sees(self, *texts: str, seconds: float = PATIENCE) -> None:
        """Each of the texts is on the page, or comes in time. Raises AssertionError with what is there instead."""
        for text in texts:
            expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible(timeout=seconds * 1000)

    def does_not_see(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_text(text).locator("visible=true")).to_have_count(0)

    def text(self) -> str:
        """All that the page says."""
        return self.page.locator("body").inner_text()
