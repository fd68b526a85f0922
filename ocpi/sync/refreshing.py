"""Reading single objects anew whose copies may lack something: one at a time per partner, a few tries, with pauses.

Where OCPI has a GET for one object it is asked for (Locations, BookingLocations: OCPI 2.2.1 §8.2.1.2, mod_bookings
§2.1); where it has only a list, for what changed since our copy (Sessions, Tariffs, Bookings: §9.2.1, §11.2.1), which
settles every waiting object of that kind.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Min, QuerySet
from django.utils import timezone

from ocpi.calls.handing_out import Few
from ocpi.client import SENDER, CallFailed, functional
from ocpi.hubs import hub_of
from ocpi.models import OcpiSession, Refresh
from ocpi.sync.engine import pull
from ocpi.sync.paging import LISTED_UNDER, Page
from ocpi.sync.storing import Storing
from partners import clocks
from partners.ground.deadlines import take_lease

REFRESH_TASK = "ocpi.tasks.sync_refresh"
REFRESHES = Few(Refresh, REFRESH_TASK, at_once=1)
MARGIN = timedelta(minutes=2)  # to store what came
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
OVERLAP = timedelta(minutes=1)  # clocks differ
SINGLE = ("locations", "booking_locations")
# Nobody is asked again for what is not there.
HOPELESS = ("not_offered", "no_token")


def hand_out_due(now: datetime) -> int:
    """Hand out what is due, for every connected partner; return how many."""
    return REFRESHES.hand_out_due(now)


def refresh(refresh_id: int, held: datetime | None = None) -> bool:
    """Read one object anew; return whether its copy is whole again. Then the partner's next one is handed out.

    `held` is the end of the lease that was taken on behalf of the task.
    """
    until = _begin(refresh_id, held)
    if until is None:
        return False
    row = Refresh.objects.select_related("partner").get(pk=refresh_id)
    error, hopeless = "", False
    if not _is_mended(row):
        try:
            error = _one(row) if row.module in SINGLE else _pull_list(row, until)
        except CallFailed as failure:
            error = failure.sentence
            hopeless = failure.kind in HOPELESS or failure.http_status == 404
    _finish(row, until, error, hopeless)
    REFRESHES.hand_out(row.partner)
    return not error


def _begin(refresh_id: int, held: datetime | None) -> datetime | None:
    """Take the row, if it is due, or was claimed for this very task."""
    lease = timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + MARGIN
    return take_lease(Refresh.objects.filter(pk=refresh_id), lease, held, held=True)


def _is_mended(row: Refresh) -> bool:
    """A whole object has come meanwhile; only Sessions say so."""
    return row.module == "sessions" and not _marked_sessions(row).exists()


def _marked_sessions(row: Refresh) -> QuerySet[OcpiSession]:
    return OcpiSession.objects.filter(
        partner=row.partner,
        country_code=row.country_code,
        party_id=row.party_id,
        ocpi_key=row.ocpi_key,
        needs_pull=True,
    )


def _one(row: Refresh) -> str:
    """GET of one object; return why it is not whole now, or nothing."""
    segments = (row.module, row.ocpi_id) if row.module in LISTED_UNDER else (row.ocpi_id,)
    module = LISTED_UNDER.get(row.module, row.module)
    to = (row.country_code, row.party_id) if hub_of(row.partner) else None
    asked = timezone.now()
    reply = functional(row.partner, "GET", module, SENDER, *segments, to=to)
    storing = Storing(row.partner, row.module)
    storing.store(Page([reply.data], reply.message_id, None, asked, single=True))
    if storing.tally.refused:
        faults = storing.tally.faults[0]["faults"]
        return "; ".join(f"{fault['path']} {fault['message']}".strip() for fault in faults[:3])
    if (row.country_code, row.party_id, row.ocpi_key) not in storing.tally.seen:
        return "They answered with another object."
    return ""


def _pull_list(row: Refresh, until: datetime) -> str:
    """GET of what changed since the oldest copy that waits; return why the object is not whole now, or nothing."""
    waiting = Refresh.objects.filter(partner=row.partner, module=row.module)
    since = waiting.aggregate(first=Min("since"))["first"] - OVERLAP
    since = clocks.asked_from(row.partner_id, since)
    result = pull(row.partner_id, row.module, since)
    if result.ok and row.module == "sessions" and _marked_sessions(row).exists():
        # Their clock may be behind by more than is known of (rule 31).
        result = pull(row.partner_id, row.module, since - clocks.FURTHEST)
    if not result.offered:
        raise CallFailed("not_offered", result.error)
    if not result.ok:
        return result.error
    if row.module != "sessions":
        waiting.filter(since__gte=since, held=False).delete()
        return ""
    return "Their list does not have it." if _marked_sessions(row).exists() else ""


def _finish(row: Refresh, until: datetime, error: str, hopeless: bool) -> None:
    """Write what came of it under the lease. What came out of order meanwhile makes the row due again."""
    mine = Refresh.objects.filter(pk=row.pk, next_check_at=until)
    if not error:
        mine.delete()
        return
    over = hopeless or row.tries >= len(WAITS)
    mine.update(
        held=False,
        tries=row.tries + 1,
        error=error,
        next_check_at=None if over else timezone.now() + WAITS[row.tries],
    )
