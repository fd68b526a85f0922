"""Every enumeration of OCPI with the values of all versions, and the reader that knows which a version has.

Attributes hold plain strings, so that a value no version lists can be kept as well; a StrEnum member equals
its string. Which values came when: OCPI changelogs; models name the values their version lacks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ocpi.versions.readers import Reader, Tolerated, empty, fault, quote, tolerate, wrong_type


def _enum(name: str, values: str) -> Any:
    return StrEnum(name, {value.upper().replace("/", "_"): value for value in values.split()})


class EvseStatus(StrEnum):
    """Status of an EVSE (OCPI 2.2.1 §8.4.22)."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


class SessionStatus(StrEnum):
    """Status of a session (OCPI 2.2.1 §9.4.3)."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class AuthMethod(StrEnum):
    """How a driver was authorised (OCPI 2.2.1 §10.4.1)."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class TokenType(StrEnum):
    """Kind of token (OCPI 2.2.1 §12.4.4)."""

    AD_HOC_USER = "AD_HOC_USER"
    APP_USER = "APP_USER"
    EMAID = "EMAID"
    OTHER = "OTHER"
    RFID = "RFID"


class WhitelistType(StrEnum):
    """When a token may be authorised offline (OCPI 2.2.1 §12.4.5)."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class AllowedType(StrEnum):
    """Outcome of a real-time authorisation (OCPI 2.2.1 §12.4.1)."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class CommandType(StrEnum):
    """Commands, as they stand in the URL (OCPI 2.2.1 §13.4.3)."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class CommandResponseType(StrEnum):
    """Immediate answer to a command (OCPI 2.2.1 §13.4.1). TIMEOUT: 2.1.1 only."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class CommandResultType(StrEnum):
    """What the charge point made of a command (OCPI 2.2.1 §13.4.2)."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class InterfaceRole(StrEnum):
    """Side of a module's interface (OCPI 2.2.1 §6.2.3)."""

    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class PartyRole(StrEnum):
    """Role of a party (OCPI 2.2.1 §16.6.1). HUB: 2.2 and 2.2.1 only."""

    CPO = "CPO"
    EMSP = "EMSP"
    HUB = "HUB"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"


class PowerType(StrEnum):
    """Current and phases of a connector (OCPI 2.2.1 §8.4.19)."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class DimensionType(StrEnum):
    """What a volume of a charging period measures (OCPI 2.2.1 §10.4.3).

    FLAT: 2.1.1 only; the last two: Bookings.
    """

    CURRENT = "CURRENT"
    ENERGY = "ENERGY"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    FLAT = "FLAT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_POWER = "MAX_POWER"
    MIN_POWER = "MIN_POWER"
    PARKING_TIME = "PARKING_TIME"
    POWER = "POWER"
    RESERVATION_TIME = "RESERVATION_TIME"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"
    TIME = "TIME"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"
    RESERVATION_OVERTIME = "RESERVATION_OVERTIME"


TariffDimensionType = _enum("TariffDimensionType", "ENERGY FLAT PARKING_TIME TIME")
TariffType = _enum("TariffType", "AD_HOC_PAYMENT PROFILE_CHEAP PROFILE_FAST PROFILE_GREEN REGULAR")
ReservationRestriction = _enum("ReservationRestrictionType", "RESERVATION RESERVATION_EXPIRES")
BookingRestriction = _enum(
    "BookingRestrictionType", "BOOKING BOOKING_EXPIRES BOOKING_CANCELLATION_FEES BOOKING_OVERTIME"
)
TaxIncluded = _enum("TaxIncluded", "YES NO N/A")
ConnectorFormat = _enum("ConnectorFormat", "SOCKET CABLE")
ConnectorCapability = _enum("ConnectorCapability", "ISO_15118_2_PLUG_AND_CHARGE ISO_15118_20_PLUG_AND_CHARGE")
Capability = _enum(
    "Capability",
    "CHARGING_PREFERENCES_CAPABLE CHARGING_PROFILE_CAPABLE CHIP_CARD_SUPPORT CONTACTLESS_CARD_SUPPORT"
    " CREDIT_CARD_PAYABLE DEBIT_CARD_PAYABLE PED_TERMINAL REMOTE_START_STOP_CAPABLE RESERVABLE RFID_READER"
    " START_SESSION_CONNECTOR_REQUIRED TOKEN_GROUP_CAPABLE UNLOCK_CAPABLE",
)
ConnectorType = _enum(
    "ConnectorType",
    "CHADEMO CHAOJI DOMESTIC_A DOMESTIC_B DOMESTIC_C DOMESTIC_D DOMESTIC_E DOMESTIC_F DOMESTIC_G"
    " DOMESTIC_H DOMESTIC_I DOMESTIC_J DOMESTIC_K DOMESTIC_L DOMESTIC_M DOMESTIC_N DOMESTIC_O GBT_AC"
    " GBT_DC IEC_60309_2_single_16 IEC_60309_2_three_16 IEC_60309_2_three_32 IEC_60309_2_three_64"
    " IEC_62196_T1 IEC_62196_T1_COMBO IEC_62196_T2 IEC_62196_T2_COMBO IEC_62196_T3A IEC_62196_T3C MCS"
    " NEMA_5_20 NEMA_6_30 NEMA_6_50 NEMA_10_30 NEMA_10_50 NEMA_14_30 NEMA_14_50 PANTOGRAPH_BOTTOM_UP"
    " PANTOGRAPH_TOP_DOWN SAE_J3400 TESLA_R TESLA_S",
)
ParkingType = _enum(
    "ParkingType",
    "ALONG_MOTORWAY PARKING_GARAGE PARKING_LOT ON_DRIVEWAY ON_STREET UNDERGROUND_GARAGE OTHER UNKNOWN",
)
ParkingRestriction = _enum(
    "ParkingRestriction", "EV_ONLY PLUGGED DISABLED CUSTOMERS MOTORCYCLES EMPLOYEES TAXIS TENANTS"
)
Facility = _enum(
    "Facility",
    "HOTEL RESTAURANT CAFE MALL SUPERMARKET SPORT RECREATION_AREA NATURE MUSEUM BIKE_SHARING BUS_STOP"
    " TAXI_STAND TRAM_STOP METRO_STATION TRAIN_STATION AIRPORT PARKING_LOT CARPOOL_PARKING FUEL_STATION"
    " WIFI",
)
DayOfWeek = _enum("DayOfWeek", "MONDAY TUESDAY WEDNESDAY THURSDAY FRIDAY SATURDAY SUNDAY")
ImageCategory = _enum("ImageCategory", "CHARGER ENTRANCE LOCATION NETWORK OPERATOR OTHER OWNER")
EnergySourceCategory = _enum("EnergySourceCategory", "NUCLEAR GENERAL_FOSSIL COAL GAS GENERAL_GREEN SOLAR WIND WATER")
EnvironmentalImpactCategory = _enum("EnvironmentalImpactCategory", "NUCLEAR_WASTE CARBON_DIOXIDE")
ProfileType = _enum("ProfileType", "CHEAP FAST GREEN REGULAR")
ChargingRateUnit = _enum("ChargingRateUnit", "W A")
ChargingProfileResponseType = _enum(
    "ChargingProfileResponseType", "ACCEPTED NOT_SUPPORTED REJECTED TOO_OFTEN UNKNOWN_SESSION"
)
ChargingProfileResultType = _enum("ChargingProfileResultType", "ACCEPTED REJECTED UNKNOWN")
ChargingPreferencesResponse = _enum(
    "ChargingPreferencesResponse",
    "ACCEPTED DEPARTURE_REQUIRED ENERGY_NEED_REQUIRED NOT_POSSIBLE PROFILE_TYPE_NOT_SUPPORTED",
)
ConnectionStatus = _enum("ConnectionStatus", "CONNECTED OFFLINE PLANNED SUSPENDED")
EvsePosition = _enum("EVSEPosition", "LEFT RIGHT CENTER")
ParkingDirection = _enum("ParkingDirection", "PARALLEL PERPENDICULAR ANGLE")
VehicleType = _enum(
    "VehicleType",
    "MOTORCYCLE PERSONAL_VEHICLE PERSONAL_VEHICLE_WITH_TRAILER VAN SEMI_TRACTOR RIGID TRUCK_WITH_TRAILER BUS DISABLED",
)
InvoiceCreator = _enum("InvoiceCreator", "CPO PTP")
CaptureStatus = _enum("CaptureStatusCode", "SUCCESS PARTIAL_SUCCESS FAILED")
ReservationStatus = _enum("ReservationStatus", "PENDING RESERVED CANCELED FAILED NO_SHOW FULFILLED REJECTED UNKNOWN")
ReservationRequestStatus = _enum("ReservationRequestStatus", "PENDING ACCEPTED DECLINED FAILED")
AccessMethod = _enum("AccessMethod", "OPEN TOKEN LICENSE_PLATE ACCESS_CODE INTERCOM PARKING_TICKET")
CanceledReason = _enum(
    "CanceledReason", "POWER_OUTAGE BROKEN_CHARGER FULL BLOCKED TRAFFIC BROKEN_VEHICLE NO_CANCELED UNKNOWN"
)
CancelingParty = _enum("Role", "SENDER RECEIVER CPO EMSP NAP NSP OTHER SCSP")

# Charge points speak OCPP; some systems pass its states on. PREPARING has its own kind: it can be a trigger.
OCPP_STATUS: Mapping[str, tuple[str, str]] = {
    "PREPARING": ("preparing_status", "BLOCKED"),
    "SUSPENDEDEV": ("ocpp_status", "CHARGING"),
    "SUSPENDEDEVSE": ("ocpp_status", "CHARGING"),
    "FINISHING": ("ocpp_status", "CHARGING"),
    "FAULTED": ("ocpp_status", "OUTOFORDER"),
    "UNAVAILABLE": ("ocpp_status", "OUTOFORDER"),
    "OFFLINE": ("ocpp_status", "UNKNOWN"),
}
# The text on reservations names a status RESERVED, the enumeration has RESERVATION.
SESSION_STATUS_SYNONYMS: Mapping[str, tuple[str, str]] = {"RESERVED": ("reserved_status", "RESERVATION")}


@dataclass(frozen=True)
class OneOf(Reader):
    """A value of an enumeration, less those that a version does not have (yet).

    open: OCPI 2.3.0 OpenEnum, where a value nobody lists is no mistake.
    """

    enum: type[StrEnum]
    without: Iterable[str] = ()
    open: bool = False
    synonyms: Mapping[str, tuple[str, str]] = field(default_factory=dict, hash=False)
    listed: frozenset[str] = field(init=False, repr=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "listed", frozenset(member.value for member in self.enum) - frozenset(self.without))

    def read(self, value: Any) -> str:
        if isinstance(value, str):
            if value in self.listed or isinstance(value, Tolerated):
                return value
            return self._unlisted(value)
        raise wrong_type(f"a string with a value of {self.enum.__name__}", value)

    def _unlisted(self, value: str) -> str:
        name = value.strip().upper()
        if not name:
            raise empty(f"a value of {self.enum.__name__}")
        if name in self.synonyms:
            kind, meaning = self.synonyms[name]
            raise tolerate(kind, f"{quote(value)} is read as {meaning}", Tolerated(meaning, value), write_as=meaning)
        if name in self.listed:
            raise tolerate("enum_case", f"{quote(value)} should be {name}", name, write_as=name)
        if not value.isprintable():
            raise fault(f"must be a value of {self.enum.__name__}")
        if self.open:
            return value
        raise tolerate("unknown_enum_value", f"{quote(value)} is no value of {self.enum.__name__}", Tolerated(value))
