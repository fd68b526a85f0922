"""Advancing a run: one step after the other, each recorded, until it waits or ends.

A step has three parts: a transaction that opens it, the call with no transaction open, a transaction that closes it.
Whatever a worker dies of in between, the row says where to go on, and the lease says when.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.utils import timezone

from ocpi.client import CallFailed
from ocpi.handshake import leaving, runs, steps
from ocpi.handshake.connection import request_first_pulls
from ocpi.handshake.courses import START_OVER, course_of, following
from ocpi.handshake.failures import StepFailedError
from ocpi.handshake.steps import StepDone
from ocpi.models import HandshakeRun, HandshakeStep
from partners import tokens
from partners.ground.deadlines import LeaseLostError, growing_pause, holding
from partners.ground.persons import to_you
from partners.incidents import Report, close_incidents, open_incident

log = structlog.get_logger(__name__)
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(seconds=60)  # between tries
FINISH_TRIES = 3
TOKEN_REFUSED = "handshake:token-refused"  # noqa: S105  (the key of an incident)
REFUSES_ALL = "HTTP 401 on all requests after handshake"
Kind, Step = HandshakeRun.Kind, HandshakeRun.Step
STEPS: dict[str, Callable[[HandshakeRun, str], StepDone]] = {
    Step.VERSIONS: steps.versions,
    Step.DETAILS: steps.details,
    Step.MODULES: steps.modules,
    Step.CREDENTIALS: steps.credentials,
    Step.FINISH: steps.finish,
    Step.LEAVE: leaving.leave,
}


def advance(run_id: int, held: datetime | None = None) -> HandshakeRun | None:
    """Run the steps that are due; return the run as it is then, or None where another worker has it.

    `held`: see `runs.claim`.
    """
    until = runs.claim(run_id, held)
    if until is None:
        return None
    try:
        while until is not None:
            until = _advance_one(run_id, until)
    except LeaseLostError:
        log.warning("handshake_lease_lost", run_id=run_id)
    return HandshakeRun.objects.get(pk=run_id)


class _Opened:
    """A step that was begun: the run as it was then, the row to close, and what the step needs."""

    def __init__(self, run: HandshakeRun, row: HandshakeStep, token: str, in_doubt: bool, until: datetime) -> None:
        self.run = run
        self.row = row
        self.token = token
        self.in_doubt = in_doubt
        self.until = until


def _advance_one(run_id: int, until: datetime) -> datetime | None:
    """Run one step; return the lease for the next, or None if the run waits or ended."""
    opened = _open(run_id, until)
    if opened is None:
        return None
    try:
        done = STEPS[opened.run.step](opened.run, opened.token)
    except CallFailed as failure:
        return _close_failed_exchange(opened, failure)
    except StepFailedError as failure:
        return _close_failed(opened, failure, withdraw_token=not failure.registered and not opened.in_doubt)
    return _close(opened, done)


def _open(run_id: int, until: datetime) -> _Opened | None:
    """Begin the next step under a fresh lease, or end the run because its window closed."""
    with holding(HandshakeRun, run_id, until) as run:
        runs.close_open_steps(run)
        now = timezone.now()
        if now > run.window_ends_at and run.step != Step.FINISH:
            _window_closed(run)
            return None
        if run.state == HandshakeRun.State.SCHEDULED:
            run.begin()
        in_doubt, token = run.credentials_sent_at is not None, ""
        if run.step == Step.CREDENTIALS:
            token = steps.begin_exchange(run)
        run.next_check_at = now + runs.lease_length()
        run.save()
        row = HandshakeStep.objects.create(run=run, step=run.step)
        return _Opened(run, row, token, in_doubt, run.next_check_at)


def _window_closed(run: HandshakeRun) -> None:
    last = run.steps.exclude(text="").order_by("-id").first()
    at = timezone.localtime(run.window_ends_at).strftime("%H:%M")
    cause = f"The window closed at {at}." + (f" Last: {last.text}" if last else "")
    if run.kind == Kind.UNREGISTER:
        leaving.close_untold(run, cause)
        return
    if run.credentials_sent_at is not None:
        runs.fail(run, f"{cause} {course_of(run).perhaps}.", START_OVER)
        return
    runs.fail(run, cause, last.advice if last and last.advice else "Agree on a new window and start again.")


def _record(opened: _Opened, ok: bool, text: str, advice: str, message_id: int | None) -> None:
    HandshakeStep.objects.filter(pk=opened.row.pk).update(
        ended_at=timezone.now(), ok=ok, text=text, advice=advice, message_id=message_id
    )


def _close(opened: _Opened, done: StepDone) -> datetime | None:
    with holding(HandshakeRun, opened.run.pk, opened.until) as run:
        _record(opened, True, done.text, "", done.message_id)
        done.apply(run)
        run.tries = 0
        return _go_on(run)


def _go_on(run: HandshakeRun) -> datetime | None:
    step = following(run)
    if step is None:
        _finish(run)
        close_incidents(run.partner_id, TOKEN_REFUSED, f"A later {run.get_kind_display().lower()} succeeded.")
        return None
    run.step = step
    run.next_check_at = timezone.now() + runs.lease_length()
    run.save()
    return run.next_check_at


def _finish(run: HandshakeRun) -> None:
    runs.succeed(run)
    if run.kind == Kind.REGISTER:
        request_first_pulls(run.partner)


def _close_failed_exchange(opened: _Opened, failure: CallFailed) -> datetime | None:
    """A POST or PUT of credentials without a usable answer: what is known about our token afterwards?"""
    refused = steps.refused_exchange(course_of(opened.run), failure, opened.in_doubt)
    settled = steps.settles_doubt(failure) and not opened.in_doubt
    return _close_failed(opened, refused, withdraw_token=settled)


def _close_failed(opened: _Opened, failure: StepFailedError, withdraw_token: bool = False) -> datetime | None:
    with holding(HandshakeRun, opened.run.pk, opened.until) as run:
        _record(opened, False, failure.text, failure.advice, failure.message_id)
        if withdraw_token and run.issued_token:
            tokens.revoke(run.issued_token)
            run.credentials_sent_at = None
        run.tries += 1
        if run.step == Step.FINISH:
            _leave_unconfirmed(run, failure)
            return None
        next_try = timezone.now() + growing_pause(run.tries, FIRST_WAIT, LONGEST_WAIT)
        if not failure.heals:
            _give_up(run, failure)
        elif next_try > run.window_ends_at:
            _window_closed(run)
        else:
            run.next_check_at = next_try
            run.save()
    return None


def _give_up(run: HandshakeRun, failure: StepFailedError) -> None:
    """Trying again cannot help."""
    if run.kind == Kind.UNREGISTER:
        leaving.close_untold(run, failure.text)
        return
    runs.fail(run, failure.text, failure.advice)
    if run.kind == Kind.ROTATE and failure.http_status == 401:
        _tell_token_refused(run, failure)


def _leave_unconfirmed(run: HandshakeRun, failure: StepFailedError) -> None:
    """Both sides are registered, and that cannot be undone from here: after some tries staff are told instead."""
    if run.tries < FINISH_TRIES:
        run.next_check_at = timezone.now() + FIRST_WAIT
        run.save()
        return
    run.cause, run.advice = f"Registered, but not confirmed: {failure.text}", failure.advice
    _finish(run)
    _tell_token_refused(run, failure)


def _tell_token_refused(run: HandshakeRun, failure: StepFailedError) -> None:
    open_incident(
        run.partner_id,
        Report(
            key=TOKEN_REFUSED,
            symptom=REFUSES_ALL if failure.http_status == 401 else "Handshake not confirmed",
            cause=failure.text,
            resolution=failure.advice,
            place="our token, right after the handshake",
            to_do="Ask them which token they expect from us; then start the handshake again.",
            letter="Right after our handshake your server did not accept our first request with the token from your "
            f"Credentials: {to_you(failure.text)} Please check that your server keeps the token that it gave us.",
            evidence=_evidence(failure),
            detector=TOKEN_REFUSED,
        ),
    )


def _evidence(failure: StepFailedError) -> list[dict[str, Any]]:
    return [{"message": failure.message_id, "text": failure.text}] if failure.message_id else []
