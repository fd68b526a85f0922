"""The plain way of a push: Sessions and statuses of EVSEs, nine tenths of what arrives, without any framework.

    answers = push.answer([arrival, ...])     # one for each; None: the view is to answer it

One look at the database, a decision, one write, however many pushes arrived together. A push is either done
completely, with its row in the message log, or has left no trace and goes to the view, which explains in words
whatever is not in order. Both ways read and decide with the same functions.
"""

from ocpi.server.push.arrival import Answer, Arrival, is_one, receive
from ocpi.server.push.handler import answer
from ocpi.server.push.spool import recover

__all__ = ["Answer", "Arrival", "answer", "is_one", "receive", "recover"]
