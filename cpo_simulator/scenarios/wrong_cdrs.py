"""Steps that send one CDR with something in it that cannot be true, or that leaves something open."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from cpo_simulator.charging import cdrs
from cpo_simulator.charging.run import Run, Step
from cpo_simulator.network.bay import Bay
from cpo_simulator.scenarios.steps import post_cdr
from cpo_simulator.wire.money import Price
from cpo_simulator.wire.shapes import Object

_TOO_MUCH = Decimal(50)  # kWh that nobody metered
_TOO_LATE = timedelta(days=2)
_NO_CONNECTOR = "9"


def send_spoiled(spoil: Callable[[Run, Object], Object]) -> Step:
    """After a while the CDR is made, spoiled and POSTed."""

    async def step(run: Run) -> None:
        await run.rest("cdr")
        post_cdr(run, spoil(run, cdrs.cdr(run)))

    return step


def with_too_much_energy(_run: Run, cdr: Object) -> Object:
    """It says far more kWh than the meter did, and more than the charger could deliver."""
    return {**cdr, "total_energy": cdr["total_energy"] + _TOO_MUCH}


def without_energy(_run: Run, cdr: Object) -> Object:
    """It says 0 kWh, and wants to be paid all the same."""
    return {**cdr, "total_energy": Decimal(0)}


def with_impossible_times(_run: Run, cdr: Object) -> Object:
    """It ends days after its Session."""
    return {**cdr, "end_date_time": cdr["end_date_time"] + _TOO_LATE}


def at_another_charger(run: Run, cdr: Object) -> Object:
    """It names another EVSE of the same Location."""
    there = [bay for bay in run.office.bays.values() if bay.location is run.bay.location and bay is not run.bay]
    return _at(cdr, there[0], there[0].evse["connectors"][0])


def at_another_connector(run: Run, cdr: Object) -> Object:
    """It names a connector that the EVSE does not have."""
    return _at(cdr, run.bay, {**run.start.connector, "id": _NO_CONNECTOR})


def _at(cdr: Object, bay: Bay, connector: Object) -> Object:
    return {**cdr, "place": bay.place(connector), "cdr_location": cdrs.place_in_cdr(bay, connector)}


def net_of_vat(_run: Run, cdr: Object) -> Object:
    """Its costs say nothing of VAT."""
    return {name: replace(value, stated=False) if isinstance(value, Price) else value for name, value in cdr.items()}
