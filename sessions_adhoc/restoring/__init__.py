"""After the database was put back to an earlier moment: everybody else is asked what happened since.

    for line in reconcile(since): print(line)

In this order: the gateways (money), the charges that follow from it, the CPOs (Sessions, CDRs), and the list of what
people must decide. Safe at any time and any number of times; nothing is captured here.
"""

from sessions_adhoc.restoring.run import reconcile

__all__ = ["reconcile"]
