"""Hub client info sender (OCPI 2.2.1 §15.2.1): the parties behind this simulator, where it plays a hub."""

from cpo_simulator.charging.cpo import Cpo
from cpo_simulator.server.call import Call, ProblemError, Reply
from cpo_simulator.server.paging import page

MODULE = "hubclientinfo"


async def get(call: Call) -> Reply:
    """GET hubclientinfo: every party, in pages."""
    if call.path or not call.cpo.config.clients:
        raise ProblemError(404, 2001, "There is nothing here")
    return page(call, call.cpo.store.clients, "client_info")


def connect(cpo: Cpo, country_code: str, party_id: str, status: str = "CONNECTED") -> dict[str, object]:
    """Take a party on, or change its status, and tell the eMSP."""
    key = f"{country_code}{party_id}"
    known = cpo.store.clients.get(key) or {}
    info = {
        "country_code": country_code,
        "party_id": party_id,
        "role": "CPO",
        "status": status,
        "last_updated": cpo.clock.later_than(known.get("last_updated")),
    }
    cpo.store.clients.put(key, info)
    cpo.pusher.push("hub", "PUT", MODULE, (country_code, party_id), "client_info", info)
    return info
