"""Sessions module and the parts it shares with CDRs (OCPI 2.3.0 §9, §10.4).

Bookings adds the dimensions RESERVATION_EXPIRES and RESERVATION_OVERTIME.
"""

from typing import Annotated

from ocpi.versions.enums import DimensionType, OneOf, TokenType
from ocpi.versions.types import Many, Several
from ocpi.versions.v2_2_1 import sessions
from ocpi.versions.v2_3_0.common import Price


class CdrDimension(sessions.CdrDimension):
    """CdrDimension (§10.4.2)."""

    type: Annotated[str, OneOf(DimensionType, without=("FLAT",))]


class ChargingPeriod(sessions.ChargingPeriod):
    """ChargingPeriod (§10.4.6)."""

    dimensions: Several[CdrDimension]


class CdrToken(sessions.CdrToken):
    """CdrToken (§10.4.5)."""

    type: Annotated[str, OneOf(TokenType, open=True)]


class Session(sessions.Session):
    """Session (§9.3.1)."""

    cdr_token: CdrToken
    charging_periods: Many[ChargingPeriod] = ()
    total_cost: Price | None = None
