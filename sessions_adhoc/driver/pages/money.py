"""Where the driver's money is, in words."""

from datetime import tzinfo

from billing.models import PaymentAuthorization
from sessions_adhoc.driver import driver_words

State = PaymentAuthorization.State
TERMS = "You pay only for what you charge; the rest is released."
GONE = {
    State.EXPIRED: "The reservation of {} has expired: your bank has let it go.",
    State.HANDED_ON: "Your next try goes on with the reservation of {}.",
}
NOTHING_RESERVED = "Nothing was reserved on your card."


def reuse(held: str) -> str:
    """What is said before a try that goes on with what the last one left held."""
    first = f"{held} is still held on your card from the last try and is used now."
    return f"{first} More is reserved only for a higher limit."


def lines(payment: PaymentAuthorization, estimated: int | None, zone: tzinfo) -> dict[str, str]:
    """Amounts and one sentence; a cost that is not known yet is a dash. `zone`: the charger's."""
    currency = payment.currency
    return {
        "reserved": driver_words.amount(payment.amount, currency),
        "cost": "–" if estimated is None else driver_words.amount(estimated, currency),
        "paid": driver_words.amount(payment.kept_amount, currency),
        "money": sentence(payment, zone),
    }


def sentence(payment: PaymentAuthorization, zone: tzinfo) -> str:
    """Say what happens, or happened, to the reserved money."""
    reserved = driver_words.amount(payment.amount, payment.currency)
    match payment.state:
        case State.CREATED | State.RESERVING:
            return _reserving_text(payment, reserved)
        case State.RESERVED:
            return _reserved_text(payment, reserved, zone)
        case State.CAPTURING:
            return _captured_text(payment, payment.capture_amount or 0, "is being taken", "will be released")
        case State.REFUNDING:
            return (
                f"{driver_words.amount(payment.refund_amount or 0, payment.currency)} is being given back to your card."
            )
        case State.CAPTURED if payment.refunded_amount:
            back = driver_words.amount(payment.refunded_amount, payment.currency)
            return f"{driver_words.amount(payment.captured_amount, payment.currency)} was taken; {back} was given back."
        case State.CAPTURED:
            return _captured_text(payment, payment.captured_amount, "was taken", "was released")
        case State.RELEASING:
            return f"The reservation of {reserved} is being released."
        case State.RELEASED if payment.was_reserved:
            return f"The reservation of {reserved} was released. Your bank may take some days to show it."
        case State.EXPIRED | State.HANDED_ON:
            return GONE[State(payment.state)].format(reserved)
        case _:
            return NOTHING_RESERVED


def _reserved_text(payment: PaymentAuthorization, reserved: str, zone: tzinfo) -> str:
    if payment.kept_until is None:
        return f"{reserved} is reserved on your card. {TERMS}"
    until = f"{payment.kept_until.astimezone(zone):%H:%M}"
    return f"{reserved} is still held on your card, for another try until {until}. Then it is released."


def _reserving_text(payment: PaymentAuthorization, reserved: str) -> str:
    if payment.action is not None:
        return f"{reserved} will be reserved on your card when you pay. {TERMS}"
    return f"{reserved} is being reserved on your card."


def _captured_text(payment: PaymentAuthorization, taken: int, verb: str, rest_verb: str) -> str:
    text = f"{driver_words.amount(taken, payment.currency)} {verb} from your card"
    rest = payment.amount - taken
    return f"{text}; the other {driver_words.amount(rest, payment.currency)} {rest_verb}." if rest else f"{text}."
