"""Charges that were billed by our own calculation, and whose CDR the CPO still has to send (guide 8)."""

from billing.settlement import Decision
from sessions_adhoc.detectors.cdrs import due
from sessions_adhoc.models import AwaitedCdr
from sessions_adhoc.money.auditing import ALL_TAKEN_BACK, is_own
from sessions_adhoc.money.eligibility import Bill


def note_awaited(bill: Bill) -> None:
    """Have a row as long as the CDR is awaited. The caller holds the session's lock; doing it again changes nothing."""
    if not is_own(bill):
        return
    mine = AwaitedCdr.objects.filter(session=bill.session)
    if has_come(bill):
        mine.delete()
    elif not mine.exists():
        AwaitedCdr.objects.create(session=bill.session, due_at=due(bill.session))


def has_come(bill: Bill) -> bool:
    """Whether there is a CDR of the whole charge that the CPO has not taken back, be it in doubt."""
    settlement = bill.settlement
    return settlement is not None and settlement.decision is not Decision.WAIT and settlement.reason != ALL_TAKEN_BACK
