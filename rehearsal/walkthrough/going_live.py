"""Stage 4: production, confirmations, both signatures, the dossier."""

import re

from rehearsal.walkthrough.everybody import LONG, Walk, local, move_on
from rehearsal.walkthrough.staff import Staff


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


def _confirm(eva: Staff, title: str) -> None:
    row = eva.page.locator("li, tr").filter(has_text=title).filter(has=eva.page.locator("button")).last
    eva.press("Confirm", row)
    with eva.page.expect_navigation():
        eva.dialog().locator("button[type=submit]").click()
