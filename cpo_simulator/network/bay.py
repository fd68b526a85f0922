"""An EVSE with its cable: what state it is in, and telling the eMSP when that changes."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cpo_simulator.clock import Clock
from cpo_simulator.emsp.pushes import Pusher
from cpo_simulator.wire.shapes import Object

USABLE = frozenset({"AVAILABLE", "BLOCKED", "RESERVED"})
STATUSES = (
    "AVAILABLE",
    "BLOCKED",
    "CHARGING",
    "INOPERATIVE",
    "OUTOFORDER",
    "PLANNED",
    "REMOVED",
    "RESERVED",
    "UNKNOWN",
)


class Occupant(Protocol):
    """Who charges at an EVSE: a run, as far as the EVSE knows."""

    session: Object | None

    def request_stop(self, reason: str) -> None:
        """Want the charge to end."""


@dataclass(frozen=True)
class Reservation:
    """Who reserved an EVSE until when; ``response_url`` is that of the RESERVE_NOW command."""

    id: str
    token_uid: str
    expires: datetime
    response_url: str


class Bay:
    """One EVSE: status, cable, at most one run and at most one reservation."""

    def __init__(self, location: Object, evse: Object, pusher: Pusher, clock: Clock) -> None:
        self.location = location
        self.evse = evse
        self.run: Occupant | None = None
        self.reservation: Reservation | None = None
        self.cable_in = asyncio.Event()
        self.attempts: Counter[str] = Counter()
        self._pusher = pusher
        self._clock = clock

    @property
    def uid(self) -> str:
        """The EVSE's uid, which is also the lane of its pushes."""
        return str(self.evse["uid"])

    @property
    def status(self) -> str:
        """The OCPI status of the EVSE."""
        return str(self.evse["status"])

    @property
    def is_dc(self) -> bool:
        """Whether its first connector gives direct current."""
        return bool(self.evse["connectors"][0]["power_type"] == "DC")

    def connector(self, connector_id: str | None) -> Object | None:
        """The connector with this id (any case), or the first one if none is named."""
        connectors: list[Object] = self.evse["connectors"]
        if connector_id is None:
            return connectors[0]
        return next((one for one in connectors if one["id"].casefold() == connector_id.casefold()), None)

    def show(self, status: str, push: bool = True) -> None:
        """Take on another status, and PATCH the EVSE at the eMSP (OCPI 2.2.1 §8.2.2.3)."""
        if status == self.status:
            return
        moment = self._clock.later_than(self.evse["last_updated"])
        self.evse |= {"status": status, "last_updated": moment}
        self.location["last_updated"] = self._clock.later_than(self.location["last_updated"])
        if push:
            self.report()

    def report(self) -> None:
        """PATCH the present status to the eMSP, changed or not."""
        part = {"status": self.status, "last_updated": self.evse["last_updated"]}
        path = self._pusher.owned_path(self.location["id"], self.uid)
        self._pusher.push(self.uid, "PATCH", "locations", path, "evse", part)

    def plug(self, push: bool = True) -> None:
        """The driver puts the cable in: AVAILABLE becomes BLOCKED (preparing)."""
        self.cable_in.set()
        if self.status in USABLE:
            self.show("BLOCKED", push)

    def unplug(self, push: bool = True) -> None:
        """The driver pulls the cable: a charge ends at once, and the EVSE becomes free."""
        self.cable_in.clear()
        if self.run is not None and self.run.session is not None:
            self.run.request_stop("unplugged")
        elif self.status in ("BLOCKED", "CHARGING"):
            self.show("RESERVED" if self.reservation else "AVAILABLE", push)

    def place(self, connector: Object) -> Object:
        """The Location with only this EVSE and connector, as 2.1.1 embeds it in sessions and CDRs."""
        return {**self.location, "evses": [{**self.evse, "connectors": [connector]}]}
