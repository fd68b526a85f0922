"""Everything this CPO remembers, in memory and bounded: objects by id, in order of creation."""

from collections import Counter, OrderedDict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from cpo_simulator.wire.shapes import Object


class Shelf:
    """Objects of one kind, oldest first. Ids are compared without regard to case (OCPI 2.2.1 §16.1)."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self._things: OrderedDict[str, Object] = OrderedDict()

    def put(self, key: str, thing: Object) -> bool:
        """Store or replace; True if it is new. The oldest falls out when the shelf is full."""
        is_new = key.casefold() not in self._things
        self._things[key.casefold()] = thing
        while len(self._things) > self._keep:
            self._things.popitem(last=False)
        return is_new

    def get(self, key: str) -> Object | None:
        """The object with this id, if it is known."""
        return self._things.get(key.casefold())

    def __iter__(self) -> Iterator[Object]:
        return iter(list(self._things.values()))

    def __len__(self) -> int:
        return len(self._things)

    def changed(self, since: datetime | None, until: datetime | None) -> list[Object]:
        """Objects with ``since <= last_updated < until`` (OCPI 2.2.1 §4.1.4), oldest created first."""
        return [
            one
            for one in self._things.values()
            if (since is None or one["last_updated"] >= since) and (until is None or one["last_updated"] < until)
        ]


class Books:
    """This CPO's own account of what happened, to compare with what the other side believes."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self.commands: Counter[str] = Counter()
        self.pushes: Counter[str] = Counter()
        self.starts: OrderedDict[str, int] = OrderedDict()
        self.stops: OrderedDict[str, int] = OrderedDict()

    def command(self, name: str, reference: str | None) -> None:
        """Count a received command; START_SESSION also per authorization_reference (or token, in 2.1.1),
        STOP_SESSION per session id."""
        self.commands[name] += 1
        ledger = {"START_SESSION": self.starts, "STOP_SESSION": self.stops}.get(name)
        if ledger is not None and reference:
            ledger[reference] = ledger.get(reference, 0) + 1
            while len(ledger) > self._keep:
                ledger.popitem(last=False)

    def push(self, method: str, module: str, succeeded: bool) -> None:
        """Count a push by what it was and whether the other side took it."""
        self.pushes[f"{method} {module} {'ok' if succeeded else 'failed'}"] += 1

    def summary(self) -> dict[str, Any]:
        """Plain data for the control API."""
        return {
            "commands": dict(self.commands),
            "pushes": dict(self.pushes),
            "starts_by_authorization_reference": dict(self.starts),
            "stops_by_session": dict(self.stops),
        }


class Store:
    """The shelves."""

    def __init__(self, keep: int) -> None:
        self.locations = Shelf(keep)
        self.tariffs = Shelf(keep)
        self.sessions = Shelf(keep)
        self.cdrs = Shelf(keep)
        self.tokens = Shelf(keep)
        self.booking_locations = Shelf(keep)
        self.bookings = Shelf(keep)
        self.terminals = Shelf(keep)
        self.confirmations = Shelf(keep)
        self.clients = Shelf(keep)
        self.books = Books(keep)
