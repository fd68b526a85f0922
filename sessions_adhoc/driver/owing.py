"""What the operator's bill asked beyond the reservation: the driver sees it, and may pay it (ADR 22)."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop

from billing import outstanding
from billing.models import PaymentAuthorization
from billing.payments.services import action_of, request_reserve
from billing.pricing import in_words
from billing.spoken import amount as spoken
from sessions_adhoc import timeline
from sessions_adhoc.driver.further import Wish, least_of, open_further
from sessions_adhoc.engine.snapshot import Snapshot
from sessions_adhoc.models import AdHocSession, TimelineEvent
from sessions_adhoc.money.collecting import UNDER_WAY, collections_of
from sessions_adhoc.money.holds import NEVER_COMES, UNPAID
from sessions_adhoc.states import TERMINAL

State, Purpose = PaymentAuthorization.State, PaymentAuthorization.Purpose
NOTHING_OPEN = gettext_noop("Nothing is open for this charge.")
ANOTHER_SUM = gettext_noop("Another amount is open by now. Please look at it, and pay again.")
TOO_SMALL = gettext_noop("This amount is too small for a card payment.")
BEING_UNDONE = gettext_noop("Your last payment is still being undone. Please try again in a minute.")
OPEN = gettext_noop("The operator's bill is higher than your reservation: {amount} is still open.")
OPEN_EXPIRED = gettext_noop("Your reservation ended before it was used: {amount} is still open.")
NOT_DECIDED = gettext_noop(
    "The operator's bill leaves {amount} open. We check it first: you need not do anything now, and nothing is taken."
)
PLEASE_PAY = gettext_noop("{amount} is still open. Please pay it on the next page.")
BEING_PAID = gettext_noop("{amount} that was still open is being taken from your card.")
NOT_PAID = gettext_noop("The payment was not made: nothing was taken. {amount} is still open.")
OPEN_NO_MORE = gettext_noop("Nothing is open any more.")
LATER = gettext_noop("{amount} that was still open was paid afterwards.")
LATER_BACK = gettext_noop("{amount} of what you paid afterwards was given back.")
GOING_BACK = gettext_noop("{amount} of what you paid afterwards is being given back.")
DESCRIPTION = gettext_noop("Still open for charging at {charger}")


class CannotPay(Exception):
    """Nothing is paid; the text says why to the driver, `code` to a program."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True)
class Owed:
    """What is open, in minor units, and the driver's last payment of it. `text` says all of it, and what was paid.

    `least`: what the gateway takes at least; `is_decided`: staff do not look into it any more.
    """

    amount: int
    payment: PaymentAuthorization | None
    text: str
    least: int = 1
    is_decided: bool = True

    @property
    def may_pay(self) -> bool:
        return self.is_decided and self.amount >= max(self.least, 1) and not self.is_moving

    @property
    def is_moving(self) -> bool:
        """Whether a payment is being made, or undone."""
        moving = {*UNDER_WAY, State.RELEASING, State.REFUNDING}
        return self.payment is not None and self.payment.state in moving


def owed_of(session: AdHocSession) -> Owed | None:
    """What is open of a session that has ended, or that staff decide on; None where nothing is, and nothing was paid
    afterwards. Two queries."""
    row = outstanding.open_receivable(session.authorization_id)
    mine = PaymentAuthorization.objects.filter(main=session.authorization_id, purpose=Purpose.COLLECTION)
    payments = list(mine.order_by("created_at", "pk"))
    if row is None and not payments:
        return None
    left, last = row.left if row else 0, payments[-1] if payments else None
    sentences = [*_of_paid(payments, session.currency), *_of_open(left, last, session)]
    return Owed(left, last, " ".join(sentences), least_of(session), session.state in TERMINAL)


def _of_open(left: int, last: PaymentAuthorization | None, session: AdHocSession) -> list[str]:
    currency = session.currency
    if last is not None and last.state in (State.RESERVED, State.CAPTURING):
        return [gettext(BEING_PAID).format(amount=spoken(last.capture_amount or last.amount, currency))]
    failed = last is not None and last.state in NEVER_COMES
    if not left:
        return [gettext(OPEN_NO_MORE)] if failed else []
    if last is not None and last.state in UNPAID:
        waits = action_of(last, timezone.now()) is not None
        return [gettext(PLEASE_PAY if waits else BEING_PAID).format(amount=spoken(last.amount, currency))]
    if last is not None and last.state == State.RELEASING:
        return [gettext(BEING_UNDONE)]
    return [gettext(NOT_PAID if failed else _why_open(session)).format(amount=spoken(left, currency))]


def _why_open(session: AdHocSession) -> str:
    if session.state not in TERMINAL:
        return NOT_DECIDED
    return OPEN_EXPIRED if session.authorization.state == State.EXPIRED else OPEN


def _of_paid(payments: list[PaymentAuthorization], currency: str) -> list[str]:
    """What was paid afterwards, and what became of it."""
    paid = sum(row.captured_amount for row in payments)
    back = sum(row.refunded_amount for row in payments)
    going = sum(row.refund_amount or 0 for row in payments)
    told = [(LATER, paid), (LATER_BACK, back), (GOING_BACK, going)]
    return [gettext(text).format(amount=spoken(sum_, currency)) for text, sum_ in told if sum_]


def pay_open(
    session_id: UUID | str, wish: Wish, actor: str = "The driver", client_id: int | None = None
) -> AdHocSession:
    """The driver pays what is open: it is reserved, and taken as soon as it is. Asking twice is asking once.

    Raises:
        CannotPay: nothing is open (any more), it is another sum than was shown, or it cannot be paid so.
        AdHocSession.DoesNotExist: there is none, or it is another client's.
    """
    with transaction.atomic():
        rows = Snapshot.locked(session_id, client_id)
        session = rows.session
        states = {row.state for row in collections_of(session)}
        if states & UNDER_WAY:
            return session
        if State.RELEASING in states:
            raise CannotPay(gettext(BEING_UNDONE), "payment_pending")
        row = outstanding.open_receivable(session.authorization_id) if session.state in TERMINAL else None
        if row is None:
            raise CannotPay(gettext(NOTHING_OPEN), "nothing_open")
        if row.left != wish.amount:
            raise CannotPay(gettext(ANOTHER_SUM), "amount_changed")
        if wish.amount < least_of(session):
            raise CannotPay(gettext(TOO_SMALL), "amount_too_small")
        payment = _open(session, wish)
        text = f"{actor} pays {in_words(wish.amount, session.currency)} that is still owed."
        timeline.write(session, TimelineEvent.Kind.DRIVER, text, at=timezone.now(), actor=actor)
        request_reserve(payment)
    return session


def _open(session: AdHocSession, wish: Wish) -> PaymentAuthorization:
    try:
        return open_further(session, wish, wish.amount, Purpose.COLLECTION, DESCRIPTION)
    except ValueError as error:
        raise CannotPay(str(error), "payment_method_not_taken") from error
