"""Registration with a partner, by us (guide 7.3.1) or by them (`ocpi.handshake.registration`).

run = start(partner, user=staff)      # enqueues advance(run.pk)
advance(run.pk)                       # steps until it waits or ends; safe to call at any time, by anybody
cancel(run.pk, user=staff)
"""

from ocpi.handshake.advance import advance
from ocpi.handshake.runs import HandshakeRefusedError, cancel, start

__all__ = ["HandshakeRefusedError", "advance", "cancel", "start"]
