"""Chromium in front of a test's server."""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from playwright.sync_api import Browser, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
Found = TypeVar("Found")


def in_chromium(look: Callable[[Browser], Found]) -> Found:
    """What `look` finds, in a thread of its own: Playwright has a loop there that Django's database does not allow."""

    def work() -> Found:
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            try:
                return look(chromium)
            finally:
                chromium.close()

    with ThreadPoolExecutor(1) as threads:
        return threads.submit(work).result()
