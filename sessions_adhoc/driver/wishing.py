"""What a driver wishes besides charging: the receipt by mail."""

from datetime import timedelta

from django.conf import settings

from partners.ground import secrets
from sessions_adhoc.models import AdHocSession, ReceiptWish


def receipt_wish(session: AdHocSession, email: str) -> list[ReceiptWish]:
    """Where the receipt is to be mailed, and until when that is known; nothing where nobody asked."""
    if not email:
        return []
    forgotten_at = session.state_since + timedelta(days=settings.RECEIPT_ADDRESS_DAYS)
    return [ReceiptWish(session=session, address=secrets.encrypt(email), next_check_at=forgotten_at)]
