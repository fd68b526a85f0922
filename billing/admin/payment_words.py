"""A payment as staff read it: where the money is, whom it waits for, what each step of its history was."""

from billing.admin.amounts import amount
from billing.models import PaymentAuthorization, PaymentEvent
from billing.payments.services import is_stuck
from partners.admin.kit.pages import Standing
from partners.admin.kit.showing import DANGER, INFO, NEUTRAL, SUCCESS, WARNING, clock_time, in_our_zone

State = PaymentAuthorization.State
Action = PaymentEvent.Action
TONES = {
    **dict.fromkeys((State.CREATED, State.RESERVING, State.RESERVED, State.CAPTURING), INFO),
    **dict.fromkeys((State.RELEASING, State.REFUNDING), INFO),
    State.CAPTURED: SUCCESS,
    State.RELEASED: NEUTRAL,
    **dict.fromkeys((State.DECLINED, State.FAILED, State.EXPIRED), WARNING),
    State.HANDED_ON: NEUTRAL,
}
AWAITED = {
    State.CREATED: "The session: nothing was asked of the gateway yet.",
    State.RESERVING: "The gateway: it is asked to reserve.",
    State.RESERVED: "The session: the money is held until it is captured or released.",
    State.CAPTURING: "The gateway: it is asked to capture.",
    State.RELEASING: "The gateway: it is asked to release.",
    State.REFUNDING: "The gateway: it is asked to give money back.",
}
TAKES_PEOPLE = "Look at what the gateway says below and in its own books; then decide on the page of the session."


def needs_people(row: PaymentAuthorization) -> bool:
    """Whether it will not go on by itself."""
    return is_stuck(row) or (row.state == State.RESERVED and bool(row.failure_code))


def who_is_awaited(row: PaymentAuthorization) -> str:
    """Whom it waits for."""
    if is_stuck(row):
        return f"People: the gateway was asked {row.attempts} times and does not finish."
    if needs_people(row):
        return f"People: the gateway refused ({row.failure_code}); the money is still held."
    if row.kept_until is not None:
        return "The driver: another try can go on with it, until it is released."
    if row.state == State.RESERVING and row.action is not None:
        return "The driver: it is to be paid at the gateway's page."
    return AWAITED.get(State(row.state), "Nobody: this is over.")


def standing_of(row: PaymentAuthorization) -> Standing:
    """Where the money is now."""
    worried = needs_people(row)
    then = "the gateway is asked again" if row.next_check_at and row.state != State.RESERVED else ""
    return Standing(
        str(row.get_state_display()),
        sentence(row),
        DANGER if worried else TONES[State(row.state)],
        TAKES_PEOPLE if worried else "",
        since=row.state_since,
        next_at=row.next_check_at if then else None,
        next_text=then,
    )


def sentence(row: PaymentAuthorization) -> str:
    """Every state in one sentence, with its sums."""

    def of(minor: int | None) -> str:
        return amount(minor or 0, row.currency)

    released = row.amount - row.captured_amount
    kept = f", for another try until {clock_time(row.kept_until)}" if row.kept_until else ""
    taken = f"{of(row.captured_amount)} was captured" + (f", the other {of(released)} released" if released else "")
    back = f"; {of(row.refunded_amount)} of it was given back" if row.refunded_amount else ""
    return {
        State.CREATED: f"{of(row.amount)} is to be reserved.",
        State.RESERVING: f"{of(row.amount)} is being reserved.",
        State.RESERVED: f"{of(row.amount)} is held on the driver's card{kept}.",
        State.CAPTURING: f"{of(row.capture_amount)} of {of(row.amount)} is being captured.",
        State.CAPTURED: f"{taken}{back}.",
        State.REFUNDING: f"{taken}{back}; {of(row.refund_amount)} is being given back.",
        State.RELEASING: f"{of(row.amount)} is being released.",
        State.RELEASED: "Nothing is held, and the driver paid nothing.",
        State.DECLINED: "The payment was declined: nothing is held.",
        State.FAILED: "It could not be reserved: nothing is held.",
        State.HANDED_ON: "Nothing is held here: another try of the driver goes on with the reservation.",
        State.EXPIRED: "The reservation has expired at the gateway: nothing is held.",
    }[State(row.state)]


def describe_event(event: PaymentEvent, currency: str) -> str:
    """A step of the history: `The gateway answered: done, 40.00 EUR.`"""
    message = in_our_zone(event.message, event.at)
    said = ", ".join(filter(None, [event.outcome, event.code, message]))
    sum_of_it = amount(event.amount, currency) if event.amount is not None else ""
    if event.action == Action.REQUESTED:
        return f"To do: {', '.join(filter(None, [message, sum_of_it]))}."
    if event.action == Action.ASKED:
        return f"Asking the gateway: {message or event.to_state}."
    before = "The gateway answered" if event.action == Action.ANSWERED else str(event.get_action_display())
    rest = ", ".join(filter(None, [said, sum_of_it]))
    return f"{before}: {rest}." if rest else f"{before}."


def change(event: PaymentEvent) -> str:
    """From which state to which."""
    after = str(event.get_to_state_display())
    if event.from_state == event.to_state or not event.from_state:
        return after
    return f"{event.get_from_state_display()} → {after}"
