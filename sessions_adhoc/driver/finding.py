"""Which charger a driver means: by our code (in the QR code), or by the EVSE ID that is typed off the sticker.

A code is one EVSE's for ever. An EVSE ID is what a CPO says it is, so it leads only to the partner that owns the party
it begins with, or where nobody does, to the one that published it first: nobody takes away another's chargers by
publishing their ids. A UID is no public address, and an EVSE of a test connection has only its code.
"""

from django.db.models import Case, Exists, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce

from ocpi.charger_codes import is_code, party_of, plain
from ocpi.models import Evse, PublishedEvseId
from partners import parties
from partners.models import Partner
from sessions_adhoc.models import DisplaySecret

GONE = "REMOVED"


def evse_of(identifier: str) -> Evse | None:
    """Return the EVSE that a code or an EVSE ID leads to, whatever the spelling; None where it leads nowhere.

    Programs that read QR codes and hand links on like to end them with a slash.
    """
    key = plain(identifier.rstrip("/"))
    return _by_code(key) if is_code(key) else _by_evse_id(key)


def evse_for_staff(identifier: str) -> Evse | None:
    """The same for staff at a shell, who may name a charger in test by its EVSE ID where just one has it."""
    found = evse_of(identifier)
    if found is not None:
        return found
    tested = _evses().filter(evse_id_key=plain(identifier), partner__environment=Partner.Environment.TEST)
    rows = list(tested.exclude(evse_id_key="").exclude(status=GONE)[:2])
    return rows[0] if len(rows) == 1 else None


def _by_code(code: str) -> Evse | None:
    """The EVSE itself; if it was removed, what its partner publishes under the same EVSE ID now."""
    evse = _evses().filter(code=code).first()
    if evse is None or evse.status != GONE or not evse.evse_id_key:
        return evse
    return _first_published(evse.partner_id, evse.evse_id_key) or evse


def _by_evse_id(key: str) -> Evse | None:
    """What the one partner that a plain EVSE ID leads to publishes under it."""
    if not key:
        return None
    owner = parties.granted(Partner.Environment.PRODUCTION, [parties.pair_of(*party_of(key))]).values("partner_id")[:1]
    first = PublishedEvseId.objects.filter(key=key).values("partner_id")[:1]
    return _first_published(Coalesce(Subquery(owner), Subquery(first)), key)


def _first_published(partner_id: int | Coalesce, key: str) -> Evse | None:
    """Of several the one of the party that the id begins with, then the one that was there first."""
    country_code, party_id = party_of(key)
    own = Case(When(location__country_code=country_code, location__party_id=party_id, then=Value(0)), default=Value(1))
    return _evses().filter(partner_id=partner_id, evse_id_key=key).exclude(status=GONE).order_by(own, "pk").first()


def _evses() -> QuerySet[Evse]:
    """With `shares_displays`: where a CPO shares none of its displays' secrets, START asks for none."""
    shared = DisplaySecret.objects.filter(partner=OuterRef("partner"), active=True)
    return Evse.objects.select_related("location", "partner").annotate(shares_displays=Exists(shared))
