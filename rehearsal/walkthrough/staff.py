"""People of Smart Fuel Pass in the admin: they log in with password and second factor, press buttons, read pages."""

import base64
import hashlib
import hmac
import re
import struct
import time
from typing import Any

from rehearsal.walkthrough.browser import Person

FACTOR_STEP = 30


def code_of(key: str, at: float | None = None) -> str:
    """The six digits that an authenticator app shows for a base32 key (RFC 6238)."""
    plain = key.replace(" ", "")
    secret = base64.b32decode(plain + "=" * (-len(plain) % 8))
    counter = struct.pack(">Q", int((time.time() if at is None else at) // FACTOR_STEP))
    digest = hmac.new(secret, counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**6:06d}"


class Staff(Person):
    """Somebody who works at Smart Fuel Pass."""

    def log_in(self, user: str, password: str) -> None:
        """With the password, then with an authenticator app that is set up on the way. Ends on the first page."""
        self.go("/admin/login/")
        self.page.locator("input[name=username]").fill(user)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("button[type=submit]").first.click()
        self.sees("Scan the picture with an authenticator app")
        self.page.locator("summary").first.click()
        key = self.page.locator("details code").inner_text()
        self.page.locator("details summary").first.click()
        self.picture("second-factor-set-up")
        self.page.locator("input[name=code]").fill(code_of(key))
        self.press("Turn it on")
        self.sees("recovery codes opens your account once")
        self.press("I have them: continue")

    # --- the admin's usual ways

    def ask(self, label: str, **_none: Any) -> None:
        """Open the dialog of a button."""
        self.press(label)
        self.dialog().wait_for()

    def do(self, label: str, fields: dict[str, Any] | None = None, *, picture: str = "") -> None:
        """Press a button; where it asks, fill its dialog and confirm."""
        if not fields and not self.button(label).get_attribute("data-dialog"):  # what can be undone asks nothing
            with self.page.expect_navigation():
                self.press(label)
            return
        self.ask(label)
        self.fill(self.dialog(), fields or {})
        if picture:
            self.picture(picture)
        self.submit()

    def submit(self) -> None:
        """Confirm what the dialog asks."""
        self.clicked()
        with self.page.expect_navigation():
            self.dialog().locator("button[type=submit]").click()

    def told(self, text: str) -> None:
        """The message after an action."""
        self.sees(text)

    def follow(self, label: str) -> None:
        """Follow a link by its words."""
        self.clicked()
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=re.compile(re.escape(label))).first.click()
