"""Who takes part in the walk, and the ways that all of its stages share."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser

from rehearsal.walkthrough.browser import ASTRAY, PATIENCE, STRAIGHT, TIME_ZONE, Person, Take, no_picture
from rehearsal.walkthrough.cpo import Contact
from rehearsal.walkthrough.servers import Servers
from rehearsal.walkthrough.staff import Staff

LONG = 4 * PATIENCE


@dataclass
class Walk:
    """Everybody who takes part. Of each wrong turn `said` keeps what staff read, `told` what the CPO does."""

    servers: Servers
    browser: Browser
    take: Take = no_picture
    said: dict[str, str] = field(default_factory=dict)
    told: dict[str, str] = field(default_factory=dict)
    token_b: str = ""
    incidents: list[str] = field(default_factory=list)
    drivers: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.admin = Staff(self.browser, self.servers.url, take=self.take)
        self.eva = Staff(self.browser, self.servers.url, take=self.take)
        self.sam = Staff(self.browser, self.servers.url, take=self.take)
        self.ana = Contact(self.browser, self.servers.url, take=self.take)
        self.partner = ""
        self.production = ""

    @property
    def people(self) -> tuple[Staff, Staff, Staff, Contact]:
        return self.admin, self.eva, self.sam, self.ana

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is pressed in the block is no part of an integration in which nothing goes wrong."""
        before = [person.way for person in self.people]
        for person in self.people:
            person.way = ASTRAY
        try:
            yield
        finally:
            for one, way in zip(self.people, before, strict=True):
                one.way = way

    def clicks(self, way: str = STRAIGHT) -> tuple[int, int]:
        """Of staff, and of the CPO."""
        return self.eva.clicks[way] + self.sam.clicks[way], self.ana.clicks[way]

    def look(self, tab: str = "") -> None:
        """Eva opens the partner's page, at a tab."""
        self.eva.go(self.partner + (f"?tab={tab}" if tab else ""))


def wait_for(walk: Walk, condition: Callable[[], object], what: str) -> None:
    """Look again every second until it is so. Raises AssertionError with what the page says instead."""
    deadline = time.monotonic() + LONG
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {LONG:g} s for {what}; the page says:\n{walk.eva.text()}")
        walk.eva.page.wait_for_timeout(1000)


def local(after: timedelta = timedelta()) -> str:
    """A moment as the browser's date picker wants it, in Bratislava's time."""
    return (datetime.now(ZoneInfo(TIME_ZONE)) + after).strftime("%Y-%m-%dT%H:%M")


def move_on(walk: Walk, told: str) -> None:
    """When all is there: what a worker does takes a moment, and somebody looks again, at whatever page shows it."""
    ready = walk.eva.page.get_by_text("Everything that this stage asks for is there.")
    barred = walk.eva.page.get_by_text("All incidents settled")

    def complete() -> bool:
        walk.eva.page.reload()
        if barred.count():
            with walk.aside():
                close_incidents(walk)
        return bool(ready.count())

    wait_for(walk, complete, "the stage to be complete")
    walk.eva.do("Move on to the next stage")
    walk.eva.told(told)


def close_incidents(walk: Walk) -> None:
    """What the wrong turns and the timeout on purpose have raised; Sam looks at each and closes it with a reason."""
    sam = walk.sam
    while True:
        sam.go("/admin/partners/incident/?state=open")
        rows = sam.page.locator("#result_list tbody tr")
        if not rows.count():
            return
        sam.picture("incidents-open")
        sam.clicked()
        with sam.page.expect_navigation():
            rows.first.locator("th a, td a").first.click()
        walk.incidents.append(sam.page.locator(".sfp-standing-words").first.inner_text())
        sam.picture("incident")
        sam.do("Close incident", {"Reason": "We did this on purpose: it was a test, and they know."})


def errors(walk: Walk) -> list[str]:
    """What went wrong behind the pages: exceptions of scripts, answers of 500 and above."""
    return [one for person in walk.people for one in (*person.script_errors, *person.server_errors)]


def clicks_in_words(walk: Walk) -> str:
    """From nothing to live."""
    staff, cpo = walk.clicks(STRAIGHT)
    more = walk.clicks(ASTRAY)
    return f"From nothing to live: staff {staff} clicks, the CPO {cpo}; wrong turns cost {more[0]} and {more[1]} more."
