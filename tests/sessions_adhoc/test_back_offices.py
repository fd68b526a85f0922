"""Whole charges by the driver's API, paid at a terminal or by an account, held against the back end's own books."""

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from tests.billing.back_office.conftest import BackEnd, started
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, open_incidents, state

pytestmark = pytest.mark.django_db


@pytest.fixture
def terminal(settings: Settings, clock: Clock, driver: Driver) -> Iterator[BackEnd]:
    """Charges of terminals are paid through their operator; the driver's client may bring holds."""
    settings.PAYMENT_ROUTES = ["channel=terminal:terminal"]
    driver.key = create_client_key("terminal", brings_holds=True)[1]
    server = started(settings, "terminal")
    yield BackEnd(server, "terminal")
    server.stop()


@pytest.fixture
def account(settings: Settings, clock: Clock) -> Iterator[BackEnd]:
    settings.PAYMENT_GATEWAY = "account"
    server = started(settings, "account")
    yield BackEnd(server, "account")
    server.stop()


def begin(driver: Driver, **body: Any) -> AdHocSession:
    """Never from memory: the back end's books are this test's own."""
    return AdHocSession.objects.get(pk=driver._start(body))


def bring(driver: Driver, reference: str) -> Any:
    return driver.call("POST", body={"evse": "SK*ION*EEVSE-1", "channel": "terminal", "payment_reference": reference})


def charge(cpo: Cpo, clock: Clock) -> None:
    """10 kWh for 12.30 EUR."""
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(10)
    clock.forward(seconds=20)
    cpo.session(10, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(12.30)
    clock.forward(seconds=1)


def test_a_charge_that_is_paid_at_a_terminal(terminal: BackEnd, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    held = terminal.books.tap(5000, "EUR")
    session = begin(driver, channel="terminal", payment_reference=held["reference"])
    assert money(session) == ("reserved", 0)
    assert len(cpo.sent("START_SESSION")) == 1
    charge(cpo, clock)
    assert (state(session)[0], money(session), open_incidents()) == ("settled", ("captured", 1230), [])
    assert terminal.money() == [("captured", 5000, 1230, 0)]
    assert terminal.verbs() == ["look", "adopt", "capture"]


def test_a_terminals_hold_pays_for_one_charge(terminal: BackEnd, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    held = terminal.books.tap(5000, "EUR")
    session = begin(driver, channel="terminal", payment_reference=held["reference"])
    charge(cpo, clock)
    again = bring(driver, held["reference"])
    assert (again.status_code, again.json()["field"]) == (409, "payment_reference")
    assert AdHocSession.objects.get() == session
    assert terminal.money() == [("captured", 5000, 1230, 0)]


def test_a_hold_of_somebody_else_starts_nothing(terminal: BackEnd, driver: Driver, cpo: Cpo) -> None:
    held = terminal.books.tap(5000, "EUR")
    held["payment"] = "of another customer of this operator"
    session = begin(driver, channel="terminal", payment_reference=held["reference"])
    assert (state(session)[0], cpo.sent("START_SESSION")) == ("failed", [])
    assert terminal.money() == [("held", 5000, 0, 0)]


def test_a_charge_that_never_starts_lets_go_of_the_terminals_hold(
    terminal: BackEnd, driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    cpo.accept("START_SESSION", "REJECTED")
    session = begin(driver, channel="terminal", payment_reference=terminal.books.tap(5000, "EUR")["reference"])
    clock.forward(minutes=1)
    assert (state(session)[0], money(session)) == ("failed", ("released", 0))
    assert terminal.money() == [("released", 5000, 0, 0)]


@pytest.mark.parametrize("how", ["lost_request", "lost_answer", "forged"])
def test_answers_that_are_lost_on_the_way_cost_time_only(
    terminal: BackEnd, driver: Driver, cpo: Cpo, clock: Clock, how: str
) -> None:
    for verb in ("look", "adopt", "capture"):
        terminal.go_wrong(verb, how)
    session = begin(driver, channel="terminal", payment_reference=terminal.books.tap(5000, "EUR")["reference"])
    clock.forward(seconds=10)
    assert money(session) == ("reserved", 0)
    charge(cpo, clock)
    clock.forward(seconds=30)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 1230))
    assert terminal.money() == [("captured", 5000, 1230, 0)]


def test_a_charge_on_an_account(account: BackEnd, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = begin(driver, payment_method="acc_ok")
    assert money(session) == ("reserved", 0)
    charge(cpo, clock)
    assert (state(session)[0], money(session), open_incidents()) == ("settled", ("captured", 1230), [])
    assert account.money() == [("captured", 4000, 1230, 0)]
    assert account.verbs() == ["open", "confirm", "capture"]


def test_an_account_that_does_not_pay_starts_nothing(account: BackEnd, driver: Driver, cpo: Cpo) -> None:
    session = begin(driver, payment_method="acc_poor")
    assert (state(session)[0], money(session), cpo.sent("START_SESSION")) == ("failed", ("declined", 0), [])
    assert account.money() == [("declined", 4000, 0, 0)]


def test_the_app_is_told_where_to_pay(account: BackEnd, driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = begin(driver)
    told = driver.call("GET", f"{session.pk}/").json()["payment_action"]
    reference = account.only()["reference"]
    assert (told["type"], told["url"]) == ("redirect", f"https://app.sfp.example/pay/{reference}")
    account.books.hold(account.only())
    clock.forward(seconds=20)
    assert money(session) == ("reserved", 0)
    charge(cpo, clock)
    assert (state(session)[0], account.money()) == ("settled", [("captured", 4000, 1230, 0)])
