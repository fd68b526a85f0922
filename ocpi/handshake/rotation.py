"""Ending tokens that a PUT of credentials replaced (OCPI 2.2.1 §7.1.4).

The partner may not have received our answer with the new token. So the old one works until the new one was seen; a
partner that still uses the old one after `GRACE` keeps that. A quiet one keeps both, as nobody can tell which it has:
an answer that got lost locks nobody out.
"""

from datetime import timedelta

from django.db.models import Count
from django.utils import timezone

from partners import tokens
from partners.models import IssuedToken

GRACE = timedelta(hours=24)
ACTIVE_CONNECTIONS = {"purpose": IssuedToken.Purpose.CONNECTION, "state": IssuedToken.State.ACTIVE}


def retire_replaced_tokens() -> int:
    """Of several active tokens of a partner leave the one that works; return how many were revoked."""
    several = (
        IssuedToken.objects.filter(**ACTIVE_CONNECTIONS)
        .values("partner")
        .annotate(count=Count("pk"))
        .filter(count__gt=1)
        .values_list("partner", flat=True)
        .order_by()
    )
    return sum(_retire(partner_id) for partner_id in several)


def _retire(partner_id: int) -> int:
    rows = list(IssuedToken.objects.filter(partner=partner_id, **ACTIVE_CONNECTIONS).order_by("-pk"))
    kept = _in_use(rows)
    return sum(tokens.revoke(row) for row in rows if row.pk != kept.pk) if kept else 0


def _in_use(rows: list[IssuedToken]) -> IssuedToken | None:
    """The newest if it was ever used, else an older one that is used though the newest could be; None: not known."""
    newest, *older = rows
    if newest.last_used_at is not None:
        return newest
    since = newest.created_at + GRACE
    return next((row for row in older if row.last_used_at is not None and row.last_used_at >= since), None)


def activate_beside(token: IssuedToken) -> None:
    """Make a new token good without ending those that it is to replace."""
    IssuedToken.objects.filter(pk=token.pk).update(state=IssuedToken.State.ACTIVE, activated_at=timezone.now())
