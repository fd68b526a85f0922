"""A payment's history becomes postings: what moved between one step and the next.

The history is append-only and each step tells how the money stood after it, so the postings of a payment can be worked
out at any time, in full, and are the same each time. Those that the books have are passed over.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from billing.books.posting import Posting, double, post
from billing.models import Account, LedgerTransaction, PaymentEvent, UnpostedPayment
from partners.ground.deadlines import claim_due

log = structlog.get_logger(__name__)
Kind = LedgerTransaction.Kind
LEASE = timedelta(minutes=1)
BATCH = 200

MOVES: tuple[tuple[str, str, str, str, str], ...] = (
    ("held_after", Kind.HOLD, "held", Account.HOLDS, Account.HOLDS_CONTRA),
    ("captured_after", Kind.CAPTURE, "captured", Account.GATEWAY, Account.DRIVERS),
    ("refunded_after", Kind.REFUND, "refunded", Account.REFUNDS, Account.GATEWAY),
    ("disputed_after", Kind.DISPUTE, "disputed", Account.DISPUTED, Account.GATEWAY),
    ("lost_after", Kind.DISPUTE, "lost", Account.DISPUTE_LOSSES, Account.GATEWAY),
)
"""What an event tells -> kind, word in the key, debited where it grows, credited."""


def post_due() -> int:
    """Post what is due; return how many payments were looked at."""
    done = 0
    while claimed := claim_due(UnpostedPayment, now=timezone.now(), lease=LEASE, limit=BATCH):
        done += _post_claimed(claimed)
        if len(claimed) < BATCH:
            break
    return done


def _post_claimed(keys: Sequence[int]) -> int:
    """All in one transaction; where one of them fails, each by itself, so that it keeps no other waiting."""
    try:
        return _post_rows(keys)
    except Exception:
        if len(keys) == 1:
            log.exception("a payment could not be posted; it is due again after its lease", unposted=keys[0])
            return 0
        return sum(_post_claimed([key]) for key in keys)


def _post_rows(keys: Sequence[int]) -> int:
    with transaction.atomic():
        waiting = UnpostedPayment.objects.filter(pk__in=keys)
        payments = set(waiting.values_list("authorization_id", flat=True))
        post(postings_of(payments))
        waiting.delete()
        return len(payments)


def postings_of(payments: Iterable[UUID]) -> list[Posting]:
    """All postings of these payments, from their history."""
    events = PaymentEvent.objects.filter(authorization__in=list(payments)).exclude(held_after=None)
    of_payment = defaultdict[UUID, list[PaymentEvent]](list)
    for event in events.select_related("authorization").order_by("pk"):
        of_payment[event.authorization_id].append(event)
    return [posting for steps in of_payment.values() for posting in _postings(steps)]


def _postings(steps: Sequence[PaymentEvent]) -> Iterator[Posting]:
    stood = dict.fromkeys((move[0] for move in MOVES), 0)
    for event in steps:
        for column, kind, word, debit, credit in MOVES:
            moved = getattr(event, column) - stood[column]
            stood[column] += moved
            if moved:
                yield Posting(
                    f"event:{event.pk}:{word}",
                    kind,
                    event.at,
                    event.authorization.currency,
                    double(debit, credit, moved),
                    text=f"{word} {'+' if moved > 0 else '-'}",
                    about={"authorization_id": event.authorization_id},
                )
