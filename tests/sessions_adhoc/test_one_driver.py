"""One EVSE, one driver: while a session of ours may charge there, nobody else's money is touched (rule 36)."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from billing.models import PaymentAuthorization, SimulatedCharge
from ocpi.calls import charger_commands
from ocpi.models import Command, Evse
from onboarding.connection_check import runs
from partners.models import Policy
from sessions_adhoc.driver import services
from sessions_adhoc.driver.services import CannotStart, StartRequest
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import OCCUPYING
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, state

pytestmark = pytest.mark.django_db
SOMEBODY = "Somebody is charging here. Please use another charger, or wait until this one is free."


def second_driver(driver: Driver) -> Any:
    return driver.call("POST", body={"evse": "SK*ION*EEVSE-1"})


def is_refused(driver: Driver) -> None:
    answer = second_driver(driver)
    assert (answer.status_code, answer.json()) == (
        409,
        {"detail": SOMEBODY, "field": "evse", "code": "charger_in_use"},
    )
    rows = [model.objects.count() for model in (AdHocSession, PaymentAuthorization, SimulatedCharge)]
    assert rows == [1, 1, 1]


def test_a_second_driver_is_refused_before_any_money_is_touched(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    session = driver.start()
    is_refused(driver)
    cpo.session(0, created=True)
    clock.forward(seconds=1)
    assert state(session)[0] == "validating"
    is_refused(driver)
    cpo.session(3)
    clock.forward(seconds=1)
    assert state(session)[0] == "charging"
    is_refused(driver)
    driver.stop(session)
    assert state(session)[0] == "stopping"
    is_refused(driver)


def test_the_next_driver_may_start_as_soon_as_charging_is_over(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    first = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=10)
    cpo.session(3, "COMPLETED")
    clock.forward(seconds=1)
    assert state(first)[0] == "awaiting_cdr"
    assert second_driver(driver).status_code == 201


def test_who_waits_for_the_cable_has_the_charger_until_the_wait_is_over(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    Policy.objects.create(partner=cpo.partner, start_strategy="wait_for_preparing")
    first = driver.start()
    assert state(first)[0] == "waiting_for_connector"
    is_refused(driver)
    clock.forward(minutes=5, seconds=1)
    assert (state(first)[0], money(first)) == ("failed", ("released", 0))
    assert second_driver(driver).status_code == 201


def test_the_same_key_again_is_the_same_session_and_no_second_driver(driver: Driver) -> None:
    key = {"Idempotency-Key": "k"}
    answers = [driver.call("POST", body={"evse": "SK*ION*EEVSE-1"}, **key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]


def test_of_two_who_saw_the_charger_free_one_is_refused(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """They looked at the same moment: it is the constraint that tells them apart."""
    driver.start()
    looks = iter(["nobody"])
    real = services.why_occupied
    monkeypatch.setattr(services, "why_occupied", lambda evse_id: "" if next(looks, "") else real(evse_id))
    with pytest.raises(CannotStart) as refused:
        services.start_session(StartRequest(evse="SK*ION*EEVSE-1"))
    assert (str(refused.value), refused.value.code) == (SOMEBODY, "charger_in_use")
    assert (AdHocSession.objects.count(), PaymentAuthorization.objects.count()) == (1, 1)


def test_the_database_knows_one_driver_per_evse(driver: Driver, cpo: Cpo, clock: Clock, evse: Evse) -> None:
    first = driver.start()
    cpo.session(3, "COMPLETED", created=True)
    clock.forward(seconds=1)
    assert state(first)[0] == "awaiting_cdr"
    assert second_driver(driver).status_code == 201
    with pytest.raises(IntegrityError), transaction.atomic():
        AdHocSession.objects.filter(pk=first.pk).update(occupies=evse)


def test_the_page_says_so_and_offers_no_payment(driver: Driver) -> None:
    driver.start()
    page = Client().get("/c/SK*ION*EEVSE-1").content.decode()
    assert "Somebody is charging here. Please use another charger, or wait." in page
    assert 'id="payment" hidden' in page


def test_neither_staff_nor_a_connection_check_start_over_a_driver(driver: Driver, cpo: Cpo, evse: Evse) -> None:
    driver.start()
    before = Command.objects.count()
    with pytest.raises(charger_commands.CannotSend, match="Somebody is charging here"):
        charger_commands.start(evse, None)
    with pytest.raises(runs.CheckRefusedError, match="Somebody is charging here"):
        runs.start(cpo.partner, charger=runs.TestCharger("LOC-1", "EVSE-1"))
    assert Command.objects.count() == before


def test_states_that_keep_the_charger() -> None:
    """`starting` to `charging` by the rule; before that too, because money is reserved for just this charger."""
    before = ["created", "authorizing", "authorized", "waiting_for_connector"]
    assert sorted(OCCUPYING) == sorted([*before, "starting", "validating", "charging", "stopping"])
