"""A look at every page that staff, a CPO and a driver have, filled with what the walk left behind."""

from playwright.sync_api import Locator

from rehearsal.walkthrough.browser import DESKTOP, PHONE, Person
from rehearsal.walkthrough.cpo import Contact
from rehearsal.walkthrough.everybody import LONG, Walk, wait_for
from rehearsal.walkthrough.preparing import PASSWORD

LISTS = {
    "partners": "partners/partner",
    "incidents": "partners/incident",
    "policies": "partners/policy",
    "cpo-pages": "onboarding/linkevent",
    "documents": "partners/document",
    "planned-changes": "onboarding/plannedchange",
    "scorecards": "onboarding/scoreday",
    "mails": "partners/mail",
    "allowlist": "partners/allowednetwork",
    "allowlist-cloudflare": "onboarding/allowlistmirror",
    "sessions": "sessions_adhoc/adhocsession",
    "ocpi-sessions": "ocpi/ocpisession",
    "cdrs": "ocpi/cdr",
    "tokens": "ocpi/token",
    "token-pushes": "ocpi/tokenpush",
    "locations": "ocpi/location",
    "evses": "ocpi/evse",
    "tariffs": "ocpi/tariff",
    "payments": "billing/paymentauthorization",
    "simulated-gateway": "billing/simulatedcharge",
    "messages": "ocpi/message",
    "commands": "ocpi/command",
    "syncs": "ocpi/syncrun",
    "refreshes": "ocpi/refresh",
    "fallback-pulls": "sessions_adhoc/fallbackpull",
    "handshakes": "ocpi/handshakerun",
    "connection-checks": "onboarding/connectioncheck",
    "quirks": "ocpi/partnerquirk",
    "users": "auth/user",
    "groups": "auth/group",
    "failed-logins": "partners/failedlogin",
    "history": "partners/historyentry",
    "client-keys": "sessions_adhoc/clientkey",
    "issued-tokens": "partners/issuedtoken",
}
"""Pages with a list: the picture's name, and where it is."""
WITH_DETAILS = frozenset(LISTS) - {"partners", "documents", "allowlist-cloudflare", "failed-logins", "history"}
"""Lists whose newest row is opened too."""
TABS = (
    "overview",
    "connection",
    "credentials",
    "checklist",
    "tests",
    "locations",
    "sessions",
    "cdrs",
    "messages",
    "incidents",
    "history",
    "settings",
)
CHARGER, ANOTHER_CHARGER = "SK*ION*E0102", "SK*ION*E0201"


def drive(walk: Walk) -> None:
    """A driver charges on the phone, from the QR code to the receipt."""
    driver = Person(walk.browser, walk.servers.url, screen=PHONE, take=walk.take)
    driver.go(f"/c/{CHARGER}")
    driver.page.wait_for_load_state("networkidle")
    driver.picture("driver-charger")
    driver.page.locator("#pay button.main").click()
    driver.page.wait_for_url("**/c/session/**", timeout=LONG * 1000)
    driver.picture("driver-starting")
    driver.sees("kWh", seconds=LONG)
    driver.page.wait_for_timeout(6000)
    driver.picture("driver-charging")
    dashboard(walk, "dashboard-live")
    walk.eva.go("/admin/sessions_adhoc/adhocsession/")
    _open_first(walk.eva)
    walk.eva.picture("session-live")


def dashboard(walk: Walk, name: str) -> None:
    walk.eva.go("/admin/")
    walk.eva.page.wait_for_timeout(1500)
    walk.eva.picture(name)


def look_around(walk: Walk) -> None:
    """Every page of the admin, as the administrator sees it; the partner's as Eva does."""
    dashboard(walk, "dashboard")
    for tab in TABS:
        walk.look(tab)
        walk.eva.page.wait_for_load_state("networkidle")
        walk.eva.picture(f"partner-{tab}")
    for name, place in LISTS.items():
        walk.admin.go(f"/admin/{place}/")
        walk.admin.picture(name)
        if name in WITH_DETAILS and _open_first(walk.admin):
            walk.admin.picture(f"{name}-one")
    for name, address in OTHERS.items():
        walk.admin.go(address)
        walk.admin.page.wait_for_load_state("networkidle")
        walk.admin.picture(name)


OTHERS = {
    "map": "/admin/ocpi/location/map/",
    "console": "/admin/ocpi/command/console/",
    "second-factor": "/admin/second-factor/own/",
    "api-documents": "/docs/",
}


def _open_first(person: Person) -> bool:
    """Open the first row of a list, if there is one."""
    links = _rows(person).first.locator("th a[href], td a[href]")
    if not links.count():
        return False
    person.go(links.first.get_attribute("href") or "")
    person.page.wait_for_load_state("networkidle")
    person.page.wait_for_timeout(600)
    return True


def second_factor(walk: Walk) -> None:
    """Eva comes back another day: password, then the code of her app."""
    person = Person(walk.browser, walk.servers.url, screen=DESKTOP, take=walk.take)
    person.go("/admin/login/")
    person.page.locator("input[name=username]").fill("eva")
    person.page.locator("input[name=password]").fill("not it")
    person.page.locator("button[type=submit]").first.click()
    person.sees("Please enter the correct username and password")
    person.picture("login-refused")
    person.page.locator("input[name=password]").fill(PASSWORD)
    person.page.locator("button[type=submit]").first.click()
    person.sees("Enter the six digits")
    person.picture("second-factor-enter")


def on_a_phone(walk: Walk) -> None:
    """The CPO's page as it is at the end, on a telephone."""
    ana = Contact(walk.browser, walk.servers.url, screen=PHONE, take=walk.take)
    ana.open(walk.ana.link)
    ana.picture("phone-cpo-live")
    for page in ("messages", "guide"):
        ana.go(f"{walk.ana.link}{page}")
        ana.picture(f"phone-cpo-{page}")


def trouble(walk: Walk) -> None:
    """The CPO refuses a start, and sends locations that cannot be stored: an incident, and a sync with faults."""
    walk.servers.production.behave(next=["command-rejected"], faults=["broken-location"])
    driver = Person(walk.browser, walk.servers.url, screen=PHONE, take=walk.take)
    driver.go(f"/c/{ANOTHER_CHARGER}")
    driver.page.locator("#pay button.main").click()
    driver.page.wait_for_url("**/c/session/**", timeout=LONG * 1000)
    walk.eva.go(f"{walk.production}?tab=locations")
    walk.eva.do("Sync locations")
    incidents = "/admin/partners/incident/?state=open"
    wait_for(walk, lambda: walk.eva.go(incidents) and _rows(walk.eva).count(), "an incident")
    driver.sees("refused to start", seconds=LONG)
    driver.picture("driver-refused")
    walk.servers.production.behave()


def _rows(person: Person) -> Locator:
    return person.page.locator("#result_list tbody tr")


TOUR = (drive, trouble, look_around, second_factor, on_a_phone)
