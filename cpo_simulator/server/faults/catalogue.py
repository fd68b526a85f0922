"""All faults by name, and the one place that spoils an answer."""

from collections.abc import Mapping

from cpo_simulator.server.call import Call
from cpo_simulator.server.faults.breakdowns import BREAKDOWNS
from cpo_simulator.server.faults.fault import Fault, Proceed, Spoiled
from cpo_simulator.server.faults.wrong_answers import WRONG_ANSWERS

FAULTS: Mapping[str, Fault] = {one.name: one for one in (*BREAKDOWNS, *WRONG_ANSWERS)}


async def pass_through(names: frozenset[str], call: Call, proceed: Proceed) -> Spoiled:
    """Answer a call as the first active fault that it hits would, or properly."""
    for name, fault in FAULTS.items():
        if name in names and fault.hits(call):
            return await fault.spoil(call, proceed)
    return await proceed(call)
