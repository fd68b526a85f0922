"""Stage 4: production, confirmations, both signatures, the dossier."""

import re

from playwright.sync_api import expect

from rehearsal.walkthrough.everybody import LONG, Walk, local, move_on
from rehearsal.walkthrough.staff import Staff
from rehearsal.walkthrough.testing import CHARGER, choose_and_start


def go_live(walk: Walk) -> None:
    """A connection of its own in production, confirmed and signed by both, the dossier archived."""
    eva, ana, cpo = walk.eva, walk.ana, walk.servers.production
    walk.look()
    eva.picture("stage-4")
    fields = {"Endpoint code": "ion-live", "Their versions URL": cpo.versions_url}
    eva.do("Add production", fields)
    walk.production = re.sub(r"\?.*", "", eva.page.url)
    eva.go(walk.production)
    eva.do("Start handshake", {"Token A": cpo.token_a})
    eva.sees("hold each other's tokens", seconds=LONG)
    _prove(walk)
    ana.again()
    for _each in ("production tested", "confirmed"):
        with ana.page.expect_navigation():
            ana.press("We confirm this")
    ana.sign("Ana Kováčová", "Head of Technology")
    ana.sees("Signed. Thank you.")
    ana.picture("cpo-signed")
    walk.look()
    _confirm(eva, "Production environment tested")
    eva.do("Sign for SFP", {"Name": "Eva Horváthová", "Role": "Integration lead", "Date": local()[:10]})
    eva.told("Signed for Smart Fuel Pass by Eva Horváthová")
    eva.do("Archive the dossier")
    eva.told("is archived")
    eva.picture("stage-4-done")
    move_on(walk, "Ion Charge is live.")
    eva.picture("live")


def _prove(walk: Walk) -> None:
    """What shows that production works: a clean connection check, and one real charge."""
    eva = walk.eva
    eva.go(walk.production)
    eva.do("Check connection")
    eva.sees("Stage 3 can begin.", seconds=LONG)
    eva.go(walk.production)
    with eva.page.expect_navigation():
        eva.press("Start a test charge")
    choose_and_start(eva, CHARGER)
    expect(eva.page.get_by_text(re.compile(r"^[2-9] so far$"))).to_be_visible(timeout=LONG * 1000)
    eva.do("Stop the charge")
    eva.sees("This charge is over.", seconds=LONG)
    walk.look()
    eva.picture("stage-4-proven")


def _confirm(eva: Staff, title: str) -> None:
    row = eva.page.locator("li, tr").filter(has_text=title).filter(has=eva.page.locator("button")).last
    eva.press("Confirm", row)
    eva.submit()
