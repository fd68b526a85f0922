"""One hold on the card, whatever fails: the next try goes on with it, or it is released by itself (ADR 14)."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from billing.gateways import GatewayAnswer, Question
from billing.gateways.simulated import SimulatedGateway
from billing.models import PaymentAuthorization, SimulatedCharge
from billing.payments import services as billing
from ocpi.models import Evse
from partners.models import Policy
from rehearsal.stripe_fake.server import Server
from sessions_adhoc.driver.pages.paying import new_nonce
from sessions_adhoc.models import AdHocSession
from tests.billing.stripe.conftest import KEY, NOWHERE, SECRET, Stripe
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, state, states

pytestmark = pytest.mark.django_db
UNTIL = BEGINNING + timedelta(minutes=10)


@pytest.fixture
def released_at_once() -> None:
    """Here it is not: the default of 10 minutes holds."""


@pytest.fixture
def stripe(settings: Settings) -> Iterator[Stripe]:
    server = Server(0, KEY, NOWHERE, SECRET)
    server.fake.webhooks.mode = "lost"
    server.start()
    settings.PAYMENT_GATEWAY, settings.STRIPE_API_BASE = "stripe", server.base
    settings.STRIPE_SECRET_KEY, settings.STRIPE_WEBHOOK_SECRET = KEY, [SECRET]
    yield Stripe(server)
    server.stop()


def payment(session: AdHocSession) -> PaymentAuthorization:
    return PaymentAuthorization.objects.get(pk=AdHocSession.objects.get(pk=session.pk).authorization_id)


def fail(driver: Driver, cpo: Cpo, **wish: Any) -> AdHocSession:
    """A try that the CPO refuses."""
    cpo.accept("START_SESSION", result="REJECTED")
    session = driver.start(**wish)
    assert state(session) == ("failed", "command_rejected")
    return session


def again(driver: Driver, cpo: Cpo, previous: AdHocSession, **wish: Any) -> AdHocSession:
    """Another try that comes as far as an accepted START_SESSION."""
    cpo.accept("START_SESSION")
    return driver.start(previous=str(previous.pk), **wish)


def charges() -> list[tuple[str, int, int]]:
    """The gateway's own books: (status, amount, captured)."""
    rows = SimulatedCharge.objects.order_by("created_at", "amount", "-status")
    return list(rows.values_list("status", "amount", "captured_amount"))


def shown(driver: Driver, session: AdHocSession) -> Any:
    return driver.call("GET", f"{session.pk}/").json()


def test_a_failed_try_and_three_more_are_one_hold_and_one_capture_at_stripe(
    driver: Driver, cpo: Cpo, clock: Clock, stripe: Stripe
) -> None:
    first = fail(driver, cpo, payment_method="pm_card_visa")
    hold = payment(first)
    tries = [first]
    for _ in range(2):
        clock.forward(minutes=9)
        cpo.accept("START_SESSION", result="REJECTED")
        tries.append(driver.start(previous=str(tries[-1].pk), payment_method="pm_card_visa"))
    clock.forward(minutes=9)
    last = again(driver, cpo, tries[-1], payment_method="pm_card_visa")
    assert [state(one)[0] for one in (*tries, last)] == ["failed", "failed", "failed", "starting"]
    assert payment(last) == hold
    cpo.session(5, created=True)
    clock.forward(seconds=5)
    cpo.session(5, "COMPLETED")
    cpo.cdr(3.5)
    clock.forward(seconds=5)
    assert (state(last), money(last)) == (("settled", ""), ("captured", 350))
    assert stripe.money() == [("succeeded", 0, 350)]
    moved = [call.removeprefix("payment_intents.") for call in stripe.calls() if not call.endswith("retrieve")]
    assert moved == ["create", "confirm", "capture"]
    assert [payment(one).state for one in tries] == ["handed_on"] * 3
    assert {payment(one).handed_to_id for one in tries} == {hold.pk}
    assert PaymentAuthorization.objects.exclude(state="handed_on").count() == 1


def test_the_driver_reads_until_when_it_is_held(driver: Driver, cpo: Cpo) -> None:
    session = fail(driver, cpo)
    said = shown(driver, session)["money"]
    assert (said["reserved"], said["kept_until"], said["state"]) == (4000, "2026-05-04T14:10:00+02:00", "reserved")
    row = payment(session)
    assert (row.kept_until, row.next_check_at, row.expiry_warned_at) == (UNTIL, UNTIL, None)
    assert session.timeline.filter(text="The reservation is kept for another try until 12:10:00 UTC.").exists()


def test_what_nobody_claims_is_released(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    clock.forward(minutes=9, seconds=59)
    assert money(session) == ("reserved", 0)
    clock.forward(seconds=1)
    clock.forward(seconds=1)
    assert (money(session), charges()) == (("released", 0), [("released", 4000, 0)])
    assert shown(driver, session)["money"]["reserved"] == 0
    assert payment(session).events.filter(message="release: nobody tried again in time").count() == 1


def test_another_try_after_that_reserves_anew(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    clock.forward(minutes=10)
    clock.forward(seconds=1)
    second = again(driver, cpo, session)
    assert (money(session), money(second)) == (("released", 0), ("reserved", 0))
    assert charges() == [("released", 4000, 0), ("reserved", 4000, 0)]


def test_at_the_second_of_the_release_one_of_both_wins(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """Time is over and nobody released it yet: whoever has the row's lock first decides."""
    session = fail(driver, cpo)
    clock.traveller.move_to(UNTIL)
    second = again(driver, cpo, session)
    assert payment(second) != payment(session)
    assert charges() == [("released", 4000, 0), ("reserved", 4000, 0)]
    clock.sweep()
    assert [status for status, _, _ in charges()] == ["released", "reserved"]


def test_a_try_that_was_first_is_not_released(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    hold = payment(session)
    clock.traveller.move_to(UNTIL - timedelta(seconds=1))
    second = again(driver, cpo, session)
    clock.traveller.move_to(UNTIL + timedelta(seconds=30))
    billing.drive(hold.pk)
    clock.sweep()
    assert (payment(second), money(second)) == (hold, ("reserved", 0))
    assert charges() == [("reserved", 4000, 0)]


def test_cancelled_by_the_driver_it_is_kept_too_and_released_when_he_says_so(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    Policy.objects.create(start_strategy="wait_for_preparing")
    session = driver.start()
    assert driver.call("POST", f"{session.pk}/release/").json()["detail"].startswith("This session has not ended")
    assert driver.call("POST", f"{session.pk}/cancel/").status_code == 202
    clock.sweep()
    assert (state(session), money(session)) == (("cancelled", "cancelled_by_driver"), ("reserved", 0))
    answer = driver.call("POST", f"{session.pk}/release/")
    assert (answer.status_code, answer.json()["money"]["state"]) == (202, "releasing")
    clock.sweep()
    assert (money(session), charges()) == (("released", 0), [("released", 4000, 0)])
    again_ = driver.call("POST", f"{session.pk}/release/")
    assert (again_.status_code, again_.json()["money"]["state"]) == (202, "released")


def test_what_another_try_has_is_not_released_by_the_earlier_one(driver: Driver, cpo: Cpo) -> None:
    session = fail(driver, cpo)
    again(driver, cpo, session)
    answer = driver.call("POST", f"{session.pk}/release/")
    told = {"detail": "Another try goes on with this reservation.", "code": "handed_on"}
    assert (answer.status_code, answer.json()) == (409, told)


def test_another_clients_session_is_none(driver: Driver, cpo: Cpo) -> None:
    session = fail(driver, cpo)
    AdHocSession.objects.update(client=None)
    assert driver.call("POST", f"{session.pk}/release/").status_code == 404
    answer = driver.call("POST", body={"evse": "SK*ION*EEVSE-1", "previous": str(session.pk)})
    assert answer.json()["detail"] == "There is no such earlier session."


def test_a_smaller_sum_takes_it_over_and_no_more_than_that_is_paid(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    second = again(driver, cpo, session, amount=2000)
    assert (second.amount, payment(second).amount, charges()) == (2000, 4000, [("reserved", 4000, 0)])


def test_a_larger_sum_raises_what_is_held(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    hold = payment(session)
    second = again(driver, cpo, session, amount=6000)
    clock.sweep()
    assert (payment(second), payment(second).amount) == (hold, 6000)
    assert (state(second), charges()) == (("starting", ""), [("reserved", 6000, 0)])


def test_where_the_gateway_holds_no_more_it_is_reserved_anew_and_the_other_released(
    driver: Driver, cpo: Cpo, clock: Clock
) -> None:
    session = fail(driver, cpo, payment_method="pm_sim_raise_refused")
    hold = payment(session)
    second = again(driver, cpo, session, amount=6000, payment_method="pm_sim_ok")
    clock.sweep()
    clock.sweep()
    assert (state(second), money(second), payment(second).amount) == (("starting", ""), ("reserved", 0), 6000)
    assert charges() == [("released", 4000, 0), ("reserved", 6000, 0)]
    hold.refresh_from_db()
    assert (hold.state, hold.reference, hold.main) == ("released", f"{second.pk}/2", payment(second))
    assert states(second) == ["authorizing", "authorized", "starting"]
    assert second.timeline.filter(text="Reservation before the charge, 40.00 EUR: released").count() == 1
    assert len(cpo.sent("START_SESSION")) == 2


def test_another_gateway_needs_another_hold_and_the_first_is_let_go(
    driver: Driver, cpo: Cpo, clock: Clock, stripe: Stripe, settings: Settings
) -> None:
    settings.PAYMENT_GATEWAY = "simulated"
    session = fail(driver, cpo)
    settings.PAYMENT_GATEWAY = "stripe"
    second = again(driver, cpo, session, payment_method="pm_card_visa")
    clock.sweep()
    assert (money(session), money(second)) == (("released", 0), ("reserved", 0))
    assert (charges(), stripe.money()) == ([("released", 4000, 0)], [("requires_capture", 4000, 0)])


@pytest.mark.parametrize("hold", [0, 1200])
def test_a_policy_says_how_long(driver: Driver, cpo: Cpo, clock: Clock, hold: int) -> None:
    Policy.objects.create(hold_for_retry=hold)
    session = fail(driver, cpo)
    clock.sweep()
    assert money(session) == (("reserved", 0) if hold else ("released", 0))


def test_nobody_is_at_a_terminal_any_more(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo, channel="terminal")
    clock.sweep()
    assert money(session) == ("released", 0)


def test_a_hold_that_runs_out_before_is_released(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo, payment_method="pm_sim_expires")
    clock.sweep()
    assert money(session) == ("released", 0)


def test_another_try_takes_it_over_while_the_gateway_is_asked_about_it(
    driver: Driver, cpo: Cpo, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row changes its owner meanwhile: what the gateway answers is told to the new one."""
    session = fail(driver, cpo)
    hold = payment(session)
    cpo.accept("START_SESSION")
    ask, started = SimulatedGateway.lookup, list[Any]()

    def lookup(gateway: SimulatedGateway, question: Question) -> GatewayAnswer:
        if not started:
            wish = {"evse": "SK*ION*EEVSE-1", "previous": str(session.pk)}
            started.append(driver.call("POST", body=wish).json()["id"])
            SimulatedCharge.objects.update(status="expired")
        return ask(gateway, question)

    monkeypatch.setattr(SimulatedGateway, "lookup", lookup)
    assert billing.tell(hold.pk, kind="something")
    billing.drive(hold.pk)
    second = AdHocSession.objects.get(pk=started[0])
    assert (payment(second), money(second)) == (hold, ("expired", 0))
    assert second.timeline.filter(text="Payment expired").exists()
    clock.sweep()
    assert (state(second), payment(session).state) == (("failed", "payment_expired"), "handed_on")
    assert states(second) == ["authorizing", "failed"]


def test_late_news_of_the_first_try_moves_nothing_of_the_seconds(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = fail(driver, cpo)
    second = again(driver, cpo, session)
    first_start, second_start = cpo.sent("START_SESSION")
    cpo.server.seen.remove(second_start)
    cpo.session(7, "COMPLETED", session_id="S-OLD", created=True)
    cpo.cdr(30, "CDR-OLD", kwh=7)
    clock.sweep()
    assert (payment(session).state, money(second)) == ("handed_on", ("reserved", 0))
    assert charges() == [("reserved", 4000, 0)]
    assert first_start is not second_start


PAGE = "/c/SK*ION*EEVSE-1"


def pay(client: Client, amount: str = "4000", **more: str) -> Any:
    form = {"nonce": new_nonce(), "connector": "1", "card": "pm_sim_ok", "amount": amount} | more
    return client.post(PAGE, form)


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().replace("\u00a0", " ").split())


@pytest.fixture
def failed_page(client: Client, evse: Evse, cpo: Cpo, run_tasks: Callable[..., Any]) -> str:
    cpo.accept("START_SESSION", result="REJECTED")
    address = str(pay(client)["Location"])
    run_tasks()
    cpo.accept("START_SESSION")
    return address


def test_the_pages_say_what_is_held_and_use_it(
    client: Client, failed_page: str, cpo: Cpo, run_tasks: Callable[..., Any]
) -> None:
    session = AdHocSession.objects.get()
    ended = words(client.get(failed_page))
    assert "40.00 € is still held on your card, for another try until 14:10. Then it is released." in ended
    assert "Release the money now" in ended
    form = words(client.get(f"{PAGE}?previous={session.pk}&connector=1"))
    assert "40.00 € is still held on your card from the last try and is used now." in form
    assert "It is reserved on your card." not in form
    assert "Test payment" not in form
    address = pay(client, previous=str(session.pk), held="4000", card="")["Location"]
    run_tasks()
    assert charges() == [("reserved", 4000, 0)]
    assert "40.00 € is reserved on your card." in words(client.get(address))
    old = words(client.get(failed_page))
    assert "Your next try goes on with the reservation of 40.00 €." in old
    assert (f'href="{address}"' in old, "Release the money now" in old, "Try again" in old) == (True, False, False)


def test_the_page_releases_it(client: Client, failed_page: str, run_tasks: Callable[..., Any]) -> None:
    assert client.post(f"{failed_page}/release")["Location"] == failed_page
    assert "is being released" in words(client.get(failed_page))
    run_tasks()
    assert client.get(f"{failed_page}.json").json()["view"]["kept"] is False
    assert charges() == [("released", 4000, 0)]
    assert "was released" in words(client.get(failed_page))


def test_a_page_that_said_it_is_held_reserves_nothing_else(client: Client, failed_page: str, clock: Clock) -> None:
    session = AdHocSession.objects.get()
    clock.forward(minutes=11)
    answer = pay(client, previous=str(session.pk), held="4000", card="")
    assert answer.status_code == 409
    assert "What was held for another try has been released." in words(answer)
    assert "It is reserved on your card." in words(answer)
    assert AdHocSession.objects.count() == 1


def test_a_link_that_names_no_session_is_a_first_try(client: Client, evse: Evse) -> None:
    assert "It is reserved on your card." in words(client.get(f"{PAGE}?previous=nonsense"))
