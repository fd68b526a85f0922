"""Detectors: what is watched all the time, and opens and closes incidents by itself.

A detector looks at what there is now (a window of events, or a state) and says what is wrong. It is level-triggered:
running it twice, late, or in two workers at once comes to the same incidents. Each has a row with a deadline
(`Watch`), so that two beats make one run. A run is a constant number of statements, however many partners there are.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Max, Q, TextField, Value, When

from partners.ground.deadlines import claim_due
from partners.incidents import mailing
from partners.incidents.reporting import Evidence, Report, add_evidence
from partners.models import Incident, Watch

log = structlog.get_logger(__name__)

LEASE = timedelta(minutes=5)
LONGEST_LOOK_BACK = timedelta(days=1)
QUIET_REASON = "It did not happen again for {hours} hours."
KEPT = ["last_seen_at", "occurrences", "evidence", "cause", "resolution", "letter", "place", "to_do"]

Key = tuple[int, str]
T = TypeVar("T")


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a partner now.

    Args:
        first_at, newest_at: of what proves it. For a state: since when it lasts, twice.
        times: how often it was seen in the window.
        fresh: how often of these since the run before.
    """

    partner_id: int
    report: Report
    first_at: datetime
    newest_at: datetime
    times: int = 1
    fresh: int = 0


@dataclass
class Window:
    """What a run looks at. Detectors that run together share what they read (`shared`).

    Args:
        since: events before it are not looked at.
        before: what happened until then was counted by the run before.
    """

    now: datetime
    since: datetime
    before: datetime
    _shared: dict[Any, Any] = field(default_factory=dict)

    def share(self, read: "Callable[[Window], T]") -> T:
        """Return `read(self)`, read once for all detectors of the run."""
        key = (read, self.since, self.before)
        if key not in self._shared:
            self._shared[key] = read(self)
        found: T = self._shared[key]
        return found


Found = Callable[[Window], Iterable[Finding]]
Gone = Callable[[Window, Sequence[Incident]], Mapping[Key, str]]


@dataclass(frozen=True)
class Detector:
    """One thing to watch for.

    Args:
        name: on its incidents and its clock.
        find: what is wrong now.
        gone: of these incidents, whose cause is gone, and why. A finding whose cause is gone opens nothing.
        over: for a state: why its incident is closed once the state is not found any more.
        quiet: whether an incident closes after `DETECT_QUIET_HOURS` without another sign.
    """

    name: str
    find: Found
    gone: Gone | None = None
    over: str = ""
    quiet: bool = True
    every: timedelta = timedelta(minutes=1)


_detectors: dict[str, Detector] = {}


def register(*detectors: Detector) -> None:
    """Watch for these from now on; a name that is known already is replaced."""
    _detectors.update({one.name: one for one in detectors})


def registered_detectors() -> list[Detector]:
    """All of them, by name."""
    return [_detectors[name] for name in sorted(_detectors)]


def run_due(now: datetime) -> list[str]:
    """Run the detectors whose time has come; return their names. One that breaks keeps no other from its work."""
    _add_watches(now)
    due = Watch.objects.in_bulk(claim_due(Watch, now=now, lease=LEASE, limit=100))
    shared: dict[Any, Any] = {}
    done = []
    for watch in sorted(due.values(), key=lambda one: one.name):
        detector = _detectors.get(watch.name)
        if detector is None:
            Watch.objects.filter(pk=watch.pk).delete()
            continue
        try:
            look(detector, _window(watch, now, shared))
        except Exception:
            log.exception("detector_failed", detector=watch.name)
            continue
        Watch.objects.filter(pk=watch.pk).update(next_check_at=now + detector.every, looked_at=now)
        done.append(watch.name)
    return done


def _add_watches(now: datetime) -> None:
    missing = _detectors.keys() - set(Watch.objects.values_list("name", flat=True))
    if missing:
        Watch.objects.bulk_create(
            [Watch(name=name, next_check_at=now) for name in sorted(missing)], ignore_conflicts=True
        )


def _window(watch: Watch, now: datetime, shared: dict[Any, Any]) -> Window:
    """The last minutes, or more where nobody looked for longer."""
    since = now - timedelta(minutes=settings.DETECT_WINDOW_MINUTES)
    before = watch.looked_at or since
    return Window(now, max(min(since, before), now - LONGEST_LOOK_BACK), before, shared)


def look(detector: Detector, window: Window) -> None:
    """Find, open, add to what is open, and close what is over. At most six statements besides the detector's own."""
    found = {(one.partner_id, one.report.key): one for one in detector.find(window)}
    rows = {(row.partner_id, row.key): row for row in _open_ones(detector, found)}
    told = [_tell(rows[key], one) for key, one in found.items() if key in rows]
    fresh = _not_known(detector, {key: one for key, one in found.items() if key not in rows})
    over = _over(detector, window, [*rows.values(), *fresh.values()], found)
    _open([row for key, row in fresh.items() if key not in over])
    _keep([row for row in told if row is not None])
    _close({rows[key].pk: reason for key, reason in over.items() if key in rows}, window.now)


def _open_ones(detector: Detector, found: Mapping[Key, Finding]) -> list[Incident]:
    """Its own, and those that something else opened for the same cause."""
    mine = Q(detector=detector.name) | Q(key__in={key for _, key in found}) if found else Q(detector=detector.name)
    return list(Incident.objects.filter(mine, closed_at=None))


def _tell(row: Incident, finding: Finding) -> Incident | None:
    """Add to an open incident what came since; None where nothing did."""
    if finding.newest_at <= row.last_seen_at:
        return None
    row.last_seen_at = finding.newest_at
    row.occurrences += max(finding.fresh, 1)
    row.evidence = add_evidence(row.evidence, finding.report.evidence)
    told = finding.report
    row.cause, row.resolution, row.letter = told.cause, told.resolution, told.letter
    row.place, row.to_do = told.place[:200], told.to_do
    return row


def _not_known(detector: Detector, found: Mapping[Key, Finding]) -> dict[Key, Incident]:
    """The incidents to open: not for what had been seen when an incident of this cause was closed."""
    if not found:
        return {}
    closed = Incident.objects.filter(key__in={key for _, key in found}, partner__in={pk for pk, _ in found})
    last = closed.exclude(closed_at=None).values_list("partner_id", "key").annotate(Max("closed_at")).order_by()
    closed_at: dict[Key, datetime] = {(partner, key): at for partner, key, at in last}
    return {
        key: _incident(detector, one, again=key in closed_at)
        for key, one in found.items()
        if key not in closed_at or one.newest_at > closed_at[key]
    }


def _incident(detector: Detector, one: Finding, *, again: bool) -> Incident:
    return Incident(
        partner_id=one.partner_id,
        key=one.report.key,
        first_seen_at=one.first_at,
        last_seen_at=one.newest_at,
        occurrences=max(one.fresh if again else one.times, 1),
        **{**one.report.fields(), "detector": detector.name},
    )


def _over(detector: Detector, window: Window, rows: Sequence[Incident], found: Mapping[Key, Finding]) -> dict[Key, str]:
    """Why incidents are over, by (partner, key)."""
    over: dict[Key, str] = {}
    if detector.over:
        return {key: detector.over for row in rows if (key := (row.partner_id, row.key)) not in found}
    if rows and detector.gone:
        over.update(detector.gone(window, rows))
    hours = settings.DETECT_QUIET_HOURS
    for row in rows:
        if detector.quiet and row.last_seen_at < window.now - timedelta(hours=hours):
            over.setdefault((row.partner_id, row.key), QUIET_REASON.format(hours=hours))
    return over


def _open(rows: list[Incident]) -> None:
    """Another worker may open the same at this moment: the constraint lets one of them."""
    if not rows:
        return
    with transaction.atomic():
        Incident.objects.bulk_create(rows, ignore_conflicts=True)
        mailing.announce_forgotten()


def _keep(rows: list[Incident]) -> None:
    if rows:
        Incident.objects.filter(closed_at=None).bulk_update(rows, KEPT, batch_size=200)


def _close(reasons: Mapping[int, str], now: datetime) -> None:
    if reasons:
        why = [When(pk=pk, then=Value(reason)) for pk, reason in reasons.items()]
        Incident.objects.filter(pk__in=reasons, closed_at=None).update(
            closed_at=now, close_reason=Case(*why, default=F("close_reason"), output_field=TextField())
        )


def moment(at: datetime) -> str:
    """A moment as it stands in texts for a CPO, who looks for it in a log: `22 Nov 2026, 10:01:07 UTC`."""
    return f"{at.astimezone(UTC):%-d %b %Y, %H:%M:%S} UTC"


def evidence(text: str, message: int | None = None) -> Evidence:
    """One piece of evidence, with its exchange in the message log."""
    return {"message": message, "text": text} if message else {"text": text}
