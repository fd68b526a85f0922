"""Carrying out a SyncRun: claimed by lease, page by page, tried again when the partner was not to be reached."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from ocpi.client import CallFailed
from ocpi.models import BookingLocation, Location, SyncRun, Tariff
from ocpi.sync.paging import pages
from ocpi.sync.requests import LIVE
from ocpi.sync.storing import Storing, Tally
from partners.ground.deadlines import LeaseLostError, take_lease

log = structlog.get_logger(__name__)
State = SyncRun.State
MOST_TRIES = 4
FIRST_WAIT = timedelta(minutes=1)
MOST_AT_ONCE = 200  # objects stored before the lease is renewed
STORING_MARGIN = timedelta(minutes=3)  # to store so many
# Of these a full pull tells which ones are no more.
MARKED: dict[str, type[Location | Tariff | BookingLocation]] = {
    "locations": Location,
    "tariffs": Tariff,
    "booking_locations": BookingLocation,
}


def run(run_id: int, held: datetime | None = None) -> SyncRun | None:
    """Carry out a due run; return it, or None where another worker has it.

    `held` is the end of the lease that the sweep took on behalf of its task.
    """
    until = _claim(run_id, held)
    if until is None:
        return None
    job = _Job(SyncRun.objects.select_related("partner").get(pk=run_id), until)
    try:
        job.work()
    except LeaseLostError:
        log.warning("sync_lease_lost", run_id=run_id)
    return SyncRun.objects.get(pk=run_id)


def lease_length() -> timedelta:
    """How long it can take to read a page and to store a part of it."""
    return timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + STORING_MARGIN


def _claim(run_id: int, held: datetime | None) -> datetime | None:
    live = SyncRun.objects.filter(pk=run_id, state__in=LIVE)
    return take_lease(live, lease_length(), held, state=State.RUNNING, started_at=timezone.now())


class _Job:
    """One claim of a run. Each write is made under the lease, and renews it."""

    def __init__(self, sync: SyncRun, until: datetime) -> None:
        self.sync = sync
        self.until = until
        self.page_count = 0
        self.shrank = False

    def work(self) -> None:
        # Counted before the work: a run that kills its worker must not do so for ever.
        tries = self.sync.tries + 1
        if tries > MOST_TRIES:
            self._write(state=State.FAILED, error=self.sync.error or "The worker ended each time.", ended=True)
            return
        self._write(tries=tries)
        try:
            storing = Storing(self.sync.partner, self.sync.module)
            self._read(storing)
        except CallFailed as failure:
            self._fail(failure, tries)
            return
        if self.sync.module in MARKED and self.sync.full and not self._uncertain(storing.tally):
            mark_missing(self.sync, storing.tally)
        self._write(state=State.SUCCEEDED, error="", ended=True)

    def _read(self, storing: Storing) -> None:
        highest = 0
        for page in pages(self.sync.partner, self.sync.module, date_from=self.sync.date_from):
            self.page_count += 1
            if page.total is not None:
                self.shrank = self.shrank or page.total < highest
                highest = max(highest, page.total)
            # Some ignore `limit` and send everything at once: the lease must not end meanwhile.
            for start in range(0, len(page.items) or 1, MOST_AT_ONCE):
                storing.store(replace(page, items=page.items[start : start + MOST_AT_ONCE]))
                self._note_progress(storing.tally)

    def _note_progress(self, tally: Tally) -> None:
        self._write(
            pages=self.page_count,
            received=tally.received,
            stored=tally.stored,
            refused=tally.refused,
            faults=tally.faults,
        )

    def _uncertain(self, tally: Tally) -> bool:
        """Objects vanished while we read, so others moved up a page unseen; or one cannot be told from another."""
        return self.shrank or tally.anonymous

    def _fail(self, failure: CallFailed, tries: int) -> None:
        last = tries >= MOST_TRIES or failure.kind in ("not_offered", "no_token", "suspended")
        if last:
            self._write(state=State.FAILED, error=failure.in_full, ended=True)
        else:
            wait = FIRST_WAIT * 2 ** (tries - 1)
            self._write(state=State.DUE, error=failure.in_full, next_check_at=timezone.now() + wait)

    def _write(self, ended: bool = False, **values: Any) -> None:
        """Update the row if the lease is still ours.

        Raises:
            LeaseLostError
        """
        if ended:
            values |= {"next_check_at": None, "ended_at": timezone.now()}
        renewed = values.setdefault("next_check_at", timezone.now() + lease_length())
        if not SyncRun.objects.filter(pk=self.sync.pk, next_check_at=self.until).update(**values):
            raise LeaseLostError
        self.until = renewed


def mark_missing(sync: SyncRun, tally: Tally) -> None:
    """Note which objects a full pull did not bring: they are no longer valid (OCPI 2.2.1 §4.1.3).

    What was pushed while the pull went on is left alone: it may have come too late for its page.
    """
    model = MARKED[sync.module]
    rows = model._default_manager.filter(partner=sync.partner).values_list(
        "pk", "country_code", "party_id", "ocpi_key", "missing_since"
    )
    gone, back = [], []
    for pk, country_code, party_id, ocpi_key, missing_since in rows.iterator():
        present = (country_code, party_id, ocpi_key) in tally.seen
        if present and missing_since is not None:
            back.append(pk)
        elif not present and missing_since is None:
            gone.append(pk)
    for some in _batches(gone):
        model._default_manager.filter(pk__in=some, updated_at__lt=sync.started_at).update(missing_since=timezone.now())
    for some in _batches(back):
        model._default_manager.filter(pk__in=some).update(missing_since=None)


def _batches(pks: list[int], size: int = 500) -> list[list[int]]:
    return [pks[start : start + size] for start in range(0, len(pks), size)]
