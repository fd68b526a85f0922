"""No double capture, no orphaned hold: whatever happened between the backup and its restore."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from billing.gateways import OpenRequest, gateway_named
from billing.models import PaymentAuthorization, Receipt, Restore
from ocpi.models import Cdr, Command, Connector, OcpiSession
from partners.models import Policy
from sessions_adhoc import staff
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.tasks import sync_accounts_tick
from tests.billing.stripe.conftest import Stripe, look, page_of
from tests.factories import session_data
from tests.ocpi.cpo import Answer, envelope
from tests.sessions_adhoc.conftest import BEGINNING, Clock, Cpo, stamp
from tests.sessions_adhoc.looking import money, state
from tests.sessions_adhoc.restoring.conftest import Database, kinds, payment_of, reconcile, refund

pytestmark = pytest.mark.django_db
Begin = Callable[..., AdHocSession]


def told(cpo: Cpo, kwh: float, status: str, **more: Any) -> dict[str, Any]:
    """The Session of the last START_SESSION, as GET /sessions answers."""
    start = cpo.sent("START_SESSION")[-1].body
    usual = {
        "authorization_reference": start["authorization_reference"],
        "cdr_token": {**session_data()["cdr_token"], "uid": start["token"]["uid"]},
        "start_date_time": stamp(BEGINNING),
        "last_updated": stamp(cpo.now()),
    }
    return session_data("S-1", kwh=kwh, status=status, **{**usual, **more})


def charge(cpo: Cpo, clock: Clock, kwh: float = 5) -> None:
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(kwh)
    clock.forward(seconds=20)


def finish(cpo: Cpo, clock: Clock, total: float = 3.01, cdr: str = "CDR-1") -> None:
    cpo.session(cpo.metered, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(total, cdr)
    clock.forward(seconds=1)
    sync_accounts_tick()


def test_a_charge_that_was_begun_after_the_backup_goes_on(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    backup = database.dump()
    session = paying()
    charge(cpo, clock)
    database.restore(backup)
    assert PaymentAuthorization.objects.count() == AdHocSession.objects.count() == 0
    cpo.offers_sessions(told(cpo, 8, "ACTIVE"))
    assert kinds(reconcile(backup)) == ["charge"]
    clock.forward(seconds=40)
    assert (state(session)[0], money(session)) == ("charging", ("reserved", 0))
    assert stripe.money() == [("requires_capture", 4000, 0)]
    cpo.metered = 8
    finish(cpo, clock, 4.31)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 431))
    assert stripe.money() == [("succeeded", 0, 431)]
    assert len(cpo.sent("START_SESSION")) == 1
    assert cpo.sent("STOP_SESSION") == []
    assert Receipt.objects.get().number == f"SFPR{Restore.objects.get().at:%m%d%H%M}-2026-000001"


def test_what_was_captured_after_the_backup_is_captured_once_and_gets_another_number(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    backup = database.dump()
    session = paying()
    charge(cpo, clock)
    finish(cpo, clock)
    assert (money(session), Receipt.objects.get().number) == (("captured", 301), "SFP-2026-000001")
    cdr = cpo.last_cdr
    database.restore(backup)
    cpo.offers_sessions(told(cpo, 5, "COMPLETED"))
    cpo.server.on("GET /cdrs", envelope([cdr]))
    [(key, text)] = reconcile(backup)
    assert key == f"charge:{session.pk}"
    assert text.startswith("3.01 EUR captured at stripe (pi_")
    assert text.endswith("was made again, at the price that its driver was shown.")
    clock.forward(minutes=1)
    sync_accounts_tick()
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    assert stripe.money() == [("succeeded", 0, 301)]
    assert stripe.calls().count("payment_intents.capture") == len(cpo.sent("START_SESSION")) == 1
    assert Receipt.objects.get().number == f"SFPR{Restore.objects.get().at:%m%d%H%M}-2026-000001"


def test_two_restores_to_one_backup_give_no_number_to_two_charges(
    paying: Begin, database: Database, cpo: Cpo, clock: Clock
) -> None:
    backup, given = database.dump(), set[tuple[str, str]]()
    for _ in range(3):
        session = paying()
        charge(cpo, clock)
        finish(cpo, clock, cdr=f"CDR-{session.pk}")
        given.update(Receipt.objects.values_list("number", "reference"))
        database.restore(backup)
        cpo.offers_sessions(told(cpo, 5, "COMPLETED"))
        reconcile(backup)
        clock.forward(minutes=1)
        sync_accounts_tick()
        given.update(Receipt.objects.values_list("number", "reference"))
    numbers = [number for number, _charge in given]
    assert len(numbers) == len(set(numbers)) >= 6
    assert len({charge for _number, charge in given}) == 3


def test_without_the_price_that_was_shown_people_decide(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    backup = database.dump()
    session = paying()
    charge(cpo, clock)
    database.restore(backup)
    Connector.objects.update(tariff_ids=[])
    cpo.offers_sessions(told(cpo, 5, "COMPLETED"))
    [(key, text)] = reconcile(backup)
    assert key == f"charge:{session.pk}"
    assert "without a price" in text
    clock.forward(minutes=1)
    cpo.cdr(3.01)
    clock.forward(minutes=1)
    assert (state(session), money(session)) == (("escalated", "cdr_price_unknown"), ("reserved", 0))
    staff.capture_from_cdr(session.pk, Cdr.objects.get().pk, "anna", "The driver has shown us the price.")
    clock.forward(minutes=1)
    assert (state(session)[0], stripe.money()) == ("settled", [("succeeded", 0, 301)])


def test_a_charge_at_the_backup_that_was_captured_since(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    charge(cpo, clock)
    backup = database.dump()
    finish(cpo, clock)
    cdr = cpo.last_cdr
    database.restore(backup)
    assert money(session) == ("reserved", 0)
    cpo.offers_sessions(told(cpo, 5, "COMPLETED"))
    cpo.server.on("GET /cdrs", envelope([cdr]))
    assert reconcile(backup) == []
    clock.forward(minutes=1)
    sync_accounts_tick()
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    assert stripe.calls().count("payment_intents.capture") == 1
    assert Receipt.objects.get().total == 301


def test_a_cdr_that_arrived_since_is_pulled(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    charge(cpo, clock)
    cpo.session(5, "COMPLETED")
    clock.forward(seconds=1)
    backup = database.dump()
    cpo.cdr(3.01)
    cdr = cpo.last_cdr
    database.restore(backup)
    cpo.offers_sessions(told(cpo, 5, "COMPLETED"))
    cpo.server.on("GET /cdrs", envelope([cdr]))
    assert reconcile(backup) == []
    clock.forward(seconds=10)
    assert (state(session)[0], stripe.money()) == ("settled", [("succeeded", 0, 301)])


def test_what_was_released_since_starts_nothing(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    backup = database.dump()
    clock.forward(minutes=6)
    assert (state(session), stripe.money()) == (("failed", "no_session"), [("canceled", 0, 0)])
    database.restore(backup)
    assert reconcile(backup) == []
    clock.forward(minutes=6)
    assert (state(session)[0], money(session)) == ("failed", ("expired", 0))
    assert len(cpo.sent("START_SESSION")) == 1


def test_what_was_paid_and_started_since_is_not_started_again(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying(payment_method=None)
    backup = database.dump()
    assert state(session)[0] == "authorizing"
    assert stripe.pay(page_of(payment_of(session))).status_code == 303
    look(payment_of(session))
    clock.forward(seconds=1)
    charge(cpo, clock)
    database.restore(backup)
    cpo.offers_sessions(told(cpo, 5, "ACTIVE"))
    assert reconcile(backup) == []
    clock.forward(seconds=30)
    assert (state(session)[0], money(session)) == ("charging", ("reserved", 0))
    assert len(cpo.sent("START_SESSION")) == 1
    assert cpo.sent("STOP_SESSION") == []


def test_a_start_that_waited_at_the_backup_is_not_sent_again(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    unsent = {"state": "created", "sent_at": None, "answered_at": None, "response": "", "tries": 0}
    Command.objects.update(**unsent)
    backup = database.dump()
    database.restore(backup)
    assert reconcile(backup) == []
    clock.forward(minutes=2)
    assert len(cpo.sent("START_SESSION")) == 1
    assert (state(session), money(session)) == (("failed", "no_session"), ("released", 0))
    assert stripe.money() == [("canceled", 0, 0)]


def test_a_page_that_was_opened_since_can_be_paid_no_more(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    backup = database.dump()
    session = paying(payment_method=None)
    page = page_of(payment_of(session))
    database.restore(backup)
    assert reconcile(backup) == []
    assert stripe.pay(page).status_code != 303
    assert (stripe.money(), payment_of(session).state) == ([], "released")
    assert not AdHocSession.objects.exists()


def test_money_given_back_since_is_seen_and_not_given_again(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    charge(cpo, clock)
    finish(cpo, clock)
    backup = database.dump()
    refund(session, 100)
    clock.sweep()
    assert payment_of(session).refunded_amount == 100
    database.restore(backup)
    assert payment_of(session).refunded_amount == 0
    assert reconcile(backup) == []
    assert payment_of(session).refunded_amount == 100
    refund(session, 50)
    clock.sweep()
    assert (payment_of(session).refunded_amount, payment_of(session).state) == (150, "captured")
    assert sorted(one["amount"] for one in stripe.things("refund")) == [50, 100]
    sync_accounts_tick()
    assert sum(Receipt.objects.values_list("total", flat=True)) == 151


def test_a_refund_that_waited_at_the_backup_is_looked_up_days_later(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    session = paying()
    charge(cpo, clock)
    finish(cpo, clock)
    refund(session, 100)
    backup = database.dump()
    clock.sweep()
    clock.traveller.move_to(clock.now() + timedelta(hours=30))
    database.restore(backup)
    assert payment_of(session).state == "refunding"
    assert reconcile(backup) == []
    assert (payment_of(session).refunded_amount, payment_of(session).state) == (100, "captured")
    assert [one["amount"] for one in stripe.things("refund")] == [100]


def test_a_hold_that_was_kept_is_not_let_go_of_before_somebody_looked(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock
) -> None:
    Policy.objects.create(hold_for_retry=300)
    cpo.accept("START_SESSION", "REJECTED")
    session = paying()
    assert (state(session)[0], money(session)) == ("failed", ("reserved", 0))
    backup = database.dump()
    database.restore(backup)
    assert kinds(reconcile(backup)) == ["kept"]
    assert stripe.money() == [("requires_capture", 4000, 0)]
    clock.forward(hours=25)
    assert stripe.money() == [("canceled", 0, 0)]


def test_what_others_have_at_the_gateway_is_left_alone(
    paying: Begin, database: Database, stripe: Stripe, clock: Clock
) -> None:
    backup = database.dump()
    for metadata in ({}, {"payment": "7"}, {"payment": str(uuid4())}, {"payment": str(uuid4()), "session": "x"}):
        opening = OpenRequest(
            key=str(uuid4()),
            amount=700,
            currency="EUR",
            payment_method="pm_card_visa",
            reference="r",
            asked_at=clock.now(),
            metadata=metadata,
        )
        gateway = gateway_named("stripe")
        assert gateway.confirm(opening, gateway.open(opening).reference).outcome == "done"
    database.restore(backup)
    assert reconcile(backup) == []
    assert stripe.money() == [("requires_capture", 700, 0)] * 4
    assert not PaymentAuthorization.objects.exists()


def test_it_is_safe_twice_and_heals_what_did_not_answer_at_first(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock, settings: Any
) -> None:
    backup = database.dump()
    session = paying()
    charge(cpo, clock)
    database.restore(backup)
    there, settings.STRIPE_API_BASE = settings.STRIPE_API_BASE, "http://127.0.0.1:9"
    cpo.server.on("GET /sessions", Answer("unauthorized", 401))
    cpo.server.on("GET /cdrs", Answer("unauthorized", 401))
    assert kinds(reconcile(backup)) == ["gateway", "token"]
    settings.STRIPE_API_BASE = there
    cpo.server.on("GET /cdrs", envelope([]))
    cpo.offers_sessions(told(cpo, 5, "ACTIVE"))
    first = reconcile(backup)
    assert kinds(first) == ["gateway", "token", "charge"]
    assert reconcile(backup) == first
    clock.forward(seconds=30)
    assert (state(session)[0], Restore.objects.count()) == ("charging", 1)
    assert stripe.money() == [("requires_capture", 4000, 0)]
    assert len(cpo.sent("START_SESSION")) == 1


def test_a_session_of_which_nothing_else_is_left_is_told(
    paying: Begin, database: Database, stripe: Stripe, cpo: Cpo, clock: Clock, settings: Any
) -> None:
    settings.PAYMENT_GATEWAY = "simulated"
    backup = database.dump()
    paying(payment_method=None)
    clock.forward(seconds=5)
    database.restore(backup)
    cpo.offers_sessions(told(cpo, 5, "ACTIVE"))
    [(key, text)] = reconcile(backup)
    uid = cpo.sent("START_SESSION")[-1].body["token"]["uid"]
    assert key == f"session:{OcpiSession.objects.get().pk}"
    assert text.endswith(f"Session S-1 is ACTIVE with 5 kWh at EVSE-1. It names our token {uid}, which we do not know.")


def test_a_moment_to_come_is_refused(database: Database, clock: Clock) -> None:
    with pytest.raises(CommandError, match="still to come"):
        call_command("reconcile", since=clock.now() + timedelta(seconds=1))
    assert not Restore.objects.exists()
