"""Sessions module (OCPI 2.1.1 mod_sessions.md) and the parts it shares with CDRs (mod_cdrs.md)."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from ocpi.versions.base import WireModel
from ocpi.versions.enums import SESSION_STATUS_SYNONYMS, AuthMethod, DimensionType, OneOf, SessionStatus
from ocpi.versions.strings import NOT_AVAILABLE
from ocpi.versions.times import Moment
from ocpi.versions.types import Id36, Many, Several
from ocpi.versions.v2_1_1.locations import EVSE, Connector, GeoLocation, Location
from ocpi.versions.v2_1_1.types import NetPrice, Owned
from ocpi.versions.v2_2 import models as v2_2
from ocpi.versions.v2_2_1 import sessions

LATER_DIMENSIONS = [
    "CURRENT",
    "ENERGY_EXPORT",
    "ENERGY_IMPORT",
    "MAX_POWER",
    "MIN_POWER",
    "POWER",
    "RESERVATION_TIME",
    "STATE_OF_CHARGE",
    "RESERVATION_EXPIRES",
    "RESERVATION_OVERTIME",
]
Auth = Annotated[str, OneOf(AuthMethod, without=("COMMAND",))]


class CdrDimension(sessions.CdrDimension):
    """CdrDimension: no power and no state of charge."""

    type: Annotated[str, OneOf(DimensionType, without=LATER_DIMENSIONS)]


class ChargingPeriod(sessions.ChargingPeriod):
    """ChargingPeriod."""

    off_wire = frozenset({"tariff_id"})

    dimensions: Several[CdrDimension]


def token_of(auth_id: str) -> v2_2.CdrToken:
    """The token as later versions describe it: only its contract is told, not its type or party."""
    return v2_2.CdrToken(uid=auth_id, type="OTHER", contract_id=auth_id)


class Place(Location):
    """Where it was charged, as a Location: no charge is unseen or unbilled for want of an address."""

    kind = ""
    absent = Location.makeshift


def place_of(location: Location) -> tuple[EVSE | None, Connector | None]:
    """The EVSE and connector that were used: only the relevant ones are sent (OCPI 2.1.1 §9.3.1, §10.3.1).

    Where several are, as by a CPO that sends its whole Location, none is named.
    """
    evse = location.evses[0] if len(location.evses) == 1 else None
    return evse, evse.connectors[0] if evse and len(evse.connectors) == 1 else None


def stand_in(other: sessions.Session, evse: EVSE) -> Location:
    """A Location for a session that only refers to one: what nobody knows is `#NA`, UNKNOWN or 0."""
    return Location.model_construct(
        id=other.location_id,
        parking_type="UNKNOWN",
        address=NOT_AVAILABLE,
        city=NOT_AVAILABLE,
        postal_code=NOT_AVAILABLE,
        country=NOT_AVAILABLE,
        coordinates=GeoLocation(latitude="0.000000", longitude="0.000000"),
        evses=(evse,),
        last_updated=other.last_updated,
    )


def evse_used(uid: str, evse_id: str | None, connector: Connector, last_updated: Any) -> EVSE:
    """An EVSE with the one connector that was used; its present status is not known."""
    return EVSE.model_construct(
        uid=uid, evse_id=evse_id, status="UNKNOWN", connectors=(connector,), last_updated=last_updated
    )


def connector_used(connector_id: str, last_updated: Any, **known: str) -> Connector:
    """A connector of which only the id, and perhaps its type, is known."""
    kind: dict[str, Any] = {
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        **known,
    }
    return Connector.model_construct(id=connector_id, max_voltage=0, max_amperage=0, last_updated=last_updated, **kind)


class Session(Owned, v2_2.Session):
    """Session: refers to nothing, it holds everything.

    Token as auth_id, place as a Location with only the EVSE and connector used, total_cost without VAT.
    """

    off_wire = frozenset({"cdr_token", "location_id", "evse_uid", "connector_id", "authorization_reference"})
    fallbacks = {"auth_method": "AUTH_REQUEST", "status": "PENDING"}

    start_date_time: Moment = Field(validation_alias="start_datetime")
    end_date_time: Moment | None = Field(default=None, validation_alias="end_datetime")
    auth_id: Id36
    auth_method: Auth
    location: Place
    charging_periods: Many[ChargingPeriod] = ()
    total_cost: NetPrice | None = None
    status: Annotated[str, OneOf(SessionStatus, without=("RESERVATION",), synonyms=SESSION_STATUS_SYNONYMS)]
    cdr_token: v2_2.CdrToken = Field(default_factory=lambda: token_of(NOT_AVAILABLE))
    location_id: str = NOT_AVAILABLE
    evse_uid: str = NOT_AVAILABLE
    connector_id: str = NOT_AVAILABLE

    @model_validator(mode="after")
    def _refer(self) -> "Session":
        evse, connector = place_of(self.location)
        self._derive(
            cdr_token=token_of(self.auth_id),
            location_id=self.location.id,
            evse_uid=evse.uid if evse else NOT_AVAILABLE,
            connector_id=connector.id if connector else NOT_AVAILABLE,
        )
        return self

    @classmethod
    def sources(cls, other: WireModel) -> dict[str, Any]:
        """auth_id and location from what later versions refer to."""
        if isinstance(other, cls) or not isinstance(other, sessions.Session):
            return {}
        connector = connector_used(other.connector_id, other.last_updated)
        evse = evse_used(other.evse_uid, None, connector, other.last_updated)
        return {"auth_id": other.cdr_token.contract_id, "location": stand_in(other, evse)}
