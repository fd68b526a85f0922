"""Renewing tokens by PUT of credentials, begun by either side (OCPI 2.2.1 §7.2.3), so that nobody is locked out.

Nobody can tell an answer that got lost from a partner that is quiet. So the token that is replaced works beside its
successor until one of these is seen:

* the successor is used: it arrived;
* the old one is still used a day later (`SWITCHED_BY`): the successor never arrived, and is ended instead;
* `OCPI_TOKEN_GRACE_HOURS` are over without either: the old one ends.

A token that we sent and whose answer never came (`PENDING`) counts from its first use after that try.

A registration token (Token A) is good for another POST under the same condition: until a token that it was answered
with was used, or the grace period after the first of these is over.
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone

from ocpi.handshake import runs
from ocpi.models import HandshakeRun
from partners import tokens
from partners.models import IssuedToken, Partner, ReceivedToken

SWITCHED_BY = timedelta(hours=24)
# `last_used_at` is to the minute, and their calls back while our PUT was open say nothing of what they kept.
AFTER_TRY = timedelta(minutes=2)
CONNECTION = IssuedToken.Purpose.CONNECTION
State = IssuedToken.State


def rotate(partner: Partner, user: Any = None) -> HandshakeRun:
    """Renew the tokens of both sides, by PUT to the partner; a worker does it: `handshake.advance(run.pk)`.

    Where the agreed version is another than the one in use, the connection switches to it (§7.2.3).

    Raises:
        HandshakeRefusedError: the partner is not connected, or a run is under way.
    """
    if partner.connection != Partner.Connection.CONNECTED:
        raise runs.HandshakeRefusedError(
            f"{partner.name} is {partner.get_connection_display().lower()}: there are no tokens to renew."
        )
    runs.check_partner(partner)
    now = timezone.now()
    return runs.create(partner, HandshakeRun.Kind.ROTATE, now, now + runs.DEFAULT_WINDOW, user)


def issue_successor(partner: Partner, used: IssuedToken) -> str:
    """Make the token that the request with `used` is answered with, and return its text. The partner is locked.

    Of a registration only what it was answered with before stays beside it: whatever worked before that is over.
    """
    asked_again = used.purpose == CONNECTION or used.given.exclude(state=State.REVOKED).exists()
    row, token = tokens.issue(partner, registered_with=None if used.purpose == CONNECTION else used)
    (activate_beside if asked_again else tokens.activate)(row)
    return token


def activate_beside(token: IssuedToken) -> None:
    """Make a new token good without ending those that it is to replace.

    Only what comes from now on counts as its use: they call us back with it before they answer, and may still lose it.
    """
    now = timezone.now()
    IssuedToken.objects.filter(pk=token.pk).update(state=State.ACTIVE, activated_at=now, last_used_at=None)


def retire_replaced_tokens() -> int:
    """Of several usable tokens of a partner leave the one that works; return how many were revoked."""
    answered = IssuedToken.objects.filter(given__isnull=False).exclude(state=State.REVOKED).distinct()
    spent = sum(tokens.revoke(token) for token in answered if tokens.is_spent(token))
    several = (
        IssuedToken.objects.filter(purpose=CONNECTION, state__in=(State.ACTIVE, State.PENDING))
        .values("partner")
        .annotate(count=Count("pk"), active=Count("pk", filter=Q(state=State.ACTIVE)))
        .filter(count__gt=1, active__gt=0)
        .values_list("partner", flat=True)
        .order_by()
    )
    return spent + sum(_retire(partner_id) for partner_id in several)


def _retire(partner_id: int) -> int:
    with transaction.atomic():
        # Whoever changes the tokens of a partner holds its row; a run that is under way has not settled on any.
        Partner.objects.select_for_update(no_key=True).get(pk=partner_id)
        if HandshakeRun.objects.filter(partner=partner_id, state__in=runs.LIVE).exists():
            return 0
        usable = IssuedToken.objects.filter(partner=partner_id, purpose=CONNECTION).exclude(state=State.REVOKED)
        rows = [row for row in usable.order_by("-pk") if row.state == State.ACTIVE or _has_arrived(row)]
        unknown = [row for row in usable if row.pk not in {one.pk for one in rows} and _over(row)]
        if not rows:
            return 0
        kept = _choose_kept(rows)
        if kept is not None and kept.state == State.PENDING:
            IssuedToken.objects.filter(pk=kept.pk).update(state=State.ACTIVE, activated_at=timezone.now())
        return sum(tokens.revoke(row) for row in (*rows, *unknown) if kept is not None and row.pk != kept.pk)


def _choose_kept(rows: list[IssuedToken]) -> IssuedToken | None:
    """Which one stays; None: all of them, for now."""
    newest, *older = rows
    if not older or newest.last_used_at is not None:
        return newest
    switched_by = newest.created_at + SWITCHED_BY
    in_use = next((row for row in older if row.last_used_at is not None and row.last_used_at >= switched_by), None)
    return in_use or (newest if _over(newest) else None)


def _over(token: IssuedToken) -> bool:
    return token.created_at + timedelta(hours=settings.OCPI_TOKEN_GRACE_HOURS) <= timezone.now()


def _has_arrived(token: IssuedToken) -> bool:
    """A token that we sent without getting an answer was used after that."""
    ended_at: datetime | None = (
        HandshakeRun.objects.filter(partner=token.partner_id, credentials_sent_at__gte=token.created_at)
        .order_by("-ended_at")
        .values_list("ended_at", flat=True)
        .first()
    )
    settled_at = ended_at or token.created_at
    return token.last_used_at is not None and token.last_used_at >= settled_at + AFTER_TRY


def replaced_since(run: HandshakeRun) -> ReceivedToken | None:
    """The token of the partner's that the run's answer replaced."""
    replaced = ReceivedToken.objects.filter(
        partner=run.partner_id, purpose=ReceivedToken.Purpose.CONNECTION, state=ReceivedToken.State.REVOKED
    )
    return replaced.filter(revoked_at__gte=run.credentials_sent_at or run.created_at).order_by("-revoked_at").first()


def reinstate(token: ReceivedToken) -> None:
    """Go back to a token that was replaced. Inside the caller's transaction."""
    same = ReceivedToken.objects.filter(partner=token.partner_id, purpose=token.purpose)
    same.filter(state=ReceivedToken.State.ACTIVE).update(state=ReceivedToken.State.REVOKED, revoked_at=timezone.now())
    same.filter(pk=token.pk).update(state=ReceivedToken.State.ACTIVE, revoked_at=None)
