"""How the CPO's connections are: traffic of the last day, what is open, which CDRs we wait for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Sum
from django.utils import timezone

from ocpi.log.traffic import hour_of
from ocpi.models import Cdr, Message, TrafficHour
from onboarding.connection_facts import CheckCase, CheckReport, newest_check
from partners.ground.moments import in_our_zone
from partners.ground.persons import advice_to_you, to_you
from partners.models import Document, Incident, Partner
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.states import State

DAY, MONTH = timedelta(days=1), timedelta(days=30)
MOST, MOST_CDRS = 20, 1000
SHARED = (Document.Kind.DATA_SHEET, Document.Kind.SIGN_OFF, Document.Kind.CONNECTION_CHECK)
"""Kinds of documents that the CPO may fetch; the dossier holds what staff wrote to each other."""


@dataclass(frozen=True)
class WayTold:
    """One direction in the last 24 hours. `latency` is the mean time of an answer, in milliseconds."""

    total: int = 0
    failed: int = 0
    latency: int | None = None
    last_at: datetime | None = None


@dataclass(frozen=True)
class CdrsTold:
    """The last 30 days: how many of the newest thousand, and the charges whose CDR we wait for, twenty at most."""

    received: int
    awaited: Sequence[AdHocSession]

    @property
    def many(self) -> bool:
        """Whether there may be more than were counted."""
        return self.received == MOST_CDRS


@dataclass(frozen=True)
class HealthTold:
    """One connection. `from_you` are the CPO's calls, `to_you` ours."""

    partner: Partner
    from_you: WayTold
    to_you: WayTold
    incidents: Sequence["IncidentTold"]
    check: CheckReport | None
    cdrs: CdrsTold

    @property
    def failed_cases(self) -> list[CheckCase]:
        return [case for case in self.check.cases if case.outcome == "fail"] if self.check else []

    @property
    def tone(self) -> str:
        if self.partner.connection == Partner.Connection.SUSPENDED:
            return "act"
        return "bad" if self.incidents else "good"

    @property
    def state(self) -> str:
        if self.partner.connection == Partner.Connection.SUSPENDED:
            return "Paused: nobody charges at your chargers through us, and your calls are refused"
        count = len(self.incidents)
        return f"{count} incident{'s'[: count != 1]} open" if count else "Connected, nothing open"


def health_of(partner: Partner) -> HealthTold:
    """A constant number of queries, each over an index."""
    ways = _ways(partner)
    return HealthTold(
        partner=partner,
        from_you=ways[Message.Direction.INBOUND],
        to_you=ways[Message.Direction.OUTBOUND],
        # What is none of the CPO's business is told to support alone.
        incidents=_incidents(partner),
        check=newest_check(partner),
        cdrs=_cdrs(partner),
    )


@dataclass(frozen=True)
class IncidentTold:
    """An incident in words for the CPO: its letter, or what staff read, in the second person."""

    row: Incident
    symptom: str
    letter: str
    cause: str
    resolution: str


def _incidents(partner: Partner) -> list[IncidentTold]:
    rows = Incident.objects.filter(partner=partner, closed_at=None, tell_cpo=True).order_by("-opened_at")[:MOST]
    return [
        IncidentTold(
            row,
            symptom=advice_to_you(row.symptom),
            letter=in_our_zone(row.letter, named=True),
            cause=in_our_zone(to_you(row.cause), named=True),
            resolution=advice_to_you(row.resolution),
        )
        for row in rows
    ]


def _ways(partner: Partner) -> dict[str, WayTold]:
    since = hour_of(timezone.now()) - DAY
    sums = TrafficHour.objects.filter(partner=partner, hour__gt=since).order_by().values_list("direction")
    told = {
        direction: numbers
        for direction, *numbers in sums.annotate(Sum("total"), Sum("failed"), Sum("answered"), Sum("duration_ms"))
    }
    return {way: _way(partner, way, *told.get(way, (0, 0, 0, 0))) for way in Message.Direction.values}


def _way(partner: Partner, way: str, total: int, failed: int, answered: int, took_ms: int) -> WayTold:
    newest = Message.objects.filter(partner=partner, direction=way).order_by("-id").values_list("at", flat=True)
    return WayTold(total, failed, round(took_ms / answered) if answered else None, newest.first())


def _cdrs(partner: Partner) -> CdrsTold:
    since = timezone.now() - MONTH
    newest = Cdr.objects.filter(partner=partner).order_by("-id").values_list("created_at", flat=True)
    waiting = AdHocSession.objects.filter(partner=partner, state=State.AWAITING_CDR).select_related("evse")
    return CdrsTold(
        received=sum(at > since for at in newest[:MOST_CDRS]),
        awaited=list(waiting.order_by("charging_ended_at", "pk")[:MOST]),
    )


def documents_of(partners: Sequence[Partner]) -> Sequence[Document]:
    """What was handed to the CPO, the newest first."""
    return list(Document.objects.listed().filter(partner__in=partners, kind__in=SHARED).order_by("-id")[:MOST])
