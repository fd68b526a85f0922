"""CDRs module (OCPI 2.3.0 §10), with what Bookings adds to it."""

from ocpi.versions.types import Id36, Many, Several
from ocpi.versions.v2_2_1 import cdrs
from ocpi.versions.v2_3_0.common import Price
from ocpi.versions.v2_3_0.locations import Standard
from ocpi.versions.v2_3_0.sessions import CdrToken, ChargingPeriod
from ocpi.versions.v2_3_0.tariffs import Tariff


class CdrLocation(cdrs.CdrLocation):
    """CdrLocation (§10.4.4)."""

    connector_standard: Standard


class CDR(cdrs.CDR):
    """CDR (§10.3.1)."""

    cdr_token: CdrToken
    cdr_location: CdrLocation
    tariffs: Many[Tariff] = ()
    charging_periods: Several[ChargingPeriod]
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy_cost: Price | None = None
    total_time_cost: Price | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    booking_id: Id36 | None = None
