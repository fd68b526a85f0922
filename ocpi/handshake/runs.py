"""Runs as rows: starting a registration, claiming by lease, ending.

`next_check_at` of a live run is its clock: the moment of the next try, or, while a worker is at it, the end of that
worker's lease (`partners.ground.deadlines`).
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from ocpi.handshake.courses import COURSES
from ocpi.models import HandshakeRun, HandshakeStep
from ocpi.versions import VERSIONS
from partners import tokens
from partners.ground.deadlines import take_lease
from partners.ground.enqueue import enqueue_after_commit
from partners.models import Partner, ReceivedToken

ADVANCE_TASK = "ocpi.tasks.sync_advance_handshake"
DEFAULT_WINDOW = timedelta(minutes=30)
# While our POST is open the partner calls us back, so it may take longer than another call.
CREDENTIALS_READ_TIMEOUT = 30.0
LEASE_MARGIN = timedelta(seconds=30)
Kind, State = HandshakeRun.Kind, HandshakeRun.State
LIVE = (State.SCHEDULED, State.RUNNING)


class HandshakeRefusedError(Exception):
    """The handshake cannot be started or called off as things are; the text says why and what to do."""


def lease_length() -> timedelta:
    """How long one step can take: a call, repeated once for the token's encoding, and a margin."""
    read = max(settings.OCPI_READ_TIMEOUT, CREDENTIALS_READ_TIMEOUT)
    return timedelta(seconds=2 * (settings.OCPI_CONNECT_TIMEOUT + read)) + LEASE_MARGIN


def start(
    partner: Partner,
    user: Any = None,
    window_starts_at: datetime | None = None,
    window_ends_at: datetime | None = None,
    token_a: str | None = None,
) -> HandshakeRun:
    """Start a handshake, at once or when the window opens, and hand it to a worker.

    Args:
        user: who started it, if a person did.
        window_starts_at, window_ends_at: default now, and 30 minutes later. No new try is made after the end.
        token_a: stored first, in place of an earlier one; without it the stored Token A is used.

    Raises:
        HandshakeRefusedError
    """
    begins = window_starts_at or timezone.now()
    ends = window_ends_at or begins + DEFAULT_WINDOW
    if ends <= max(begins, timezone.now()):
        raise HandshakeRefusedError("The window must end in the future, and after it starts.")
    check_partner(partner)
    with transaction.atomic():
        if token_a:
            tokens.store_received(partner, token_a, ReceivedToken.Purpose.REGISTRATION)
        elif tokens.received_token(partner.pk, ReceivedToken.Purpose.REGISTRATION) is None:
            raise HandshakeRefusedError(
                f"No Token A is stored for {partner.name}, or it was used up. Ask them for a new one."
            )
        return create(partner, Kind.REGISTER, begins, ends, user)


def create(partner: Partner, kind: str, begins: datetime, ends: datetime, user: Any) -> HandshakeRun:
    """Write a run, and hand it to a worker if its window is open.

    Raises:
        HandshakeRefusedError: another one is under way with this partner.
    """
    try:
        with transaction.atomic():
            run = HandshakeRun.objects.create(
                partner=partner,
                kind=kind,
                step=COURSES[kind].steps[0],
                window_starts_at=begins,
                window_ends_at=ends,
                next_check_at=begins,
                started_by=user,
            )
    except IntegrityError as error:
        live = HandshakeRun.objects.filter(partner=partner, state__in=LIVE).first()
        if live is None:
            raise
        what = live.get_kind_display().lower() if live.kind != Kind.REGISTER else "handshake"
        raise HandshakeRefusedError(
            f"A {what} with {partner.name} is under way already (number {live.pk}). Wait for it, or call it off."
        ) from error
    if begins <= timezone.now():
        enqueue_after_commit(ADVANCE_TASK, run.pk)
    return run


def check_partner(partner: Partner) -> None:
    """Whether the partner can be talked to in the agreed version; raises HandshakeRefusedError."""
    if partner.connection == Partner.Connection.SUSPENDED:
        raise HandshakeRefusedError(f"The connection to {partner.name} is suspended. Resume it first.")
    if not partner.versions_url:
        raise HandshakeRefusedError(
            f"{partner.name} has no versions URL yet. Ask them for it, or send them their link."
        )
    version = VERSIONS.get(partner.agreed_version)
    if version is None:
        raise HandshakeRefusedError(f"OCPI {partner.agreed_version} is not supported.")
    if version.on_request and version.number not in partner.enabled_versions:
        raise HandshakeRefusedError(
            f"OCPI {version.number} is available on request only: switch it on for {partner.name} first."
        )


def cancel(run_id: int, user: Any = None) -> HandshakeRun:
    """Call a run off. Partner and tokens are then as before it.

    Raises:
        HandshakeRefusedError: it has ended, or the credentials are being exchanged at this moment.
    """
    with transaction.atomic():
        run = HandshakeRun.objects.select_for_update().get(pk=run_id)
        if run.state not in LIVE:
            raise HandshakeRefusedError(f"The handshake has ended: {run.get_state_display().lower()}.")
        if _exchanging(run):
            raise HandshakeRefusedError("The credentials are being exchanged at this moment. Wait for the answer.")
        run.cancel()
        run.cause = f"Called off by {user}." if user else "Called off."
        _end(run)
        return run


def overtaken(partner: Partner, cause: str) -> None:
    """The partner ended the connection itself: end what was under way with it. Inside the caller's transaction."""
    live = HandshakeRun.objects.select_for_update().filter(partner=partner, state__in=LIVE)
    for run in live.exclude(kind=Kind.REGISTER):
        run.cancel()
        run.cause = cause
        _end(run)


def _exchanging(run: HandshakeRun) -> bool:
    """A worker holds the run and the partner may be registering us right now."""
    return (
        run.step in (HandshakeRun.Step.CREDENTIALS, HandshakeRun.Step.LEAVE)
        and run.next_check_at is not None
        and run.next_check_at > timezone.now()
        and run.steps.filter(ended_at=None).exists()
    )


def claim(run_id: int, held: datetime | None = None) -> datetime | None:
    """Take the lease of a due run; return its end, or None where somebody else has it.

    `held` is the end of the lease that the sweep took on behalf of its task.
    """
    return take_lease(HandshakeRun.objects.filter(pk=run_id, state__in=LIVE), lease_length(), held)


def fail(run: HandshakeRun, cause: str, advice: str) -> None:
    """End a run without success, inside `deadlines.holding`."""
    run.fail()
    run.cause, run.advice = cause, advice
    _end(run)


def succeed(run: HandshakeRun) -> None:
    """End a run with success, inside `deadlines.holding`."""
    run.succeed()
    _end(run)


def _end(run: HandshakeRun) -> None:
    run.next_check_at = None
    run.ended_at = timezone.now()
    # A token that the partner may have stored stays good: they would call us with it, and nobody else knows it.
    if run.state != State.SUCCEEDED and run.issued_token and run.credentials_sent_at is None:
        tokens.revoke(run.issued_token)
    run.save()
    close_open_steps(run)


def close_open_steps(run: HandshakeRun) -> None:
    """Mark steps whose worker did not live to record their end; `ok` stays empty."""
    HandshakeStep.objects.filter(run=run, ended_at=None).update(
        ended_at=timezone.now(), text="Interrupted: the worker ended before the step did."
    )
