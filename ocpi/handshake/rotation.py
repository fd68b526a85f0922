"""Ending tokens that a PUT of credentials replaced (OCPI 2.2.1 §7.1.4).

The partner may not have received our answer with the new token. So the old one works until the new one was seen. Where
that does not happen within `GRACE`, the token stays that they do use: nobody is locked out by an answer that got lost.
"""

from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from partners import tokens
from partners.models import IssuedToken

GRACE = timedelta(hours=24)
ACTIVE_CONNECTIONS = {"purpose": IssuedToken.Purpose.CONNECTION, "state": IssuedToken.State.ACTIVE}


def retire_replaced_tokens(now: datetime) -> int:
    """Of several active tokens of a partner leave the one that works; return how many were revoked."""
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
    rows = list(IssuedToken.objects.filter(partner=partner_id, **ACTIVE_CONNECTIONS).order_by("-pk"))
    kept = rows[0]
    if kept.last_used_at is None:
        if now - kept.created_at < GRACE:
            return 0
        used = {row.last_used_at: row for row in rows if row.last_used_at is not None}
        kept = used[max(used)] if used else kept
    return sum(tokens.revoke(row) for row in rows if row.pk != kept.pk)


def activate_beside(token: IssuedToken) -> None:
    """Make a new token good without ending those that it is to replace."""
    IssuedToken.objects.filter(pk=token.pk).update(state=IssuedToken.State.ACTIVE, activated_at=timezone.now())
