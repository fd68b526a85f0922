"""Payouts: imported once, matched by reference and sum, posted, and what does not agree is listed."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from time_machine import Traveller

from billing.models import Payout, PayoutLine
from billing.payments import services
from billing.payouts.importing import NotReadable, match_again, take
from billing.tasks import sync_books_tick
from tests.billing.books.looking import findings, stands, tamper
from tests.billing.conftest import fresh
from tests.billing.test_refunds import captured

pytestmark = pytest.mark.django_db
HEAD = "payout,id,kind,payment,gross,fee,currency"
STRIPE = "automatic_payout_id,balance_transaction_id,reporting_category,payment_intent_id,gross,fee,net,currency"


def lines() -> list[tuple[str, str, int, int]]:
    return list(PayoutLine.objects.values_list("reference", "match", "gross", "fee"))


def test_it_is_matched_and_posted_once(clock: Traveller) -> None:
    row = captured()
    services.request_refund(row.pk, 500, reason="x")
    services.drive(row.pk)
    sync_books_tick()
    name = fresh(row).gateway_reference
    file = [
        HEAD,
        f"po_1,t1,charge,{name},15.00,0.45,eur",
        f"po_1,t2,refund,{name},-5.00,,EUR",
        "po_1,t3,fee,,0,0.10,EUR",
    ]
    taken = take("simulated", file, by="anna")
    assert (taken.payouts, taken.lines, taken.known, taken.unmatched) == (1, 3, 0, 0)
    assert lines() == [("t1", "matched", 1500, 45), ("t2", "matched", -500, 0), ("t3", "none", 0, 10)]
    payout = Payout.objects.get()
    assert (str(payout), payout.amount, payout.imported_by, str(payout.lines.first())) == ("po_1", 945, "anna", "t1")
    assert stands() == {"bank": 945, "fees": 55, "drivers": -1500, "refunds": 500}
    assert take("simulated", file).known == 1
    assert (len(lines()), stands()["bank"]) == (3, 945)
    clock.shift(1)
    assert findings() == []


def test_the_columns_may_be_those_of_stripe(clock: Traveller) -> None:
    name = captured().gateway_reference
    take("simulated", [STRIPE, f"po_1,txn_1,charge,{name},15.00,0.45,14.55,eur"])
    assert lines() == [("txn_1", "matched", 1500, 45)]


@pytest.mark.parametrize(
    ("line", "match"),
    [
        ("charge,{name},15.01,0,EUR", "differs"),
        ("charge,{name},15.00,0,CZK", "differs"),
        ("refund,{name},-0.01,0,EUR", "differs"),
        ("dispute,{name},-15.00,15,EUR", "matched"),
        ("charge,sim_other,15.00,0,EUR", "unmatched"),
        ("charge,,15.00,0,EUR", "unmatched"),
    ],
)
def test_what_does_not_agree_is_listed(clock: Traveller, line: str, match: str) -> None:
    name = captured().gateway_reference
    taken = take("simulated", [HEAD, f"po_1,t1,{line.format(name=name)}"])
    assert (lines()[0][1], taken.unmatched) == (match, int(match != "matched"))


def test_a_payment_that_comes_later_is_matched_then(clock: Traveller) -> None:
    row = captured()
    name = row.gateway_reference
    type(row).objects.update(gateway_reference="")
    take("simulated", [HEAD, f"po_1,t1,charge,{name},15.00,0,EUR"])
    assert match_again(Payout.objects.get()) == 1
    type(row).objects.update(gateway_reference=name)
    assert match_again(Payout.objects.get()) == 0
    assert lines()[0][1] == "matched"


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (["a,b"], "There is no column payout, id, kind, gross, currency."),
        ([HEAD, "po_1,t1,charge,pi,much,0,EUR"], "Line 2: the amounts or the currency cannot be read."),
        ([HEAD, "po_1,t1,charge,pi,1,0,EURO"], "Line 2: the amounts or the currency cannot be read."),
        ([HEAD, "po_1,t1,charge,pi,NaN,0,EUR"], "Line 2: the amounts or the currency cannot be read."),
        ([HEAD, ",t1,charge,pi,1,0,EUR"], "Line 2: it names no payout, or has no name of its own."),
        ([HEAD, "po_1,t1,charge,pi,1,0,EUR", "po_1,t1,charge,pi,1,0,EUR"], "t1 is there twice"),
        ([HEAD, "po_1,t1"], "Line 2: the amounts or the currency cannot be read."),
    ],
)
def test_a_file_that_cannot_be_read_is_not_taken_in_part(file: list[str], why: str) -> None:
    good = [file[0], "po_0,t0,charge,pi,1,0,EUR", *file[1:]] if len(file) > 1 else file
    with pytest.raises(NotReadable) as told:
        take("simulated", good)
    assert why.replace("Line 2", "Line 3") in str(told.value)
    assert (Payout.objects.count(), lines(), stands()) == (0, [], {})


def test_the_command(tmp_path: Path, clock: Traveller, capsys: Any) -> None:
    file = tmp_path / "payout.csv"
    file.write_text(f"\ufeff{HEAD}\npo_1,t1,charge,pi_9,3.01,0.10,EUR\n")
    call_command("payout", str(file), "--gateway", "simulated")
    assert capsys.readouterr().out == "1 payouts with 1 lines were taken, 0 were known. 1 lines do not agree.\n"
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandError, match=r"payout\.csv"):
        call_command("payout", str(file), "--gateway", "simulated")


def test_a_cent_in_a_payout_is_found(clock: Traveller) -> None:
    take("simulated", [HEAD, "po_1,t1,charge,pi_9,3.01,0.10,EUR"])
    tamper("UPDATE billing_payout SET amount = 292")
    assert findings() == [
        "Payout po_1: 2.92 EUR, its lines come to 2.91 EUR.",
        "Payout po_1: the books say something else.",
    ]
