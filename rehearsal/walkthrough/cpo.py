"""The CPO's technical contact on the page behind its link."""

from collections.abc import Mapping

from playwright.sync_api import Locator

from rehearsal.walkthrough.browser import Person


class Contact(Person):
    """Somebody at the CPO, with the link that support sent."""

    link = ""

    def open(self, link: str) -> None:
        self.link = link
        self.go(link)

    def again(self) -> None:
        self.go(self.link)

    def enter(self, fields: Mapping[str, object]) -> None:
        """Fill the form of guide 3.1 and store it."""
        form = self.page.locator("#information")
        self.fill(form, fields)
        with self.page.expect_navigation():
            self.press("Store this information", form)

    def tick_all(self, group: str) -> None:
        """Tick every item of one part of the checklist, and store."""
        part = self.page.locator("form[action$='/checklist']")
        heading = part.get_by_role("heading", name=group)
        for box in heading.locator("xpath=following-sibling::ul[1]").get_by_role("checkbox").all():
            self.tick(box)
        with self.page.expect_navigation():
            self.press("Store the ticks", part)

    def suggest(self, when: str) -> None:
        form = self.page.locator("#window")
        form.locator("textarea").fill(when)
        self.submit(form)

    def reveal_token_b(self) -> str:
        with self.page.expect_navigation():
            self.press("Reveal Token B now")
        return self.page.locator("#secret").input_value()

    def judge(self, test: str, verdict: str, remark: str = "") -> None:
        """Say “Works” or “Failed” of a functional test, or take it back."""
        line = self.page.locator(".test-line").filter(has_text=test)
        if remark:
            line.locator("input[name=reason]").fill(remark)
        with self.page.expect_navigation():
            self.press(verdict, line)

    def sign(self, name: str, role: str) -> None:
        form = self.page.locator("form[action*='/sign-off']")
        self.fill(form, {"Your name": name, "Your role": role})
        self.tick(form.get_by_role("checkbox"))
        self.submit(form)

    def submit(self, form: Locator) -> None:
        """Press the one button of a form."""
        self.clicked()
        with self.page.expect_navigation():
            form.locator("button[type=submit]").click()
