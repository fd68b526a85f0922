"""All payments of a session: whoever asks what a driver paid asks here."""

from billing.models import PaymentAuthorization
from sessions_adhoc.models import AdHocSession


def payments_of(session: AdHocSession) -> list[PaymentAuthorization]:
    """Return them, the first one first, then what was reserved or collected besides, and what was replaced."""
    found = [session.authorization]
    for payment in found:
        found.extend(payment.further.order_by("created_at", "pk"))
    return found


def kept_of(payments: list[PaymentAuthorization]) -> int:
    """What the driver has paid in the end, in minor units."""
    return sum(payment.kept_amount for payment in payments)
