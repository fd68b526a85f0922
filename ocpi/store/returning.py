"""Ids of Sessions that a CPO uses again for the next charge (rule 7)."""

from typing import Any

from django.db.models import QuerySet

from ocpi.models import OcpiSession

OVER = frozenset({"COMPLETED", "INVALID"})


def names_another(obj: Any, source: str, row: OcpiSession) -> bool:
    """Whether a whole Session has another reference than the one that is stored under its id, or another start where
    one of the two has no reference: a correction, or another Session."""
    if source == "PATCH":
        return False
    known, told = row.authorization_reference.lower(), (obj.authorization_reference or "").lower()
    if known and told and known != told:
        return True
    return row.start_at is not None and bool(obj.start_date_time != row.start_at)


def earlier(obj: Any, source: str, row: OcpiSession) -> OcpiSession | None:
    """Return the Session that had this id before, if a late message is about that one and not about `row`.

    It is over: nothing that comes for it now is news, and it must not become the next one's.
    """
    if not names_another(obj, source, row):
        return None
    reference = (obj.authorization_reference or "").lower()
    for before in _set_aside(row):
        known = before.authorization_reference.lower()
        own = row.authorization_reference.lower()
        by_reference = bool(known and reference) and known != own
        if known == reference if by_reference else before.start_at == obj.start_date_time:
            return before
    return None


def _set_aside(row: OcpiSession) -> "QuerySet[OcpiSession]":
    """Those that had this id before, newest first."""
    same = OcpiSession.objects.filter(partner_id=row.partner_id, country_code=row.country_code, party_id=row.party_id)
    return same.filter(ocpi_key__startswith=f"{row.ocpi_key}{OcpiSession.USED_AGAIN}").order_by("-pk")


def is_another(obj: Any, source: str, row: OcpiSession) -> bool:
    """Whether an id comes back, after its Session was over, with another reference or start.

    A Session that is corrected after its end keeps its names, and began before that end.
    """
    if row.status not in OVER or source == "PATCH":
        return False
    known, told = row.authorization_reference.lower(), (obj.authorization_reference or "").lower()
    if known and told and known != told:
        return True
    began = obj.start_date_time
    if row.start_at is None or began == row.start_at:
        return False
    return str(obj.status) not in OVER or (row.end_at is not None and began >= row.end_at)


def set_aside(row: OcpiSession) -> None:
    """Leave the id to its next Session: this one keeps everything else, and is never written again."""
    longest = OcpiSession._meta.get_field("ocpi_key").max_length or 0
    mark = f"{OcpiSession.USED_AGAIN}{row.pk}"
    row.ocpi_key = f"{row.ocpi_key[: longest - len(mark)]}{mark}"
    row.save(update_fields=["ocpi_key"])
