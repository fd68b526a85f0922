"""One driver's data: all of it is told, and what leads to the driver is forgotten when nothing asks for it any more."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from billing.models import PaymentAuthorization, Receipt
from partners.models import HistoryEntry, Mail, Retention
from partners.tasks import mail_forget_personal
from sessions_adhoc.models import AdHocSession, ReceiptWish, Sample
from sessions_adhoc.tasks import sync_accounts_tick
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money

pytestmark = pytest.mark.django_db
ADDRESS = "driver+x@example.com"
BY = ("--by", "anna", "--reason", "Asked by mail.")


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("personal_data", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def charged(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    session = driver.start(email=ADDRESS)
    PaymentAuthorization.objects.update(card="4242")
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(5)
    clock.forward(seconds=20)
    return session


def end(cpo: Cpo, clock: Clock) -> None:
    cpo.session(5, "COMPLETED")
    clock.forward(seconds=1)
    cpo.cdr(3.01)
    clock.forward(seconds=1)
    sync_accounts_tick()


def test_all_of_it_is_told(charged: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    end(cpo, clock)
    [told] = json.loads(run("export", "--email", ADDRESS.upper()))
    assert (told["session"], told["address_for_receipt"], told["state"]) == (str(charged.pk), ADDRESS, "settled")
    assert told["payments"][0]["card"] == "4242"
    assert told["mails"][0]["to"] == [ADDRESS]
    assert [one["total"] for one in told["receipts"]] == [301]
    assert [one["id"] for one in told["sessions_of_the_operator"]] == ["S-1"]
    assert [one["id"] for one in told["cdrs_of_the_operator"]] == ["CDR-1"]
    assert len(told["meter_values"]) == Sample.objects.count() > 1
    assert [(one["kind"], one["response"]) for one in told["commands"]] == [("START_SESSION", "ACCEPTED")]
    steps = [(one["action"], one["to_state"]) for one in told["payments"][0]["steps"]]
    assert (steps[0][0], steps[-1]) == ("opened", ("answered", "captured"))
    assert json.loads(run("export", "--session", str(charged.pk))) == [told]


def test_what_leads_to_the_driver_is_forgotten(charged: AdHocSession, cpo: Cpo, clock: Clock) -> None:
    with pytest.raises(CommandError, match="1 of 1 charges are not at rest"):
        run("erase", "--email", ADDRESS, *BY)
    assert ReceiptWish.objects.exists()
    assert not HistoryEntry.objects.filter(label="Personal data erased").exists()
    end(cpo, clock)
    told = run("erase", "--email", ADDRESS, *BY)
    assert told.splitlines()[0] == (
        f"{charged.pk}: forgotten: the address for receipts, in 1 mails too; the card's digits and the payment method."
    )
    assert "  Receipts and the ledger: as long as books have to be kept by law." in told
    assert (ReceiptWish.objects.count(), Mail.objects.get().to) == (0, ["forgotten"])
    payment = PaymentAuthorization.objects.get()
    assert (payment.card, payment.payment_method, payment.captured_amount) == ("", "", 301)
    assert "example.com" not in json.dumps(payment.opening)
    assert (Receipt.objects.get().total, money(charged)) == (301, ("captured", 301))
    entry = HistoryEntry.objects.get(label="Personal data erased")
    assert (entry.by, entry.reason) == ("anna", "Asked by mail.")
    assert "example.com" not in entry.outcome
    # A second time there is nothing left, and nobody is found by the address.
    with pytest.raises(CommandError, match="Nothing is known of this driver"):
        run("erase", "--email", ADDRESS, *BY)
    assert "nothing was left" in run("erase", "--session", str(charged.pk), *BY)


def test_what_is_asked_for_wrongly_is_refused(charged: AdHocSession) -> None:
    unknown = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(CommandError, match=f"There is no such session: {unknown}"):
        run("export", "--session", str(charged.pk), "--session", unknown)
    for nobody in ("", " ", "%", "nobody@example.com"):
        with pytest.raises(CommandError, match="Nothing is known of this driver"):
            run("export", "--email", nobody)


def test_meter_values_end_with_their_time(charged: AdHocSession, cpo: Cpo, clock: Clock, settings: Any) -> None:
    end(cpo, clock)
    settings.SAMPLE_DAYS = 10
    for days, left in ((9, True), (2, False)):
        clock.traveller.move_to(clock.now() + timedelta(days=days))
        Retention.objects.update(next_check_at=clock.now())
        mail_forget_personal()
        assert Sample.objects.exists() is left
    assert money(charged) == ("captured", 301)
