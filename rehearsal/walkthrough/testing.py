"""Stage 3: the connection check, two test charges, and the verdicts of both sides."""

import re

from playwright.sync_api import expect

from rehearsal.walkthrough.everybody import LONG, Walk, move_on, wait_for
from rehearsal.walkthrough.staff import Staff

BOTH_VALIDATE = (
    "Locations sync",
    "Session start",
    "Remote command",
    "Session timeout handling",
    "Connector state transitions",
)
SHORT = {"connector_timeout": 8, "session_timeout": 8, "meter_interval": 15, "cdr_timeout": 10}
CHARGER, ANOTHER, ANOTHER_UID = "SK*ION*E0101", "SK*ION*E0103", "ION-BTS01-3"


def check_connection(walk: Walk) -> None:
    """Sam of support runs the check too, which he may; the stages he may only look at."""
    eva, sam = walk.eva, walk.sam
    eva.do("Check connection")
    has_passed(eva)
    eva.picture("connection-check")
    with walk.aside():
        sam.go(f"{walk.partner}?tab=tests")
        sam.do("Check connection")
        has_passed(sam)
        sam.go(walk.partner)
        sam.does_not_see("Move on to the next stage")


def has_passed(person: Staff) -> None:
    badge = person.page.locator(".sfp-standing-top .sfp-badge")
    expect(badge).to_have_text(re.compile("^Passed"), timeout=LONG * 1000)


def shorten(walk: Walk) -> None:
    """The partner's policy: a charge that does not start is given up after seconds, not minutes. For the walk only."""
    with walk.aside():
        set_policy(walk, walk.partner, "Ion Charge")


def set_policy(walk: Walk, partner: str, name: str) -> None:
    """And back to the page that was open."""
    eva, back = walk.eva, walk.eva.page.url
    eva.go("/admin/partners/policy/add/")
    number = re.findall(r"/partner/(\d+)/", partner)[0]
    page = eva.page
    page.evaluate(
        "([pk, name]) => { const list = document.querySelector('select[name=partner]');"
        " if (![...list.options].some(o => o.value === pk)) list.add(new Option(name, pk));"
        " list.value = pk; list.dispatchEvent(new Event('change')); }",
        [number, name],
    )
    for field, seconds in SHORT.items():
        page.locator(f"input[name={field}]").fill(str(seconds))
    with eva.page.expect_navigation():
        eva.press("Save")
    eva.go(back)


def charge_twice(walk: Walk) -> None:
    """A charge that goes well and is stopped by us; and one at which nobody plugs in."""
    eva, cpo = walk.eva, walk.servers.test
    start = "Start a test charge"
    wait_for(walk, lambda: eva.page.reload() and eva.button(start).count(), "their locations to be seen")
    with eva.page.expect_navigation():
        eva.press(start)
    eva.picture("test-run-start")
    choose_and_start(eva, CHARGER)
    expect(eva.page.get_by_text(re.compile(r"^[3-9] so far$"))).to_be_visible(timeout=LONG * 1000)
    eva.picture("test-run-live")
    eva.do("Stop the charge")
    eva.sees("This charge is over.", seconds=LONG)
    eva.picture("test-run")
    cpo.behave(evses={ANOTHER_UID: "never-plugged"})
    choose_and_start(eva, ANOTHER)
    eva.sees("This charge is over.", seconds=LONG)
    eva.picture("test-run-timeout")
    cpo.behave()


def choose_and_start(eva: Staff, charger: str) -> None:
    """On the page of test runs: choose a charger, and start."""
    chargers = eva.page.locator("select[name=connector]")
    value = next(text for text in chargers.locator("option").all_inner_texts() if charger in text)
    chargers.select_option(label=value)
    with eva.page.expect_navigation():
        eva.press("Start a test charge")


def judge_tests(walk: Walk) -> None:
    """Ana finds a fault, which stops everybody; then all pass."""
    eva, ana = walk.eva, walk.ana
    wait_for_evidence(walk)
    with walk.aside():
        ana.again()
        ana.sees("Functional tests")
        ana.judge("Session start", "Failed", "Our back office shows two sessions.")
        ana.picture("cpo-test-failed")
        eva.page.reload()
    eva.do("Pass all that are seen")
    eva.told("Passed for Smart Fuel Pass: ")
    with walk.aside():
        pass_one(walk, "Session start")
        walk.look()
        eva.sees("Failed: Our back office shows two sessions.")
        failed = eva.page.locator(".sfp-conditions li").filter(has_text="Session start")
        walk.said["test failed"] = failed.inner_text()
        eva.picture("stage-3-test-failed")
        ana.again()
        walk.told["test failed"] = ana.page.locator(".test-line").filter(has_text="Session start").inner_text()
        ana.judge("Session start", "Take back “failed”")
    ana.again()
    for title in BOTH_VALIDATE:
        ana.judge(title, "Works")
    ana.picture("cpo-tests")
    with walk.aside():
        walk.look("tests")
    eva.page.reload()
    eva.picture("tab-tests")
    move_on(walk, "Now in stage 4")


def wait_for_evidence(walk: Walk) -> None:
    """The platform finds it by itself within seconds of the traffic."""

    def all_found() -> bool:
        return "Looking for" not in walk.eva.page.request.get(f"{walk.partner}?tab=tests").text()

    wait_for(walk, all_found, "evidence of all tests")


def pass_one(walk: Walk, title: str) -> None:
    """The verdict on a test by itself: here one that the other side found wrong."""
    eva = walk.eva
    walk.look("tests")
    row = eva.page.locator("tr").filter(has=eva.page.locator(".sfp-strong", has_text=title))
    eva.press("Pass", row)
    eva.submit()
