"""Rows and wire objects for tests: `PartnerFactory.create(code="ion")`, `session_data(kwh=1.5)`.

Wire objects are those that a well-behaved CPO would send in OCPI 2.2.1.
"""

# mypy: allow-untyped-calls

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.utils import timezone
from factory.declarations import LazyAttribute, LazyFunction, SelfAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory

from ocpi.charger_codes import plain
from ocpi.models import Command, Connector, Evse, Location, OcpiSession, Token
from partners import tokens
from partners.models import AllowedNetwork, IssuedToken, Partner, PartnerRole

MOMENT = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)


class PartnerFactory(DjangoModelFactory[Partner]):
    """A connected CPO, SK*ION unless told otherwise."""

    class Meta:
        model = Partner

    code = Sequence(lambda n: "ion" if n == 0 else f"cpo-{n}")
    name = LazyAttribute(lambda partner: f"{partner.code.upper()} Charging")
    country_code = "SK"
    party_id = Sequence(lambda n: "ION" if n == 0 else f"P{n:02}"[-3:])
    version = "2.2.1"
    versions_url = LazyAttribute(lambda partner: f"https://{partner.code}.example/ocpi/versions")
    connection = Partner.Connection.CONNECTED
    connected_at = LazyFunction(timezone.now)


class PartnerRoleFactory(DjangoModelFactory[PartnerRole]):
    class Meta:
        model = PartnerRole

    partner = SubFactory(PartnerFactory)
    country_code = SelfAttribute("partner.country_code")
    party_id = SelfAttribute("partner.party_id")


class AllowedNetworkFactory(DjangoModelFactory[AllowedNetwork]):
    class Meta:
        model = AllowedNetwork

    partner = SubFactory(PartnerFactory)
    network = "10.0.0.0/8"


def issue_token(partner: Partner, **kwargs: Any) -> str:
    """Issue an active token of ours to the partner; return its text."""
    return tokens.issue(partner, **{"state": IssuedToken.State.ACTIVE, **kwargs})[1]


class LocationFactory(DjangoModelFactory[Location]):
    class Meta:
        model = Location

    partner = SubFactory(PartnerFactory)
    country_code = SelfAttribute("partner.country_code")
    party_id = SelfAttribute("partner.party_id")
    ocpi_id = Sequence(lambda n: f"LOC-{n}")
    ocpi_key = LazyAttribute(lambda row: row.ocpi_id.lower())
    version = "2.2.1"
    name = "Station"
    address = "Hlavna 1"
    city = "Bratislava"
    country = "SVK"
    time_zone = "Europe/Bratislava"
    latitude = Decimal("48.1485980")
    longitude = Decimal("17.1077480")
    last_updated = MOMENT
    raw = LazyAttribute(
        lambda row: without(location_data(row.ocpi_id, country_code=row.country_code, party_id=row.party_id), "evses")
    )


class EvseFactory(DjangoModelFactory[Evse]):
    class Meta:
        model = Evse

    location = SubFactory(LocationFactory)
    partner = SelfAttribute("location.partner")
    uid = Sequence(lambda n: f"EVSE-{n}")
    uid_key = LazyAttribute(lambda row: row.uid.lower())
    evse_id = LazyAttribute(lambda row: f"SK*ION*E{row.uid}")
    evse_id_key = LazyAttribute(lambda row: plain(row.evse_id))
    status = "AVAILABLE"
    status_received = SelfAttribute("status")
    last_updated = MOMENT
    raw = LazyAttribute(lambda row: without(evse_data(row.uid, status=row.status), "connectors"))


class ConnectorFactory(DjangoModelFactory[Connector]):
    class Meta:
        model = Connector

    evse = SubFactory(EvseFactory)
    connector_id = "1"
    connector_key = LazyAttribute(lambda row: row.connector_id.lower())
    standard = "IEC_62196_T2_COMBO"
    power_type = "DC"
    max_kw = Decimal("150")
    last_updated = MOMENT
    raw = LazyAttribute(lambda row: connector_data(row.connector_id))


class OcpiSessionFactory(DjangoModelFactory[OcpiSession]):
    class Meta:
        model = OcpiSession

    partner = SubFactory(PartnerFactory)
    country_code = SelfAttribute("partner.country_code")
    party_id = SelfAttribute("partner.party_id")
    ocpi_id = Sequence(lambda n: f"S-{n}")
    ocpi_key = LazyAttribute(lambda row: row.ocpi_id.lower())
    version = "2.2.1"
    status = "ACTIVE"
    kwh = Decimal(0)
    start_at = MOMENT
    token_uid = "TOKEN-1"
    location_id = "LOC-1"
    evse_uid = "EVSE-1"
    connector_id = "1"
    currency = "EUR"
    first_kwh = Decimal(0)
    first_seen_at = LazyFunction(timezone.now)
    news_at = LazyFunction(timezone.now)
    last_updated = MOMENT
    raw = LazyAttribute(lambda row: session_data(row.ocpi_id, country_code=row.country_code, party_id=row.party_id))


class TokenFactory(DjangoModelFactory[Token]):
    class Meta:
        model = Token

    uid = Sequence(lambda n: f"TOKEN-{n}")
    contract_id = Sequence(lambda n: f"SK-SFP-C{n:08}")
    issuer = "Smart Fuel Pass"
    last_updated = MOMENT


class CommandFactory(DjangoModelFactory[Command]):
    class Meta:
        model = Command

    partner = SubFactory(PartnerFactory)
    kind = Command.Kind.START_SESSION
    version = "2.2.1"
    state = Command.State.ANSWERED
    response = "ACCEPTED"


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return `data` less some fields."""
    return {name: value for name, value in data.items() if name not in names}


def connector_data(connector_id: str = "1", **changes: Any) -> dict[str, Any]:
    """A Connector of OCPI 2.2.1."""
    return {
        "id": connector_id,
        "standard": "IEC_62196_T2_COMBO",
        "format": "CABLE",
        "power_type": "DC",
        "max_voltage": 920,
        "max_amperage": 400,
        "max_electric_power": 150_000,
        "tariff_ids": ["T-1"],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def evse_data(uid: str = "EVSE-1", **changes: Any) -> dict[str, Any]:
    """An EVSE of OCPI 2.2.1 with one connector."""
    return {
        "uid": uid,
        "evse_id": f"SK*ION*E{uid}",
        "status": "AVAILABLE",
        "capabilities": ["REMOTE_START_STOP_CAPABLE"],
        "connectors": [connector_data()],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def location_data(location_id: str = "LOC-1", **changes: Any) -> dict[str, Any]:
    """A Location of OCPI 2.2.1 with one EVSE."""
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": location_id,
        "publish": True,
        "name": "Station",
        "address": "Hlavna 1",
        "city": "Bratislava",
        "country": "SVK",
        "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
        "evses": [evse_data()],
        "time_zone": "Europe/Bratislava",
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def period_data(start: str = "2026-11-22T10:00:00Z", **volumes: float) -> dict[str, Any]:
    """A charging period, for example `period_data(POWER=50.0, STATE_OF_CHARGE=40)`."""
    dimensions = [{"type": name, "volume": volume} for name, volume in (volumes or {"ENERGY": 0}).items()]
    return {"start_date_time": start, "dimensions": dimensions}


def session_data(session_id: str = "S-1", **changes: Any) -> dict[str, Any]:
    """A Session of OCPI 2.2.1 that has just become ACTIVE."""
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": session_id,
        "start_date_time": "2026-11-22T10:00:00Z",
        "kwh": 0,
        "cdr_token": {
            "country_code": "SK",
            "party_id": "SFP",
            "uid": "TOKEN-1",
            "type": "AD_HOC_USER",
            "contract_id": "SK-SFP-C00000001",
        },
        "auth_method": "COMMAND",
        "authorization_reference": "REF-1",
        "location_id": "LOC-1",
        "evse_uid": "EVSE-1",
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }


def cdr_data(cdr_id: str = "CDR-1", **changes: Any) -> dict[str, Any]:
    """A CDR of OCPI 2.2.1 over 12.30 EUR with VAT."""
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": cdr_id,
        "start_date_time": "2026-11-22T10:00:00Z",
        "end_date_time": "2026-11-22T10:45:12Z",
        "session_id": "S-1",
        "cdr_token": session_data()["cdr_token"],
        "auth_method": "COMMAND",
        "authorization_reference": "REF-1",
        "cdr_location": {
            "id": "LOC-1",
            "address": "Hlavna 1",
            "city": "Bratislava",
            "country": "SVK",
            "coordinates": {"latitude": "48.148598", "longitude": "17.107748"},
            "evse_uid": "EVSE-1",
            "evse_id": "SK*ION*E1",
            "connector_id": "1",
            "connector_standard": "IEC_62196_T2_COMBO",
            "connector_format": "CABLE",
            "connector_power_type": "DC",
        },
        "currency": "EUR",
        "charging_periods": [period_data(ENERGY=20.5)],
        "total_cost": {"excl_vat": 10.0, "incl_vat": 12.3},
        "total_energy": 20.5,
        "total_time": 0.7533,
        "last_updated": "2026-11-22T10:46:00Z",
        **changes,
    }


def tariff_data(tariff_id: str = "T-1", **changes: Any) -> dict[str, Any]:
    """A Tariff of OCPI 2.2.1: 0.49 EUR per kWh, excluding 23 % VAT."""
    component = {"type": "ENERGY", "price": 0.49, "vat": 23.0, "step_size": 1}
    return {
        "country_code": "SK",
        "party_id": "ION",
        "id": tariff_id,
        "currency": "EUR",
        "elements": [{"price_components": [component]}],
        "last_updated": "2026-11-22T10:00:00Z",
        **changes,
    }
