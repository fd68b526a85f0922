"""Unregistering, begun by us; and doing over what failed."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from ocpi.handshake import runs
from ocpi.handshake.rotation import rotate
from ocpi.models import HandshakeRun
from partners.models import Partner

# How long a partner that cannot be reached is tried.
WINDOW = timedelta(minutes=30)


def unregister_from(partner: Partner, user: Any = None, within: timedelta = WINDOW) -> HandshakeRun:
    """End the connection: DELETE to the partner, then our own credentials are revoked; what it told us is kept.

    A worker does it: `handshake.advance(run.pk)`. One that cannot be told within `within`, or refuses, is
    disconnected all the same; the run and an incident then say so. Again while it is under way returns that run;
    again afterwards revokes what is left, which is nothing. A registration or rotation that is under way is called off.

    Raises:
        HandshakeRefusedError: its tokens are being exchanged at this very moment.
    """
    live = HandshakeRun.objects.filter(partner=partner, state__in=runs.LIVE).first()
    if live is not None and live.kind == HandshakeRun.Kind.UNREGISTER:
        return live
    if live is not None:
        runs.cancel(live.pk, user)
    now = timezone.now()
    return runs.create(partner, HandshakeRun.Kind.UNREGISTER, now, now + within, user)


def again(run: HandshakeRun, user: Any = None) -> HandshakeRun:
    """Start what a run was for once more; raises HandshakeRefusedError."""
    if run.kind == HandshakeRun.Kind.ROTATE:
        return rotate(run.partner, user)
    if run.kind == HandshakeRun.Kind.UNREGISTER:
        return unregister_from(run.partner, user)
    return runs.start(run.partner, user)
