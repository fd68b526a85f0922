"""Writing one step: the row and its history line, together, and that the books have to be told where money moved."""

from datetime import datetime

from billing.gateways import GatewayAnswer
from billing.models import PaymentAuthorization, PaymentEvent, UnpostedPayment
from billing.models.payment_states import DisputeState, State
from partners.ground.writes import Writes

Action = PaymentEvent.Action
COLUMNS = tuple(field.name for field in PaymentAuthorization._meta.concrete_fields if not field.primary_key)


def write(
    authorization: PaymentAuthorization,
    action: str,
    *,
    at: datetime,
    came_from: str,
    key: str = "",
    answer: GatewayAnswer | None = None,
    message: str = "",
    amount: int | None = None,
    writes: Writes | None = None,
) -> None:
    """Write the authorization as it now is, new or changed, and append what happened.

    Call inside a transaction, row locked. `writes`: of a caller who writes it with rows of its own.
    """
    if answer is not None:
        message = message or answer.message
        amount = amount if amount is not None else answer.captured_amount or answer.amount
    event = PaymentEvent(
        authorization=authorization,
        at=at,
        action=action,
        from_state=came_from,
        to_state=authorization.state,
        key=key,
        outcome=answer.outcome if answer else "",
        code=answer.code[:64] if answer else "",
        message=message[:500],
        amount=amount,
        **standing_of(authorization),
    )
    together = writes or Writes()
    if authorization._state.adding:
        together.add(authorization)
    together.change(authorization, *COLUMNS)
    together.add(event)
    if _may_have_moved(authorization, came_from, answered=answer is not None):
        together.add(UnpostedPayment(authorization=authorization, next_check_at=at))
    if writes is None:
        together.run()


def standing_of(row: PaymentAuthorization) -> dict[str, int]:
    """How the money stands, as an event keeps it: held, captured, given back, disputed and lost, in minor units."""
    return {
        "held_after": row.amount if _holds(row, row.state) else 0,
        "captured_after": row.captured_amount,
        "refunded_after": row.refunded_amount,
        "disputed_after": row.disputed_amount if row.dispute == DisputeState.OPEN else 0,
        "lost_after": row.disputed_amount if row.dispute == DisputeState.LOST else 0,
    }


def _holds(row: PaymentAuthorization, state: str) -> bool:
    """Whether the gateway holds the money in this state; what is being let go of may never have been held."""
    return state in (State.RESERVED, State.CAPTURING) or (state == State.RELEASING and row.was_reserved)


def _may_have_moved(row: PaymentAuthorization, came_from: str, *, answered: bool) -> bool:
    """Money moves by what the gateway answers, or because a hold begins or ends."""
    if _holds(row, came_from) != _holds(row, row.state):
        return True
    return answered and any(standing_of(row).values())
