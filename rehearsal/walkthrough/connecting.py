"""Stage 2: three handshakes that fail, each with its cause and what to do, and one that works."""

from playwright.sync_api import expect

from rehearsal.walkthrough.everybody import LONG, Walk, move_on
from rehearsal.walkthrough.servers import Cpo
from rehearsal.walkthrough.staff import Staff


def shake_hands(walk: Walk) -> None:
    """Three handshakes that fail, each with its cause and what to do; then one that works."""
    eva, cpo = walk.eva, walk.servers.test
    walk.look()
    eva.picture("stage-2")
    _unreachable(walk)
    _enter_url(walk, cpo)
    walk.look()
    eva.do("Start handshake")
    _has_failed(eva)
    walk.said["wrong token"] = _standing(eva)
    eva.picture("handshake-wrong-token")
    cpo.behave(faults=["missing-module"])
    walk.look()
    eva.do("Start handshake", {"Token A": cpo.token_a})
    _has_failed(eva)
    walk.said["missing module"] = _standing(eva)
    eva.picture("handshake-missing-module")
    cpo.behave()
    eva.do("Try again")
    eva.sees("hold each other's tokens", seconds=LONG)
    eva.picture("handshake")
    walk.look()
    eva.picture("stage-2-done")
    move_on(walk, "Now in stage 3")


def _unreachable(walk: Walk) -> None:
    """Nobody listens: we try until the window closes, and say so; Eva calls it off."""
    eva = walk.eva
    eva.do("Start handshake")
    eva.sees("We try again until", seconds=LONG)
    walk.said["unreachable"] = _standing(eva)
    eva.picture("handshake-unreachable")
    eva.do("Cancel handshake")
    eva.sees("The handshake was called off.")


def _enter_url(walk: Walk, cpo: Cpo) -> None:
    """Ana mails the right address: what she entered is fixed by now, so Eva changes it."""
    walk.look("settings")
    walk.eva.page.locator("input[name=versions_url]").fill(cpo.versions_url)
    walk.eva.picture("tab-settings")
    walk.eva.press("Save")
    walk.eva.page.wait_for_load_state()


def _has_failed(person: Staff) -> None:
    expect(person.page.locator(".sfp-standing-top .sfp-badge")).to_have_text("Failed", timeout=LONG * 1000)


def _standing(person: Staff) -> str:
    return person.page.locator(".sfp-standing-words").first.inner_text()
