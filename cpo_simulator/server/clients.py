"""Hub client info sender (OCPI 2.2.1 §15.2.1): the parties behind this simulator, where it plays a hub."""

from typing import TYPE_CHECKING

from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.paging import page

if TYPE_CHECKING:
    from cpo_simulator.simulator import Simulator

MODULE = "hubclientinfo"


async def get(call: Call) -> Reply:
    """GET hubclientinfo: every party, in pages."""
    if call.path or not call.sim.config.clients:
        raise ProblemError(404, 2001, "There is nothing here")
    return page(call, call.sim.store.clients, "client_info")


def connect(sim: "Simulator", country_code: str, party_id: str, status: str = "CONNECTED") -> dict[str, object]:
    """Take a party on, or change its status, and tell the eMSP."""
    key = f"{country_code}{party_id}"
    known = sim.store.clients.get(key) or {}
    info = {
        "country_code": country_code,
        "party_id": party_id,
        "role": "CPO",
        "status": status,
        "last_updated": sim.clock.later_than(known.get("last_updated")),
    }
    sim.store.clients.put(key, info)
    sim.pusher.push("hub", "PUT", MODULE, (country_code, party_id), "client_info", info)
    return info
