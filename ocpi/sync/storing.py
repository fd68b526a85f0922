"""Storing a page of pulled objects: each by itself, so that a bad one spoils nothing but itself."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from django.db import DataError, connection

from ocpi.client.remote import version_in_use
from ocpi.hubs import parties_of
from ocpi.log import quirks
from ocpi.log.remarks import remark
from ocpi.store import Conflict, NotFound, Party, Stored, put_cdr, put_location, put_session, put_tariff
from ocpi.store.bookings import put_booking, put_booking_location
from ocpi.store.clients import put_client_info
from ocpi.store.comparing import Name, find_stored
from ocpi.store.new_locations import put_new_locations
from ocpi.sync.clients import MODULE as CLIENTS
from ocpi.sync.clients import know_clients
from ocpi.sync.paging import Page
from ocpi.versions import Fault, Invalid, Lenience, Version
from ocpi.versions.patching import moment
from partners.models import Partner

N = TypeVar("N", Fault, Lenience)
MOST_FAULTY = 200  # objects whose faults are kept; all are counted
MOST_FAULTS = 20  # of one object

Came = tuple[Sequence[Lenience], Sequence[Fault], bool]
"""What was overlooked, what could not be read, and whether the object was kept."""

Put = Callable[[Party, Any, int | None, datetime], Any]
_PUT: dict[str, Put] = {
    "locations": lambda party, data, message, asked: put_location(party, None, data, message_id=message, asked=asked),
    "sessions": lambda party, data, message, asked: put_session(
        party, None, data, source="GET", message_id=message, asked=asked
    ),
    "tariffs": lambda party, data, message, asked: put_tariff(party, None, data, asked=asked),
    "cdrs": lambda party, data, message, asked: put_cdr(party, data, asked=asked),
    "bookings": lambda party, data, message, asked: put_booking(party, None, data, asked=asked),
    "booking_locations": lambda party, data, message, asked: put_booking_location(party, None, data, asked=asked),
    CLIENTS: lambda party, data, message, asked: put_client_info(party, data, addressed=False, asked=asked),
}


# As in the message log: `session:SK*ION/S-1`.
KINDS = {
    "locations": "location",
    "sessions": "session",
    "tariffs": "tariff",
    "cdrs": "cdr",
    "bookings": "booking",
    "booking_locations": "booking_location",
}
# What a crash of the database loses of these, the next pull brings.
PULLED_AGAIN = frozenset({"locations", "tariffs", "booking_locations"})


@contextmanager
def _without_waiting() -> Iterator[None]:
    """Let commits not wait for the disk, one per object. Whatever commits next does, and takes them along."""
    if connection.vendor != "postgresql":
        yield
        return
    _execute("SET synchronous_commit TO OFF")
    try:
        yield
    finally:
        if not connection.needs_rollback:
            _execute("RESET synchronous_commit")


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@dataclass
class Tally:
    """What became of the objects of a pull.

    Args:
        seen: (country_code, party_id, id in lower case) of every object that has an id, stored or not.
        anonymous: an object had no readable id, so absence cannot be told any more.
        refused_items: the refused objects of the last page.
    """

    received: int = 0
    stored: int = 0
    refused: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    seen: set[Name] = field(default_factory=set)
    anonymous: bool = False
    refused_items: list[Any] = field(default_factory=list)


class Storing:
    """Stores the pulled objects of one partner and module, as the version in use writes them."""

    def __init__(self, partner: Partner, module: str) -> None:
        self.partner = partner
        self.module = module
        self.put = _PUT[module]
        self.version: Version = version_in_use(partner)
        self.leniences: list[Lenience] = []
        self.touched: list[str] = []
        self.newest: dict[Name, datetime] = {}
        if module != CLIENTS:
            know_clients(partner)
        self.parties = parties_of(partner)
        self.tally = Tally()

    def store(self, page: Page) -> None:
        """Store what can be stored; count and describe the rest."""
        with _without_waiting() if self.module in PULLED_AGAIN else nullcontext():
            self._store_page(page)

    def _store_page(self, page: Page) -> None:
        tally = self.tally
        tally.refused_items = []
        self.leniences, self.touched, faulty = list(page.leniences), [], list[Fault]()
        stored, new = self._compare(page)
        for number, item in enumerate(page.items):
            where = "" if page.single else f"[{number}]"
            tally.received += 1
            self._note(item)
            if number in stored:
                tally.stored += 1
                continue
            leniences, faults, kept = new.get(number) or self._store_one(item, page)
            self.leniences += _place(leniences, where)
            tally.stored += kept
            if not faults:
                continue
            if not kept:
                tally.refused += 1
                tally.refused_items.append(item)
            faulty += _place(faults, where)
            if len(tally.faults) < MOST_FAULTY:
                told = [{"path": fault.path, "message": fault.message} for fault in faults[:MOST_FAULTS]]
                tally.faults.append({"id": _id(item), "faults": told})
        version = self.version.number
        remark(page.message_id, leniences=self.leniences, faults=faulty, objects=self.touched)
        quirks.note(self.partner, version, self.module, self.leniences, page.message_id, logged=True)

    def _compare(self, page: Page) -> tuple[set[int], dict[int, Came]]:
        """Which objects of a page, by their numbers, are stored as they are, and what came of those that are new.

        Of one that is in it twice nobody can tell before both are read.
        """
        named = defaultdict[Name, list[tuple[int, Party]]](list)
        for number, item in enumerate(page.items):
            with suppress(Invalid):
                party = self._party(item)
                named[party.country_code, party.party_id, _id(item).lower()].append((number, party))
        single = {name: places[0] for name, places in named.items() if len(places) == 1}
        items = {name: page.items[number] for name, (number, _party) in single.items()}
        known = find_stored(self.module, self.partner, self.version, items)
        if known is None:
            return set(), {}
        same = {single[name][0] for name in known.same if not self._was_newer(name, items[name])}
        new = [single[name] for name in items if name not in known.there and not self._was_newer(name, items[name])]
        return same, self._store_new(new, page) if self.module == "locations" and len(new) > 1 else {}

    def _store_new(self, places: Sequence[tuple[int, Party]], page: Page) -> dict[int, Came]:
        """What came of Locations that are new, by their numbers; nothing where each has to go by itself."""
        given = [(party, page.items[number]) for number, party in places]
        outcomes = put_new_locations(given, message_id=page.message_id, asked=page.asked)
        if outcomes is None:
            return {}
        return {
            number: self._what_came(party, page.items[number], outcome)
            for (number, party), outcome in zip(places, outcomes, strict=True)
        }

    def _what_came(self, party: Party, item: Any, outcome: Stored[Any] | Invalid) -> Came:
        if isinstance(outcome, Invalid):
            return (), outcome.faults, False
        if self.module in KINDS and (outcome.changed or outcome.created):
            self.touched.append(f"{KINDS[self.module]}:{party.country_code}*{party.party_id}/{_id(item)}")
        return outcome.leniences, outcome.left_out, True

    def _store_one(self, item: Any, page: Page) -> Came:
        try:
            party = self._party(item)
            if self._was_newer((party.country_code, party.party_id, _id(item).lower()), item):
                return (), (), True
            return self._what_came(party, item, self.put(party, item, page.message_id, page.asked))
        except Invalid as error:
            return (), error.faults, False
        except (Conflict, NotFound, DataError) as error:
            return (), (Fault("", str(error)),), False

    def _was_newer(self, name: Name, item: Any) -> bool:
        """Whether this pull brought the object before, as it became later. A list that shifts while it is read holds
        one twice, and all of it is as present (rule 31): of these the stamps tell. CDRs do not change."""
        dated = self.module != "cdrs" and isinstance(item, dict) and item.get("last_updated")
        said = moment(item["last_updated"]) if dated else None
        if not isinstance(said, datetime):
            return False
        newest = self.newest.setdefault(name, said)
        self.newest[name] = max(newest, said)
        return said < newest

    def _party(self, item: Any) -> Party:
        """Whose the object is. Raises Invalid where it is not one of the partner's parties.

        What a hub says of its clients is the hub's, whomever it is about.
        """
        if self.module == CLIENTS:
            return Party(self.partner, self.partner.country_code, self.partner.party_id, self.version)
        country_code, party_id = self._owner(item)
        if (country_code, party_id) not in self.parties:
            text = f"{country_code}*{party_id} is no party of {self.partner.name}"
            raise Invalid((Fault("party_id", text, party_id),))
        return Party(self.partner, country_code, party_id, self.version)

    def _owner(self, item: Any) -> tuple[str, str]:
        own = self.partner.country_code, self.partner.party_id
        if not self.version.objects_name_owner:
            return own
        if not isinstance(item, dict):
            raise Invalid((Fault("", "must be an object", None),))
        names = item.get("country_code"), item.get("party_id")
        if not all(isinstance(name, str) and name.strip() for name in names):
            missing = [name for name in ("country_code", "party_id") if not isinstance(item.get(name), str)]
            raise Invalid(tuple(Fault(name, "is required", None) for name in missing or ["party_id"]))
        return str(names[0]).strip().upper(), str(names[1]).strip().upper()

    def _note(self, item: Any) -> None:
        ocpi_id = _id(item)
        try:
            country_code, party_id = self._owner(item)
        except Invalid:
            self.tally.anonymous = True
            return
        if ocpi_id:
            self.tally.seen.add((country_code, party_id, ocpi_id.lower()))
        else:
            self.tally.anonymous = True


def _place(notes: Iterable[N], where: str) -> list[N]:
    """The notes on an object as they are about the list that it came in."""
    return [replace(note, path=f"{where}.{note.path}" if where and note.path else note.path or where) for note in notes]


def _id(item: Any) -> str:
    found = item.get("id") if isinstance(item, dict) else None
    return str(found)[:255] if isinstance(found, str | int) and not isinstance(found, bool) else ""
