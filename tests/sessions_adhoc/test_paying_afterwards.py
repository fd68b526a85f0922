"""The driver pays what was still open after the charge: with consent, once, and nothing that is not owed (ADR 22)."""

from typing import Any

import pytest
from django.test import Client

from billing.gateways import GatewayAnswer, Outcome
from billing.gateways.simulated import SimulatedGateway
from billing.models import OutstandingAmount, PaymentAuthorization, Receipt, SimulatedCharge
from billing.payments import services
from billing.tasks import sync_books_tick
from ocpi.models import Evse
from sessions_adhoc import staff, symptoms
from sessions_adhoc.admin.session_actions import releasable
from sessions_adhoc.decide.settle import MONEY_STUCK
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.tasks import sync_accounts_tick
from tests.billing.books.looking import findings, stands
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import open_incidents

pytestmark = pytest.mark.django_db
NOBODYS = "0d9a1f0e-1111-4222-8333-444444444444"


@pytest.fixture
def owing(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> AdHocSession:
    """10.00 EUR were reserved, and taken; the CDR asks for 18.08 EUR: 8.08 EUR are open."""
    pk = cpo.once("18.08 of 10.00 EUR", lambda: charged(driver, cpo, clock, evse).pk)
    return AdHocSession.objects.get(pk=pk)


def charged(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> AdHocSession:
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    session = driver.start(amount=1000)
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(30)
    clock.forward(seconds=20)
    cpo.session(30, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(18.08)
    clock.forward(seconds=1)
    assert (rows(), paid(session)) == ([("receivable", 808, 0, "open")], [("captured", 1000, 0)])
    return session


def rows() -> list[tuple[str, int, int, str]]:
    """(kind, minor units, paid by the driver since, state) of what is outstanding."""
    return list(OutstandingAmount.objects.order_by("pk").values_list("kind", "amount", "collected", "state"))


def paid(session: AdHocSession) -> list[tuple[str, int, int]]:
    """(state, captured, given back) of each payment of the session, as our books have it and as the gateway has it."""
    ours = PaymentAuthorization.objects.filter(reference__startswith=str(session.pk)).order_by("created_at", "pk")
    found = [(str(row.state), row.captured_amount, row.refunded_amount) for row in ours]
    theirs = {
        (one.id, one.status, one.captured_amount, one.refunded_amount)
        for one in SimulatedCharge.objects.exclude(status="declined")
    }
    known = {
        (row.gateway_reference, str(row.state), row.captured_amount, row.refunded_amount)
        for row in ours
        if row.gateway_reference and row.state not in ("declined", "failed")
    }
    assert theirs == known
    return found


def pay(driver: Driver, session: AdHocSession, amount: Any = 808, expected: int = 202, **body: Any) -> Any:
    answer = driver.call("POST", f"{session.pk}/pay/", {"amount": amount, **body})
    assert answer.status_code == expected, answer.content
    return answer.json()


def said(driver: Driver, session: AdHocSession) -> Any:
    """What the API tells of it; its amounts with plain spaces."""
    owed = driver.call("GET", f"{session.pk}/").json()["owed"]
    return owed and {**owed, "message": owed["message"].replace("\N{NO-BREAK SPACE}", " ")}


def documents() -> list[int]:
    """What each receipt and credit note comes to, once the books are posted and the account is closed; all agrees."""
    for _ in range(2):
        sync_books_tick()
        sync_accounts_tick()
    assert findings() == []
    return list(Receipt.objects.order_by("ordinal").values_list("total", flat=True))


def notes(session: AdHocSession) -> list[str]:
    """What the timeline says of money that came afterwards."""
    told = TimelineEvent.objects.filter(session=session, kind="payment").order_by("pk")
    return [text for text in told.values_list("text", flat=True) if "owed" in text and "afterwards" not in text]


def test_it_is_reserved_taken_booked_and_on_one_receipt(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    assert symptoms.BEYOND_RESERVATION in open_incidents()
    assert documents() == [1000]
    assert said(driver, owing) == {
        "amount": 808,
        "message": "The operator's bill is higher than your reservation: 8.08 € is still open.",
        "can_pay": True,
        "is_moving": False,
        "payment_action": None,
    }
    answer = pay(driver, owing)
    assert (answer["owed"]["is_moving"], answer["owed"]["can_pay"]) == (True, False)
    clock.sweep()
    assert (rows(), paid(owing)) == (
        [("receivable", 808, 808, "collected")],
        [("captured", 1000, 0), ("captured", 808, 0)],
    )
    assert documents() == [1000, -1000, 1808]
    assert [one["amount"] for one in Receipt.objects.get(total=1808).contents["payments"]] == [1000, 808]
    books = stands()
    assert {name: books.get(name, 0) for name in ("gateway", "drivers", "receivables", "deferred", "elsewhere")} == {
        "gateway": 1808,
        "drivers": 0,
        "receivables": 0,
        "deferred": 0,
        "elsewhere": 0,
    }
    assert (symptoms.BEYOND_RESERVATION in open_incidents(), notes(owing)) == (
        False,
        ["The driver has paid 8.08 EUR that was still owed."],
    )
    told = driver.call("GET", f"{owing.pk}/").json()
    assert (told["money"]["captured"], told["money"]["owed"]) == (1808, 0)
    assert said(driver, owing)["message"] == "8.08 € that was still open was paid afterwards."
    clock.forward(hours=3)
    assert (paid(owing)[1:], documents()) == ([("captured", 808, 0)], [1000, -1000, 1808])


def test_two_tabs_pay_once(driver: Driver, clock: Clock, client: Client, owing: AdHocSession) -> None:
    pay(driver, owing)
    pay(driver, owing, payment_method="pm_sim_slow")
    url = f"/c/session/{owing.pk}"
    assert client.post(f"{url}/pay", {"amount": "808"})["Location"] == url
    clock.sweep()
    assert paid(owing) == [("captured", 1000, 0), ("captured", 808, 0)]
    assert pay(driver, owing, expected=409)["code"] == "nothing_open"
    assert client.post(f"{url}/pay", {"amount": "808"}).status_code == 302
    clock.sweep()
    assert len(paid(owing)) == 2


def test_the_same_request_twice_is_one(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    for _ in range(2):
        answer = driver.call("POST", f"{owing.pk}/pay/", {"amount": 808}, **{"Idempotency-Key": "pay-1"})
        assert answer.status_code == 202
        clock.sweep()
    assert paid(owing)[1:] == [("captured", 808, 0)]


def test_what_is_not_paid(driver: Driver, cpo: Cpo, clock: Clock, client: Client, owing: AdHocSession) -> None:
    assert pay(driver, owing, 807, 409)["code"] == "amount_changed"
    assert pay(driver, owing, "much", 400)["code"] == "invalid"
    assert driver.call("POST", f"{NOBODYS}/pay/", {"amount": 808}).status_code == 404
    assert client.post(f"/c/session/{NOBODYS}/pay", {"amount": "808"}).status_code == 404
    for wanted in ("", "x", "-808", "8.08", "9" * 40, "٨٠٨"):
        assert client.post(f"/c/session/{owing.pk}/pay", {"amount": wanted}).status_code == 302
    AdHocSession.objects.update(client=None)
    assert driver.call("POST", f"{owing.pk}/pay/", {"amount": 808}).status_code == 404
    assert paid(owing) == [("captured", 1000, 0)]
    other = driver.start()
    assert pay(driver, other, 808, 409)["code"] == "nothing_open"


def paid_of(session: AdHocSession) -> list[tuple[str, int, int]]:
    """As `paid`, by our books alone."""
    ours = PaymentAuthorization.objects.filter(reference__startswith=str(session.pk)).order_by("created_at", "pk")
    return [(str(row.state), row.captured_amount, row.refunded_amount) for row in ours]


def test_a_card_that_is_declined_leaves_it_open(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing, payment_method="pm_sim_declined")
    clock.sweep()
    assert (paid(owing)[1:], rows()) == ([("declined", 0, 0)], [("receivable", 808, 0, "open")])
    assert said(driver, owing)["message"] == "The payment was not made: nothing was taken. 8.08 € is still open."
    clock.forward(seconds=5)
    pay(driver, owing)
    clock.sweep()
    assert paid(owing)[1:] == [("declined", 0, 0), ("captured", 808, 0)]
    assert documents() == [1808]


def test_what_the_gateway_does_not_take_is_let_go_of(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing, payment_method="pm_sim_capture_refused")
    clock.forward(seconds=5)
    assert (paid(owing)[1:], rows()) == ([("released", 0, 0)], [("receivable", 808, 0, "open")])
    assert said(driver, owing)["can_pay"] is True
    assert symptoms.BEYOND_RESERVATION in open_incidents()
    assert documents() == [1000]


LOST = ("pm_sim_reserves_then_times_out", "pm_sim_captures_then_times_out", "pm_sim_slow")


@pytest.mark.parametrize("method", LOST)
def test_an_answer_that_is_lost_or_late(driver: Driver, clock: Clock, owing: AdHocSession, method: str) -> None:
    pay(driver, owing, payment_method=method)
    clock.forward(minutes=2)
    assert (paid(owing)[1:], rows()) == ([("captured", 808, 0)], [("receivable", 808, 808, "collected")])
    assert documents() == [1808]


class WorkerDiedError(Exception):
    """The process is gone; nothing after this line of it runs."""


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("verb", ["open", "capture"])
def test_a_worker_that_dies(
    driver: Driver, clock: Clock, owing: AdHocSession, monkeypatch: pytest.MonkeyPatch, verb: str, after: bool
) -> None:
    """Before the gateway hears, or after it acted and before that is saved: the next worker finds out."""
    real = getattr(SimulatedGateway, verb)

    def dying(self: Any, *args: Any) -> None:
        monkeypatch.setattr(SimulatedGateway, verb, real)
        if after:
            real(self, *args)
        raise WorkerDiedError

    monkeypatch.setattr(SimulatedGateway, verb, dying)
    pay(driver, owing)
    for _ in range(3):
        for row in PaymentAuthorization.objects.exclude(next_check_at=None):
            try:
                services.drive(row.pk)
            except WorkerDiedError:
                break
    clock.forward(minutes=2)
    assert (paid(owing)[1:], rows()) == ([("captured", 808, 0)], [("receivable", 808, 808, "collected")])
    assert documents() == [1808]


def close(state: str = "written_off") -> None:
    staff.close_outstanding(OutstandingAmount.objects.get(state="open").pk, state, "ana", "Below what a letter costs.")


def test_written_off_before_the_money_is_held(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing, payment_method="pm_sim_slow")
    close()
    clock.forward(minutes=2)
    assert (paid(owing)[1:], rows()) == ([("released", 0, 0)], [("receivable", 808, 0, "written_off")])
    assert said(driver, owing)["message"] == "Nothing is open any more."
    assert notes(owing) == ["8.08 EUR is not owed any more: the driver's payment of it is released."]
    assert documents() == [1000]


@pytest.mark.parametrize("state", ["written_off", "settled"])
def test_closed_while_it_is_being_taken(driver: Driver, clock: Clock, owing: AdHocSession, state: str) -> None:
    pay(driver, owing, payment_method="pm_sim_slow")
    wait_for(clock, "capturing")
    close(state)
    clock.forward(minutes=2)
    assert (paid(owing)[1:], rows()) == ([("captured", 808, 808)], [("receivable", 808, 0, state)])
    assert notes(owing) == ["8.08 EUR of it is not owed any more: it is given back."]
    told = "8.08 € that was still open was paid afterwards. 8.08 € of what you paid afterwards was given back."
    assert said(driver, owing)["message"] == told
    assert [sum(documents()), stands().get("elsewhere", 0)] == [1000, 808 if state == "settled" else 0]


def wait_for(clock: Clock, state: str) -> None:
    """Until the payment that came last is in this state."""
    for _ in range(100):
        last = PaymentAuthorization.objects.order_by("-created_at").first()
        if last is not None and last.state == state:
            return
        clock.forward(seconds=0.5)
    raise AssertionError(f"never {state}")


def test_given_back_by_a_gateway_that_refuses(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing, payment_method="pm_sim_slow")
    wait_for(clock, "capturing")
    SimulatedCharge.objects.filter(payment_method="pm_sim_slow").update(payment_method="pm_sim_refund_refused")
    close()
    clock.forward(minutes=2)
    assert (paid(owing)[1:], open_incidents()) == ([("captured", 808, 0)], [symptoms.REFUND_FAILED])
    clock.forward(hours=3)
    assert paid(owing)[1:] == [("captured", 808, 0)]


def corrected(cpo: Cpo, clock: Clock, total: float, number: int = 2) -> None:
    """The CPO takes its newest CDR back and sends another one."""
    before = cpo.last_cdr
    cpo.cdr(-before["total_cost"]["incl_vat"], f"CREDIT-{number}", credit=True, credit_reference_id=before["id"])
    cpo.cdr(total, f"CDR-{number}")
    clock.forward(seconds=5)


@pytest.mark.parametrize(
    ("total", "payments", "outstanding"),
    [
        (15.00, [("captured", 1000, 0), ("captured", 808, 308)], [("receivable", 808, 500, "collected")]),
        (9.00, [("captured", 1000, 100), ("captured", 808, 808)], [("receivable", 808, 0, "collected")]),
        (18.08, [("captured", 1000, 0), ("captured", 808, 0)], [("receivable", 808, 808, "collected")]),
    ],
)
def test_a_lower_cdr_gives_the_difference_back(
    driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession, total: float, payments: Any, outstanding: Any
) -> None:
    pay(driver, owing)
    clock.sweep()
    corrected(cpo, clock, total)
    assert (paid(owing), rows(), open_incidents()) == (payments, outstanding, [])
    assert sum(documents()) == round(total * 100)


def test_lower_and_then_higher_again(driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession) -> None:
    """What was given back may be asked for anew, and is open; what the driver has paid counts."""
    pay(driver, owing)
    clock.sweep()
    corrected(cpo, clock, 15.00)
    before = cpo.last_cdr
    cpo.cdr(-15.00, "CREDIT-3", credit=True, credit_reference_id=before["id"])
    cpo.cdr(18.08, "CDR-3")
    clock.forward(seconds=5)
    assert rows() == [("receivable", 808, 500, "collected"), ("receivable", 308, 0, "open")]
    pay(driver, owing, 308)
    clock.sweep()
    assert paid(owing) == [("captured", 1000, 0), ("captured", 808, 308), ("captured", 308, 0)]
    assert (sum(documents()), rows()[1]) == (1808, ("receivable", 308, 308, "collected"))


def test_corrected_while_it_is_being_taken(driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing, payment_method="pm_sim_slow")
    wait_for(clock, "capturing")
    corrected(cpo, clock, 15.00)
    clock.forward(minutes=2)
    assert paid(owing) == [("captured", 1000, 0), ("captured", 808, 308)]
    assert rows() == [("receivable", 808, 0, "withdrawn"), ("receivable", 500, 500, "collected")]
    assert (sum(documents()), open_incidents()) == (1500, [])


def test_corrected_before_the_money_is_held(driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession) -> None:
    """The driver agreed to 8.08 EUR, of which nothing is owed any more: nothing is taken, and he is asked anew."""
    pay(driver, owing, payment_method="pm_sim_slow")
    corrected(cpo, clock, 15.00)
    clock.forward(minutes=2)
    assert paid(owing) == [("captured", 1000, 0), ("released", 0, 0)]
    assert (rows()[1:], said(driver, owing)["amount"]) == ([("receivable", 500, 0, "open")], 500)
    pay(driver, owing, 500)
    clock.sweep()
    assert (paid(owing)[2:], sum(documents())) == ([("captured", 500, 0)], 1500)


def test_all_taken_back_by_the_cpo_and_given_back_by_staff(
    driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession
) -> None:
    pay(driver, owing)
    clock.sweep()
    cpo.cdr(-18.08, "CREDIT-1", credit=True, credit_reference_id="CDR-1")
    clock.forward(seconds=5)
    assert open_incidents() == [symptoms.BILL_CHANGED]
    with pytest.raises(staff.NotPossible, match="say what the driver pays"):
        staff.refund(owing.pk, "ana", "no CDR counts")
    with pytest.raises(staff.NotPossible, match=r"anything between nothing and 18\.08 EUR"):
        staff.refund(owing.pk, "ana", "no CDR counts", 1809)
    staff.refund(owing.pk, "ana", "no CDR counts", 400)
    with pytest.raises(staff.NotPossible, match="Another refund is under way"):
        staff.refund(owing.pk, "ana", "no CDR counts", 300)
    staff.refund(owing.pk, "ana", "pressed twice", 400)
    clock.forward(seconds=5)
    assert paid(owing) == [("captured", 1000, 600), ("captured", 808, 808)]
    assert sum(documents()) == 400


def test_a_goodwill_of_staff_is_not_asked_for_again(
    driver: Driver, cpo: Cpo, clock: Clock, owing: AdHocSession
) -> None:
    pay(driver, owing)
    clock.sweep()
    staff.refund(owing.pk, "ana", "The charger was very slow.", 1000)
    clock.forward(seconds=5)
    cpo.push("POST", "cdrs", cpo.last_cdr, None)
    clock.forward(seconds=5)
    assert (paid(owing), rows()) == (
        [("captured", 1000, 0), ("captured", 808, 808)],
        [("receivable", 808, 808, "collected")],
    )
    assert sum(documents()) == 1000


def test_an_old_payment_says_nothing_twice(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    """News of what was paid, late and again, changes nothing."""
    pay(driver, owing)
    clock.sweep()
    before = (paid(owing), rows(), documents())
    for row in PaymentAuthorization.objects.all():
        assert services.tell(row.pk, kind="charge.captured", key=f"evt-{row.pk}")
        services.drive(row.pk)
    clock.forward(minutes=1)
    assert (paid(owing), rows(), documents()) == before


def test_the_page(driver: Driver, clock: Clock, client: Client, owing: AdHocSession) -> None:
    url = f"/c/session/{owing.pk}"
    page = client.get(url).content.decode()
    assert "is still open." in page
    assert f'action="{url}/pay"' in page
    assert '<input type="hidden" name="amount" value="808">' in page
    assert client.post(f"{url}/pay", {"amount": "808"})["Location"] == url
    view = client.get(f"{url}.json").json()["view"]
    assert (view["live"], view["may_pay"], view["pay_url"]) == (True, False, "")
    clock.sweep()
    view = client.get(f"{url}.json").json()["view"]
    assert (view["live"], view["may_pay"]) == (False, False)
    assert view["paid"].startswith("18.08")
    assert f'action="{url}/pay"' not in client.get(url).content.decode()


def test_nobody_is_asked_for_a_claim(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> None:
    """What a CDR asks beyond the price shown is between us and the CPO."""
    evse.connectors.update(tariff_ids=["T-1"])
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(5)
    clock.forward(seconds=20)
    cpo.session(5, "COMPLETED")
    cpo.cdr(39.99)
    clock.forward(seconds=1)
    assert rows() == [("claim", 3698, 0, "open")]
    assert said(driver, session) is None
    assert pay(driver, session, 3698, 409)["code"] == "nothing_open"


def test_books_that_say_more_was_paid_are_found(driver: Driver, clock: Clock, owing: AdHocSession) -> None:
    pay(driver, owing)
    clock.sweep()
    documents()
    OutstandingAmount.objects.update(collected=809, amount=809)
    row = f"Receivable: beyond the reservation {OutstandingAmount.objects.get().pk} (paid by the driver)"
    assert findings() == [f"{row}: 8.09 EUR paid, payments 8.08 EUR."]


def test_it_lasts_no_longer_than_half_an_hour(driver: Driver, clock: Clock, owing: AdHocSession, settings: Any) -> None:
    settings.SIMULATED_GATEWAY_DELAY_MS = 10**10
    pay(driver, owing, payment_method="pm_sim_slow")
    clock.traveller.shift(29 * 60)
    clock.sweep()
    assert paid_of(owing)[1:] == [("reserving", 0, 0)]
    clock.traveller.shift(2 * 60)
    clock.sweep()
    assert paid_of(owing)[1:] == [("releasing", 0, 0)]
    assert pay(driver, owing, expected=409)["code"] == "payment_pending"


def test_a_hold_that_the_gateway_keeps_is_released_by_staff(
    driver: Driver, clock: Clock, owing: AdHocSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not taken and not let go of: held with an open incident, and staff have their button (rules 24, 30)."""
    refusal = GatewayAnswer(Outcome.REFUSED, code="no", message="Not now.")
    with monkeypatch.context() as patch:
        patch.setattr(SimulatedGateway, "release", lambda *_args: refusal)
        pay(driver, owing, payment_method="pm_sim_capture_refused")
        clock.forward(minutes=5)
        assert (paid(owing)[1:], MONEY_STUCK in open_incidents()) == ([("reserved", 0, 0)], True)
        assert pay(driver, owing)["owed"]["is_moving"] is True
    assert releasable(owing)
    staff.release(owing.pk, "ana", "The acquirer says that it can be let go of now.")
    clock.forward(seconds=5)
    assert (paid(owing), rows()) == ([("captured", 1000, 0), ("released", 0, 0)], [("receivable", 808, 0, "open")])
    assert (MONEY_STUCK in open_incidents(), releasable(owing)) == (False, False)
