"""Where the driver's money is, in words. Each sentence is whole, so that it can be said in any language."""

from datetime import tzinfo

from django.utils.translation import gettext

from billing.models import PaymentAuthorization
from sessions_adhoc.driver import driver_words
from sessions_adhoc.money.holds import Holds

State = PaymentAuthorization.State


def terms() -> str:
    return gettext("You pay only for what you charge; the rest is released.")


def reuse(held: list[int], currency: str) -> str:
    """What is said before a try that goes on with what the last one left held; "" where it left nothing."""
    if not held:
        return ""
    amounts = [driver_words.amount(one, currency) for one in held]
    if len(held) == 1:
        return gettext(
            "{amount} is still held on your card from the last try and is used now. "
            "More is reserved only for a higher limit."
        ).format(amount=amounts[0])
    return gettext(
        "{amount} is still held on your card from the last try ({parts}). What your limit needs of it is used now, "
        "and what it does not need is released. More is reserved only for a higher limit."
    ).format(amount=driver_words.amount(sum(held), currency), parts=" + ".join(amounts))


def lines(holds: Holds, estimated: int | None, zone: tzinfo) -> dict[str, str]:
    """Amounts and one sentence; a cost that is not known yet is a dash. `zone`: the charger's."""
    currency = holds.first.currency
    return {
        "reserved": driver_words.amount(_reserved(holds), currency),
        "cost": "–" if estimated is None else driver_words.amount(estimated, currency),
        "money": sentence(holds, zone),
    }


def sentence(holds: Holds, zone: tzinfo) -> str:
    """Say what happens, or happened, to the reserved money."""
    told = _told(holds)
    return told.format(amount=driver_words.amount(_reserved(holds), holds.first.currency), **_sums(holds, zone))


def _reserved(holds: Holds) -> int:
    """What is held in all, or was before it was taken or let go of."""
    return holds.amount if holds.state == State.RESERVED else holds.asked


def _sums(holds: Holds, zone: tzinfo) -> dict[str, str]:
    """What the sentences name besides the reservation itself."""
    going = sum(row.refund_amount or 0 for row in holds.all)
    back = going or sum(row.refunded_amount for row in holds.all)
    sums = {"taken": _taken_of(holds), "rest": holds.asked - _taken_of(holds), "back": back}
    words = {name: driver_words.amount(sum_, holds.first.currency) for name, sum_ in sums.items()}
    until = holds.first.kept_until
    return {**words, "time": f"{until.astimezone(zone):%H:%M}" if until else "", "terms": terms()}


def _taken_of(holds: Holds) -> int:
    """What is being taken, or was, whatever was given back since."""
    moving = (row.capture_amount or 0 if row.state == State.CAPTURING else row.captured_amount for row in holds.all)
    return sum(moving)


def _told(holds: Holds) -> str:
    payment = holds.first
    match holds.state:
        case State.CREATED | State.RESERVING if payment.action is not None:
            return gettext("{amount} will be reserved on your card when you pay. {terms}")
        case State.CREATED | State.RESERVING:
            return gettext("{amount} is being reserved on your card.")
        case State.RESERVED if payment.kept_until is not None:
            return gettext("{amount} is still held on your card, for another try until {time}. Then it is released.")
        case State.RESERVED:
            return gettext("{amount} is reserved on your card. {terms}")
        case State.CAPTURING | State.CAPTURED | State.REFUNDING:
            return _taken(holds)
        case State.RELEASING:
            return gettext("The reservation of {amount} is being released.")
        case State.RELEASED if payment.was_reserved:
            return gettext("The reservation of {amount} was released. Your bank may take some days to show it.")
        case _:
            return _nothing_held(payment)


def _taken(holds: Holds) -> str:
    all_of_it = holds.asked == _taken_of(holds)
    if any(row.state == State.REFUNDING for row in holds.all):
        return gettext("{back} is being given back to your card.")
    if holds.state == State.CAPTURING:
        if all_of_it:
            return gettext("{taken} is being taken from your card.")
        return gettext("{taken} is being taken from your card; the other {rest} will be released.")
    if any(row.refunded_amount for row in holds.all):
        return gettext("{taken} was taken; {back} was given back.")
    if all_of_it:
        return gettext("{taken} was taken from your card.")
    return gettext("{taken} was taken from your card; the other {rest} was released.")


def _nothing_held(payment: PaymentAuthorization) -> str:
    if payment.state == State.EXPIRED:
        return gettext("The reservation of {amount} has expired: your bank has let it go.")
    if payment.state == State.HANDED_ON:
        return gettext("Your next try goes on with the reservation of {amount}.")
    return gettext("Nothing was reserved on your card.")
