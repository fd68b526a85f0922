"""Writing one step: the row and its history line, together."""

from datetime import datetime

from billing.gateways import GatewayAnswer
from billing.models import PaymentAuthorization, PaymentEvent

Action = PaymentEvent.Action


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
) -> None:
    """Save the authorization as it now is and append what happened. Call inside a transaction, row locked."""
    authorization.save()
    if answer is not None:
        message = message or answer.message
        amount = amount if amount is not None else answer.captured_amount or answer.amount
    PaymentEvent.objects.create(
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
