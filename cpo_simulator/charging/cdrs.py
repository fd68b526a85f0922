"""CDRs, built from a run."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from cpo_simulator.charging.run import Run
from cpo_simulator.network.bay import Bay
from cpo_simulator.wire.shapes import Object


def cdr(run: Run) -> Object:
    """The CDR (OCPI 2.2.1 §10.3.1) of a finished run: energy in kWh, times in hours."""
    done = run.session
    if done is None or not run.slices:
        raise ValueError("nothing was delivered")
    bill = run.bill()
    start, end = run.slices[0].start, done["end_date_time"]  # by one clock, also where that was set meanwhile
    taken = ("country_code", "party_id", "end_date_time", "cdr_token", "auth_method")
    more = ("authorization_reference", "currency", "place")
    return {
        **{name: done[name] for name in (*taken, *more)},
        "id": str(uuid4()),
        "session_id": done["id"],
        "start_date_time": start,
        "cdr_location": place_in_cdr(run.bay, run.start.connector),
        "tariffs": [run.tariff],
        "charging_periods": bill.periods,
        "total_cost": bill.total,
        **bill.costs,
        "total_energy": done["kwh"],
        "total_time": _hours(start, end),
        "total_parking_time": sum((one.hours for one in run.slices if not one.charging), Decimal(0)) or None,
        "last_updated": run.office.clock.now(),
    }


def _hours(start: datetime, end: datetime) -> Decimal:
    return Decimal(round((end - start).total_seconds() * 1000)) / 3_600_000


def place_in_cdr(bay: Bay, connector: Object) -> Object:
    """The CdrLocation (OCPI 2.2.1 §10.4.2) of a charge at this connector."""
    location = bay.location
    names = ("id", "name", "address", "city", "postal_code", "state", "country", "coordinates")
    out: dict[str, Any] = {name: location[name] for name in names}
    return {
        **out,
        "evse_uid": bay.uid,
        "evse_id": bay.evse["evse_id"],
        "connector_id": connector["id"],
        "connector_standard": connector["standard"],
        "connector_format": connector["format"],
        "connector_power_type": connector["power_type"],
    }
