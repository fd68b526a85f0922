"""Advancing a check: one case after the other, each recorded with its verdict, until it waits or ends.

A case has three parts: a transaction that opens it, the look with no transaction open, a transaction that records it.
Whatever a worker dies of in between, the row says where to go on, and the lease says when.
"""

from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from ocpi.client import CallFailed
from onboarding.connection_check import nightly, runs
from onboarding.connection_check.case import FAILED, NOT_APPLICABLE, PASSED, Case, Finding, Wait, failed, not_applicable
from onboarding.connection_check.catalogue import POSITIONS, TITLE_OF, plan
from onboarding.connection_check.scene import Scene
from onboarding.connection_check.sections import section
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners.ground.deadlines import LeaseLostError, holding

log = structlog.get_logger(__name__)
MOST_TRIES = 3
TIDYING, TIDYING_PAUSE = timedelta(minutes=5), 10  # how long tidying up is tried again; seconds between
WORKER_DIED = "It could not be looked at: our worker ended each time."
OUR_FAULT = "It could not be looked at because of a fault on our side."


def advance(run_id: int, held: datetime | None = None) -> ConnectionCheck | None:
    """Look at the cases that are due; return the run as it is then, or None where another worker has it.

    `held`: see `runs.claim`.
    """
    until = runs.claim(run_id, held)
    if until is None:
        return None
    worker = _Worker(ConnectionCheck.objects.select_related("partner").get(pk=run_id), until)
    try:
        while worker.one_case():
            continue
    except LeaseLostError:
        log.warning("connection_check_lease_lost", run_id=run_id)
    return ConnectionCheck.objects.get(pk=run_id)


class _Worker:
    """One claim of a run. Each write is made under the lease, and renews it."""

    def __init__(self, run: ConnectionCheck, until: datetime) -> None:
        self.run = run
        self.until = until
        self.scene = Scene(run)
        self.scene.keep = self._keep
        self.seen: dict[str, Finding] = {
            case.key: Finding(case.verdict, case.seen) for case in ConnectionCheckCase.objects.filter(run=run)
        }

    def one_case(self) -> bool:
        """Look at the next case; False when the run waits or ended."""
        case = self._open()
        if case is None:
            return False
        found = self._look(case)
        return self._wait(found) if isinstance(found, Wait) else self._record(case, found)

    def _open(self) -> Case | None:
        """Begin the next case under a fresh lease, or end the run."""
        with holding(ConnectionCheck, self.run.pk, self.until) as row:
            case = self._next(row)
            if case is None:
                runs.end(row, runs.State.CANCELLED if row.stopping else runs.State.FINISHED)
                if row.nightly and not row.stopping:
                    nightly.tell_changes(row)
                return None
            notes = self.scene.notes
            if notes.get("case") != case.key:
                notes["case"], notes["began_at"] = case.key, timezone.now().isoformat()
                row.tries = 0
            row.tries += 1
            self.run.tries = row.tries
            self._renew(row)
        return case

    def _next(self, row: ConnectionCheck) -> Case | None:
        waiting = (case for case in plan(row.armed) if case.key not in self.seen)
        return next((case for case in waiting if case.tidies or not row.stopping), None)

    def _look(self, case: Case) -> Finding | Wait:
        if self.run.tries > MOST_TRIES:
            return self._unseen(WORKER_DIED)
        for need in case.needs:
            verdict = self.seen[need].verdict if need in self.seen else NOT_APPLICABLE
            if verdict == FAILED:
                return not_applicable(f"Not looked at: it needs “{TITLE_OF[need]}”.")
            if verdict == NOT_APPLICABLE:
                return not_applicable(self.seen[need].seen if need in self.seen else "Not looked at.")
        try:
            return case.look(self.scene)
        except CallFailed as failure:
            return failed(failure.sentence, change=failure.advice)
        except LeaseLostError:
            raise
        except Exception:
            log.exception("connection_check_case_broke", run_id=self.run.pk, case=case.key)
            # A charge that runs is not left alone because something of ours broke for a moment.
            if case.tidies and timezone.now() < self.scene.began_at + TIDYING:
                return Wait(TIDYING_PAUSE, "our own platform, to tidy up what the check began")
            return self._unseen(OUR_FAULT)

    def _unseen(self, text: str) -> Finding:
        """A case that says nothing about the partner; the run is then not clean."""
        self.scene.notes["unseen"] = text
        return not_applicable(text)

    def _wait(self, wait: Wait) -> bool:
        with holding(ConnectionCheck, self.run.pk, self.until) as row:
            row.waiting_for, row.notes, row.tries = wait.text[:300], self.scene.notes, 0
            row.next_check_at = timezone.now() + timedelta(seconds=wait.seconds)
            row.save()
        return False

    def _record(self, case: Case, found: Finding) -> bool:
        is_wrong = found.verdict not in (NOT_APPLICABLE, PASSED)
        with holding(ConnectionCheck, self.run.pk, self.until) as row:
            ConnectionCheckCase.objects.create(
                run=row,
                position=POSITIONS[case.key],
                key=case.key,
                theme=case.theme,
                title=case.title,
                section=section(self.scene.version, case.section),
                verdict=found.verdict,
                seen=found.seen,
                change=(found.change or case.change) if is_wrong else "",
                details=list(found.details),
                messages=list(found.messages),
                ended_at=timezone.now(),
            )
            row.error = self.scene.notes.get("unseen", "")
            row.waiting_for = ""
            self._renew(row)
        self.seen[case.key] = found
        return True

    def _keep(self) -> None:
        """Keep the notes now: what was begun must be known to whoever goes on."""
        with holding(ConnectionCheck, self.run.pk, self.until) as row:
            self._renew(row)

    def _renew(self, row: ConnectionCheck) -> None:
        row.notes = self.scene.notes
        row.next_check_at = timezone.now() + runs.lease_length()
        row.save()
        self.until = row.next_check_at
