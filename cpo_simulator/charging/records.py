"""Sessions, charging periods and CDRs, built from a run."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from cpo_simulator.pricing import Slice
from cpo_simulator.wire.shapes import Object

if TYPE_CHECKING:
    from cpo_simulator.charging.bay import Bay
    from cpo_simulator.charging.run import Run


def session(run: "Run", status: str) -> Object:
    """A new Session (OCPI 2.2.1 §9.3.1); ``place`` is for versions that embed the Location."""
    moment = run.sim.clock.now()
    config, connector = run.sim.config, run.start.connector
    return {
        "country_code": config.country,
        "party_id": config.party,
        "id": run.id,
        "start_date_time": moment,
        "kwh": Decimal(0),
        "cdr_token": run.start.token,
        "auth_method": "COMMAND",
        "authorization_reference": run.start.authorization_reference,
        "place": run.bay.place(connector),
        "location_id": run.bay.location["id"],
        "evse_uid": run.bay.uid,
        "connector_id": connector["id"],
        "currency": run.tariff["currency"],
        "charging_periods": [],
        "status": status,
        "last_updated": moment,
    }


def period(piece: Slice, soc: float | None, tariff_id: str) -> Object:
    """A ChargingPeriod of a Session: ENERGY in kWh, POWER in kW, STATE_OF_CHARGE in % (DC only)."""
    dimensions: list[Object] = [
        {"type": "ENERGY", "volume": Decimal(piece.wh) / 1000},
        {"type": "POWER", "volume": piece.kw},
    ]
    if soc is not None:
        dimensions.append({"type": "STATE_OF_CHARGE", "volume": Decimal(round(soc))})
    return {"start_date_time": piece.start, "dimensions": dimensions, "tariff_id": tariff_id}


def cdr(run: "Run") -> Object:
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
        "last_updated": run.sim.clock.now(),
    }


def _hours(start: datetime, end: datetime) -> Decimal:
    return Decimal(round((end - start).total_seconds() * 1000)) / 3_600_000


def place_in_cdr(bay: "Bay", connector: Object) -> Object:
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
