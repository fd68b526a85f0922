"""Claims and receivables in the books: each change of one is a transaction, in the one that changes the row."""

import pytest

from billing import outstanding
from billing.models import LedgerTransaction, OutstandingAmount, PaymentAuthorization
from ocpi.models import Cdr
from ocpi.store import Party, put_cdr
from ocpi.versions import VERSIONS
from tests.billing.books.looking import findings, posted, stands, tamper, verified
from tests.billing.conftest import opened
from tests.factories import PartnerFactory, cdr_data

pytestmark = pytest.mark.django_db
CLAIM, RECEIVABLE = outstanding.Kind.CLAIM, outstanding.Kind.RECEIVABLE


@pytest.fixture
def cdr() -> Cdr:
    partner = PartnerFactory.create(code="ion", party_id="ION")
    put_cdr(Party(partner, "SK", "ION", VERSIONS["2.2.1"]), cdr_data())
    return Cdr.objects.get()


@pytest.fixture
def payment() -> PaymentAuthorization:
    return opened()


def test_both_kinds_stand_until_they_are_closed(payment: PaymentAuthorization, cdr: Cdr) -> None:
    outstanding.keep(payment, cdr, {CLAIM: 300, RECEIVABLE: 120})
    assert stands() == {"claims": 300, "cost": -300, "receivables": 120, "deferred": -120}
    claim, receivable = OutstandingAmount.objects.order_by("kind")
    outstanding.close(claim.pk, outstanding.State.SETTLED, "anna", "credited")
    outstanding.close(receivable.pk, outstanding.State.SETTLED, "anna", "paid by transfer")
    assert stands() == {"payable": 300, "cost": -300, "elsewhere": 120, "deferred": -120}
    with pytest.raises(outstanding.AlreadyClosed):
        outstanding.close(claim.pk, outstanding.State.WRITTEN_OFF, "anna", "again")
    assert len(posted()) == 4
    assert verified()[0] == 0


@pytest.mark.parametrize("state", [outstanding.State.WRITTEN_OFF, outstanding.State.WITHDRAWN])
def test_what_is_given_up_stands_nowhere(payment: PaymentAuthorization, cdr: Cdr, state: str) -> None:
    outstanding.keep(payment, cdr, {CLAIM: 300})
    outstanding.close(OutstandingAmount.objects.get().pk, state, "anna", "too small")
    assert stands() == {}
    one = LedgerTransaction.objects.first()
    assert one is not None
    assert (one.kind, one.partner_id, one.authorization_id) == ("outstanding", cdr.partner_id, payment.pk)


def test_keeping_again_posts_nothing_and_another_amount_the_difference(payment: PaymentAuthorization, cdr: Cdr) -> None:
    for amount in (300, 300, 250, 0):
        outstanding.keep(payment, cdr, {CLAIM: amount})
    assert [amounts["claims"] for _number, amounts in posted()] == [300, -50, -250]
    assert OutstandingAmount.objects.get().state == "withdrawn"
    outstanding.keep(payment, cdr, {CLAIM: 40})
    assert stands() == {"claims": 40, "cost": -40}


def test_a_cent_in_a_claim_is_found(payment: PaymentAuthorization, cdr: Cdr) -> None:
    outstanding.keep(payment, cdr, {CLAIM: 300})
    row = OutstandingAmount.objects.get()
    OutstandingAmount.objects.update(amount=301)
    assert findings() == [
        f"Claim: beyond the price shown {row.pk} (open): 3.01 EUR in claims, the books say 3.00 EUR.",
        f"Claim: beyond the price shown {row.pk} (open): -3.01 EUR in cost, the books say -3.00 EUR.",
    ]
    assert len(findings("--since", "2020-01-01")) == 2
    tamper("UPDATE billing_outstandingamount SET amount = 300")
    assert findings() == []
