"""Where the driver's money is, in words. Each sentence is whole, so that it can be said in any language."""

from datetime import tzinfo

from django.utils.translation import gettext

from billing.models import PaymentAuthorization
from sessions_adhoc.driver import driver_words

State = PaymentAuthorization.State


def terms() -> str:
    return gettext("You pay only for what you charge; the rest is released.")


def reuse(held: str) -> str:
    """What is said before a try that goes on with what the last one left held."""
    return gettext(
        "{amount} is still held on your card from the last try and is used now. "
        "More is reserved only for a higher limit."
    ).format(amount=held)


def lines(payment: PaymentAuthorization, estimated: int | None, zone: tzinfo) -> dict[str, str]:
    """Amounts and one sentence; a cost that is not known yet is a dash. `zone`: the charger's."""
    currency = payment.currency
    return {
        "reserved": driver_words.amount(payment.amount, currency),
        "cost": "–" if estimated is None else driver_words.amount(estimated, currency),
        "money": sentence(payment, zone),
    }


def sentence(payment: PaymentAuthorization, zone: tzinfo) -> str:
    """Say what happens, or happened, to the reserved money."""
    told = _told(payment)
    return told.format(amount=driver_words.amount(payment.amount, payment.currency), **_sums(payment, zone))


def _sums(payment: PaymentAuthorization, zone: tzinfo) -> dict[str, str]:
    """What the sentences name besides the reservation itself."""
    capturing = payment.state == State.CAPTURING
    taken = (payment.capture_amount or 0) if capturing else payment.captured_amount
    back = (payment.refund_amount or 0) if payment.state == State.REFUNDING else payment.refunded_amount
    sums = {"taken": taken, "rest": payment.amount - taken, "back": back}
    words = {name: driver_words.amount(sum_, payment.currency) for name, sum_ in sums.items()}
    until = f"{payment.kept_until.astimezone(zone):%H:%M}" if payment.kept_until else ""
    return {**words, "time": until, "terms": terms()}


def _told(payment: PaymentAuthorization) -> str:
    match payment.state:
        case State.CREATED | State.RESERVING if payment.action is not None:
            return gettext("{amount} will be reserved on your card when you pay. {terms}")
        case State.CREATED | State.RESERVING:
            return gettext("{amount} is being reserved on your card.")
        case State.RESERVED if payment.kept_until is not None:
            return gettext("{amount} is still held on your card, for another try until {time}. Then it is released.")
        case State.RESERVED:
            return gettext("{amount} is reserved on your card. {terms}")
        case State.CAPTURING | State.CAPTURED | State.REFUNDING:
            return _taken(payment)
        case State.RELEASING:
            return gettext("The reservation of {amount} is being released.")
        case State.RELEASED if payment.was_reserved:
            return gettext("The reservation of {amount} was released. Your bank may take some days to show it.")
        case _:
            return _nothing_held(payment)


def _taken(payment: PaymentAuthorization) -> str:
    if payment.state == State.REFUNDING:
        return gettext("{back} is being given back to your card.")
    if payment.state == State.CAPTURING:
        if payment.amount == (payment.capture_amount or 0):
            return gettext("{taken} is being taken from your card.")
        return gettext("{taken} is being taken from your card; the other {rest} will be released.")
    if payment.refunded_amount:
        return gettext("{taken} was taken; {back} was given back.")
    if payment.amount == payment.captured_amount:
        return gettext("{taken} was taken from your card.")
    return gettext("{taken} was taken from your card; the other {rest} was released.")


def _nothing_held(payment: PaymentAuthorization) -> str:
    if payment.state == State.EXPIRED:
        return gettext("The reservation of {amount} has expired: your bank has let it go.")
    if payment.state == State.HANDED_ON:
        return gettext("Your next try goes on with the reservation of {amount}.")
    return gettext("Nothing was reserved on your card.")
