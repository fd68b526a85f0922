"""Every ending of a charge, on a phone, in every language: read by axe, measured, and each text in its own language.

`SFP_PICTURES=folder` leaves a picture of each page there; `longest.txt` names the one with the longest text of each
language, for people to look at.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Browser, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from billing import outstanding
from billing.models import PaymentAuthorization
from billing.tasks import tick as billing_tick
from ocpi.models import Evse
from rehearsal.stripe_fake.server import Server
from sessions_adhoc.decide.limit import LIMIT
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.states import State
from tests.admin.charges import cdr_of
from tests.billing.stripe.conftest import KEY, NOWHERE, SECRET
from tests.driver import scene
from tests.driver.test_in_a_browser import LANGUAGES, MOST_BYTES, MOST_REQUESTS, RULES, Loaded, count, phone
from tests.support.chromium import in_chromium
from tests.support.tasks import run_tasks

pytestmark = [
    pytest.mark.heavy,  # needs Chromium
    pytest.mark.django_db(transaction=True),
]
PICTURES = os.environ.get("SFP_PICTURES", "")
WIDTHS = (390, 320)


def failed(reason: str, payment: str = "released") -> Callable[[Evse], AdHocSession]:
    return lambda evse: scene.session_in(evse, State.FAILED, payment=payment, reason=reason)


def kept(evse: Evse) -> AdHocSession:
    """Refused by the charger; the hold waits for another try."""
    session = scene.session_in(evse, State.FAILED, payment="reserved", reason="command_rejected")
    until = timezone.now() + timedelta(minutes=9)
    PaymentAuthorization.objects.filter(pk=session.authorization_id).update(kept_until=until, next_check_at=until)
    return session


def owing(evse: Evse) -> AdHocSession:
    """The CDR came to more than was reserved."""
    session = scene.session_in(evse, State.SETTLED, captured=4000)
    outstanding.keep(session.authorization, cdr_of(session), {outstanding.Kind.RECEIVABLE: 2027})
    return session


def expired(evse: Evse) -> AdHocSession:
    """The bank let go of the hold, and staff have not decided yet on what the CDR asks."""
    session = scene.session_in(evse, State.ESCALATED, payment="expired", reason="payment_lost")
    outstanding.keep(session.authorization, cdr_of(session), {outstanding.Kind.RECEIVABLE: 2027})
    return session


def paid_later(evse: Evse) -> AdHocSession:
    session, payment = owing(evse), scene.authorization("captured", 2027)
    row = outstanding.open_receivable(session.authorization_id)
    assert row is not None
    PaymentAuthorization.objects.filter(pk=payment.pk).update(main=session.authorization, purpose="collection")
    outstanding.collect(row, PaymentAuthorization.objects.get(pk=payment.pk))
    return session


def not_paid(evse: Evse) -> AdHocSession:
    session, payment = owing(evse), scene.authorization("declined", 0)
    PaymentAuthorization.objects.filter(pk=payment.pk).update(main=session.authorization, purpose="collection")
    return session


ENDINGS: dict[str, Callable[[Evse], AdHocSession]] = {
    "settled": lambda evse: scene.session_in(evse, State.SETTLED, captured=744),
    "declined": failed("payment_declined", "declined"),
    "cancelled": lambda evse: scene.session_in(evse, State.CANCELLED),
    "never-plugged": failed("connector_never_ready"),
    "refused": failed("command_rejected"),
    "refused-and-kept": kept,
    "dc-retry": lambda evse: scene.session_in(evse, State.STARTING, reason="no_energy"),
    "stopped": failed("stopped_by_driver"),
    "limit-reached": lambda evse: scene.session_in(
        evse, State.STOPPING, reason=LIMIT, limit_told_at=timezone.now(), limit_stop_at=timezone.now()
    ),
    "late-cdr": lambda evse: scene.session_in(evse, State.AWAITING_CDR),
    "never-a-cdr": lambda evse: scene.session_in(evse, State.ESCALATED, reason="cdr_missing"),
    "escalated": lambda evse: scene.session_in(evse, State.ESCALATED, reason="cdr_without_energy"),
    "expired-undecided": expired,
    "owing": owing,
    "paid-afterwards": paid_later,
    "not-paid-afterwards": not_paid,
}


@dataclass
class Seen:
    """What was found of a page in a language."""

    violations: list[str]
    wide: list[int]
    loaded: Loaded
    spoken: str
    texts: list[str] = field(default_factory=list)


@pytest.fixture
def sessions(transactional_db: None) -> dict[str, str]:
    """The address of each ending."""
    evse = scene.station()
    scene.add_tariff(evse)
    return {name: f"/c/session/{make(evse).pk}" for name, make in ENDINGS.items()}


def look_at(browser: Browser, url: str, language: str, name: str) -> Seen:
    context, loaded = phone(browser), Loaded()
    context.route("**/*.json", lambda route: route.abort())  # what a page asks later is not of the first view
    try:
        tab = context.new_page()
        count(tab, loaded)
        tab.goto(f"{url}?lang={language}")
        tab.wait_for_load_state("load")
        picture(tab, language, name)
        wide = [width for width in WIDTHS if is_wider(tab, width)]
        spoken = str(tab.locator("html").get_attribute("lang"))
        return Seen(
            violations(tab), wide, loaded, spoken, tab.locator("main p:visible, main h1:visible").all_inner_texts()
        )
    finally:
        context.close()


def picture(tab: Page, language: str, name: str) -> None:
    if PICTURES:
        tab.screenshot(path=Path(PICTURES) / f"{language}-{name}.png", full_page=True)


def is_wider(tab: Page, width: int) -> bool:
    tab.set_viewport_size({"width": width, "height": 844})
    return bool(tab.evaluate("document.documentElement.scrollWidth") > width)


def violations(tab: Page) -> list[str]:
    answer = Axe().run(tab, options=RULES).response
    assert len(answer["passes"]) > 15, "it looked"
    return [f"{one['id']} {one['nodes'][0]['html'][:120]}" for one in answer["violations"]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ending_can_be_read(live_server: LiveServer, sessions: dict[str, str], language: str) -> None:
    def look(browser: Browser) -> dict[str, Seen]:
        return {name: look_at(browser, f"{live_server.url}{path}", language, name) for name, path in sessions.items()}

    seen = in_chromium(look)
    assert {name: one.violations for name, one in seen.items() if one.violations} == {}
    assert {name: one.wide for name, one in seen.items() if one.wide} == {}
    heavy = {
        name: one.loaded
        for name, one in seen.items()
        if one.loaded.requests > MOST_REQUESTS or not 5_000 < one.loaded.size <= MOST_BYTES
    }
    assert heavy == {}
    assert {one.spoken for one in seen.values()} == {language}
    told = {name: " ".join(one.texts) for name, one in seen.items()}
    assert len(set(told.values())) == len(ENDINGS), "each ending has words of its own"
    if PICTURES:
        longest = max(told, key=lambda name: len(told[name]))
        with (Path(PICTURES) / "longest.txt").open("a") as file:
            file.write(f"{language}-{longest}.png {len(told[longest])} {told[longest]}\n")


ENGLISH = ("the", "your", "of", "nothing", "charger", "payment")
"""Words that no other of our languages has."""


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_no_ending_speaks_english_besides(client: Any, sessions: dict[str, str], language: str) -> None:
    for name, path in sessions.items():
        view = client.get(f"{path}.json", headers={"Accept-Language": language}).json()["view"]
        said = " ".join(str(view[key]) for key in ("headline", "message", "note", "money", "owed")).lower()
        words = {word.strip(".,:;!?") for word in said.split()}
        assert (name, words & set(ENGLISH)) == (name, set())


def test_from_the_code_to_the_start_are_at_most_four_taps(
    live_server: LiveServer, settings: Settings, transactional_db: None
) -> None:
    """Scanned, reserved, paid with what the phone offers at the gateway's page: the START is on its way."""
    stripe = Server(0, KEY, NOWHERE, SECRET)
    stripe.fake.webhooks.mode = "lost"
    stripe.start()
    settings.PAYMENT_GATEWAY, settings.STRIPE_API_BASE = "stripe", stripe.base
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, [SECRET]
    settings.PUBLIC_BASE_URL = live_server.url
    evse = scene.station()
    scene.add_tariff(evse)
    url = f"{live_server.url}/c/{evse.code}"

    def charge(browser: Browser) -> int:
        tab, taps = phone(browser).new_page(), 0
        tab.goto(url)
        for button, then in (("#pay button.main", "**/c/pay/**"), ("button#pay", "**/c/session/**")):
            tab.locator(button).click()
            taps += 1
            tab.wait_for_url(then, timeout=30_000)
        return taps

    try:
        taps = while_tasks_run(lambda: in_chromium(charge))
    finally:
        stripe.stop()
    PaymentAuthorization.objects.update(next_check_at=timezone.now())
    billing_tick()
    run_tasks()
    entered = list(TimelineEvent.objects.filter(kind="state").values_list("state_to", flat=True))
    assert (taps <= 4, State.STARTING in entered) == (True, True), entered


def while_tasks_run(work: Callable[[], int]) -> int:
    """What `work` finds in a thread, while this one does what a worker does."""
    with ThreadPoolExecutor(1) as threads:
        done = threads.submit(work)
        while not done.done():
            run_tasks(raise_failures=False)
            wait([done], timeout=0.2)
        return done.result()
