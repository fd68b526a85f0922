"""Tariffs (OCPI 2.2.1 §11.2.2). A deleted one is hidden, not lost: open sessions and old CDRs still refer to it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from ocpi.models import Tariff
from ocpi.store import columns, refresh, stamps
from ocpi.store.base import NotFound, Party, Stored, check_identity, convert, in_transaction, key, serve, storable
from ocpi.versions import Version
from partners import incidents
from partners.agreed.policies import effective_policy, most_plausible
from partners.incidents import Report

UNREADABLE = Report(
    key="",
    symptom="Price not readable",
    cause="A restriction or a price component of the Tariff is none that OCPI knows: what applies when is not known.",
    resolution="Send the Tariff with the values of the specification (TariffRestrictions, PriceComponent). Until then "
    "drivers see no price at its connectors.",
    to_do="Send them the Tariff's id and what cannot be read. Drivers see no price there, and can charge.",
    letter="We cannot read a price of a Tariff of yours: a restriction or a price component in it is none that OCPI "
    "knows. Until it is corrected, drivers see no price at its connectors.",
)


IMPLAUSIBLE = Report(
    key="",
    symptom="Price not plausible",
    cause="The Tariff names a price that nobody asks, as if it were in cents or for another unit.",
    resolution="Send the Tariff with prices in the currency's major unit: per kWh, per hour, or once (PriceComponent). "
    "Until then drivers see no price at its connectors.",
    to_do="Compare the price with their price list, then send them the Tariff's id.",
    letter="A Tariff of yours names a price that nobody asks, as if it were in cents or for another unit. Prices are "
    "in the currency's major unit: per kWh, per hour, or once. Until it is corrected, drivers see no price at its "
    "connectors.",
)


def put_tariff(party: Party, tariff_id: str | None, data: Any, *, asked: datetime | None = None) -> Stored[Tariff]:
    """Store a whole Tariff, pushed, or pulled at `asked` (`tariff_id` None). A deleted one comes back.

    Raises:
        Invalid: with every fault, also when its ids are not those of the URL.
    """
    parsed = party.version.parse("tariff", data, owner=party.owner)
    check_identity(party, parsed.obj, id=tariff_id)

    def work() -> Stored[Tariff]:
        row = _lock(party, parsed.obj.id)
        return _store(party, row, parsed.obj, dict(data), parsed.leniences, asked)

    return in_transaction(work)


def patch_tariff(party: Party, tariff_id: str, change: Any, *, message_id: int | None = None) -> Stored[Tariff]:
    """Merge a PATCH into the stored Tariff (only OCPI 2.1.1 has it, §11.2.2.3 there).

    Raises:
        NotFound: no such Tariff, or it is deleted.
        Invalid: the PATCH, or the Tariff that it makes, has faults.
    """

    def work() -> Stored[Tariff]:
        row = _present(_lock(party, tariff_id), tariff_id)
        stored = _raw(row, party.version)
        patched = party.version.parse_patch("tariff", change, stored, owner=party.owner)
        check_identity(party, patched.obj, id=tariff_id)
        result = _store(party, row, patched.obj, patched.raw, patched.leniences)
        if result.stale and refresh.lacks(stored, patched.raw):
            refresh.ask(party, "tariffs", row.ocpi_id, row.last_updated)
        return result

    return in_transaction(work)


def delete_tariff(party: Party, tariff_id: str) -> Stored[Tariff]:
    """Hide a Tariff.

    Raises:
        NotFound: no such Tariff, or it is deleted already.
    """

    def work() -> Stored[Tariff]:
        row = _present(_lock(party, tariff_id), tariff_id)
        row.deleted_at = timezone.now()
        row.save(update_fields=["deleted_at", "updated_at"])
        return Stored(row, changed=True)

    return in_transaction(work)


def tariff_wire(party: Party, tariff_id: str, version: Version) -> dict[str, Any] | None:
    """Return the Tariff as `version` writes it, or None where there is none any more."""
    row = Tariff.objects.filter(**party.where(tariff_id), deleted_at=None).first()
    if row is None:
        return None
    return serve("tariff", row.raw, row.version, version, (row.country_code, row.party_id))


def _lock(party: Party, tariff_id: str) -> Tariff | None:
    return Tariff.objects.select_for_update().filter(**party.where(tariff_id)).first()


def _present(row: Tariff | None, tariff_id: str) -> Tariff:
    if row is None or row.deleted_at is not None:
        raise NotFound(f"There is no Tariff {tariff_id!r}.")
    return row


def _raw(row: Tariff, version: Version) -> dict[str, Any]:
    return convert("tariff", row.raw, row.version, version, (row.country_code, row.party_id))


def _report(row: Tariff, obj: Any, *, known: bool) -> None:
    """What we do not understand of a tariff, or cannot believe, shows drivers no price: tell the partner, once."""
    most = most_plausible(effective_policy(row.partner_id).values, row.currency)
    for about, report, paths in (
        (f"tariff-unreadable:{row.ocpi_key}", UNREADABLE, tuple(obj.unread())),
        (f"tariff-implausible:{row.ocpi_key}", IMPLAUSIBLE, tuple(obj.implausible(most))),
    ):
        if paths:
            found = f"Tariff {row.ocpi_id}: {', '.join(paths)}"
            incidents.open_incident(
                row.partner_id, replace(report, key=about, place=f"Tariff {row.ocpi_id}", evidence=[{"text": found}])
            )
        elif known:
            incidents.close_incidents(row.partner_id, about, "The Tariff can be read now.")


def _store(
    party: Party,
    row: Tariff | None,
    obj: Any,
    raw: dict[str, Any],
    leniences: tuple[Any, ...],
    asked: datetime | None = None,
) -> Stored[Tariff]:
    stamp = stamps.arriving(obj.last_updated, asked)
    if row is not None and stamps.is_outdated(stamp, row):
        return Stored(row, stale=True, leniences=leniences)
    created, before = row is None, row and (row.raw, row.deleted_at)
    row = row or Tariff(**party.where(obj.id))
    row.ocpi_id, row.ocpi_key, row.version = str(obj.id), key(obj.id), party.version.number
    row.raw, row.deleted_at = storable(raw), None
    stamps.keep(row, stamp)
    row.missing_since = None
    row.currency = columns.text(Tariff, "currency", obj.currency)
    row.save(force_insert=created, force_update=not created)
    if before != (row.raw, None):
        _report(row, obj, known=not created)
    return Stored(row, created, before != (row.raw, None), leniences=leniences)
