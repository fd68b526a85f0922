"""Writing one step: the row and its history line, together."""

from datetime import datetime

from billing.gateways import GatewayAnswer
from billing.models import PaymentAuthorization, PaymentEvent
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
    )
    together = writes or Writes()
    if authorization._state.adding:
        together.add(authorization)
    together.change(authorization, *COLUMNS)
    together.add(event)
    if writes is None:
        together.run()
