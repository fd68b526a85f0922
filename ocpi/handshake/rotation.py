"""Ending tokens that a PUT of credentials replaced (OCPI 2.2.1 §7.1.4).

The partner may not have received our answer with the new token. So the old one works until the new one was seen, at
most for `GRACE`.
"""

from datetime import datetime, timedelta

from django.db.models import Count

from partners import tokens
from partners.models import IssuedToken

GRACE = timedelta(hours=24)
ACTIVE_CONNECTIONS = {"purpose": IssuedToken.Purpose.CONNECTION, "state": IssuedToken.State.ACTIVE}


def retire_replaced_tokens(now: datetime) -> int:
    """Revoke the older of several active tokens of a partner where the newest works; return how many."""
    several = (
        IssuedToken.objects.filter(**ACTIVE_CONNECTIONS)
        .values("partner")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
        .values_list("partner", flat=True)
        .order_by()
    )
    return sum(_retire(partner_id, now) for partner_id in several)


def _retire(partner_id: int, now: datetime) -> int:
    newest, *older = IssuedToken.objects.filter(partner=partner_id, **ACTIVE_CONNECTIONS).order_by("-pk")
    if newest.last_used_at is None and now - newest.created_at < GRACE:
        return 0
    return sum(tokens.revoke(token) for token in older)
