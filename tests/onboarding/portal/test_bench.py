"""The test bench: started by the CPO's engineer, in the test environment only, and no oftener than agreed."""

import uuid
from collections.abc import Callable

import pytest

from onboarding.guide import Stage
from onboarding.models import ConnectionCheck, LinkEvent, Onboarding
from partners import tokens
from partners.models import Partner, ReceivedToken
from sessions_adhoc.models import AdHocSession
from tests.factories import ConnectorFactory
from tests.onboarding.portal.conftest import Cpo


@pytest.fixture
def entered(partner: Partner) -> Partner:
    tokens.store_received(partner, str(uuid.uuid4()), ReceivedToken.Purpose.REGISTRATION)
    return partner


def post(cpo: Cpo, what: str, **data: str) -> int:
    return int(cpo.client.post(f"{cpo.address()}bench/{what}", data).status_code)


def test_a_check_is_started_before_the_handshake(cpo: Cpo, entered: Partner) -> None:
    assert "Check your server" in cpo.shown()
    assert post(cpo, "check") == 302
    run = ConnectionCheck.objects.get()
    assert (run.partner, run.armed, run.nightly, run.started_by) == (entered, False, False, None)
    assert list(LinkEvent.objects.values_list("kind", "text")) == [
        ("bench_check", f"Started connection check {run.pk}")
    ]
    assert "A check is under way" in cpo.shown()
    assert post(cpo, "check") == 409, "one at a time"
    assert ConnectionCheck.objects.count() == LinkEvent.objects.count() == 1


def test_it_is_limited_over_all_links(cpo: Cpo, entered: Partner) -> None:
    LinkEvent.objects.bulk_create(LinkEvent(link=cpo.link, kind="bench_check", text="x") for _ in range(12))
    assert post(cpo, "check") == 409
    assert ConnectionCheck.objects.count() == 0
    assert "0 left today" in cpo.shown()


def test_without_token_a_nothing_begins(cpo: Cpo, partner: Partner) -> None:
    assert post(cpo, "check") == 409
    assert "Enter your OCPI Versions URL, Token A and OCPI version first" in cpo.shown()
    assert ConnectionCheck.objects.count() == 0


def test_production_has_no_bench(cpo: Cpo, entered: Partner) -> None:
    Partner.objects.filter(pk=entered.pk).update(environment="production")
    assert 'id="bench"' not in cpo.shown()
    assert [post(cpo, what) for what in ("check", "charge", "stop")] == [409, 409, 409]
    assert (ConnectionCheck.objects.count(), AdHocSession.objects.count(), LinkEvent.objects.count()) == (0, 0, 0)


def test_a_charge_needs_the_handshake(cpo: Cpo, entered: Partner) -> None:
    evse = ConnectorFactory.create(evse__location__partner=entered).evse
    assert post(cpo, "charge", evse=evse.code) == 409
    assert AdHocSession.objects.count() == 0


def test_a_charge_begins_at_their_own_charger_and_nowhere_else(
    cpo: Cpo, entered: Partner, in_stage: Callable[[Stage], Onboarding]
) -> None:
    in_stage(Stage.TESTING)
    Partner.objects.filter(pk=entered.pk).update(connection="connected", version="2.2.1")
    evse = ConnectorFactory.create(evse__location__partner=entered).evse
    foreign = ConnectorFactory.create().evse
    for code in (foreign.code, "", "x" * 5000, "\x00"):
        assert post(cpo, "charge", evse=code) == 409
    for unknown in ("", "x", str(uuid.uuid4())):
        assert post(cpo, "stop", session=unknown) == 409
    assert (AdHocSession.objects.count(), LinkEvent.objects.count()) == (0, 0)
    assert post(cpo, "charge", evse=evse.code) == 302
    session = AdHocSession.objects.get()
    assert (session.partner, session.evse) == (entered, evse)
    assert list(LinkEvent.objects.values_list("kind", flat=True)) == ["bench_charge"]
    assert session.get_state_display() in cpo.shown()
    assert post(cpo, "stop", session=str(session.pk)) == 302
    session.refresh_from_db()
    assert session.stop_requested_at is not None or session.ended_at is not None
