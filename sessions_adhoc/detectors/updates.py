"""Sessions that are not updated while they charge (guide 8: no PATCH)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident
from sessions_adhoc.detectors.live import Charge, by_partner, charges

UPDATES = "session-updates"


def _silent(window: Window) -> list[Charge]:
    return [one for one in window.share(charges) if window.now > _last(one) + one.limit]


def _last(one: Charge) -> datetime:
    return max(one.pushed_at or one.active_at, one.active_at)


def without_updates(window: Window) -> list[Finding]:
    """Live charges whose last push is too long ago, by partner."""
    return [_finding(partner_id, ones) for partner_id, ones in by_partner(_silent(window)).items()]


def _finding(partner_id: int, ones: list[Charge]) -> Finding:
    since = [_last(one) + one.limit for one in ones]
    names = ", ".join(one.ocpi_id for one in ones)
    report = Report(
        key=UPDATES,
        symptom="Sessions not updating in real time",
        cause="Session PATCH not implemented: no update was pushed during charging.",
        resolution="You must send PATCH /sessions updates during an active charging session.",
        place=names,
        to_do="Nothing is lost: we ask with GET meanwhile. Ask them to send PATCH.",
        evidence=[
            {
                **evidence(f"Session {one.ocpi_id}: ACTIVE, no push since {moment(_last(one))}."),
                "session": one.session_id,
            }
            for one in ones
        ],
        letter=f"During active charging we receive no updates of your Sessions ({names}). You must send PATCH "
        f"/sessions updates during an active charging session, with kWh and kW about every {_usual(ones)} seconds.",
    )
    return Finding(partner_id, report, min(since), max(since), len(ones), 0)


def _usual(ones: list[Charge]) -> int:
    return min(60, *(int(one.interval.total_seconds()) for one in ones))


def updated_again(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """No charge is silent, and one was updated by a push since."""
    silent = by_partner(_silent(window))
    pushed: dict[int, list[Charge]] = by_partner([one for one in window.share(charges) if one.pushed_at])
    return {
        (row.partner_id, row.key): "Updates are pushed during charging again."
        for row in rows
        if row.partner_id not in silent
        and any(one.pushed_at and one.pushed_at > row.last_seen_at for one in pushed.get(row.partner_id, []))
    }


DETECTORS = (Detector(UPDATES, without_updates, updated_again),)
