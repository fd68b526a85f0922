"""Locations, EVSEs, connectors, tariffs. The first partner has a tenth of them, the first location 40 EVSEs."""

from ocpi.models import Booking, BookingLocation, BookingRequest, Connector, Evse, Location, Tariff
from rehearsal.bench import wire
from rehearsal.bench.crowd.filling import NOW, Span, fill, one_of, template

STATUSES = ["AVAILABLE"] * 7 + ["CHARGING"] * 2 + ["BLOCKED", "OUTOFORDER", "INOPERATIVE", "UNKNOWN"]
CITIES = ["Bratislava", "Košice", "Žilina", "Nitra", "Wien", "Praha", "Brno", "Budapest"]
BIGGEST = 40
TARIFFS = 10


def without(data: dict[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in data.items() if key != name}


def fill_network(span: Span) -> None:
    _fill_locations(span)
    _fill_evses(span)
    _fill_tariffs_and_bookings(span)


def _fill_locations(span: Span) -> None:
    owner = f"CASE WHEN n % 10 = 1 THEN 1 ELSE 1 + n % {span.last('partners')} END"
    fill(
        Location,
        f"{span.rows('locations')} JOIN partners_partner p ON p.id = {owner}",
        id="n",
        partner_id="p.id",
        country_code="p.country_code",
        party_id="p.party_id",
        ocpi_id="'LOC-' || n",
        ocpi_key="'loc-' || n",
        version="'2.2.1'",
        raw=template(without(wire.location("LOC-@n@", 0), "evses"), n="n"),
        last_updated=NOW,
        name="'Station ' || n",
        address="'Hlavna ' || n",
        city=one_of(CITIES),
        country="'SVK'",
        time_zone="'Europe/Bratislava'",
        latitude="46 + (n % 1000) / 250.0",
        longitude="12 + (n / 1000 % 1000) / 5.0 + (n % 7) / 50.0",
        missing_since="CASE WHEN n % 997 = 0 THEN now() END",
    )


def _fill_evses(span: Span) -> None:
    evse = wire.location("LOC", 1)["evses"][0]
    connector = evse["connectors"][0]
    place = f"CASE WHEN n <= {BIGGEST} THEN 1 ELSE 1 + n % {span.last('locations')} END"
    fill(
        Evse,
        f"{span.rows('evses')} JOIN ocpi_location l ON l.id = {place}",
        id="n",
        partner_id="l.partner_id",
        location_id="l.id",
        uid="'EVSE-' || n",
        uid_key="'evse-' || n",
        evse_id="'SK*ION*E' || n",
        evse_id_key="'SKIONE' || n",
        # As unlike one another as real ones.
        code="'2A' || lpad(upper(to_hex(n::bigint * 2654435761 % 4294967296)), 8, '0')",
        status=one_of(STATUSES, "n * 31"),
        raw=template(without(evse | {"uid": "EVSE-@n@", "evse_id": "SK*ION*E@n@"}, "connectors"), n="n"),
        last_updated=NOW,
    )
    fill(
        Connector,
        f"{span.rows('evses')} CROSS JOIN generate_series(1, 2) AS m WHERE m = 1 OR n % 2 = 1",
        id="n * 2 + m",
        evse_id="n",
        connector_id="m::text",
        connector_key="m::text",
        standard="'IEC_62196_T2_COMBO'",
        power_type="'DC'",
        max_kw="150",
        tariff_ids="'[\"T-1\"]'",
        raw=template(connector | {"id": "@m@"}, m="m"),
        last_updated=NOW,
    )


def _fill_tariffs_and_bookings(span: Span) -> None:
    component = {"type": "ENERGY", "price": 0.49, "vat": 23.0, "step_size": 1}
    tariff = {"id": "T-@m@", "currency": "EUR", "elements": [{"price_components": [component]}]}
    tariff |= {"country_code": "SK", "party_id": "ION", "last_updated": wire.moment(0)}
    mirrored = {"partner_id": "n", "country_code": "p.country_code", "party_id": "p.party_id", "last_updated": NOW}
    rows = f"{span.rows('partners')} JOIN partners_partner p ON p.id = n CROSS JOIN generate_series(1, {TARIFFS}) AS m"
    fill(
        Tariff,
        rows,
        id=f"(n - 1) * {TARIFFS} + m",
        **mirrored,
        ocpi_id="'T-' || m",
        ocpi_key="'t-' || m",
        version="'2.2.1'",
        currency="'EUR'",
        raw=template(tariff, m="m"),
    )
    own = {**mirrored, "version": "'2.3.0'", "raw": "'{}'", "location_id": "'LOC-' || n"}
    fill(BookingLocation, rows, ocpi_id="'BL-' || m", ocpi_key="'bl-' || m", **own)
    number = f"(n - 1) * {TARIFFS} + m"
    fill(
        Booking,
        rows,
        id=number,
        ocpi_id="'B-' || m",
        ocpi_key="'b-' || m",
        request_id="'R-' || m",
        request_key="'r-' || m",
        status="'RESERVED'",
        start_at=NOW,
        end_at=NOW,
        **own,
    )
    fill(
        BookingRequest,
        rows,
        id=f"md5('booking' || {number})::uuid",
        partner_id="n",
        kind="'NEW'",
        request_id="'R-' || m",
        country_code="p.country_code",
        party_id="p.party_id",
        booking_id=number,
        state="'answered'",
    )
