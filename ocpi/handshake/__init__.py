"""Registration with a partner, by us (guide 7.3.1) or by them (`ocpi.handshake.registration`); renewing and ending it.

run = start(partner, user=staff)            # all three enqueue advance(run.pk)
run = rotate(partner, user=staff)
run = unregister_from(partner, user=staff)
advance(run.pk)                             # steps until it waits or ends; safe to call at any time, by anybody
cancel(run.pk, user=staff)
again(run, user=staff)                      # a new run of the same kind
"""

from ocpi.handshake.advance import advance
from ocpi.handshake.rotation import rotate
from ocpi.handshake.runs import HandshakeRefusedError, cancel, start
from ocpi.handshake.unregistration import again, unregister_from

__all__ = ["HandshakeRefusedError", "advance", "again", "cancel", "rotate", "start", "unregister_from"]
