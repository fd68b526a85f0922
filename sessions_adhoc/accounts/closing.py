"""Closing a session's account: done again after every news, and each time it ends with what is true by then.

The documents of a sale together come to what the driver has paid. Nothing that was issued changes: what is no longer
true is taken back by a credit note, and where a receipt is needed after that, there is a new one.
"""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from billing import outstanding
from billing.models import PaymentAuthorization, Receipt
from billing.receipts.issuing import Draft, issue, lines_on
from billing.receipts.lines import given_back
from partners.ground.deadlines import claim_due
from sessions_adhoc.accounts.awaiting import note_awaited
from sessions_adhoc.accounts.composing import REFUNDED, Sale, draft_of
from sessions_adhoc.accounts.mailing import mail_wanted
from sessions_adhoc.accounts.payables import billed_cdr, post_payables
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AccountDue, AdHocSession
from sessions_adhoc.money.paid import kept_of, payments_of
from sessions_adhoc.states import TERMINAL
from sessions_adhoc.webhooks import events

log = structlog.get_logger(__name__)
LEASE = timedelta(minutes=1)
BATCH = 200
State = PaymentAuthorization.State
AT_REST = frozenset(State) - {State.RESERVING, State.CAPTURING, State.RELEASING, State.REFUNDING}
CORRECTED = gettext_noop("Corrected")


def close_due() -> int:
    """Look at the accounts that are due; return how many."""
    claimed = claim_due(AccountDue, now=timezone.now(), lease=LEASE, limit=BATCH)
    sessions = dict(AccountDue.objects.filter(pk__in=claimed).values_list("session_id", "pk"))
    for session_id in sessions:
        try:
            close_account(session_id)
        except Exception:
            log.exception("an account could not be closed; it is due again after its lease", id=str(session_id))
    return len(sessions)


def close_account(session_id: UUID) -> None:
    """Have the books and the documents say what is true of a session now. Safe at any time, any number of times."""
    with transaction.atomic():
        rows, now = Snapshot.locked(session_id), timezone.now()
        AccountDue.objects.filter(session=session_id).delete()
        payments = payments_of(rows.session)
        if rows.session.state not in TERMINAL or not all(row.state in AT_REST for row in payments):
            return  # whatever moves next says so
        sale = sale_of(rows, payments)
        post_payables(sale, now)
        note_awaited(sale.bill)
        issued = [issue(draft) for draft in drafts_due(sale)]
        mail_wanted(rows.session, issued)
        rows.writes.add(*events.about_receipts(rows.session, rows.webhooks, issued, now))
        if rows.webhooks:
            rows.writes.add(*events.about_owed(rows.session, rows.webhooks, _owed(rows.session), now))
        rows.writes.run()


def _owed(session: AdHocSession) -> int:
    """What the driver still owes, in minor units."""
    row = outstanding.open_receivable(session.authorization_id)
    return row.left if row else 0


def sale_of(rows: Snapshot, payments: list[PaymentAuthorization]) -> Sale:
    """The session as it is sold."""
    return Sale(rows.bill, billed_cdr(rows.bill), payments)


def drafts_due(sale: Sale) -> Iterator[Draft]:
    """What has to be issued for the documents to come to what was paid. Each is issued before the next is asked for."""
    documents = list(_documents_of(sale))
    paid, told = kept_of(sale.payments), sum(row.total for row in documents)
    refunds = sum(row.refunded_amount for row in sale.payments) - sum(row.given_back for row in documents)
    current = next((row for row in reversed(documents) if row.kind == Receipt.Kind.RECEIPT), None)
    if current is None or told == 0:
        if paid:
            yield draft_of(sale, paid, refunds)
        elif refunds:
            # Paid and given back before anybody looked: a sale that was, and its end.
            yield draft_of(sale, refunds, 0)
            yield _credit(sale, _documents_of(sale).latest("ordinal"), refunds, refunds, REFUNDED)
    elif _is_about_another_cdr(current, sale) or paid > told:
        yield _credit(sale, current, told, refunds, CORRECTED)
        if paid:
            yield draft_of(sale, paid, 0)
    elif paid < told:
        yield _credit(sale, current, told - paid, refunds, REFUNDED)


def _documents_of(sale: Sale) -> QuerySet[Receipt]:
    return Receipt.objects.filter(reference=str(sale.session.pk)).order_by("ordinal")


def _is_about_another_cdr(current: Receipt, sale: Sale) -> bool:
    """The CPO took back the CDR that the receipt tells of, and sent another one."""
    return sale.cdr is not None and current.contents.get("cdr_key") not in (None, sale.cdr.pk)


def _credit(sale: Sale, current: Receipt, amount: int, refunds: int, text: str) -> Draft:
    """A credit note over a part of a receipt, or what is left of it."""
    return Draft(
        reference=current.reference,
        partner_id=current.partner_id,
        country=current.country,
        currency=current.currency,
        lines=given_back(lines_on(current), amount, text),
        facts={**{name: current.contents.get(name) for name in KEPT}, "payments": []},
        given_back=refunds,
        corrects=current,
    )


KEPT = ("session", "evse_id", "address", "operator", "start", "end", "time_zone", "cdr", "cdr_key", "offer_hash")
"""What a credit note says of the receipt that it corrects."""
