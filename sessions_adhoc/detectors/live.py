"""Charges that are under way, as several detectors look at them: read once per run."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import F, OuterRef, Subquery

from partners.incidents.detecting import Window
from sessions_adhoc.models import AttemptSession, ChargingAttempt, Sample

PULLED = "GET"
PATIENCE = 2
"""Meter intervals without what is due before anybody is told."""


@dataclass(frozen=True)
class Charge:
    """A live attempt whose Session is ACTIVE.

    Args:
        pushed_at: when an update of it was last pushed.
        interval: how often one is due (policy `meter_interval`).
    """

    partner_id: int
    session_id: str
    ocpi_id: str
    active_at: datetime
    pushed_at: datetime | None
    energy_at: datetime | None
    kwh: Decimal
    interval: timedelta

    @property
    def limit(self) -> timedelta:
        """How long an update may be missing."""
        return PATIENCE * self.interval


def charges(_window: Window) -> list[Charge]:
    """All of them: the open attempts have an index of their own. One statement."""
    pushed = Sample.objects.filter(attempt=OuterRef("pk")).exclude(source=PULLED).order_by("-received_at")
    rows = ChargingAttempt.objects.filter(
        ended_at=None,
        session_links__validity=AttemptSession.Validity.VALID,
        session_links__ocpi_session__status="ACTIVE",
        session_links__ocpi_session__first_active_at__isnull=False,
    ).annotate(
        partner_id=F("session__partner_id"),
        policy=F("session__policy"),
        ocpi_id=F("session_links__ocpi_session__ocpi_id"),
        active_at=F("session_links__ocpi_session__first_active_at"),
        kwh=F("session_links__ocpi_session__kwh"),
        pushed_at=Subquery(pushed.values("received_at")[:1]),
    )
    return [
        Charge(
            partner_id=row["partner_id"],
            session_id=str(row["session_id"]),
            ocpi_id=row["ocpi_id"],
            active_at=row["active_at"],
            pushed_at=row["pushed_at"],
            energy_at=row["energy_at"],
            kwh=row["kwh"],
            interval=timedelta(seconds=row["policy"]["meter_interval"]),
        )
        for row in rows.values(
            "partner_id", "session_id", "ocpi_id", "active_at", "pushed_at", "energy_at", "kwh", "policy"
        )
    ]


def by_partner(found: list[Charge]) -> dict[int, list[Charge]]:
    """The charges of each partner."""
    bundles: dict[int, list[Charge]] = {}
    for one in found:
        bundles.setdefault(one.partner_id, []).append(one)
    return bundles
