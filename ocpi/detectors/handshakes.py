"""Handshakes that do not come to an end (guide 8: handshake times out)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max, Q

from ocpi.detectors.traffic import in_one_line, messages
from ocpi.models import HandshakeRun, HandshakeStep
from partners.ground.persons import to_you
from partners.incidents.detecting import Detector, Finding, Key, Window, evidence, moment
from partners.incidents.reporting import Report
from partners.models import Incident, Partner

HANDSHAKE = "handshake"
MANY_TRIES = 5
RESOLUTION = (
    "Confirm the URL is publicly reachable (test with curl from external network) and the Token A matches exactly."
)
State = HandshakeRun.State


def failing(window: Window) -> list[Finding]:
    """Runs that failed, and runs that try the same step over and over."""
    trying = Q(state=State.RUNNING, tries__gte=MANY_TRIES, next_check_at__isnull=False)
    failed = Q(state=State.FAILED, ended_at__gte=window.since)
    runs = {run.pk: run for run in HandshakeRun.objects.filter(trying | failed).order_by("pk")}
    steps = HandshakeStep.objects.filter(run__in=runs, ok=False).values_list("run_id") if runs else []
    newest = {row[0]: row[1:] for row in _newest_steps(steps)}
    newest_of = {run.partner_id: run for run in runs.values()}
    shown = messages({step[1] for step in newest.values() if step[1]})
    return [_finding(run, newest.get(run.pk), shown) for run in newest_of.values()]


def _newest_steps(steps: Any) -> list[tuple[int, datetime | None, int | None]]:
    return list(steps.annotate(Max("ended_at"), Max("message_id")).order_by()) if steps else []


def _finding(run: HandshakeRun, step: tuple[datetime | None, int | None] | None, shown: dict[int, Any]) -> Finding:
    at = run.ended_at or (step[0] if step else None) or run.window_starts_at
    message = shown.get(step[1]) if step and step[1] else None
    pieces = [evidence(f"Step “{run.get_step_display()}”, {run.tries or 1} tries, last on {moment(at)}.")]
    if message is not None:
        pieces.append(evidence(in_one_line(message), message.pk))
    cause = run.cause or f"The step “{run.get_step_display()}” failed {run.tries} times in a row."
    report = Report(
        key=HANDSHAKE,
        symptom="Handshake times out",
        cause=f"Wrong Versions URL or Token A. What we saw: {cause}",
        resolution=f"{RESOLUTION} {run.advice}".strip(),
        place=f"step “{run.get_step_display()}”",
        to_do=f"{run.advice or 'Open the handshake: it says at which step it stands.'} Then press Try again there.",
        evidence=pieces,
        letter=f"Our handshake with your server did not succeed (last try: {moment(at)}). {to_you(cause)} Please "
        "confirm that your Versions URL is publicly reachable (test with curl from an external network) and that the "
        "Token A that you gave us matches exactly.",
    )
    return Finding(run.partner_id, report, at, at, times=max(run.tries, 1))


def went_on(window: Window, rows: Sequence[Incident]) -> Mapping[Key, str]:
    """A later handshake succeeded, was begun or called off."""
    ids = [row.partner_id for row in rows]
    newest = dict(HandshakeRun.objects.filter(partner__in=ids).values_list("partner_id").annotate(Max("pk")).order_by())
    runs = {run.partner_id: run for run in HandshakeRun.objects.filter(pk__in=newest.values())}
    connected = dict(Partner.objects.filter(pk__in=ids).values_list("pk", "connected_at"))
    over = {}
    for row in rows:
        run, since = runs.get(row.partner_id), connected.get(row.partner_id)
        if since is not None and since > row.last_seen_at:
            over[row.partner_id, row.key] = "A later handshake succeeded."
        elif run is not None and _is_fine(run):
            over[row.partner_id, row.key] = f"A later handshake is {run.get_state_display().lower()}."
    return over


def _is_fine(run: HandshakeRun) -> bool:
    return run.state != State.FAILED and not (run.state == State.RUNNING and run.tries >= MANY_TRIES)


DETECTORS = (Detector(HANDSHAKE, failing, went_on, quiet=False),)
