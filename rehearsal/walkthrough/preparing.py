"""Stages 0 and 1: accounts, the CPO's information over its link, our endpoint, Token B, the data sheet."""

import re
from datetime import timedelta

from rehearsal.walkthrough.everybody import Walk, local, move_on

PASSWORD = "correct-horse-7-battery"
STAFF = {"eva": "integrator", "sam": "support", "finn": "finance"}
NOBODY = "http://127.0.0.1:9/ocpi/cpo/versions"
"""The discard port: nothing listens there."""
NOT_THEIRS = "0f8fad5b-d9cb-469f-a165-70867728950e"


def hire(walk: Walk) -> None:
    """The administrator makes an account for each of the staff, in their group; Eva and Sam log in."""
    admin = walk.admin
    admin.go("/admin/login/")
    admin.picture("login")
    admin.log_in("admin", walk.servers.admin_password)
    for name, group in STAFF.items():
        admin.go("/admin/auth/user/add/")
        admin.fill(admin.page, {"Username": name, "Password confirmation": PASSWORD})
        admin.page.locator("input[name=password1]").fill(PASSWORD)
        admin.press("Save and continue editing")
        admin.sees("What they may do")
        admin.page.locator("select[name=groups]").select_option(label=group)
        admin.page.locator("input[name=is_staff]").check()
        admin.press("Save")
    walk.eva.log_in("eva", PASSWORD)
    walk.sam.log_in("sam", PASSWORD)
    walk.eva.clicks.clear()  # they work here from now on
    walk.sam.clicks.clear()


def add_partner(walk: Walk) -> None:
    """Eva enters name and party; what else guide 3.1 asks for the CPO brings itself."""
    eva = walk.eva
    with walk.aside():
        eva.go("/admin/partners/partner/")
        eva.picture("partners-empty")
        eva.go("/admin/")
    eva.press("Add the first CPO")
    values = {"name": "Ion Charge", "code": "ion", "country_code": "SK", "party_id": "ION"}
    for name, value in values.items():
        eva.page.locator(f"input[name={name}]").fill(value)
    eva.picture("partner-add")
    eva.press("Save")
    eva.page.wait_for_url(re.compile(r"/partner/\d+/change/"))
    walk.partner = re.sub(r"\?.*", "", eva.page.url)
    eva.sees("Stage 0: Pre-integration", "Integration window agreed")
    eva.picture("stage-0")


def send_link(walk: Walk) -> None:
    """The link is shown once; Ana opens it."""
    eva = walk.eva
    eva.do("Make the CPO's link", {"For whom": "Ana Kováčová"})
    eva.picture("link-shown-once")
    walk.ana.open(eva.page.locator("#secret").input_value())
    walk.ana.sees("Connecting Ion Charge to Smart Fuel Pass", "Information to send us")
    walk.ana.picture("cpo-information")


def enter_information(walk: Walk) -> None:
    """Ana makes mistakes that are refused as she types, and two that only the handshake can find."""
    ana = walk.ana
    with walk.aside():
        _enter_what_is_wrong(walk)
    ana.enter(
        {
            "OCPI Versions URL": NOBODY,
            "Token A": NOT_THEIRS,
            "Country Code": ("SK",),
            "Party ID": "ION",
            "OCPI version": ("2.2.1",),
            "Static IP address": "127.0.0.1",
            "Name": "Ana Kováčová",
            "Email": "ana@ion.example",
            "Phone": "+421 900 123 456",
        }
    )
    ana.sees("Stored. Thank you.")
    ana.tick_all("Your server is ready")
    ana.sees("Your checklist is stored.")
    ana.suggest("Any day this week, 9:00 to 12:00 CET")
    ana.sees("Thank you. We will confirm a time by email.")
    ana.picture("cpo-waiting")


def _enter_what_is_wrong(walk: Walk) -> None:
    ana = walk.ana
    wrong = {"Token A": "my-secret", "Party ID": "IO", "Static IP address": "10.0.0.0/8", "Email": "ana"}
    ana.enter(wrong)
    ana.sees("Token A is a UUID", "A Party ID has exactly 3 characters", "covers too many addresses")
    walk.told["not a token"] = ana.page.locator("[data-field=token_a] [data-fault]").inner_text()
    ana.picture("cpo-information-refused")
    # What did not happen cannot be ticked: our addresses are not theirs to allow before they were told them.
    firewall = ana.page.locator("#checklist li").filter(has_text="firewall")
    walk.told["nothing to allow yet"] = firewall.inner_text()
    assert not firewall.get_by_role("checkbox").count(), walk.told["nothing to allow yet"]


def agree(walk: Walk) -> None:
    """Eva sees everything there, agrees on the window, and moves on."""
    eva = walk.eva
    with walk.aside():
        walk.look("checklist")
        eva.sees("ticked by Ana Kováčová")
        eva.picture("tab-checklist")
        walk.look()
    eva.sees("Any day this week")
    eva.do("Agree on the window", {"Window opens": local(), "Window closes": local(timedelta(hours=3))})
    eva.told("The integration window is agreed.")
    move_on(walk, "Now in stage 1")


def set_up(walk: Walk) -> None:
    """Our endpoint answers, the data sheet is sent, Ana fetches Token B."""
    eva, ana = walk.eva, walk.ana
    eva.told("answers, and asks for a token")
    eva.picture("stage-1")
    ana.again()
    ana.sees("What Smart Fuel Pass provides to you")
    ana.picture("cpo-data-sheet")
    walk.token_b = ana.reveal_token_b()
    ana.sees("This is the only time that it is shown")
    ana.picture("cpo-token-b")
    ana.press("I have it")
    ana.does_not_see(walk.token_b)
    eva.page.reload()
    eva.do("Send the data sheet")
    eva.told("on its way to ana@ion.example")
    move_on(walk, "Now in stage 2")
