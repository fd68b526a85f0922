"""Giving captured money back on the page of an ad-hoc session."""

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import PaymentAuthorization
from sessions_adhoc.models import AdHocSession
from tests.admin.rows import World, ad_hoc_session
from tests.admin.test_money_actions import REASON, buttons, payment_of, press

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("shared_world")]


@pytest.fixture
def settled(world: World) -> AdHocSession:
    """12.30 EUR were captured; what the CDRs come to is not known."""
    session = ad_hoc_session(world.evse, "settled", state_since=timezone.now())
    PaymentAuthorization.objects.filter(pk=session.authorization_id).update(
        state="captured", captured_amount=1230, capture_amount=1230, next_check_at=None, gateway_reference="sim_1"
    )
    return session


def test_staff_say_what_the_driver_pays_in_the_end(page: Client, settled: AdHocSession) -> None:
    assert "refund" in buttons(page, settled)
    press(page, settled, "refund", pays="8.50")
    payment = payment_of(settled)
    assert (payment.state, payment.refund_amount) == ("refunding", 380)
    assert payment.events.get(action="requested").message == f"refund: {REASON['reason']}"


def test_without_a_sum_the_cdrs_must_tell(page: Client, settled: AdHocSession) -> None:
    answer = press(page, settled, "refund", pays="")
    assert "say what the driver pays" in answer.content.decode()
    assert payment_of(settled).state == "captured"


def test_who_may_only_look_gives_nothing_back(viewer: Client, settled: AdHocSession) -> None:
    assert press(viewer, settled, "refund", pays="0").status_code == 403
    assert payment_of(settled).state == "captured"


def test_there_is_no_button_where_nothing_was_captured(page: Client, world: World) -> None:
    session = ad_hoc_session(world.evse, "failed", state_since=timezone.now())
    assert "refund" not in buttons(page, session)
