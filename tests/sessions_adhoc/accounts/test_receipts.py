"""Receipts of real charges: issued once, fixed, and together what the driver paid, whatever comes after."""

import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from io import BytesIO
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from billing.models import LedgerTransaction, PaymentAuthorization, Receipt, ReceiptSeries, UnpostedPayment
from billing.payments import services as billing
from billing.payments.history import Action, write
from billing.tasks import sync_books_tick
from ocpi.models import Cdr, Connector, Location
from partners.models import Mail
from sessions_adhoc import staff
from sessions_adhoc.accounts import closing
from sessions_adhoc.models import AccountDue, AdHocSession, ReceiptWish
from sessions_adhoc.tasks import sync_accounts_tick, sync_forget_addresses
from tests.billing.books.looking import findings, stands, tamper
from tests.factories import tariff_data
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.looking import money, state
from tests.sessions_adhoc.test_money_after_settlement import charged, credit, settled

__all__ = ["charged", "settled"]
pytestmark = pytest.mark.django_db
LETTERS = "Žilina, Őrség, Łódź, Čierna ľ"


def documents() -> list[tuple[str, str, int]]:
    return list(Receipt.objects.order_by("ordinal").values_list("number", "kind", "total"))


def close() -> int:
    sync_books_tick()
    return sync_accounts_tick()


@pytest.fixture
def priced(driver: Driver, cpo: Cpo, clock: Clock) -> AdHocSession:
    """A charge of 5 kWh by a published tariff, settled for 3.01 EUR; nobody has looked at its account yet."""
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    Connector.objects.update(tariff_ids=["T-1"])
    Location.objects.update(
        name=LETTERS, address="Hlavná 1", city="Košice", country="SVK", time_zone="Europe/Bratislava"
    )
    session = driver.start(email="driver@example.com")
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(5)
    clock.forward(seconds=20)
    cpo.session(5, "COMPLETED")
    clock.forward(seconds=1)
    signed = {
        "encoding_method": "OCMF",
        "public_key": "3059301306072A86",
        "signed_values": [{"nature": "End", "plain_data": "5.0", "signed_data": "OCMF|{...}|{...}"}],
    }
    cpo.cdr(3.01, signed_data=signed)
    clock.forward(seconds=1)
    assert (state(session)[0], money(session)) == ("settled", ("captured", 301))
    return session


def test_one_is_issued_when_the_session_is_settled(priced: AdHocSession) -> None:
    assert documents() == []
    assert close() == 1
    receipt = Receipt.objects.get()
    assert documents() == [("SFP-2026-000001", "receipt", 301)]
    kept = receipt.contents
    assert kept["lines"] == [
        {
            "what": "energy",
            "text": "Energy",
            "gross": 301,
            "rate": "23",
            "quantity": "5",
            "unit": "kWh",
            "unit_price": "0.6027",
        }
    ]
    assert kept["vat"] == [{"rate": "23", "net": 245, "vat": 56, "gross": 301}]
    assert (kept["start"], kept["end"]) == ("2026-05-04T14:00:00+02:00", "2026-05-04T14:01:00+02:00")
    assert (kept["session"], kept["evse_id"]) == (str(priced.pk)[:8], "SK*ION*EEVSE-1")
    assert (kept["kwh"], kept["cdr"], kept["time_zone"]) == ("5", "CDR-1", "Europe/Bratislava")
    assert kept["address"] == [LETTERS, "Hlavná 1", "Košice"]
    assert kept["signed_data"]["encoding_method"] == "OCMF"
    assert len(kept["offer_hash"]) == 64
    assert (str(receipt), receipt.country, str(ReceiptSeries.objects.get())) == ("SFP-2026-000001", "SK", "SFP-2026")


def test_looking_again_issues_nothing(priced: AdHocSession) -> None:
    close()
    AccountDue.objects.create(session=priced)
    assert [str(row) for row in AccountDue.objects.all()] == [str(priced.pk)]
    assert (close(), len(documents()), AccountDue.objects.count()) == (1, 1, 0)
    assert close() == 0


def test_the_books_have_sale_vat_and_what_the_cpo_gets(priced: AdHocSession) -> None:
    close()
    assert stands() == {
        "gateway": 301,
        "revenue": -245,
        "vat": -56,
        "payable": -301,
        "cost": 245,
        "input_vat": 56,
    }
    assert findings() == []
    entry = LedgerTransaction.objects.get(kind="receipt").entries.get(account="vat")
    assert (entry.country, str(entry.rate)) == ("SK", "23.00")


def test_it_is_fixed(priced: AdHocSession) -> None:
    close()
    for change in ("UPDATE billing_receipt SET total = 1", "DELETE FROM billing_receipt"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert documents() == [("SFP-2026-000001", "receipt", 301)]


def test_a_refund_makes_a_credit_note(priced: AdHocSession, clock: Clock, run_tasks: Callable[..., Any]) -> None:
    close()
    staff.refund(priced.pk, "anna", "goodwill", driver_pays=201)
    clock.forward(seconds=1)
    assert close() == 1
    assert documents()[1:] == [("SFPC-2026-000001", "credit_note", -100)]
    note = Receipt.objects.get(kind="credit_note")
    assert note.corrects is not None
    assert (note.corrects.number, note.given_back, note.contents["corrects"]) == (
        "SFP-2026-000001",
        100,
        "SFP-2026-000001",
    )
    assert note.contents["vat"] == [{"rate": "23", "net": -81, "vat": -19, "gross": -100}]
    assert stands() == {
        "gateway": 201,
        "revenue": -164,
        "vat": -37,
        "payable": -301,
        "cost": 245,
        "input_vat": 56,
    }
    assert findings() == []


def test_a_refund_that_failed_makes_a_new_receipt(priced: AdHocSession, clock: Clock) -> None:
    close()
    staff.refund(priced.pk, "anna", "goodwill", driver_pays=0)
    clock.forward(seconds=1)
    close()
    assert [total for _number, _kind, total in documents()] == [301, -301]
    payment = PaymentAuthorization.objects.get()
    with transaction.atomic():
        payment.refunded_amount = 0
        write(payment, Action.ANSWERED, at=clock.now(), came_from=payment.state, answer=None)
        UnpostedPayment.objects.create(authorization=payment)
        AccountDue.objects.create(session=priced)
    close()
    assert [total for _number, _kind, total in documents()] == [301, -301, 301]
    assert stands() == {"gateway": 301, "revenue": -245, "vat": -56, "payable": -301, "cost": 245, "input_vat": 56}


def test_a_credit_cdr_with_a_lower_one(settled: Any, cpo: Cpo, clock: Clock) -> None:
    close()
    assert documents() == [("SFP-2026-000001", "receipt", 1230)]
    credit(cpo, 12.30)
    cpo.cdr(8.00, "CDR-2")
    clock.forward(seconds=1)
    close()
    assert documents()[1:] == [("SFPC-2026-000001", "credit_note", -1230), ("SFP-2026-000002", "receipt", 800)]
    assert Receipt.objects.get(total=800).contents["cdr"] == "CDR-2"
    assert (stands()["gateway"], stands()["payable"], stands().get("drivers"), stands().get("refunds")) == (
        800,
        -800,
        None,
        None,
    )
    assert findings() == []


def test_a_credit_cdr_without_a_new_one_takes_back_what_is_owed(settled: Any, cpo: Cpo, clock: Clock) -> None:
    close()
    credit(cpo, 12.30)
    clock.forward(seconds=1)
    close()
    assert (documents(), stands().get("payable")) == ([("SFP-2026-000001", "receipt", 1230)], None)
    staff.refund(settled.pk, "anna", "all was taken back", driver_pays=0)
    clock.forward(seconds=1)
    close()
    assert [total for _number, _kind, total in documents()] == [1230, -1230]
    assert stands() == {}
    assert findings() == []


def test_captured_by_staff_from_the_last_sample(charged: Callable[..., Any], cpo: Cpo, clock: Clock) -> None:
    """No CDR ever came: the times and kWh are those of our own meter values."""
    session = charged()
    clock.forward(hours=25)
    assert state(session)[0] == "escalated"
    billing.request_capture(session.authorization_id, 600, reason="by hand")
    clock.forward(seconds=1)
    close()
    receipt = Receipt.objects.get()
    assert (receipt.total, receipt.contents["kwh"], receipt.contents["cdr"]) == (600, "10", "")
    assert (receipt.contents["start"], receipt.contents["end"]) == (
        "2026-05-04T14:00:00+02:00",
        "2026-05-04T14:00:40+02:00",
    )
    assert receipt.contents["lines"][0]["text"] == "Charging, as the operator billed it"
    assert (stands().get("drivers", 0), findings()) == (0, [])


def test_by_our_own_calculation_the_lines_are_those_of_the_meter(driver: Driver, cpo: Cpo, clock: Clock) -> None:
    """The price is known, and no CDR ever comes: staff capture from the last sample."""
    cpo.push("PUT", "tariffs/SK/ION/T-1", tariff_data(), 201)
    Connector.objects.update(tariff_ids=["T-1"])
    session = driver.start()
    cpo.session(0, created=True)
    clock.forward(seconds=20)
    cpo.session(5)
    clock.forward(seconds=20)
    cpo.session(5, "COMPLETED")
    clock.forward(hours=50)
    if state(session)[0] == "escalated":
        staff.capture_from_last_sample(session.pk, "anna", "no CDR")
        clock.forward(seconds=1)
    close()
    receipt = Receipt.objects.get()
    assert (receipt.total, [line["text"] for line in receipt.contents["lines"]]) == (301, ["Energy"])
    assert findings() == []


def test_all_payments_of_a_charge_are_on_one_receipt(priced: AdHocSession, clock: Clock) -> None:
    """What was still owed is collected by a further payment: the receipt that stands is of both."""
    close()
    first = PaymentAuthorization.objects.get()
    more = billing.open_authorization(
        reference=f"{priced.pk}/2", amount=150, currency="EUR", payment_method="pm_sim_ok", gateway="simulated"
    )
    PaymentAuthorization.objects.filter(pk=more.pk).update(main=first, purpose="collection")
    billing.request_reserve(more.pk)
    clock.forward(seconds=1)
    billing.request_capture(more.pk, 100)
    clock.forward(seconds=1)
    close()
    assert [total for _number, _kind, total in documents()] == [301, -301, 401]
    assert [one["amount"] for one in Receipt.objects.get(total=401).contents["payments"]] == [301, 100]
    assert [line["gross"] for line in Receipt.objects.get(total=401).contents["lines"]] == [301, 100]
    assert (stands().get("drivers", 0), stands()["gateway"], findings()) == (0, 401, [])


def test_nothing_paid_no_receipt(driver: Driver, clock: Clock) -> None:
    session = driver.start(email="driver@example.com")
    driver.stop(session)
    clock.forward(minutes=10)
    close()
    assert (documents(), Mail.objects.count(), ReceiptWish.objects.count()) == ([], 0, 1)


def test_what_is_still_moving_waits_for_the_next_news(priced: AdHocSession, clock: Clock) -> None:
    close()
    billing.request_refund(priced.authorization_id, 100, reason="x")
    AccountDue.objects.create(session=priced)
    close()
    assert len(documents()) == 1
    clock.forward(seconds=1)
    close()
    assert len(documents()) == 2


def test_one_account_that_fails_keeps_no_other_waiting(
    priced: AdHocSession, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_session_id: Any) -> None:
        raise ValueError("no")

    with monkeypatch.context() as patch:
        patch.setattr(closing, "close_account", fail)
        assert close() == 1
    assert (documents(), AccountDue.objects.count()) == ([], 1)
    clock.forward(minutes=1)
    assert close() == 1
    assert len(documents()) == 1


class TestMail:
    def test_it_is_mailed_to_who_asked_and_the_address_is_forgotten(
        self, priced: AdHocSession, clock: Clock, mailoutbox: list[Any], run_tasks: Callable[..., Any]
    ) -> None:
        wish = ReceiptWish.objects.get()
        assert b"driver@example.com" not in bytes(wish.address)
        assert str(wish) == str(priced.pk)
        close()
        run_tasks()
        [mail] = mailoutbox
        receipt = Receipt.objects.get()
        assert (mail.to, mail.subject) == (["driver@example.com"], "Receipt SFP-2026-000001")
        assert f"/c/receipt/{receipt.pk}" in mail.body
        assert "3.01 EUR" in mail.body
        assert sync_forget_addresses() == 0
        clock.traveller.shift(timedelta(days=31))
        assert sync_forget_addresses() == 1
        assert (ReceiptWish.objects.count(), Mail.objects.get().to) == (0, ["forgotten"])
        assert "driver@example.com" not in json.dumps(Receipt.objects.get().contents)

    def test_an_address_that_cannot_be_read_keeps_no_receipt_back(self, priced: AdHocSession) -> None:
        ReceiptWish.objects.update(address=b"broken")
        close()
        assert (len(documents()), Mail.objects.count()) == (1, 0)


class TestPages:
    def test_the_page_says_what_stands_on_it(self, priced: AdHocSession, client: Client) -> None:
        close()
        receipt = Receipt.objects.get()
        result = client.get(reverse("driver:session", args=[priced.pk])).content.decode()
        assert f"/c/receipt/{receipt.pk}" in result
        page = client.get(reverse("driver:receipt", args=[receipt.pk]))
        assert page["Cache-Control"].startswith("no-store") or "private" in page["Cache-Control"]
        text = page.content.decode()
        for said in ("Receipt SFP-2026-000001", "3.01 EUR", "2.45 EUR", "0.56 EUR", "23 %", "Őrség", "14:00", "OCMF"):
            assert said in text

    def test_the_pdf_says_the_same(self, priced: AdHocSession, client: Client) -> None:
        close()
        receipt = Receipt.objects.get()
        answer = client.get(reverse("driver:receipt-pdf", args=[receipt.pk]))
        assert answer["Content-Type"] == "application/pdf"
        text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.content)).pages)
        said = ("SFP-2026-000001", LETTERS, "Košice", "5 kWh", "0.6027 EUR/kWh", "3.01 EUR", "2.45 EUR", "0.56 EUR")
        assert [word for word in said if word not in text] == []

    @pytest.mark.parametrize(
        ("language", "made", "page"),
        [
            ("sk", "Vyhotovené", "Strana 1 z 1"),
            ("cs", "Vyhotoveno", "Strana 1 z 1"),
            ("de", "Erstellt am", "Seite 1 von 1"),
            ("en", "Made", "Page 1 of 1"),
            ("hu", "Készült:", "1. oldal, összesen 1"),
            ("pl", "Sporządzono", "Strona 1 z 1"),
        ],
    )
    def test_the_foot_of_the_pdf_speaks_as_the_rest(
        self, priced: AdHocSession, client: Client, language: str, made: str, page: str
    ) -> None:
        close()
        address = reverse("driver:receipt-pdf", args=[Receipt.objects.get().pk])
        read = PdfReader(BytesIO(client.get(address, {"lang": language}).content))
        text = read.pages[0].extract_text()
        assert [word for word in (made, page) if word not in text] == []
        assert language == "en" or [word for word in ("Made", "Page") if word in text] == []
        assert str(read.root_object["/Lang"]) == language

    def test_a_credit_note_and_its_receipt_name_each_other(
        self, priced: AdHocSession, clock: Clock, client: Client
    ) -> None:
        close()
        staff.refund(priced.pk, "anna", "goodwill", driver_pays=201)
        clock.forward(seconds=1)
        close()
        receipt, note = Receipt.objects.order_by("ordinal")
        assert f"/c/receipt/{note.pk}" in client.get(reverse("driver:receipt", args=[receipt.pk])).content.decode()
        text = client.get(reverse("driver:receipt", args=[note.pk])).content.decode()
        assert "Credit note SFPC-2026-000001" in text
        assert f"/c/receipt/{receipt.pk}" in text
        assert "-1.00 EUR" in text

    @pytest.mark.parametrize("name", ["receipt", "receipt-pdf"])
    def test_a_link_that_leads_nowhere(self, db: None, client: Client, name: str) -> None:
        answer = client.get(reverse(f"driver:{name}", args=["00000000-0000-0000-0000-000000000000"]))
        assert (answer.status_code, "There is no receipt behind this link." in answer.content.decode()) == (404, True)


class TestVerify:
    def test_a_cent_on_a_receipt(self, priced: AdHocSession) -> None:
        close()
        tamper("UPDATE billing_receipt SET total = 302")
        assert findings() == [
            "SFP-2026-000001: its total is 3.02 EUR, its lines come to 3.01 EUR.",
            "SFP-2026-000001: 3.02 EUR in drivers, the books say 3.01 EUR.",
            f"Session {priced.pk}: 3.01 EUR was paid, its receipts come to 3.02 EUR.",
        ]

    def test_a_cent_in_a_cdr(self, priced: AdHocSession) -> None:
        close()
        Cdr.objects.update(total_gross="3.0200")
        row = Cdr.objects.get()
        assert f"CDR CDR-1 ({row.pk}): -3.02 EUR in payable, the books say -3.01 EUR." in findings()
        assert findings("--since", "2026-05-05") == []

    def test_a_gap(self, priced: AdHocSession) -> None:
        close()
        ReceiptSeries.objects.update(last=2)
        assert findings() == ["Series SFP-2026: 1 documents, the newest number is 1, 2 were given."]
        ReceiptSeries.objects.all().delete()
        assert findings() == ["Series SFP-2026 has documents and no counter."]

    def test_what_waits_is_left_out(self, priced: AdHocSession) -> None:
        sync_books_tick()
        assert findings() == []


def test_countries_may_have_a_series_of_their_own(priced: AdHocSession, settings: Any) -> None:
    settings.RECEIPT_SERIES = ["SFP", "SK=SKSFP"]
    close()
    assert documents() == [("SKSFP-2026-000001", "receipt", 301)]


def test_sessions_from_before_get_theirs(priced: AdHocSession) -> None:
    AccountDue.objects.all().delete()
    import_module("sessions_adhoc.migrations.0005_accounts_of_before").open_accounts(apps, None)
    assert (close(), len(documents())) == (1, 1)
