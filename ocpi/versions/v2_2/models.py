"""OCPI 2.2 objects that differ from 2.2.1: short addresses, fewer connectors, a CdrToken without party.

Sections are those of the OCPI 2.2 document, whose chapters are numbered as in 2.2.1.
"""

from typing import Annotated

from ocpi.versions.enums import Capability, ConnectorType, OneOf, PowerType
from ocpi.versions.strings import NOT_AVAILABLE, Id, Text
from ocpi.versions.types import Many, Several
from ocpi.versions.v2_2_1 import cdrs, commands, locations, sessions

LATER_CONNECTORS = [
    "CHAOJI",
    "DOMESTIC_M",
    "DOMESTIC_N",
    "DOMESTIC_O",
    "GBT_AC",
    "GBT_DC",
    "MCS",
    "NEMA_5_20",
    "NEMA_6_30",
    "NEMA_6_50",
    "NEMA_10_30",
    "NEMA_10_50",
    "NEMA_14_30",
    "NEMA_14_50",
    "SAE_J3400",
]
LATER_POWER_TYPES = ("AC_2_PHASE", "AC_2_PHASE_SPLIT")
# Two of three phases: a single phase is the most that is certain to be expressed.
ONE_PHASE = "AC_1_PHASE"


class Connector(locations.Connector):
    """Connector (§8.3.3)."""

    fallbacks = {"power_type": ONE_PHASE}

    standard: Annotated[str, OneOf(ConnectorType, without=LATER_CONNECTORS)]
    power_type: Annotated[str, OneOf(PowerType, without=LATER_POWER_TYPES)]


class EVSE(locations.EVSE):
    """EVSE (§8.3.2)."""

    capabilities: Many[Annotated[str, OneOf(Capability, without=("START_SESSION_CONNECTOR_REQUIRED",))]] = ()
    connectors: Several[Connector]


class Location(locations.Location):
    """Location (§8.3.1)."""

    address: Annotated[str, Text(45)]
    state: Annotated[str, Text(20)] | None = None
    evses: Many[EVSE] = ()


class CdrToken(sessions.CdrToken):
    """CdrToken (§10.4.5): does not tell whose token it is; country_code and party_id are empty."""

    off_wire = frozenset({"country_code", "party_id"})

    country_code: str = ""
    party_id: str = ""


class Session(sessions.Session):
    """Session (§9.3.1)."""

    cdr_token: CdrToken


class CdrLocation(cdrs.CdrLocation):
    """CdrLocation (§10.4.4)."""

    off_wire = frozenset({"state"})
    fallbacks = {
        **cdrs.CdrLocation.fallbacks,
        "postal_code": NOT_AVAILABLE,
        "connector_power_type": ONE_PHASE,
    }

    postal_code: Annotated[str, Text(10)]
    connector_standard: Annotated[str, OneOf(ConnectorType, without=LATER_CONNECTORS)]
    connector_power_type: Annotated[str, OneOf(PowerType, without=LATER_POWER_TYPES)]


class SignedValue(cdrs.SignedValue):
    """SignedValue (§10.4.8)."""

    plain_data: Annotated[str, Id(512)]
    signed_data: Annotated[str, Id(512)]


class SignedData(cdrs.SignedData):
    """SignedData (§10.4.7)."""

    signed_values: Several[SignedValue]


class CDR(cdrs.CDR):
    """CDR (§10.3.1)."""

    off_wire = frozenset({"home_charging_compensation"})

    cdr_token: CdrToken
    cdr_location: CdrLocation
    signed_data: SignedData | None = None


class StartSession(commands.StartSession):
    """StartSession (§13.3.5): cannot name the connector."""

    off_wire = frozenset({"connector_id"})
