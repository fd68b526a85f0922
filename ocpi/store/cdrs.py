"""CDRs (OCPI 2.2.1 §10.2.2). A CDR never changes; a correction is another CDR that credits the first."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ocpi import receivers
from ocpi.models import Cdr
from ocpi.store import columns, stamps
from ocpi.store.base import Conflict, Party, Stored, check_identity, in_transaction, key, serve, storable
from ocpi.versions import VERSIONS, Version, gross
from partners.models import Partner

# What two versions of OCPI write alike. The rest may be lost or made up when a CDR comes again in another
# version.
COMMON_FACTS = ("currency", "total_cost", "total_energy", "start_date_time", "end_date_time")


def put_cdr(party: Party, data: Any, *, asked: datetime | None = None) -> Stored[Cdr]:
    """Store a CDR, pushed, or pulled at `asked`. The same one again changes nothing.

    Raises:
        Invalid: with every fault.
        Conflict: its id is taken by a CDR with another content, which is kept and flagged.
    """
    parsed = party.version.parse("cdr", data, owner=party.owner)
    check_identity(party, parsed.obj, id=None)
    row, created = in_transaction(
        lambda: _first(party, parsed.obj, data, stamps.arriving(parsed.obj.last_updated, asked))
    )
    if not created and not _same(row, party, parsed.obj):
        Cdr.objects.filter(pk=row.pk, conflicting=False).update(conflicting=True)
        raise Conflict(
            f"CDR {parsed.obj.id!r} is stored with another content, and CDRs never change: send a credit CDR."
        )
    return Stored(row, created=created, changed=created, leniences=parsed.leniences)


def cdr_by_uuid(partner: Partner, cdr_uuid: uuid.UUID | str) -> Cdr | None:
    """Return the CDR behind the URL that we answered its POST with."""
    return Cdr.objects.filter(partner=partner, uuid=cdr_uuid).first()


def cdr_wire(cdr: Cdr, version: Version) -> dict[str, Any]:
    """Return the CDR as `version` writes it."""
    return serve("cdr", cdr.raw, cdr.version, version, (cdr.country_code, cdr.party_id))


def _first(party: Party, obj: Any, data: Any, stamp: stamps.Stamp) -> tuple[Cdr, bool]:
    stored = Cdr.objects.filter(**party.where(obj.id)).first()
    if stored is not None:
        return stored, False
    row = Cdr(**party.where(obj.id), **_columns(obj), version=party.version.number, raw=storable(dict(data)))
    stamps.keep(row, stamp)
    row.save(force_insert=True)
    receivers.cdr_received(row)
    return row, True


def _columns(obj: Any) -> dict[str, Any]:
    def money(column: str, value: Decimal | None) -> Decimal | None:
        return columns.number(Cdr, column, value, "total_cost")

    texts = {
        "session_id": obj.session_id,
        "session_key": key(obj.session_id or ""),
        "authorization_reference": obj.authorization_reference,
        "token_uid": obj.cdr_token.uid,
        "location_id": obj.cdr_location.id,
        "evse_uid": obj.cdr_location.evse_uid,
        "currency": obj.currency,
        "credit_reference_id": obj.credit_reference_id,
    }
    return {
        **{column: columns.text(Cdr, column, value) for column, value in texts.items()},
        "uuid": uuid.uuid4(),
        "ocpi_id": str(obj.id),
        "start_at": obj.start_date_time,
        "end_at": obj.end_date_time,
        "total_net": money("total_net", obj.total_cost.before_taxes),
        "total_gross": money("total_gross", gross(obj.total_cost)),
        "total_energy": columns.number(Cdr, "total_energy", obj.total_energy, "total_energy"),
        "credit": bool(obj.credit),
        "content_digest": _digest(obj),
    }


def _same(row: Cdr, party: Party, obj: Any) -> bool:
    # Ids are the same in whatever case (CiString): some write theirs otherwise when they send again.
    if row.content_digest in (_digest(obj), _digest(obj.model_copy(update={"id": row.ocpi_id}))):
        return True
    if row.version == party.version.number:
        return False
    stored = VERSIONS[row.version].parse("cdr", row.raw, owner=party.owner).obj
    return _facts(stored) == _facts(obj)


def _facts(obj: Any) -> list[Any]:
    values = [obj.total_cost.before_taxes if name == "total_cost" else getattr(obj, name) for name in COMMON_FACTS]
    return [_plain(value) for value in values]


def _digest(obj: Any) -> str:
    """SHA-256 of what a CDR says: `1.50` and `1.5` are one number, null and absent one thing.

    `last_updated` is left out: CPOs that send a CDR again often stamp it anew.
    """
    content = {name: value for name, value in obj.model_dump().items() if name != "last_updated"}
    return hashlib.sha256(json.dumps(_plain(content), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items() if item is not None and item not in ("", ())}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value
