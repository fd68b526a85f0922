"""What all stored objects share: whose they are, what storing one yields, the transaction it runs in."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from ocpi.log.masking import storable_text
from ocpi.store import columns
from ocpi.versions import VERSIONS, Fault, Invalid, Lenience, Version
from ocpi.versions.serving import in_listed_words
from partners.models import Partner

R_co = TypeVar("R_co", covariant=True)
T = TypeVar("T")
TRIES = 3
THIS_ONE = "WHERE partner_id = %s AND country_code = %s AND party_id = %s AND ocpi_key = %s"
# PostgreSQL: serialization_failure, deadlock_detected. Both ask for the transaction to be run again.
TRANSIENT = ("40001", "40P01")


class NotFound(Exception):
    """The object, or the parent that an EVSE or connector belongs to, is not stored."""


class Conflict(Exception):
    """A CDR with this id is stored with another content; CDRs never change (OCPI 2.2.1 §10.1)."""


class Inexpressible(Exception):
    """An object of one version cannot be written in the version that is asked for."""


@dataclass(frozen=True)
class Party:
    """Whose objects a message is about, and how the message is written.

    The caller has made sure that the party belongs to the partner.
    """

    partner: Partner
    country_code: str
    party_id: str
    version: Version

    def __post_init__(self) -> None:
        object.__setattr__(self, "country_code", self.country_code.upper())
        object.__setattr__(self, "party_id", self.party_id.upper())

    @property
    def owner(self) -> tuple[str, str]:
        return self.country_code, self.party_id

    def keys(self, ocpi_id: str) -> list[Any]:
        """The same for a statement that ends in `THIS_ONE`."""
        return [self.partner.pk, self.country_code, self.party_id, key(ocpi_id)]

    def where(self, ocpi_id: str) -> dict[str, Any]:
        """The columns that identify an object of this party."""
        return {
            "partner": self.partner,
            "country_code": self.country_code,
            "party_id": self.party_id,
            "ocpi_key": key(ocpi_id),
        }


@dataclass(frozen=True)
class Stored(Generic[R_co]):
    """What became of a message.

    Args:
        row: the row as it is now.
        created: nothing was stored under this id before.
        changed: the row differs from what it was.
        stale: older than what is stored, so it was not taken over.
        leniences: what was overlooked in reading it.
        said_before: `last_updated` of what was stored before, for Sessions and EVSEs.
        left_out: what was not taken over, since it could not be read; the rest was.
    """

    row: R_co
    created: bool = False
    changed: bool = False
    stale: bool = False
    leniences: tuple[Lenience, ...] = ()
    said_before: datetime | None = None
    left_out: tuple[Fault, ...] = ()


def key(ocpi_id: str) -> str:
    """Return what ids are compared by: they are case-insensitive (OCPI 2.2.1 §16.1 CiString)."""
    return ocpi_id.lower()


def in_transaction(work: Callable[[], T]) -> T:
    """Run `work` in a transaction of its own.

    It runs again when it lost a race: two first PUTs of one object (the loser then finds the row and updates
    it), or a deadlock.
    """
    for _ in range(TRIES - 1):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError:
            continue
        except OperationalError as error:
            if connection.in_atomic_block or getattr(error.__cause__, "sqlstate", "") not in TRANSIENT:
                raise
    with transaction.atomic():
        return work()


def check_identity(party: Party, obj: Any, **expected: str | None) -> None:
    """Raise Invalid unless the object's own ids are those that it was addressed by (OCPI 2.2.1 §8.2.2.2, §9.2.2.2).

    `expected` maps an attribute to the id in the URL; None where the URL names none.
    """
    wanted: dict[str, str | None] = dict(expected)
    if hasattr(obj, "country_code"):
        wanted |= {"country_code": party.country_code, "party_id": party.party_id}
    faults = [
        Fault(name, f"is {found!r}, the URL says {value!r}", found)
        for name, value in wanted.items()
        if value is not None and key(found := str(getattr(obj, name))) != key(value)
    ]
    if faults:
        raise Invalid(tuple(faults))
    for name in expected:
        columns.identifier(getattr(obj, name), name)


def convert(kind: str, raw: Any, source: str, target: Version, owner: tuple[str, str]) -> dict[str, Any]:
    """Return an object that is written in version `source` as `target` writes it; raises Inexpressible."""
    if source == target.number:
        return dict(raw)
    try:
        return target.dump(VERSIONS[source].parse(kind, raw, owner=owner).obj)
    except Invalid as error:
        text = f"This {kind} is in OCPI {source} and cannot be put in the words of {target}: {error}"
        raise Inexpressible(text) from error


def serve(kind: str, raw: Any, source: str, target: Version, owner: tuple[str, str]) -> dict[str, Any]:
    """The same for an answer to GET: without values that the version does not list. Raises Inexpressible."""
    wire = convert(kind, raw, source, target, owner)
    if source != target.number:
        return wire  # written anew
    try:
        return in_listed_words(target, kind, wire, owner)
    except Invalid as error:
        raise Inexpressible(f"This {kind} cannot be put in the words of {target}: {error}") from error


def storable(raw: Any) -> Any:
    """Return JSON as a database can keep it.

    Fields of the specification never hold such things, but unknown fields, kept as received, may: U+0000,
    halves of surrogate pairs, and numbers beyond a double's range.
    """
    try:
        text = json.dumps(raw, allow_nan=False)
    except ValueError:
        return _clean(raw)
    return _clean(raw) if "\\u0000" in text or "\\ud" in text else raw


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable_text(str(value))
    if isinstance(value, Mapping):
        return {storable_text(name): _clean(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, float) and value - value != 0:  # infinite, or no number
        return None
    return value
