"""A second hold at a hosted page: events in any order, workers that die, staff at the gateway's pages, a restore."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from billing.gateways.stripe.gateway import StripeGateway
from billing.models import OutstandingAmount, PaymentAuthorization
from billing.payments import services
from ocpi.models import Connector
from sessions_adhoc import symptoms
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import AdHocSession
from tests.admin.conftest import boss, page
from tests.billing.stripe.conftest import Stripe, stripe
from tests.factories import period_data, tariff_data
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver, stamp
from tests.sessions_adhoc.looking import open_incidents, state
from tests.sessions_adhoc.restoring.conftest import Database, database, kinds, paying, reconcile
from tests.sessions_adhoc.test_paying_afterwards import documents
from tests.sessions_adhoc.test_paying_afterwards_at_stripe import deliver
from tests.sessions_adhoc.test_raising_the_limit import fresh

__all__ = ["boss", "database", "page", "paying", "stripe"]
pytestmark = pytest.mark.django_db
HELD = [("reserved", 2000, 0), ("reserved", 2000, 0)]
BOTH = [("captured", 2000, 2000), ("captured", 2000, 1000)]


def rows(session: AdHocSession) -> list[tuple[str, int, int]]:
    found = PaymentAuthorization.objects.filter(reference__startswith=str(session.pk)).order_by("reference")
    return [(str(row.state), row.amount, row.kept_amount) for row in found]


def theirs(stripe: Stripe) -> list[tuple[str, int]]:
    return [(one["status"], one["amount_received"]) for one in stripe.things("payment_intent")]


@pytest.fixture
def going(paying: Callable[..., AdHocSession], cpo: Cpo, clock: Clock) -> AdHocSession:
    """20.00 EUR are held of a card that Stripe does not raise; energy flows, at 1 EUR per kWh."""
    component = {"type": "ENERGY", "price": 1, "vat": 0, "step_size": 1}
    cpo.push("PUT", "tariffs/SK/ION/T-2", tariff_data("T-2", elements=[{"price_components": [component]}]), 201)
    Connector.objects.update(tariff_ids=["T-2"])
    session = paying(amount=2000)
    cpo.session(0, created=True)
    flow(cpo, clock, 5)
    assert state(session)[0] == "charging"
    return session


def flow(cpo: Cpo, clock: Clock, kwh: float) -> None:
    clock.forward(seconds=60)
    cpo.session(kwh, charging_periods=[period_data(stamp(BEGINNING), ENERGY=kwh, POWER=1)])
    clock.forward(seconds=1)


def add(driver: Driver, session: AdHocSession, amount: int = 4000, expected: int = 202) -> Any:
    body = {"amount": amount, "further_hold": True}
    answer = driver.call("POST", f"{session.pk}/limit/", body)
    assert answer.status_code == expected, answer.content
    return answer.json()


@pytest.fixture
def at_the_page(going: AdHocSession, driver: Driver, clock: Clock, stripe: Stripe) -> str:
    """The raise was refused; the driver agreed to a second hold, and is at its page. Returns its address."""
    assert driver.call("POST", f"{going.pk}/limit/", {"amount": 4000}).status_code == 202
    clock.sweep()
    money = driver.call("GET", f"{going.pk}/").json()["money"]
    assert (money["limit"], money["limit_wanted"], money["least_further_limit"]) == (2000, None, 2050)
    add(driver, going)
    clock.sweep()
    said = driver.call("GET", f"{going.pk}/", **{"Accept-Language": "en"}).json()
    assert said["message"].startswith("Charging. Please confirm the second reservation at your bank")
    assert said["payment_action"]["type"] == "redirect"
    return str(said["payment_action"]["url"])


def back(client: Client, clock: Clock, session: AdHocSession) -> None:
    """The driver comes back from the page."""
    clock.traveller.shift(10)
    assert client.get(f"/c/session/{session.pk}?back=1").status_code == 200
    clock.run_tasks()


def end(cpo: Cpo, clock: Clock, kwh: float) -> None:
    cpo.session(kwh, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(kwh)
    clock.forward(minutes=1)


def test_confirmed_at_the_page(
    at_the_page: str, stripe: Stripe, client: Client, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    page = stripe.one("checkout.session")
    assert (page["amount_total"], page["metadata"]["purpose"]) == (2000, "addition")
    view = client.get(f"/c/session/{going.pk}.json").json()["view"]
    assert (view["pay_url"], view["headline"], view["may_add"]) == (at_the_page, "Charging", False)
    assert stripe.pay(at_the_page).status_code == 303
    back(client, clock, going)
    assert (rows(going), fresh(going).amount) == (HELD, 4000)
    flow(cpo, clock, 30)
    assert cpo.sent("STOP_SESSION") == []
    end(cpo, clock, 30)
    assert (rows(going), theirs(stripe)) == (BOTH, [("succeeded", 2000), ("succeeded", 1000)])
    assert (documents(), open_incidents()) == ([3000], [])


@pytest.mark.parametrize("seed", range(3))
def test_events_late_twice_and_shuffled(
    at_the_page: str, stripe: Stripe, cpo: Cpo, clock: Clock, going: AdHocSession, seed: int
) -> None:
    stripe.pay(at_the_page)
    told = stripe.ask("events") * 2
    random.Random(seed).shuffle(told)
    for event in told:
        deliver(stripe, [event])
        clock.run_tasks()
    assert (rows(going), fresh(going).amount) == (HELD, 4000)
    end(cpo, clock, 30)
    deliver(stripe, stripe.ask("events") * 2)
    clock.forward(minutes=1)
    assert (rows(going), documents()) == (BOTH, [3000])


def test_nobody_comes_back_and_no_event(at_the_page: str, stripe: Stripe, clock: Clock, going: AdHocSession) -> None:
    stripe.pay(at_the_page)
    clock.traveller.shift(20)
    clock.sweep()
    assert (rows(going), fresh(going).amount) == (HELD, 4000)


def test_the_driver_stops_while_the_page_is_open(
    at_the_page: str, stripe: Stripe, driver: Driver, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    assert driver.call("POST", f"{going.pk}/stop/").status_code == 202
    clock.sweep()
    assert stripe.one("checkout.session")["status"] == "expired"
    assert stripe.pay(at_the_page).status_code != 303
    end(cpo, clock, 6)
    assert (rows(going), documents()) == ([("captured", 2000, 600), ("released", 2000, 0)], [600])


def test_the_driver_stops_and_pays_at_the_same_moment(
    at_the_page: str, stripe: Stripe, driver: Driver, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    """The bank holds it, and we do not know yet: it is let go of."""
    stripe.pay(at_the_page)
    assert driver.call("POST", f"{going.pk}/stop/").status_code == 202
    clock.sweep()
    assert theirs(stripe)[1] == ("canceled", 0)
    assert (rows(going)[1], fresh(going).amount, fresh(going).limit_wanted) == (("released", 2000, 0), 2000, None)


def test_the_cdr_settles_while_the_page_is_open(
    at_the_page: str, stripe: Stripe, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    stripe.pay(at_the_page)
    end(cpo, clock, 30)
    assert rows(going) == [("captured", 2000, 2000), ("released", 2000, 0)]
    assert theirs(stripe) == [("succeeded", 2000), ("canceled", 0)]
    assert (OutstandingAmount.objects.get().amount, documents()) == (1000, [2000])


def test_a_page_that_nobody_pays_is_closed(
    at_the_page: str, stripe: Stripe, driver: Driver, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    for kwh in range(6, 12):
        clock.traveller.shift(5 * 60 + 10)
        cpo.session(kwh)
        clock.sweep()
    assert (rows(going)[1], stripe.one("checkout.session")["status"]) == (("released", 2000, 0), "expired")
    money = driver.call("GET", f"{going.pk}/").json()["money"]
    assert (money["limit"], money["limit_wanted"], money["least_further_limit"]) == (2000, None, 2050)


def test_what_is_too_small_for_the_gateway_is_not_held(going: AdHocSession, driver: Driver) -> None:
    assert add(driver, going, 2049, 409)["code"] == "amount_too_small"
    assert len(rows(going)) == 1
    add(driver, going, 2050)
    assert len(rows(going)) == 2


@pytest.mark.parametrize("verb", ["open", "lookup"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_worker_dies_while_it_is_opened_or_confirmed(
    going: AdHocSession,
    driver: Driver,
    stripe: Stripe,
    cpo: Cpo,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    is_after: bool,
) -> None:
    add(driver, going)
    if verb == "open":
        die(monkeypatch, verb, is_after)
        with pytest.raises(KeyboardInterrupt):
            clock.run_tasks()
    clock.forward(seconds=45)
    said = driver.call("GET", f"{going.pk}/").json()
    stripe.pay(said["payment_action"]["url"])
    if verb == "lookup":
        die(monkeypatch, verb, is_after)
        with pytest.raises(KeyboardInterrupt):
            clock.forward(seconds=20)
    clock.forward(seconds=45)
    assert (rows(going), fresh(going).amount) == (HELD, 4000)
    end(cpo, clock, 30)
    assert (rows(going), documents()) == (BOTH, [3000])


@pytest.mark.parametrize("which", [1, 2])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_worker_dies_while_either_is_captured(
    at_the_page: str,
    stripe: Stripe,
    cpo: Cpo,
    clock: Clock,
    going: AdHocSession,
    monkeypatch: pytest.MonkeyPatch,
    which: int,
    is_after: bool,
) -> None:
    stripe.pay(at_the_page)
    clock.forward(seconds=20)
    cpo.session(30, "COMPLETED")
    clock.forward(seconds=1)
    die(monkeypatch, "capture", is_after, which)
    cpo.cdr(30)
    with pytest.raises(KeyboardInterrupt):
        clock.forward(seconds=10)
    clock.forward(minutes=2)
    assert (state(going)[0], rows(going), theirs(stripe)) == (
        "settled",
        BOTH,
        [("succeeded", 2000), ("succeeded", 1000)],
    )
    assert documents() == [3000]


def die(monkeypatch: pytest.MonkeyPatch, verb: str, is_after: bool, which: int = 1) -> None:
    """The worker dies at the `which`-th call of a verb, before or after the gateway has heard it."""
    real, calls = getattr(StripeGateway, verb), [0]

    def dying(self: StripeGateway, *args: Any, **more: Any) -> Any:
        calls[0] += 1
        if calls[0] != which:
            return real(self, *args, **more)
        if is_after:
            real(self, *args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(StripeGateway, verb, dying)


@pytest.fixture
def taken(at_the_page: str, stripe: Stripe, cpo: Cpo, clock: Clock, going: AdHocSession) -> PaymentAuthorization:
    """Both were taken; returns the second."""
    stripe.pay(at_the_page)
    clock.forward(seconds=20)
    end(cpo, clock, 30)
    assert (rows(going), documents()) == (BOTH, [3000])
    return PaymentAuthorization.objects.get(purpose="addition")


def news(payment: PaymentAuthorization, clock: Clock) -> None:
    assert services.tell(payment.pk, kind="something")
    clock.run_tasks()


def test_a_dispute_of_the_second(
    taken: PaymentAuthorization, stripe: Stripe, clock: Clock, going: AdHocSession
) -> None:
    stripe.ask("dispute", id=taken.gateway_reference, amount=1000)
    news(taken, clock)
    assert open_incidents() == [symptoms.DISPUTED]
    stripe.ask("close_dispute", id=stripe.one("dispute")["id"], status="lost")
    news(taken, clock)
    assert (open_incidents(), rows(going), documents()) == ([symptoms.DISPUTE_LOST], BOTH, [3000])


def test_given_back_in_the_dashboard(
    taken: PaymentAuthorization, stripe: Stripe, driver: Driver, clock: Clock, going: AdHocSession
) -> None:
    stripe.ask("refund", id=taken.gateway_reference, amount=400)
    news(taken, clock)
    assert (rows(going)[1], sum(documents())) == (("captured", 2000, 600), 2600)
    money = driver.call("GET", f"{going.pk}/").json()["money"]
    assert (money["captured"], money["refunded"], money["owed"]) == (3000, 400, 0)


def test_a_restore_that_forgets_it_while_the_charge_goes_on(
    going: AdHocSession, driver: Driver, stripe: Stripe, database: Database, cpo: Cpo, clock: Clock
) -> None:
    """It was confirmed after the backup: the gateway knows it, and what it is for."""
    backup = database.dump()
    confirm(driver, stripe, clock, going)
    database.restore(backup)
    assert len(rows(going)) == 1
    left = reconcile(backup)
    assert (kinds(left), rows(going), fresh(going).amount) == (["payment"], HELD, 4000)
    end(cpo, clock, 30)
    assert (rows(going), documents()) == (BOTH, [3000])


def test_a_restore_that_forgets_the_capture_too(
    going: AdHocSession, driver: Driver, stripe: Stripe, database: Database, cpo: Cpo, clock: Clock
) -> None:
    """The CDR comes again, and asks for what was taken."""
    backup = database.dump()
    confirm(driver, stripe, clock, going)
    end(cpo, clock, 30)
    assert rows(going) == BOTH
    database.restore(backup)
    reconcile(backup)
    cpo.session(30, "COMPLETED")
    cpo.push("POST", "cdrs", cpo.last_cdr, None)
    clock.forward(minutes=1)
    assert (rows(going), theirs(stripe)) == (BOTH, [("succeeded", 2000), ("succeeded", 1000)])
    assert sum(documents()) == 3000


def test_a_restore_to_when_it_was_held_and_was_taken_since(
    going: AdHocSession, driver: Driver, stripe: Stripe, database: Database, cpo: Cpo, clock: Clock
) -> None:
    confirm(driver, stripe, clock, going)
    backup = database.dump()
    end(cpo, clock, 30)
    database.restore(backup)
    assert rows(going) == HELD
    reconcile(backup)
    cpo.session(30, "COMPLETED")
    cpo.push("POST", "cdrs", cpo.last_cdr, None)
    clock.forward(minutes=1)
    assert (state(going)[0], rows(going), sum(documents())) == ("settled", BOTH, 3000)


def confirm(driver: Driver, stripe: Stripe, clock: Clock, session: AdHocSession) -> None:
    add(driver, session)
    clock.sweep()
    stripe.pay(driver.call("GET", f"{session.pk}/").json()["payment_action"]["url"])
    clock.forward(seconds=20)
    assert (rows(session), fresh(session).amount) == (HELD, 4000)


# Given up before it is confirmed


def withdraw(driver: Driver, session: AdHocSession, expected: int = 202) -> Any:
    answer = driver.call("POST", f"{session.pk}/limit/withdraw/")
    assert answer.status_code == expected, answer.content
    return answer.json()


def test_the_driver_gives_it_up(
    at_the_page: str, stripe: Stripe, driver: Driver, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    """The page is closed, and the charge goes on at its limit; more may be asked for again."""
    assert driver.call("GET", f"{going.pk}/").json()["money"]["further_hold_waits"] is True
    said = withdraw(driver, going)
    assert (said["state"], said["payment_action"], said["money"]["further_hold_waits"]) == ("charging", None, False)
    assert withdraw(driver, going, 409)["code"] == "nothing_waits"
    clock.sweep()
    assert (stripe.one("checkout.session")["status"], stripe.pay(at_the_page).status_code != 303) == ("expired", True)
    assert (rows(going), fresh(going).amount, fresh(going).limit_wanted) == (
        [("reserved", 2000, 0), ("released", 2000, 0)],
        2000,
        None,
    )
    assert driver.call("POST", f"{going.pk}/limit/", {"amount": 4000}).status_code == 202
    clock.sweep()
    add(driver, going)
    clock.sweep()
    end(cpo, clock, 6)
    assert (documents(), open_incidents()) == ([600], [])


def test_it_is_given_up_and_paid_at_the_same_moment(
    at_the_page: str, stripe: Stripe, driver: Driver, cpo: Cpo, clock: Clock, going: AdHocSession
) -> None:
    stripe.pay(at_the_page)
    withdraw(driver, going)
    clock.sweep()
    assert (theirs(stripe)[1], rows(going)[1]) == (("canceled", 0), ("released", 2000, 0))
    assert (fresh(going).amount, fresh(going).limit_wanted) == (2000, None)


def test_what_is_held_already_is_not_given_up(
    at_the_page: str, stripe: Stripe, driver: Driver, clock: Clock, going: AdHocSession
) -> None:
    stripe.pay(at_the_page)
    clock.forward(seconds=20)
    assert withdraw(driver, going, 409)["code"] == "nothing_waits"
    assert (rows(going), fresh(going).amount) == (HELD, 4000)


def test_the_page_has_a_button_for_it_while_it_waits(
    at_the_page: str, client: Client, clock: Clock, going: AdHocSession
) -> None:
    url = f"/c/session/{going.pk}"
    shown = client.get(url, headers={"Accept-Language": "en"}).content.decode()
    assert ("Keep the limit as it is" in shown, client.get(f"{url}.json").json()["view"]["may_withdraw"]) == (
        True,
        True,
    )
    assert client.post(f"{url}/withdraw")["Location"] == url
    assert client.post(f"{url}/withdraw")["Location"] == url
    clock.sweep()
    view = client.get(f"{url}.json").json()["view"]
    assert (view["may_withdraw"], view["may_raise"], view["pay_url"]) == (False, True, "")
    assert rows(going) == [("reserved", 2000, 0), ("released", 2000, 0)]


def test_staff_give_it_up(at_the_page: str, page: Client, clock: Clock, going: AdHocSession) -> None:
    shown = page.get(f"/admin/sessions_adhoc/adhocsession/{going.pk}/change/").content.decode()
    assert "Withdraw the second hold" in shown
    answer = page.post(f"/admin/sessions_adhoc/adhocsession/{going.pk}/do/withdraw-hold/", follow=True)
    assert "The second hold is given up. The limit stays as it is." in answer.content.decode()
    page.post(f"/admin/sessions_adhoc/adhocsession/{going.pk}/do/withdraw-hold/", follow=True)
    told = list(going.timeline.filter(actor="boss").values_list("text", flat=True))
    assert told == ["boss withdrew the further hold for a limit of 40.00 EUR."]
    clock.sweep()
    assert (rows(going)[1], fresh(going).limit_wanted) == (("released", 2000, 0), None)
    assert (
        "Withdraw the second hold"
        not in page.get(f"/admin/sessions_adhoc/adhocsession/{going.pk}/change/").content.decode()
    )


def test_another_client_gives_up_nothing(at_the_page: str, going: AdHocSession, clock: Clock) -> None:
    key = create_client_key("stranger")[1]
    url = f"/api/v1/ad-hoc-sessions/{going.pk}/limit/withdraw/"
    answer = Client().post(url, {}, content_type="application/json", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 404
    assert fresh(going).limit_wanted == 4000
