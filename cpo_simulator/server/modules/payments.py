"""Payments receiver (OCPI 2.3.0 Payments, mod_payments §5.2): terminals and captures that a PTP tells of."""

from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.store import Shelf

_IDS = {"terminals": "terminal_id", "financial-advice-confirmations": "id"}


async def get(call: Call) -> Reply:
    """GET terminals/{id} and financial-advice-confirmations/{id}."""
    shelf, _ = _shelf(call)
    found = shelf.get(call.path[1]) if len(call.path) == 2 else None
    if found is None:
        raise ProblemError(404, 2001, "There is no such object")
    return Reply("", found)


async def post(call: Call) -> Reply:
    """POST terminals and financial-advice-confirmations: stored as they come, also when they come again."""
    shelf, name = _shelf(call)
    if len(call.path) != 1:
        raise ProblemError(404, 2001, "Objects are POSTed to their list")
    is_new = shelf.put(call.field(name) or "", dict(call.body))
    return Reply(http=201 if is_new else 200)


def _shelf(call: Call) -> tuple[Shelf, str]:
    kind = call.path[0] if call.path else ""
    if kind not in _IDS:
        raise ProblemError(404, 2001, "There is nothing here")
    store = call.cpo.store
    return (store.terminals if kind == "terminals" else store.confirmations), _IDS[kind]
