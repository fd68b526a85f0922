"""Stage 4: production, confirmations, both signatures, the dossier."""

import re

from playwright.sync_api import expect

from rehearsal.walkthrough.astray import be_let_in
from rehearsal.walkthrough.everybody import LONG, Walk, local, move_on, wait_for
from rehearsal.walkthrough.staff import Staff
from rehearsal.walkthrough.testing import CHARGER, choose_and_start, has_passed


def go_live(walk: Walk) -> None:
    """A connection of its own in production, confirmed and signed by both, the dossier archived."""
    eva, ana, cpo = walk.eva, walk.ana, walk.servers.production
    eva.picture("stage-4")
    with walk.aside():
        _too_early(walk)
    fields = {
        "Endpoint code": "ion-live",
        "Their versions URL": cpo.versions_url,
        "Their Token A in production": cpo.token_a,
        "Their addresses in production": "8.8.4.4",
    }
    eva.do("Add production", fields)
    with walk.aside():
        _wrong_address(walk)
    eva.sees("hold each other's tokens", seconds=LONG)
    _prove(walk)
    ana.again()
    for _each in ("production tested", "confirmed"):
        with ana.page.expect_navigation():
            ana.press("Confirm this")
    ana.sign("Ana Kováčová", "Head of Technology")
    ana.sees("Signed. Thank you.")
    ana.picture("cpo-signed")
    eva.page.reload()
    eva.do("Sign for SFP", {"Name": "Eva Horváthová", "Role": "Integration lead", "Date": local()[:10]})
    eva.told("Signed for Smart Fuel Pass by Eva Horváthová")
    eva.do("Archive the dossier")
    eva.told("is archived")
    eva.picture("stage-4-done")
    move_on(walk, "Ion Charge is live.")
    eva.picture("live")


def _wrong_address(walk: Walk) -> None:
    """Their calls come from another address than they told: the handshake says so, and so does an incident."""
    eva = walk.eva
    walk.said["their address"] = eva.page.locator(".sfp-standing-words").first.inner_text()
    be_let_in(walk)
    eva.page.reload()
    if eva.button("Try again").count():
        eva.do("Try again")


def _too_early(walk: Walk) -> None:
    """Nobody can confirm or sign before production has shown that it works."""
    _confirm(walk.eva, "Production environment tested")
    refused = walk.eva.page.get_by_text("Production is not proven yet.").first
    walk.said["too early to confirm"] = refused.inner_text()
    walk.ana.again()
    walk.ana.press("Confirm this")
    walk.told["too early to confirm"] = walk.ana.page.locator("#problem").inner_text()
    walk.ana.picture("cpo-too-early")


def _prove(walk: Walk) -> None:
    """What shows that production works: a clean connection check, and one real charge. Each page leads to the next."""
    eva = walk.eva
    eva.do("Check connection")
    has_passed(eva)
    own = eva.page.locator("a[href*='/partners/partner/'][href$='/change/']")
    walk.production = own.first.get_attribute("href") or ""
    with eva.page.expect_navigation():
        eva.press("Start a test charge")
    choose_and_start(eva, CHARGER)
    expect(eva.page.get_by_text(re.compile(r"^[2-9] so far$"))).to_be_visible(timeout=LONG * 1000)
    eva.do("Stop the charge")
    eva.sees("This charge is over.", seconds=LONG)
    wait_for(walk, lambda: eva.page.reload() and eva.button("Confirm").count(), "production to be proven")
    eva.picture("stage-4-proven")
    eva.ask("Confirm")
    eva.submit()


def _confirm(eva: Staff, title: str) -> None:
    row = eva.page.locator("tr").filter(has_text=title).filter(has=eva.page.locator("button")).last
    eva.press("Confirm", row)
    eva.submit()
