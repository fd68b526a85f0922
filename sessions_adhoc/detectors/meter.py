"""Charging without meter values, or with late or incomplete ones (guide 8; rules 21-23)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, F, Max, Min, Q

from partners.ground.numbers import plain
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Evidence, Report
from partners.models import Incident
from sessions_adhoc.detectors.live import PULLED, Charge, by_partner, charges
from sessions_adhoc.models import Sample

METER = "meter-values"
LEAST = 2  # one odd sample is nobody's habit
WORDS = {"energy": "no kWh", "power": "no kW", "late": "more than an interval after the one before"}


def _live_samples() -> Any:
    """What was pushed in charges that are under way: open attempts have an index of their own."""
    return Sample.objects.filter(attempt__ended_at=None, ignored="").exclude(source=PULLED)


def _faulty(window: Window) -> dict[int, dict[str, Any]]:
    """Faulty samples of the window by partner, from when energy flows. One statement."""
    rows = _live_samples().filter(received_at__gte=window.since).exclude(faults="").exclude(kwh=0)
    counted = rows.values(partner=F("ocpi_session__partner_id")).annotate(
        times=Count("pk"),
        fresh=Count("pk", filter=Q(received_at__gt=window.before)),
        first=Min("received_at"),
        newest=Max("received_at"),
        message=Max("message_id"),
        **{name: Count("pk", filter=Q(faults__contains=name)) for name in WORDS},
    )
    return {row["partner"]: row for row in counted.order_by() if row["times"] >= LEAST}


def _without_energy(window: Window) -> dict[int, list[Charge]]:
    """Charges that are updated, and have brought no energy for too long."""
    return by_partner(
        [
            one
            for one in window.share(charges)
            if one.energy_at is None and one.pushed_at and window.now > one.active_at + one.limit
        ]
    )


def bad_meters(window: Window) -> list[Finding]:
    """By partner: faulty samples, and charges without energy."""
    faulty, empty = _faulty(window), _without_energy(window)
    return [
        _finding(partner_id, faulty.get(partner_id), empty.get(partner_id, []))
        for partner_id in sorted(faulty.keys() | empty.keys())
    ]


def _finding(partner_id: int, faulty: dict[str, Any] | None, empty: list[Charge]) -> Finding:
    pieces: list[Evidence] = []
    told: list[str] = []
    first, newest = [one.active_at for one in empty], [one.active_at + one.limit for one in empty]
    if faulty:
        told = [f"{faulty[name]} with {words}" for name, words in WORDS.items() if faulty[name]]
        text = f"{faulty['times']} samples until {moment(faulty['newest'])}: {', '.join(told)}."
        pieces.append(evidence(text, faulty["message"]))
        first.append(faulty["first"])
        newest.append(faulty["newest"])
    for one in empty:
        text = f"Session {one.ocpi_id}: ACTIVE since {moment(one.active_at)}, {plain(one.kwh)} kWh."
        pieces.append({**evidence(text), "session": one.session_id})
        told.append(f"no energy in Session {one.ocpi_id}")
    report = Report(
        key=METER,
        symptom="Charging starts but no energy reported",
        cause=f"Meter values not sent or wrong interval: {', '.join(told)}.",
        resolution="Ensure kWh and kW are sent approximately every 60 seconds. Check timestamps.",
        place=", ".join(one.ocpi_id for one in empty) or "kWh and kW",
        to_do="Open the session: the chart shows kWh and kW. Ask them for kWh and kW about every minute.",
        evidence=pieces,
        letter=f"The meter values of your Sessions are incomplete or late: {', '.join(told)}. Please ensure that kWh "
        "and kW are sent approximately every 60 seconds while a charge is active, and check the timestamps.",
    )
    times = (faulty["times"] if faulty else 0) + len(empty)
    return Finding(partner_id, report, min(first), max(newest), times, faulty["fresh"] if faulty else 0)


def measured_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """Complete samples came in time since, and no charge lacks its energy. One statement."""
    good = _live_samples().filter(
        faults="",
        kwh__gt=0,
        ocpi_session__status="ACTIVE",
        ocpi_session__partner__in={row.partner_id for row in rows},
        received_at__gt=min(row.last_seen_at for row in rows),
    )
    newest = dict(good.values_list("ocpi_session__partner_id").annotate(Max("received_at")).order_by())
    empty = _without_energy(window)
    return {
        (row.partner_id, row.key): "Complete meter values arrive in time again."
        for row in rows
        if row.partner_id not in empty and (at := newest.get(row.partner_id)) is not None and at > row.last_seen_at
    }


DETECTORS = (Detector(METER, bad_meters, measured_again),)
