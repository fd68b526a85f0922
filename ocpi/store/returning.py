"""Ids of Sessions that a CPO uses again for the next charge (rule 7)."""

from typing import Any

from django.db.models import F
from django.db.models.functions import Lower

from ocpi.models import OcpiSession, Token
from ocpi.store import stamps
from ocpi.store.base import key

OVER = frozenset({"COMPLETED", "INVALID"})


def names_another(obj: Any, source: str, row: OcpiSession) -> bool:
    """Whether a whole Session has another reference than the one that is stored under its id, or another start where
    one of the two has no reference: a correction, or another Session."""
    if source == "PATCH":
        return False
    if _has_another_reference(obj, row):
        return True
    return row.start_at is not None and bool(obj.start_date_time != row.start_at)


def earlier(obj: Any, source: str, row: OcpiSession) -> OcpiSession | None:
    """Return the Session that had this id before, if a late message is about that one and not about `row`.

    It is over: nothing that comes for it now is news, and it must not become the next one's.
    """
    if not names_another(obj, source, row):
        return None
    reference = (obj.authorization_reference or "").lower()
    for before in _rows_set_aside(row):
        known = before.authorization_reference.lower()
        own = row.authorization_reference.lower()
        by_reference = bool(known and reference) and known != own
        if known == reference if by_reference else before.start_at == obj.start_date_time:
            return before
    return None


def _rows_set_aside(row: OcpiSession) -> list[OcpiSession]:
    """Those that had this id before, newest first; an id that only begins like them is another."""
    same = OcpiSession.objects.filter(partner_id=row.partner_id, country_code=row.country_code, party_id=row.party_id)
    marked = same.filter(ocpi_key__startswith=f"{row.ocpi_key}{OcpiSession.USED_AGAIN}").order_by("-pk")
    return [before for before in marked if key(before.ocpi_id) == row.ocpi_key]


def is_another(obj: Any, source: str, row: OcpiSession) -> bool:
    """Whether an id comes back with another reference or start: the next Session, and not more news of this one.

    A Session that is corrected after its end keeps its names, and began before that end. One whose end nobody told is
    over when its id is somebody else's: it then has another name and another start.
    """
    if source == "PATCH":
        return False
    moved = row.start_at is not None and bool(obj.start_date_time != row.start_at)
    if not moved:
        return row.status in OVER and _has_another_reference(obj, row)
    if _is_somebody_elses(obj, row):
        return True
    return row.status in OVER and not _is_mistaken(obj, row) and _began_outside(obj, row)


def _has_another_reference(obj: Any, row: OcpiSession) -> bool:
    known, told = row.authorization_reference.lower(), (obj.authorization_reference or "").lower()
    return bool(known and told) and known != told


def _is_somebody_elses(obj: Any, row: OcpiSession) -> bool:
    """Whether its reference is another, or its token where one of the two has no reference."""
    if row.authorization_reference and obj.authorization_reference:
        return _has_another_reference(obj, row)
    names = {row.token_uid.lower(), str(obj.cdr_token.uid).lower()}
    return len(names) > 1 and not _are_one_token(names)


def _are_one_token(names: set[str]) -> bool:
    """Whether they are the uid and the contract of one token: in 2.1.1 a CPO may call it by either (`auth_id`)."""
    tokens = Token.objects.annotate(uid_key=Lower("uid"), contract_key=Lower("contract_id"))
    named = tokens.filter(uid_key__in=names, contract_key__in=names)
    # A token whose uid is its contract tells of one name only.
    return named.exclude(uid_key=F("contract_key")).exists()


def _is_mistaken(obj: Any, row: OcpiSession) -> bool:
    """A start that lies after the message that tells of it, while the one that is stored did not: local time, sent as
    UTC in a part of the messages (rule 31)."""
    if row.start_at is None or row.start_at > row.last_updated + stamps.AHEAD:
        return False
    return bool(obj.start_date_time > obj.last_updated + stamps.AHEAD)


def _began_outside(obj: Any, row: OcpiSession) -> bool:
    """Whether the new start is no correction: what is over began before its end, and what is open again not before it
    began, as far as whole stamps tell."""
    began, first, end = obj.start_date_time, row.start_at, row.end_at
    if str(obj.status) in OVER:
        return end is not None and bool(began >= end)
    return first is None or end is None or not first - stamps.ALIKE <= began < end


def set_aside(row: OcpiSession) -> None:
    """Leave the id to its next Session: this one keeps everything else, and is never written again."""
    longest = OcpiSession._meta.get_field("ocpi_key").max_length or 0
    mark = f"{OcpiSession.USED_AGAIN}{row.pk}"
    row.ocpi_key = f"{row.ocpi_key[: longest - len(mark)]}{mark}"
    row.save(update_fields=["ocpi_key"])
