"""Parties behind a hub (OCPI 2.2.1 §15.2.2)."""

from datetime import datetime
from typing import Any

from ocpi.hubs import hub_of
from ocpi.models import ClientInfo
from ocpi.store import columns, stamps
from ocpi.store.base import NotFound, Party, Stored, check_identity, convert, in_transaction, storable
from ocpi.versions import Fault, Invalid, Version
from partners import parties
from partners.models import PartySource

# Which of several roles of one party a GET answers with: the URL names none.
FIRST_ROLES = ("CPO", "HUB")
# Roles that bring no objects to us: every hub lists the same eMSPs, and us among them.
CUSTOMERS = frozenset({"EMSP", "NSP"})


def put_client_info(
    party: Party, data: Any, *, addressed: bool = True, asked: datetime | None = None
) -> Stored[ClientInfo]:
    """Store a ClientInfo, pushed or pulled at `asked` (`addressed` False: no URL names its party).

    Raises:
        NotFound: the connection leads to no hub, so it has nobody to tell of.
        Invalid: with every fault, also when its party is not that of the URL, or is another partner's (an incident).
    """
    if hub_of(party.partner) is None:
        raise NotFound("Only a hub tells us of other parties, and this connection leads to none.")
    parsed = party.version.parse("client_info", data)
    obj = parsed.obj
    if addressed:
        check_identity(party, obj)
    country_code, party_id = str(obj.country_code).upper(), str(obj.party_id).upper()
    _check_lengths(country_code, party_id)
    where = {
        "partner": party.partner,
        "country_code": country_code,
        "party_id": party_id,
        "role": columns.text(ClientInfo, "role", obj.role),
    }

    def work() -> Stored[ClientInfo]:
        row = ClientInfo.objects.select_for_update().filter(**where).first()
        stamp = stamps.arriving(obj.last_updated, asked)
        if row is not None and stamps.is_outdated(stamp, row):
            return Stored(row, stale=True, leniences=parsed.leniences)
        created, before = row is None, row and row.raw
        row = row or ClientInfo(**where)
        if row.role not in CUSTOMERS:
            parties.take(party.partner, [(country_code, party_id)], PartySource.HUB, approved=True)
        row.status = columns.text(ClientInfo, "status", obj.status)
        row.version, row.raw = party.version.number, storable(dict(data))
        stamps.keep(row, stamp)
        row.save(force_insert=created, force_update=not created)
        return Stored(row, created, before != row.raw, leniences=parsed.leniences)

    try:
        return in_transaction(work)
    except parties.PartyTaken as error:
        parties.report_taken(party.partner, error, "Their list of parties")
        raise Invalid((Fault("party_id", "belongs to another connection", party_id),)) from error


def client_info_wire(party: Party, version: Version) -> dict[str, Any] | None:
    """Return what is known of a party, in the words of `version`; of several roles the CPO's."""
    where = {"partner": party.partner, "country_code": party.country_code, "party_id": party.party_id}
    rows = {row.role: row for row in ClientInfo.objects.filter(**where)}
    row = next((rows[role] for role in FIRST_ROLES if role in rows), next(iter(rows.values()), None))
    return convert("client_info", row.raw, row.version, version, party.owner) if row else None


def _check_lengths(country_code: str, party_id: str) -> None:
    faults = [
        Fault(name, f"has more than {longest} characters", value)
        for name, value, longest in (("country_code", country_code, 2), ("party_id", party_id, 3))
        if len(value) > longest
    ]
    if faults:
        raise Invalid(tuple(faults))
