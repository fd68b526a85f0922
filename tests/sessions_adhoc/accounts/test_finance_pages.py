"""Finance's pages: the month by partner, statements, what waits, receipts by number, who may see them."""

import csv
from collections.abc import Callable
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from pypdf import PdfReader

from billing.books.months import Month, month_of
from billing.models import Payout, PayoutLine, Receipt
from billing.payouts.importing import take
from ocpi.models import Cdr
from partners.people import rights
from sessions_adhoc.models import AdHocSession
from tests.sessions_adhoc.accounts.test_receipts import close, priced
from tests.sessions_adhoc.conftest import Clock, Cpo, Driver
from tests.sessions_adhoc.test_money_after_settlement import charged, settled

__all__ = ["charged", "priced", "settled"]
pytestmark = pytest.mark.django_db
MONTH = "admin:billing_financemonth_changelist"


def of(group: str) -> Client:
    user = User.objects.create_user(f"of-{group}", is_staff=True)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def test_the_month_by_partner(priced: AdHocSession, cpo: Cpo, admin_client: Client) -> None:
    close()
    text = admin_client.get(reverse(MONTH), {"month": "2026-05"}).content.decode()
    for said in ("ION Charging", "3.01 EUR", "2.45 EUR", "0.00 EUR", "2026-04", "2026-06"):
        assert said in text
    assert f"/{cpo.partner.pk}/2026-05.csv" in text
    assert "Nothing was posted in this month" in admin_client.get(reverse(MONTH), {"month": "2026-04"}).content.decode()


def test_the_statement_as_csv_and_pdf(priced: AdHocSession, cpo: Cpo, admin_client: Client) -> None:
    close()
    args = [cpo.partner.pk, "2026-05"]
    answer: Any = admin_client.get(reverse("admin:billing_financemonth_csv", args=args))
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["kind"], row["about"], row["payable"], row["revenue"], row["vat"]) for row in rows] == [
        ("cdr", "CDR-1", "-3.01", "0.00", "0.00"),
        ("receipt", "SFP-2026-000001", "0.00", "-2.45", "-0.56"),
    ]
    paper = admin_client.get(reverse("admin:billing_financemonth_pdf", args=args))
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(paper.content)).pages)
    for said in ("Statement 2026-05", "Margin", "SFP-2026-000001", "3.01 EUR"):
        assert said in text
    empty = admin_client.get(reverse("admin:billing_financemonth_pdf", args=[cpo.partner.pk, "2026-04"]))
    assert "Nothing was posted" in PdfReader(BytesIO(empty.content)).pages[0].extract_text()
    assert admin_client.get(reverse("admin:billing_financemonth_csv", args=[0, "2026-05"])).status_code == 404


def test_what_a_cpo_names_is_no_formula(settled: Any, cpo: Cpo, clock: Clock, admin_client: Client) -> None:
    close()
    Cdr.objects.update(ocpi_id="=cmd()")
    answer: Any = admin_client.get(reverse("admin:billing_financemonth_csv", args=[cpo.partner.pk, "2026-05"]))
    assert b",'=cmd()," in b"".join(answer.streaming_content)


def test_what_waits_and_how_old_holds_are(
    driver: Driver, cpo: Cpo, charged: Callable[..., Any], clock: Clock, admin_client: Client
) -> None:
    charged()
    clock.forward(hours=50)
    take("simulated", ["payout,id,kind,payment,gross,fee,currency", "po_1,t1,charge,pi_9,3.01,0,EUR"])
    text = admin_client.get(reverse(MONTH)).content.decode()
    for said in ("Held: the session is escalated", "up to three days", "40.00 EUR", "Payout lines without a payment"):
        assert said in text
    assert (
        admin_client.get(
            reverse("admin:billing_paymentauthorization_changelist"), {"dispute__exact": "open"}
        ).status_code
        == 200
    )


def test_receipts_are_found_by_number_and_by_session(priced: AdHocSession, admin_client: Client) -> None:
    close()
    receipt = Receipt.objects.get()
    page = reverse("admin:billing_receipt_changelist")
    for term in ("SFP-2026-000001", "sfp-2026-000001", str(priced.pk)):
        assert "SFP-2026-000001" in admin_client.get(page, {"q": term}).content.decode()
    assert "SFP-2026-000001" not in admin_client.get(page, {"q": "SFP-2026-000002"}).content.decode().replace(
        "for example SFP-2026-000001", ""
    )
    text = admin_client.get(reverse("admin:billing_receipt_change", args=[receipt.pk])).content.decode()
    for said in ("Stands", "Energy", "23 %: 2.45 EUR + 0.56 EUR = 3.01 EUR", f"/c/receipt/{receipt.pk}.pdf"):
        assert said in text


def test_the_pages_of_a_payout(admin_client: Client) -> None:
    take("simulated", ["payout,id,kind,payment,gross,fee,currency", "po_1,t1,charge,pi_9,3.01,0.10,EUR"])
    payout = Payout.objects.get()
    text = admin_client.get(reverse("admin:billing_payout_change", args=[payout.pk])).content.decode()
    assert "1 line has no payment of ours, or another sum." in text
    again = admin_client.post(reverse("admin:billing_payout_do_match", args=[payout.pk]), follow=True)
    assert "1 line still does not agree." in again.content.decode()
    PayoutLine.objects.update(match="matched")
    text = admin_client.get(reverse("admin:billing_payout_change", args=[payout.pk])).content.decode()
    assert "Each line has its payment" in text


@pytest.mark.parametrize("group", sorted(rights.GROUPS))
def test_who_sees_what_the_company_earns(group: str) -> None:
    sees = group in (rights.FINANCE, rights.ADMIN)
    client = of(group)
    for name in ("financemonth", "ledgertransaction", "payout", "payoutline"):
        assert client.get(reverse(f"admin:billing_{name}_changelist")).status_code == (200 if sees else 403)
    for name in ("csv", "pdf"):
        address = reverse(f"admin:billing_financemonth_{name}", args=[0, "2026-05"])
        assert client.get(address).status_code == (404 if sees else 403)
    assert client.get(reverse("admin:billing_receipt_changelist")).status_code == 200


def test_months() -> None:
    month = month_of("2026-12")
    assert (str(month.next), str(month.before), str(Month(date(2026, 1, 1)).before)) == (
        "2027-01",
        "2026-11",
        "2025-12",
    )
    assert (month.begins.isoformat(), month.ends.isoformat()) == (
        "2026-12-01T00:00:00+01:00",
        "2027-01-01T00:00:00+01:00",
    )
    assert month_of("nonsense").first.day == 1
