"""Payments as finance walks through them, and as others see them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from billing.models import PaymentAuthorization, Payout, PayoutLine
from partners.admin.kit.showing import url_of
from sessions_adhoc.models import AdHocSession
from tests.admin.rows import World, ad_hoc_session

pytestmark = pytest.mark.usefixtures("shared_world")

LIST = "admin:billing_paymentauthorization_changelist"


@pytest.fixture
def of_group(db: None) -> Callable[..., Client]:
    """A browser of somebody of that group."""

    def browser(group: str) -> Client:
        user = User.objects.create_user(f"of-{group}", is_staff=True)
        user.groups.add(Group.objects.get(name=group))
        client = Client()
        client.force_login(user)
        return client

    return browser


@pytest.fixture
def held(world: World) -> AdHocSession:
    """40.00 EUR wait for a decision."""
    return ad_hoc_session(world.evse, "escalated", reason="cdr_missing", state_since=timezone.now())


def buttons(browser: Client, session: AdHocSession) -> list[Any]:
    shown = browser.get(url_of(AdHocSession, session.pk))
    return [button["action"].name for button in shown.context["buttons"]]


def test_each_number_of_the_month_is_that_of_the_list_behind_it(page: Client, held: AdHocSession) -> None:
    """Whoever presses on 2 sees two."""
    payout = Payout.objects.create(
        gateway="simulated", reference="po_1", amount=900, currency="EUR", imported_at=timezone.now()
    )
    for match in ("matched", "unmatched", "differs"):
        PayoutLine.objects.create(
            payout=payout, reference=f"line-{match}", kind="charge", gross=300, currency="EUR", match=match
        )
    told = page.get(reverse("admin:billing_financemonth_changelist")).context["waiting"]
    listed = {what: page.get(url).context["cl"].queryset.count() for what, _count, url, _advice in told}
    assert listed == {what: count for what, count, _url, _advice in told}
    assert listed["Payout lines without a payment, or with another sum"] >= 2


def test_from_the_list_over_the_payment_to_the_decision(of_group: Callable[..., Client], held: AdHocSession) -> None:
    finance = of_group("finance")
    listed = finance.get(reverse(LIST), {"state__exact": "reserved"}).content.decode()
    address = url_of(PaymentAuthorization, held.authorization_id)
    assert address in listed
    payment = finance.get(address)
    assert payment.context["standing"].text == "40.00 EUR is held on the driver's card."
    assert payment.context["shortcuts"] == [
        (f"Session {held}: capture, release or give back there", url_of(AdHocSession, held.pk))
    ]
    assert buttons(finance, held) == ["release"]
    action = reverse("admin:sessions_adhoc_adhocsession_do_release", args=[held.pk])
    finance.post(action, {"reason": "The CPO confirms: nothing was charged."})
    now = finance.get(address)
    assert now.context["standing"].label == "Releasing"
    assert "To do: release" in now.content.decode()


@pytest.mark.parametrize("group", ["viewer", "support", "integrator"])
def test_others_look_and_have_no_button_that_moves_money(
    of_group: Callable[..., Client], held: AdHocSession, group: str
) -> None:
    browser = of_group(group)
    assert browser.get(url_of(PaymentAuthorization, held.authorization_id)).status_code == 200
    expected = [] if group == "viewer" else ["check-again"]
    assert buttons(browser, held) == expected
    for name in ("release", "capture-from-meter", "capture-from-cdr", "refund"):
        action = reverse(f"admin:sessions_adhoc_adhocsession_do_{name}", args=[held.pk])
        assert browser.post(action, {"reason": "Because."}).status_code == 403
    assert PaymentAuthorization.objects.get(pk=held.authorization_id).state == "reserved"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"state": "created", "next_check_at": None}, "40.00 EUR is to be reserved."),
        ({"state": "reserving"}, "40.00 EUR is being reserved."),
        ({"state": "capturing", "capture_amount": 1230}, "12.30 EUR of 40.00 EUR is being captured."),
        (
            {"state": "captured", "captured_amount": 1230, "next_check_at": None},
            "12.30 EUR was captured, the other 27.70 EUR released.",
        ),
        ({"state": "captured", "captured_amount": 4000, "next_check_at": None}, "40.00 EUR was captured."),
        (
            {"state": "refunding", "captured_amount": 1230, "refunded_amount": 200, "refund_amount": 180},
            "12.30 EUR was captured, the other 27.70 EUR released; 2.00 EUR of it was given back; "
            "1.80 EUR is being given back.",
        ),
        ({"state": "releasing"}, "40.00 EUR is being released."),
        ({"state": "released", "next_check_at": None}, "Nothing is held, and the driver paid nothing."),
        ({"state": "declined", "next_check_at": None}, "The payment was declined: nothing is held."),
        ({"state": "failed", "next_check_at": None}, "It could not be reserved: nothing is held."),
        ({"state": "expired", "next_check_at": None}, "The reservation has expired at the gateway: nothing is held."),
    ],
)
def test_every_state_says_where_the_money_is(page: Client, world: World, values: Any, sentence: str) -> None:
    payment = world.session.authorization
    PaymentAuthorization.objects.filter(pk=payment.pk).update(**values)
    assert page.get(url_of(PaymentAuthorization, payment.pk)).context["standing"].text == sentence


@pytest.mark.parametrize(
    ("state", "values", "said"),
    [
        ("charging", {}, "40.00 EUR held"),
        ("settled", {"state": "captured", "captured_amount": 741, "next_check_at": None}, "7.41 EUR paid"),
        ("failed", {"state": "released", "next_check_at": None}, "none taken"),
        ("created", {"state": "created", "next_check_at": None}, "40.00 EUR to reserve"),
    ],
)
def test_the_list_of_sessions_says_what_became_of_the_money(
    page: Client, world: World, state: str, values: Any, said: str
) -> None:
    AdHocSession.objects.filter(pk=world.session.pk).update(ended_at=timezone.now(), next_check_at=None, state="failed")
    session = ad_hoc_session(world.evse, state)
    PaymentAuthorization.objects.filter(pk=session.authorization_id).update(**values)
    listed = page.get(reverse("admin:sessions_adhoc_adhocsession_changelist"), {"q": str(session.pk)})
    assert said in listed.content.decode()


def test_a_payment_is_found_by_the_beginning_of_its_sessions_id(page: Client, world: World) -> None:
    other = ad_hoc_session(world.evse)
    found = page.get(reverse(LIST), {"q": str(other.pk)[:8]}).context["cl"].result_list
    assert [row.pk for row in found] == [other.authorization_id]
