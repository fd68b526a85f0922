"""What is reserved for one charge, as one: its first payment, and what the driver added to it while charging (ADR 24).

Money is taken of the first hold first, then of the others in the order in which they were made.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models.functions import Length

from billing.models import PaymentAuthorization
from billing.models.payment_states import DisputeState
from billing.payments.services import is_stuck
from sessions_adhoc.models import AdHocSession

State, Purpose = PaymentAuthorization.State, PaymentAuthorization.Purpose
DISPUTED = frozenset({DisputeState.OPEN, DisputeState.LOST})
"""The driver's bank may take it back, or has done so: who gives it back now may pay twice."""
TAKEN = frozenset({State.CAPTURING, State.CAPTURED, State.REFUNDING})
UNPAID = frozenset({State.CREATED, State.RESERVING})
NOT_TAKEN = "the gateway does not take it"
"""Why one is let go of."""
NEVER_COMES = frozenset({State.RELEASED, State.EXPIRED, State.DECLINED, State.FAILED})
"""A payment that is gone, or never came. Is it the first hold, what is left is what was added."""


def paid_of(payment: PaymentAuthorization) -> int:
    """What the driver will have paid with it when what is under way is done, in minor units."""
    if payment.state == State.CAPTURING:
        return payment.capture_amount or 0
    return payment.kept_amount - (payment.refund_amount or 0)


def _counts_for(added: PaymentAuthorization) -> int:
    if added.state == State.RESERVED:
        return 0 if added.failure_code else added.amount
    return paid_of(added)


@dataclass(frozen=True)
class Holds:
    """The payments of one charge that its limit is made of. Amounts are in minor units."""

    first: PaymentAuthorization
    more: Sequence[PaymentAuthorization] = ()

    @property
    def all(self) -> list[PaymentAuthorization]:
        return [self.first, *self.more]

    @property
    def state(self) -> str:
        """How the money of the charge stands, as billing names it for one payment."""
        others = {str(row.state) for row in self.more}
        if State.CAPTURING in others:
            return State.CAPTURING
        if self.first.state in NEVER_COMES:
            for state in (State.REFUNDING, State.CAPTURED, State.RESERVED):
                if state in others:
                    return state
        return str(self.first.state)

    @property
    def held(self) -> list[PaymentAuthorization]:
        """Those of which something can be taken."""
        return [row for row in self.all if row.state == State.RESERVED]

    @property
    def amount(self) -> int:
        """What is reserved in all: what the first payment is to hold, and what was added and is held, or was taken."""
        counted = sum(map(_counts_for, self.more))
        return counted if self.first.state in NEVER_COMES and counted else self.first.amount + counted

    @property
    def asked(self) -> int:
        """What was ever held of it: the first payment, and each that was added and not given up before it was paid."""
        return self.first.amount + sum(row.amount for row in self.more if row.was_reserved)

    @property
    def paid(self) -> int:
        """What the driver will have paid when what is under way is done."""
        return sum(paid_of(row) for row in self.all)

    @property
    def kept(self) -> int:
        """What the driver has paid by now."""
        return sum(row.kept_amount for row in self.all)

    @property
    def is_disputed(self) -> bool:
        """Whether that is so of some of it."""
        return any(row.dispute in DISPUTED for row in self.all)

    @property
    def lost(self) -> int:
        """What the driver's bank has taken back."""
        return sum(row.disputed_amount for row in self.all if row.dispute == DisputeState.LOST)

    @property
    def under_confirmation(self) -> PaymentAuthorization | None:
        """The further hold that the driver is asked to confirm now."""
        return next((row for row in self.more if row.state in UNPAID), None)

    @property
    def untaken(self) -> list[PaymentAuthorization]:
        """Further holds of which something was to be taken, and the gateway did not take it."""
        gone = (State.RESERVED, State.RELEASING, State.RELEASED)
        refused = [row for row in self.more if row.refused_verb == "capture" and row.state in gone]
        return refused + [row for row in self.more if row.state == State.EXPIRED and row.capture_amount]

    @property
    def is_refused(self) -> bool:
        """The gateway refused to capture or to release it, and holds it."""
        row = self.first if self.first.state == State.RESERVED else next(iter(self.held), self.first)
        return row.state == State.RESERVED and bool(row.failure_code)

    @property
    def is_stuck(self) -> bool:
        return any(is_stuck(row) for row in self.all)

    @property
    def expires_soon(self) -> bool:
        """The gateway will let go of some of it (rule 28)."""
        return any(row.expiry_warned_at is not None for row in self.held or [self.first])

    def shares(self, amount: int) -> list[tuple[PaymentAuthorization, int]]:
        """What of `amount`, which the driver is to pay in all, is taken of each that is held; 0 is a release."""
        left = amount - sum(paid_of(row) for row in self.all if row.state in TAKEN)
        found = []
        for row in self.held:
            share = max(0, min(left, row.may_be_captured))
            found.append((row, share))
            left -= share
        return found


def additions_of(session: AdHocSession, *, lock: bool = True) -> list[PaymentAuthorization]:
    """What the driver was asked to add to the first hold, oldest first. None is looked for where there is none.

    `lock`: the caller holds the session's lock, in a transaction; these are locked after it.
    """
    if not session.has_additions:
        return []
    rows = PaymentAuthorization.objects.filter(main=session.authorization_id, purpose=Purpose.ADDITION)
    in_order = rows.order_by(Length("reference"), "reference")  # by the number behind that of the session
    return list(in_order.select_for_update() if lock else in_order)


def shown_holds_of(session: AdHocSession, payment: PaymentAuthorization) -> Holds:
    """All that is held, for a page or an answer: nothing is locked."""
    return Holds(payment, additions_of(session, lock=False))
