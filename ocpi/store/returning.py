"""Ids of Sessions that a CPO uses again for the next charge (rule 7)."""

from typing import Any

from ocpi.models import OcpiSession

OVER = frozenset({"COMPLETED", "INVALID"})


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
