"""From what messages touched (`session:SK*ION/S-1`) to the objects' pages, in one query per kind of object."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q
from django.utils.safestring import SafeString

from ocpi.models import Cdr, Evse, Location, OcpiSession, Tariff
from partners.admin.kit.showing import NOTHING, anchor, link, url_of

KINDS: dict[str, type[Model]] = {"session": OcpiSession, "cdr": Cdr, "tariff": Tariff, "location": Location}
PLACES = ("evse", "connector")
MOST = 20


def object_links(partner_id: int | None, names: Iterable[str]) -> list[SafeString]:
    """Each name, linked to its object where that is stored. Five queries at most."""
    shown = [str(name) for name, _ in zip(names, range(MOST), strict=False)]
    urls = _urls(partner_id, shown) if partner_id else {}
    return [anchor(urls.get(name, ""), name) for name in shown]


def _urls(partner_id: int, names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for kind, model in KINDS.items():
        keys = {name: key for name in names if (key := key_of(name, kind))}
        rows = model._default_manager.filter(partner_id=partner_id, ocpi_key__in={key[2] for key in keys.values()})
        found |= _match(model, keys, rows.values_list("pk", "country_code", "party_id", "ocpi_key")) if keys else {}
    places = {name: key for name in names for kind in PLACES if (key := key_of(name, kind)) and "/" in key[2]}
    if places:
        found |= _evses(partner_id, {name: tuple(key[2].split("/")[:2]) for name, key in places.items()})
    return found


def key_of(name: str, kind: str) -> tuple[str, str, str] | None:
    """(country code, party id, id), as they are compared."""
    found, _, rest = name.lower().partition(":")
    party, _, path = rest.partition("/")
    country, star, party_id = party.partition("*")
    return (country, party_id, path) if found == kind and star and path else None


def _match(model: type[Model], keys: dict[str, tuple[str, str, str]], rows: Iterable[Any]) -> dict[str, str]:
    pages = {(country.lower(), party.lower(), key): url_of(model, pk) for pk, country, party, key in rows}
    return {name: pages[key] for name, key in keys.items() if key in pages}


def _evses(partner_id: int, keys: dict[str, tuple[str, ...]]) -> dict[str, str]:
    wanted = Q()
    for location, uid in keys.values():
        wanted |= Q(location__ocpi_key=location, uid_key=uid)
    rows = Evse.objects.filter(wanted, partner_id=partner_id).values_list("pk", "location__ocpi_key", "uid_key")
    pages = {(location, uid): url_of(Evse, pk) for pk, location, uid in rows}
    return {name: pages[key] for name, key in keys.items() if key in pages}


def evse_link(partner_id: int, location_id: str, uid: str) -> SafeString | str:
    """The EVSE that a command, a Session or a CDR names, with its location; the ids where it is not known."""
    if not uid:
        return location_id or NOTHING
    found = Evse.objects.filter(partner=partner_id, uid_key=uid.lower(), location__ocpi_key=location_id.lower())
    row = found.select_related("location").first()
    return link(row, f"{row}, {row.location.name or location_id}") if row else f"{location_id} {uid}".strip()
