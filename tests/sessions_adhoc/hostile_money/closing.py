"""The end of a charge's account, as it has to be whatever a CPO, a gateway or a driver did before."""

from django.db.models import Sum

from billing.models import PaymentAuthorization, Receipt, UnpostedPayment
from billing.tasks import sync_books_tick
from sessions_adhoc.models import AccountDue, AdHocSession
from sessions_adhoc.tasks import sync_accounts_tick
from tests.billing.books.looking import findings

HOLDING = ("created", "reserving", "reserved", "capturing", "releasing", "refunding")


def closed() -> list[tuple[str, str, int]]:
    """(number, kind, total) of each document, once the books are posted and the accounts closed.

    They agree with the payments and among themselves, nothing more is due, and nothing is held of a session that is
    over.
    """
    for _ in range(2):
        sync_books_tick()
        sync_accounts_tick()
    assert findings() == []
    assert (AccountDue.objects.count(), UnpostedPayment.objects.count()) == (0, 0)
    for session in AdHocSession.objects.filter(state__in=["settled", "failed", "cancelled"]):
        payment = PaymentAuthorization.objects.get(pk=session.authorization_id)
        assert payment.state not in HOLDING
        assert payment.captured_amount <= session.amount
        told = Receipt.objects.filter(reference=str(session.pk)).aggregate(Sum("total"))["total__sum"] or 0
        assert told == payment.kept_amount
    return list(Receipt.objects.order_by("ordinal").values_list("number", "kind", "total"))


def lines() -> list[list[tuple[str, int, str | None]]]:
    """(text, minor units, rate of VAT) of each line of each document, in the order of issue."""
    return [
        [(line["text"], line["gross"], line["rate"]) for line in row.contents["lines"]]
        for row in Receipt.objects.order_by("ordinal")
    ]
