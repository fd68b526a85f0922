"""Off-boarding: the CPO is told by DELETE, credentials are revoked in both directions, all data is kept."""

from typing import Any

from django.db import transaction

from ocpi.handshake import HandshakeRefusedError
from ocpi.handshake.unregistration import unregister_from
from ocpi.models import HandshakeRun
from onboarding.guide import Stage
from onboarding.models import Onboarding
from onboarding.portal.links import revoke_links
from onboarding.stages import moving
from onboarding.stages.refusals import NotPossible, require_reason
from partners import tokens
from partners.models import IssuedToken, Partner
from sessions_adhoc.models import DisplaySecret

Connection = Partner.Connection


def off_board(partner: Partner, reason: str, user: Any) -> list[HandshakeRun]:
    """End the integration with all of its connections; return the runs that tell the CPO.

    Traffic is refused at once. A worker tells the CPO, for half an hour if need be, and then revokes all tokens,
    whether they could be told or not.

    Raises:
        NotPossible: it is off-boarded, no reason was given, or a handshake is under way.
    """
    why = require_reason(reason)
    try:
        with transaction.atomic():
            onboarding = moving.lock_onboarding(partner)
            if onboarding.stage == Stage.OFF_BOARDED:
                raise NotPossible(f"{partner.name} is off-boarded already.")
            ended = [one for one in (onboarding.partner, onboarding.production) if one is not None]
            # Who makes a link for them at this moment comes before, and it is revoked; or after, and is refused.
            list(Partner.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in ended]).order_by("pk"))
            moving.move(onboarding, Onboarding.off_boarded, user, why)
            return [_end(one, user) for one in ended]
    except HandshakeRefusedError as refused:
        raise NotPossible(str(refused)) from refused


def _end(partner: Partner, user: Any) -> HandshakeRun:
    connected = Partner.objects.filter(pk=partner.pk, connection=Connection.CONNECTED)
    connected.update(connection=Connection.SUSPENDED)
    revoke_links(partner)
    # What they could register with anew ends now; the connection's tokens are needed to tell them.
    for token in IssuedToken.objects.filter(partner=partner, purpose=IssuedToken.Purpose.REGISTRATION):
        tokens.revoke(token)
    DisplaySecret.objects.filter(partner=partner).delete()  # theirs: nobody starts here any more
    return unregister_from(partner, user)
