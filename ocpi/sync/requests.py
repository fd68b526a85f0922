"""Asking for a pull."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from ocpi.models import SyncRun
from partners.ground.enqueue import enqueue_after_commit
from partners.models import Partner

RUN_TASK = "ocpi.tasks.sync_run"
MODULES = ("locations", "tariffs", "sessions", "cdrs", "hubclientinfo", "bookings", "booking_locations")
LIVE = (SyncRun.State.DUE, SyncRun.State.RUNNING)


def request_sync(partner: Partner, module: str, full: bool = True, date_from: datetime | None = None) -> SyncRun:
    """Ask for a pull of one module and hand it to a worker; one that is under way already is returned instead.

    Args:
        full: everything the partner has; otherwise what changed since `date_from`.
        date_from: required for sessions in all versions (OCPI 2.2.1 §9.2.1.1).

    Raises:
        ValueError: no such module, or `date_from` is missing.
    """
    if module not in MODULES:
        raise ValueError(f"{module!r} cannot be pulled. Choose one of: {', '.join(MODULES)}.")
    if date_from is None and (module == "sessions" or not full):
        raise ValueError(f"Say from which time on {module} are to be read.")
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                partner=partner,
                module=module,
                full=full and date_from is None,
                date_from=date_from,
                next_check_at=timezone.now(),
            )
    except IntegrityError:
        live = SyncRun.objects.filter(partner=partner, module=module, state__in=LIVE).first()
        if live is None:  # it ended in this very moment: what it read may be older than this request
            return request_sync(partner, module, full, date_from)
        return live
    enqueue_after_commit(RUN_TASK, run.pk)
    return run
