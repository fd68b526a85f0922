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
CHARGER, ANOTHER, ANOTHER_UID = "SK*ION*E0101", "SK*ION*E0103", "ION-BTS01-3"


def check_connection(walk: Walk) -> None:
    """Sam of support runs the check, which he may; the stages he may only look at."""
    sam = walk.sam
    sam.go(f"{walk.partner}?tab=tests")
    sam.do("Check connection")
    sam.sees("Stage 3 can begin.", seconds=LONG)
    sam.picture("connection-check")
    sam.go(walk.partner)
    sam.does_not_see("Move on to the next stage")


def shorten(walk: Walk) -> None:
    """The partner's policy: a charge that does not start is given up after seconds, not minutes."""
    eva = walk.eva
    eva.go("/admin/partners/policy/add/")
    number = re.findall(r"/partner/(\d+)/", walk.partner)[0]
    page = eva.page
    page.evaluate(
        "(pk) => { const list = document.querySelector('select[name=partner]');"
        " if (![...list.options].some(o => o.value === pk)) list.add(new Option('Ion Charge', pk));"
        " list.value = pk; list.dispatchEvent(new Event('change')); }",
        number,
    )
    for name, seconds in {"connector_timeout": 8, "session_timeout": 8, "meter_interval": 15}.items():
        page.locator(f"input[name={name}]").fill(str(seconds))
    eva.press("Save")
    eva.page.wait_for_load_state()


def charge_twice(walk: Walk) -> None:
    """A charge that goes well and is stopped by us; and one at which nobody plugs in."""
    eva, cpo = walk.eva, walk.servers.test
    walk.look("tests")
    eva.picture("tab-tests-waiting")
    eva.press("Test run")
    eva.picture("test-run-start")
    choose_and_start(eva, CHARGER)
    expect(eva.page.get_by_text(re.compile(r"^[3-9] so far$"))).to_be_visible(timeout=LONG * 1000)
    eva.picture("test-run-live")
    eva.do("Stop the charge")
    eva.sees("This charge is over.", seconds=LONG)
    eva.picture("test-run")
    cpo.behave(evses={ANOTHER_UID: "never-plugged"})
    walk.look("tests")
    eva.press("Test run")
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
    ana.again()
    ana.sees("Functional tests")
    ana.judge("Session start", "Failed", "Our back office shows two sessions.")
    ana.picture("cpo-test-failed")
    walk.look("tests")
    eva.do("Pass all that are seen")
    eva.told("Passed for Smart Fuel Pass: ")
    pass_one(walk, "Session start")
    walk.look()
    eva.sees("Failed: Our back office shows two sessions.")
    walk.said["test failed"] = eva.page.locator(".sfp-conditions li").filter(has_text="Session start").inner_text()
    eva.picture("stage-3-test-failed")
    ana.again()
    ana.judge("Session start", "Take back “failed”")
    for title in BOTH_VALIDATE:
        ana.judge(title, "Works")
    ana.picture("cpo-tests")
    walk.look("tests")
    eva.picture("tab-tests")
    move_on(walk, "Now in stage 4")


def wait_for_evidence(walk: Walk) -> None:
    """The platform finds it by itself within seconds of the traffic."""
    sought = walk.eva.page.get_by_text("Looking for")

    def all_found() -> bool:
        walk.look("tests")
        return not sought.count()

    wait_for(walk, all_found, "evidence of all tests")


def pass_one(walk: Walk, title: str) -> None:
    """The verdict on a test by itself: here one that the other side found wrong."""
    eva = walk.eva
    walk.look("tests")
    row = eva.page.locator("tr").filter(has=eva.page.locator(".sfp-strong", has_text=title))
    eva.press("Pass", row)
    eva.submit()
