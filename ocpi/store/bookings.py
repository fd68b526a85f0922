"""Bookings (OCPI 2.3.0 Booking 1.1, mod_bookings): what a CPO has to book, and what is booked with it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from ocpi.models import Booking, BookingLocation
from ocpi.models.base import MirroredObject
from ocpi.store import columns, refresh, stamps
from ocpi.store.base import NotFound, Party, Stored, check_identity, convert, in_transaction, key, storable
from ocpi.store.stamps import Stamp
from ocpi.versions import Fault, Invalid, Lenience, Version
from ocpi.versions.patching import as_list

Row = TypeVar("Row", bound=MirroredObject)
CALENDARS = "calendars"
# A booking in one of these ends there; an older PENDING must not bring it back.
FINAL = frozenset({"CANCELED", "NO_SHOW", "REJECTED", "FAILED", "FULFILLED"})


def put_booking_location(
    party: Party, booking_location_id: str | None, data: Any, *, asked: datetime | None = None
) -> Stored[BookingLocation]:
    """Store a whole BookingLocation, pushed or pulled (`booking_location_id` None).

    Raises:
        Invalid: with every fault, also when its ids are not those of the URL.
    """
    parsed = party.version.parse("booking_location", data, owner=party.owner)
    check_identity(party, parsed.obj, id=booking_location_id)

    def work() -> Stored[BookingLocation]:
        row = _lock(BookingLocation, party, parsed.obj.id)
        return _store_location(party, row, parsed.obj, dict(data), parsed.leniences, asked)

    return in_transaction(work)


def patch_booking_location(party: Party, booking_location_id: str, change: Any) -> Stored[BookingLocation]:
    """Merge a PATCH into the stored BookingLocation; calendars are merged by their ids.

    Raises:
        NotFound, Invalid
    """

    def work() -> Stored[BookingLocation]:
        row = _present(_lock(BookingLocation, party, booking_location_id), "BookingLocation", booking_location_id)
        stored = _raw("booking_location", row, party.version)
        patched = party.version.parse_patch("booking_location", change, stored, owner=party.owner)
        check_identity(party, patched.obj, id=booking_location_id)
        result = _store_location(party, row, patched.obj, patched.raw, patched.leniences)
        _refresh(party, "booking_locations", result, stored, patched.raw)
        return result

    return in_transaction(work)


def booking_location_wire(party: Party, booking_location_id: str, version: Version) -> dict[str, Any] | None:
    """Return the BookingLocation as `version` writes it, or None."""
    row = BookingLocation.objects.filter(**party.where(booking_location_id)).first()
    return _raw("booking_location", row, version) if row else None


def put_calendar(party: Party, booking_location_id: str, calendar_id: str, data: Any) -> Stored[BookingLocation]:
    """Store a whole Calendar. Its BookingLocation then is as new as it.

    Raises:
        NotFound: no such BookingLocation.
        Invalid
    """

    def change(stored: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any], tuple[Lenience, ...]]:
        parsed = party.version.parse("calendar", data)
        return parsed.obj, dict(data), parsed.leniences

    return _change_calendar(party, booking_location_id, calendar_id, change)


def patch_calendar(party: Party, booking_location_id: str, calendar_id: str, data: Any) -> Stored[BookingLocation]:
    """Merge a PATCH into a stored Calendar. Its BookingLocation then is as new as it.

    Raises:
        NotFound: no such BookingLocation, or Calendar in it.
        Invalid
    """

    def change(stored: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any], tuple[Lenience, ...]]:
        if stored is None:
            raise NotFound(f"There is no Calendar {calendar_id!r}: send it with PUT.")
        patched = party.version.parse_patch("calendar", data, stored)
        return patched.obj, patched.raw, patched.leniences

    return _change_calendar(party, booking_location_id, calendar_id, change)


def calendar_wire(party: Party, booking_location_id: str, calendar_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Calendar as `version` writes it, or None."""
    raw = booking_location_wire(party, booking_location_id, version)
    return next((one for one in as_list((raw or {}).get(CALENDARS)) if _is(one, calendar_id)), None)


def put_booking(party: Party, booking_id: str | None, data: Any, *, asked: datetime | None = None) -> Stored[Booking]:
    """Store a whole Booking, pushed, pulled or answered (`booking_id` None).

    Raises:
        Invalid: with every fault, also when its ids are not those of the URL.
    """
    parsed = party.version.parse("booking", data, owner=party.owner)
    check_identity(party, parsed.obj, id=None)
    _check_addressed(parsed.obj, booking_id)

    def work() -> Stored[Booking]:
        row = _lock(Booking, party, parsed.obj.id)
        return _store_booking(party, row, parsed.obj, dict(data), parsed.leniences, asked)

    return in_transaction(work)


def patch_booking(party: Party, booking_id: str, change: Any) -> Stored[Booking]:
    """Merge a PATCH into the stored Booking; raises NotFound, Invalid."""

    def work() -> Stored[Booking]:
        row = _present(_find_booking(party, booking_id, lock=True), "Booking", booking_id)
        stored = _raw("booking", row, party.version)
        patched = party.version.parse_patch("booking", change, stored, owner=party.owner)
        check_identity(party, patched.obj, id=row.ocpi_id)
        result = _store_booking(party, row, patched.obj, patched.raw, patched.leniences)
        _refresh(party, "bookings", result, stored, patched.raw)
        return result

    return in_transaction(work)


def booking_wire(party: Party, booking_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Booking as `version` writes it, or None."""
    row = _find_booking(party, booking_id)
    return _raw("booking", row, version) if row else None


def _refresh(
    party: Party, module: str, result: Stored[Any], stored: Mapping[str, Any], patched: Mapping[str, Any]
) -> None:
    if result.stale and refresh.lacks(stored, patched):
        refresh.ask(party, module, result.row.ocpi_id, result.row.last_updated)


def _find_booking(party: Party, booking_id: str, lock: bool = False) -> Booking | None:
    """By id, or by the id of its request: the text names either in the URL (mod_bookings §2.2)."""
    rows = Booking.objects.select_for_update() if lock else Booking.objects.all()
    by_request = {**party.where(booking_id), "request_key": key(booking_id)}
    del by_request["ocpi_key"]
    return rows.filter(**party.where(booking_id)).first() or rows.filter(**by_request).first()


def _check_addressed(obj: Any, booking_id: str | None) -> None:
    if booking_id is not None and key(booking_id) not in (key(obj.id), key(obj.request_id)):
        raise Invalid((Fault("id", f"is {obj.id!r}, the URL says {booking_id!r}", obj.id),))


def _lock(model: type[Row], party: Party, ocpi_id: str) -> Row | None:
    rows: Any = model._default_manager.select_for_update()
    found: Row | None = rows.filter(**party.where(ocpi_id)).first()
    return found


def _present(row: Row | None, kind: str, ocpi_id: str) -> Row:
    if row is None:
        raise NotFound(f"There is no {kind} {ocpi_id!r}: send it with PUT.")
    return row


def _raw(kind: str, row: MirroredObject, version: Version) -> dict[str, Any]:
    return convert(kind, row.raw, row.version, version, (row.country_code, row.party_id))


def _is(calendar: Any, calendar_id: str) -> bool:
    return isinstance(calendar, Mapping) and key(str(calendar.get("id", ""))) == key(calendar_id)


def _change_calendar(
    party: Party,
    booking_location_id: str,
    calendar_id: str,
    change: Callable[[Mapping[str, Any] | None], tuple[Any, dict[str, Any], tuple[Lenience, ...]]],
) -> Stored[BookingLocation]:
    def work() -> Stored[BookingLocation]:
        row = _present(_lock(BookingLocation, party, booking_location_id), "BookingLocation", booking_location_id)
        raw = _raw("booking_location", row, party.version)
        calendars = as_list(raw.get(CALENDARS))
        stored = next((one for one in calendars if _is(one, calendar_id)), None)
        obj, calendar, leniences = change(stored)
        if key(obj.id) != key(calendar_id):
            raise Invalid((Fault("id", f"is {obj.id!r}, the URL says {calendar_id!r}", obj.id),))
        if stored is not None and stamps.older(
            stamps.push_stamp(obj.last_updated), Stamp(_moment(party.version, stored), stamps.of(row).arrived)
        ):
            return Stored(row, stale=True, leniences=leniences)
        raw[CALENDARS] = [one for one in calendars if not _is(one, calendar_id)] + [calendar]
        # The parent SHALL be as new as its part (mod_bookings §2.2.3).
        if obj.last_updated > row.last_updated:
            raw["last_updated"] = calendar["last_updated"]
        whole = party.version.parse("booking_location", raw, owner=party.owner).obj
        result = _store_location(party, row, whole, raw, leniences)
        return Stored(result.row, stored is None, result.changed, leniences=leniences)

    return in_transaction(work)


def _moment(version: Version, calendar: Mapping[str, Any]) -> Any:
    return version.parse("calendar", calendar).obj.last_updated


def _store_location(
    party: Party,
    row: BookingLocation | None,
    obj: Any,
    raw: dict[str, Any],
    leniences: tuple[Lenience, ...],
    asked: datetime | None = None,
) -> Stored[BookingLocation]:
    stamp = stamps.arriving(obj.last_updated, asked)
    if row is not None and stamps.is_outdated(stamp, row):
        return Stored(row, stale=True, leniences=leniences)
    created, before = row is None, row and row.raw
    row = row or BookingLocation(**party.where(obj.id))
    row.ocpi_id, row.version = str(obj.id), party.version.number
    row.raw = storable(raw)
    stamps.keep(row, stamp)
    row.location_id, row.missing_since = columns.text(BookingLocation, "location_id", obj.location_id), None
    row.save(force_insert=created, force_update=not created)
    return Stored(row, created, before != row.raw, leniences=leniences)


def _store_booking(
    party: Party,
    row: Booking | None,
    obj: Any,
    raw: dict[str, Any],
    leniences: tuple[Lenience, ...],
    asked: datetime | None = None,
) -> Stored[Booking]:
    stamp = stamps.arriving(obj.last_updated, asked)
    if row is not None and _behind(stamp, obj, row):
        return Stored(row, stale=True, leniences=leniences)
    created, before = row is None, row and row.raw
    row = row or Booking(**party.where(obj.id))
    row.ocpi_id, row.version = str(obj.id), party.version.number
    row.request_id = columns.identifier(obj.request_id, "request_id")
    row.request_key = key(obj.request_id)
    row.location_id = columns.text(Booking, "location_id", obj.location_id)
    row.status = columns.text(Booking, "status", obj.reservation_status)
    row.authorization_reference = columns.text(Booking, "authorization_reference", obj.authorization_reference)
    row.start_at, row.end_at = obj.period.start_date_time, obj.period.end_date_time
    row.raw = storable(raw)
    stamps.keep(row, stamp)
    row.save(force_insert=created, force_update=not created)
    return Stored(row, created, before != row.raw, leniences=leniences)


def _behind(stamp: Stamp, obj: Any, row: Booking) -> bool:
    """Older; or as old, and it would open what has ended."""
    if stamps.is_outdated(stamp, row):
        return True
    return obj.last_updated == row.last_updated and row.status in FINAL and obj.reservation_status not in FINAL
