"""Stage 2: three handshakes that fail, each with its cause and what to do, and one that works."""

from playwright.sync_api import expect

from rehearsal.walkthrough.everybody import LONG, Walk, move_on
from rehearsal.walkthrough.servers import Cpo


def shake_hands(walk: Walk) -> None:
    """Handshakes that fail, each with its cause and what to do; then one that works."""
    eva = walk.eva
    walk.look()
    eva.picture("stage-2")
    with walk.aside():
        _go_astray(walk)
    eva.do("Try again")
    eva.sees("hold each other's tokens", seconds=LONG)
    eva.sees("Everything that this stage asks for is there.", seconds=LONG)
    eva.picture("handshake")
    move_on(walk, "Now in stage 3")


def _go_astray(walk: Walk) -> None:
    """All of them are the guide's “Handshake times out”, or its 403, and each says what it is."""
    eva, cpo = walk.eva, walk.servers.test
    _goes_on_trying(walk, "unreachable", "refuses the connection")
    _enter_url(walk, cpo)
    walk.look()
    eva.do("Start handshake")
    _has_failed(walk, "wrong token")
    cpo.behave(faults=["forbidden"])
    walk.look()
    _goes_on_trying(walk, "their firewall", "HTTP 403", {"Token A": cpo.token_a})
    cpo.behave(faults=["missing-module"])
    walk.look()
    eva.do("Start handshake")
    _has_failed(walk, "missing module")
    cpo.behave()


def _goes_on_trying(walk: Walk, turn: str, why: str, fields: dict[str, str] | None = None) -> None:
    """We try until the window closes, and say so; Eva calls it off."""
    eva = walk.eva
    eva.do("Start handshake", fields)
    eva.sees(why, "We try again until", seconds=LONG)
    _read(walk, turn)
    eva.do("Cancel handshake")
    eva.sees("The handshake was called off.")


def _has_failed(walk: Walk, turn: str) -> None:
    expect(walk.eva.page.locator(".sfp-standing-top .sfp-badge")).to_have_text("Failed", timeout=LONG * 1000)
    _read(walk, turn)


def _read(walk: Walk, turn: str) -> None:
    """What staff read on the page of the handshake, and the CPO on its own."""
    eva, ana, name = walk.eva, walk.ana, turn.replace(" ", "-")
    walk.said[turn] = eva.page.locator(".sfp-standing-words").first.inner_text()
    eva.picture(f"handshake-{name}")
    ana.again()
    walk.told[turn] = ana.page.locator("#handshake").inner_text()
    ana.picture(f"cpo-handshake-{name}")


def _enter_url(walk: Walk, cpo: Cpo) -> None:
    """Ana mails the right address: what she entered is fixed by now, so Eva changes it."""
    walk.look("settings")
    walk.eva.page.locator("input[name=versions_url]").fill(cpo.versions_url)
    walk.eva.picture("tab-settings")
    walk.eva.press("Save")
    walk.eva.page.wait_for_load_state()
