"""Runs of the check as rows: starting, claiming by lease, calling off, ending.

`next_check_at` of a live run is its clock: the moment of the next look, or, while a worker is at it, the end of that
worker's lease (`partners.ground.deadlines`).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from ocpi import receivers
from ocpi.models import Evse
from ocpi.versions import VERSIONS
from onboarding.models import ConnectionCheck, ConnectionCheckCase
from partners import tokens
from partners.ground.deadlines import take_lease
from partners.ground.enqueue import enqueue_after_commit
from partners.models import Partner, ReceivedToken

CHECK_TASK = "onboarding.tasks.sync_connection_check"
State = ConnectionCheck.State
LIVE = (State.DUE, State.RUNNING)
# A case makes a few calls; the longest, with pages, about ten.
CALLS_PER_CASE = 10
LEASE_MARGIN = timedelta(seconds=30)


class CheckRefusedError(Exception):
    """The check cannot be started or called off as things are; the text says why and what to do."""


@dataclass(frozen=True)
class TestCharger:
    """Where the armed part charges. `sample_interval`: seconds between meter values, as agreed (guide 5.11)."""

    location_id: str
    evse_uid: str
    connector_id: str = ""
    sample_interval: int = 60


def lease_length() -> timedelta:
    """How long one case can take."""
    return CALLS_PER_CASE * timedelta(seconds=settings.OCPI_CONNECT_TIMEOUT + settings.OCPI_READ_TIMEOUT) + LEASE_MARGIN


def start(
    partner: Partner, user: Any = None, charger: TestCharger | None = None, *, nightly: bool = False
) -> ConnectionCheck:
    """Start a check and hand it to a worker.

    Args:
        charger: with it the armed part is done too: a real charge begins there.
        nightly: begun by the platform itself.

    Raises:
        CheckRefusedError
    """
    version = _version(partner)
    chosen = _require_charger(partner, charger) if charger else {}
    try:
        with transaction.atomic():
            run = ConnectionCheck.objects.create(
                partner=partner,
                version=version,
                started_by=user,
                nightly=nightly,
                next_check_at=timezone.now(),
                **chosen,
            )
            enqueue_after_commit(CHECK_TASK, run.pk)
            return run
    except IntegrityError as error:
        live = ConnectionCheck.objects.filter(partner=partner, state__in=LIVE).first()
        if live is None:
            raise
        text = f"A check of {partner.name} is under way already (number {live.pk}). Wait for it, or call it off."
        raise CheckRefusedError(text) from error


def _version(partner: Partner) -> str:
    if partner.connection == Partner.Connection.SUSPENDED:
        raise CheckRefusedError(f"The connection to {partner.name} is suspended. Resume it first.")
    number = partner.version or partner.agreed_version
    if number not in VERSIONS:
        raise CheckRefusedError(f"OCPI {number} is not supported.")
    if not any(tokens.received_token(partner.pk, purpose) for purpose in ReceivedToken.Purpose.values):
        raise CheckRefusedError(f"There is no token to call {partner.name} with. Enter Token A first.")
    return number


def _require_charger(partner: Partner, charger: TestCharger) -> dict[str, Any]:
    """Columns of an armed run. The charger must be one that they told us of."""
    if partner.connection != Partner.Connection.CONNECTED:
        raise CheckRefusedError(f"{partner.name} is not connected yet: a charge needs the handshake first.")
    evse = (
        Evse.objects.filter(
            partner=partner, uid_key=charger.evse_uid.lower(), location__ocpi_key=charger.location_id.lower()
        )
        .select_related("location")
        .first()
    )
    if evse is None:
        place = f"EVSE {charger.evse_uid} at location {charger.location_id}"
        raise CheckRefusedError(f"We do not know {place}. Sync their locations first, and check both ids.")
    if why := receivers.why_occupied(evse.pk):
        raise CheckRefusedError(why)
    connectors = {row.connector_key: row.connector_id for row in evse.connectors.all()}
    connector_id = connectors.get(charger.connector_id.lower(), "")
    if charger.connector_id and not connector_id:
        known = ", ".join(connectors.values()) or "none"
        raise CheckRefusedError(f"EVSE {evse.uid} has no connector {charger.connector_id}. Known: {known}.")
    return {
        "armed": True,
        "location_id": evse.location.ocpi_id,
        "evse_uid": evse.uid,
        "connector_id": connector_id or next(iter(connectors.values()), ""),
        "sample_interval": charger.sample_interval,
    }


def cancel(run_id: int) -> ConnectionCheck:
    """Call a check off. A charge that it began is stopped and its token withdrawn; nothing else is looked at.

    Raises:
        CheckRefusedError: it has ended.
    """
    with transaction.atomic():
        run = ConnectionCheck.objects.select_for_update().get(pk=run_id)
        if run.state not in LIVE:
            raise CheckRefusedError(f"The check has ended: {run.get_state_display().lower()}.")
        run.stopping = True
        run.save(update_fields=["stopping"])
    return run


def claim(run_id: int, held: datetime | None = None) -> datetime | None:
    """Take the lease of a due run; return its end, or None where somebody else has it.

    `held` is the end of the lease that the sweep took on behalf of its task.
    """
    return take_lease(
        ConnectionCheck.objects.filter(pk=run_id, state__in=LIVE), lease_length(), held, state=State.RUNNING
    )


def end(run: ConnectionCheck, state: str) -> None:
    """End a run, inside `deadlines.holding`."""
    run.state, run.next_check_at, run.waiting_for, run.ended_at = state, None, "", timezone.now()
    run.save()


def latest_finished(partner: Partner) -> ConnectionCheck | None:
    """The newest check that came to its end."""
    return ConnectionCheck.objects.filter(partner=partner, state=State.FINISHED).order_by("-id").first()


def latest_clean(partner: Partner, *, armed: bool = False) -> bool:
    """Whether the newest finished check found no fault, over the connection that stands now.

    `armed`: whether it must have had the armed part.
    """
    run = latest_finished(partner)
    if run is None or run.error or run.version != partner.version or (armed and not run.armed):
        return False
    if partner.connected_at is None or run.created_at < partner.connected_at:
        return False
    return not run.cases.filter(verdict=ConnectionCheckCase.Verdict.FAILED).exists()
