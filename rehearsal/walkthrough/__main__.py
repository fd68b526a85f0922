"""`python -m rehearsal.walkthrough`: walks everything once and leaves a picture of every page in var/screenshots/."""

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, ViewportSize

from rehearsal.stage.processes import ROOT
from rehearsal.walkthrough import everybody, going_live, onboarding, servers, tour
from rehearsal.walkthrough.browser import ASTRAY, DESKTOP, PHONE, STRAIGHT, chromium

OUTPUT = ROOT / "var" / "screenshots"


def main(arguments: list[str] | None = None) -> int:
    """Return 1 when a page failed behind the scenes; a step that cannot be walked raises."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal.walkthrough", description=__doc__)
    parser.add_argument("--to", type=Path, default=OUTPUT, help=f"folder of the pictures (default {OUTPUT})")
    parser.add_argument("--keep", action="store_true", help="keep the folder with database and logs")
    options = parser.parse_args(arguments)
    shutil.rmtree(options.to, ignore_errors=True)
    options.to.mkdir(parents=True)
    folder = Path(tempfile.mkdtemp(prefix="sfp-walk-"))
    try:
        return walk(folder, options.to)
    finally:
        if options.keep:
            say(f"Database and logs: {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def walk(folder: Path, pictures: Path) -> int:
    taken = Camera(pictures)
    with servers.running(servers.embedded(folder), secrets.token_urlsafe(12)) as running, chromium() as browser:
        walked = everybody.Walk(running, browser, taken.take)
        for step in (*onboarding.STAGES, *tour.TOUR):
            began = time.monotonic()
            step(walked)
            staff, cpo = (sum(both) for both in zip(walked.clicks(STRAIGHT), walked.clicks(ASTRAY), strict=True))
            took = time.monotonic() - began
            say(f"{step.__name__.replace('_', ' '):22} {took:6.1f} s   clicks so far: staff {staff:3}, CPO {cpo:3}")
            if step is going_live.go_live:
                say(everybody.clicks_in_words(walked))
        faults = everybody.errors(walked)
    for fault in faults:
        say(f"FAULT: {fault}")
    say(f"{taken.count} pictures in {pictures}")
    return 1 if faults else 0


class Camera:
    """Takes what the window shows, and the whole page into a folder beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        self.whole = folder / "whole"
        self.whole.mkdir()

    def take(self, page: Page, name: str) -> None:
        self.count += 1
        page.screenshot(path=self.folder / f"{name}.png", animations="disabled")
        page.screenshot(path=self.whole / f"{name}.png", full_page=True, animations="disabled")
        if "/onboarding/" in page.url and page.viewport_size == as_size(DESKTOP):
            self._on_a_phone(page, name)

    def _on_a_phone(self, page: Page, name: str) -> None:
        """The CPO's page is read on telephones too."""
        page.set_viewport_size(as_size(PHONE))
        page.screenshot(path=self.folder / f"phone-{name}.png", animations="disabled")
        page.screenshot(path=self.whole / f"phone-{name}.png", full_page=True, animations="disabled")
        page.set_viewport_size(as_size(DESKTOP))


def as_size(screen: tuple[int, int]) -> ViewportSize:
    return ViewportSize(width=screen[0], height=screen[1])


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
