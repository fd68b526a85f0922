"""Suspending a partner and letting it back. Its data and tokens stay; its requests are answered with HTTP 403, but
for those about charges that were live and are finished (session rules, rule 37)."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from onboarding.stages import moving
from onboarding.stages.refusals import NotPossible, require_reason
from partners.models import IssuedToken, Partner

Connection = Partner.Connection


def suspend(partner: Partner, reason: str, user: Any) -> None:
    """Refuse all new traffic with a partner until it is resumed. Raises `NotPossible`."""
    why = require_reason(reason)
    with transaction.atomic():
        onboarding = moving.lock_onboarding(
            partner
        )  # first, as in off-boarding: two at once must not wait for each other
        connected = Partner.objects.filter(pk=partner.pk, connection=Connection.CONNECTED)
        if not connected.update(connection=Connection.SUSPENDED, suspended_at=timezone.now()):
            raise NotPossible("Only a connected partner can be suspended.")
        moving.remark(onboarding, f"Suspended {partner.environment}: {why}", user)


def resume(partner: Partner, reason: str, user: Any) -> bool:
    """Let a suspended partner back; return whether it is connected then: its tokens may be gone.

    Raises:
        NotPossible: it is not suspended, or no reason was given.
    """
    why = require_reason(reason)
    with transaction.atomic():
        onboarding = moving.lock_onboarding(partner)
        usable = IssuedToken.objects.filter(
            partner=partner, purpose=IssuedToken.Purpose.CONNECTION, state=IssuedToken.State.ACTIVE
        ).exists()
        state = Connection.CONNECTED if usable else Connection.NOT_CONNECTED
        if not Partner.objects.filter(pk=partner.pk, connection=Connection.SUSPENDED).update(
            connection=state, suspended_at=None
        ):
            raise NotPossible("This partner is not suspended.")
        moving.remark(onboarding, f"Resumed {partner.environment}: {why}", user)
    return usable
