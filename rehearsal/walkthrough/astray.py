"""The guide's section 8, in production: each symptom is caused, and read by staff and by the CPO on their own pages."""

import re
from functools import partial
from typing import Any

from rehearsal.walkthrough.browser import PHONE, Person
from rehearsal.walkthrough.everybody import LONG, Walk, wait_for
from rehearsal.walkthrough.testing import set_policy

BARRED = "HTTP 403 when calling SFP endpoints"
AT_THE_DOOR = {
    "forbidden": "HTTP 403 when SFP calls your endpoints",
    "forgotten-tokens": "HTTP 401 on all requests after handshake",
}
"""What the CPO's server does, and what is told of it."""
LONG_CHARGE = {"car_kwh": 90, "car_dc_kw": 20}
CHARGES = {
    "START_SESSION returns error": ("SK*ION*E0201", "ION-TRN01-1", "command-rejected", {}),
    "CDRs not received by SFP": ("SK*ION*E0101", "ION-BTS01-1", "cdr-never", {}),
    "Sessions not updating in real time": ("SK*ION*E0103", "ION-BTS01-3", "no-push-get-works", LONG_CHARGE),
    "Charging starts but no energy reported": ("SK*ION*E0105", "ION-BTS01-5", "slow-meter", LONG_CHARGE),
    # The last: energy of a charge that begins later would be the end of it.
    "Session created but funds released early": ("SK*ION*E0104", "ION-BTS01-4", "dc-handshake-failure-always", {}),
}
"""Symptom: charger, its uid, what happens at it, what is turned there."""
LOCATIONS = "Locations not visible in SFP system"
FAULTY = {"method": "PUT", "module": "locations", "path": ["SK", "ION", "ION-A"], "body": {"id": "B"}}
UNPLUGGED = ("SK*ION*E0202", "ION-TRN01-2")
SLOW = {"slow_meter": 12}


def be_let_in(walk: Walk) -> None:
    """They call from an address that they did not tell; Sam reads it and asks them, Eva adds it with one button."""
    read_incident(walk, BARRED)
    walk.told[BARRED] = walk.sam.page.locator("#letter").inner_text()
    run, eva = walk.eva.page.url, walk.eva
    eva.go(walk.sam.page.url)
    eva.picture("incident-source-address")
    eva.do("Add this address to the allowlist", {"Reason": "Ana confirmed it on the telephone."})
    eva.go(run)


def go_astray(walk: Walk) -> None:
    """Everything else goes wrong at once, at different chargers."""
    cpo, eva = walk.servers.production, walk.eva
    with walk.aside():
        set_policy(walk, walk.production, "Ion Charge")
        for fault in AT_THE_DOOR:
            cpo.behave(faults=[fault])
            eva.go(f"{walk.production}?tab=locations")
            eva.do("Sync locations")
            read_incident(walk, AT_THE_DOOR[fault])
            read_on_their_page(walk, AT_THE_DOOR[fault])
        cpo.behave()
        for _ in range(3):  # before there is a charge: the states of its charger would be pushes that go well
            cpo.control("send", FAULTY)
        read_incident(walk, LOCATIONS)
        read_on_their_page(walk, LOCATIONS)
        _charge_everywhere(walk)
        for symptom in CHARGES:
            read_incident(walk, symptom)
            read_on_their_page(walk, symptom)
        _nobody_is_accused_of_a_driver(walk)
        cpo.behave()


def _charge_everywhere(walk: Walk) -> None:
    cpo, charges = walk.servers.production, [(*UNPLUGGED, "never-plugged", {}), *CHARGES.values()]
    cpo.behave(
        evses={uid: scenario for _, uid, scenario, _ in charges},
        evse_knobs={uid: turned for _, uid, _, turned in charges if turned},
        knobs=SLOW,
    )
    for code, *_ in charges:
        if code == charges[-1][0]:
            for other in (one for one, _uid, _scenario, turned in charges if turned):
                wait_for(walk, partial(_has_energy, walk.drivers[other]), f"energy at {other}")
        driver = Person(walk.browser, walk.servers.url, screen=PHONE, take=walk.take)
        driver.go(f"/c/{code}")
        driver.page.locator("#pay button.main").click()
        driver.page.wait_for_url("**/c/session/**", timeout=LONG * 1000)
        walk.drivers[code] = driver


def _has_energy(driver: Person) -> bool:
    """Whether the driver's page tells of more than nothing."""
    told = driver.page.locator("[data-text=kwh]").first
    return told.count() > 0 and re.search("[1-9]", told.inner_text()) is not None


def read_incident(walk: Walk, symptom: str) -> None:
    """Sam reads the row and the page, which speak of the CPO where the guide speaks to it."""
    sam = walk.sam
    rows = sam.page.locator("#result_list tbody tr").filter(has_text=symptom.replace("your", "their"))
    wait_for(walk, lambda: sam.go("/admin/partners/incident/?state=open") and rows.count(), symptom)
    row = flat(rows.first.inner_text())
    sam.clicked()
    with sam.page.expect_navigation():
        rows.first.locator("th a, td a").first.click()
    walk.said[symptom] = f"{row} {flat(sam.page.locator('.sfp-standing-words').first.inner_text())}"
    sam.picture(f"incident-{re.sub('[^a-z0-9]+', '-', symptom.lower())}")


def read_on_their_page(walk: Walk, symptom: str) -> None:
    """Ana reads it on hers, in words of its own."""
    ana = walk.ana
    told = ana.page.locator(".incident").filter(has_text=symptom)

    def there() -> Any:
        ana.again()
        return told.count()

    wait_for(walk, there, f"“{symptom}” on the CPO's page")
    walk.told[symptom] = flat(told.first.inner_text())


def _nobody_is_accused_of_a_driver(walk: Walk) -> None:
    """Who did not plug in reads it; no incident names the charger, and no CPO reads of it."""
    code, _uid = UNPLUGGED
    driver = walk.drivers[code]
    driver.sees("Try again", seconds=LONG)
    walk.said["nobody plugged in"] = flat(driver.text())
    walk.sam.go(f"/admin/partners/incident/?q={code}")
    walk.told["nobody plugged in"] = ", ".join(walk.sam.page.locator("#result_list tbody tr").all_inner_texts())


def flat(text: str) -> str:
    return " ".join(text.split())
