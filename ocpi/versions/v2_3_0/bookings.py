"""Bookings add-on (OCPI 2.3.0 Booking 1.1, mod_bookings): the CPO is the sender, the eMSP the receiver."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import (
    AccessMethod,
    CanceledReason,
    CancelingParty,
    ConnectorFormat,
    OneOf,
    PowerType,
    ReservationRequestStatus,
    ReservationStatus,
)
from ocpi.versions.strings import Text
from ocpi.versions.times import Moment
from ocpi.versions.types import Amount, CountryCode, Flag, Id36, Link, Many, PartyId, Several, Whole
from ocpi.versions.v2_3_0.locations import Position, Standard, Vehicle
from ocpi.versions.v2_3_0.sessions import CdrToken

# The examples of Bookings send parts of these in a PATCH.
BLENDED = frozenset({"booking_option", "booking_terms", "policy"})


class Period(WireModel):
    """Period (§4.10)."""

    kind = "period"

    start_date_time: Moment
    end_date_time: Moment


class Timeslot(Period):
    """Timeslot (§4.14): powers in W."""

    kind = "timeslot"

    min_power: Amount | None = None
    max_power: Amount | None = None
    green_energy_support: Flag | None = None


class AccessInformation(WireModel):
    """AccessInformation (§4.1): how to get in, and the plate or code for it."""

    kind = "access_information"

    method: Annotated[str, OneOf(AccessMethod)]
    value: Annotated[str, Text(255)] | None = None


class Cancellation(WireModel):
    """Cancellation (§4.9): why, and by whom.

    The text calls who_canceled a Role and links to InterfaceRole: both are accepted.
    """

    kind = "cancellation"

    cancellation_reason: Annotated[str, OneOf(CanceledReason)]
    who_canceled: Annotated[str, OneOf(CancelingParty)]


class Policy(WireModel):
    """Policy (§4.11): whether one must book; ad_hoc counts the places that need no booking."""

    kind = "policy"

    reservation_required: Flag
    ad_hoc: Amount | None = None


class BookingToken(CdrToken):
    """BookingToken (§4.7): a token that may use the booking."""

    kind = "booking_token"


class BookingOption(WireModel):
    """BookingOption (§4.3): what can be, or was booked. Weight in kg, lengths in cm."""

    kind = "booking_option"

    evse_uid: Id36 | None = None
    connector_id: Id36 | None = None
    parking_id: Id36 | None = None
    evse_position: Many[Position] = ()
    vehicle_types: Many[Vehicle] = ()
    connector_format: Many[Annotated[str, OneOf(ConnectorFormat)]] = ()
    connector_types: Many[Standard] = ()
    power_types: Many[Annotated[str, OneOf(PowerType)]] = ()
    max_vehicle_weight: Amount | None = None
    max_vehicle_height: Amount | None = None
    max_vehicle_length: Amount | None = None
    max_vehicle_width: Amount | None = None
    min_parking_space_length: Amount | None = None
    min_parking_space_width: Amount | None = None
    dangerous_goods_allowed: Flag | None = None
    drive_through: Flag | None = None
    refrigeration_outlet: Flag | None = None


class BookingTerms(WireModel):
    """BookingTerms (§4.6): times and durations in minutes; booking_terms is the URL of the full text."""

    kind = "booking_terms"

    rfid_auth_required: Flag | None = None
    token_groups_supported: Flag | None = None
    remote_auth_supported: Flag | None = None
    supported_access_methods: Several[Annotated[str, OneOf(AccessMethod)]]
    change_until_minutes: Amount
    cancel_until_minutes: Amount
    change_not_allowed: Flag | None = None
    early_start_allowed: Flag | None = None
    early_start_time: Amount | None = None
    noshow_timeout: Amount | None = None
    noshow_fee: Flag | None = None
    late_stop_allowed: Flag | None = None
    late_stop_time: Amount | None = None
    overlapping_bookings_allowed: Flag | None = None
    min_booking_duration: Amount | None = None
    max_booking_duration: Amount | None = None
    booking_terms: Link | None = None


class BookingRequest(WireModel):
    """BookingRequest (§4.4): a booking asked for, changed (same request_id) or canceled.

    `power_required` is in kW.
    """

    kind = "booking_request"

    country_code: CountryCode
    party_id: PartyId
    request_id: Id36
    booking_option: BookingOption | None = None
    location_id: Id36
    booking_location_id: Id36
    tokens: Many[BookingToken] = ()
    access_information: Many[AccessInformation] = ()
    period: Period
    authorization_reference: Id36
    power_required: Whole | None = None
    canceled: Cancellation | None = None


class BookingRequestStatus(WireModel):
    """BookingRequestStatus (§4.5): what became of one request."""

    kind = "booking_request_status"

    request_status: Annotated[str, OneOf(ReservationRequestStatus)]
    booking_request: BookingRequest
    request_received: Moment


class Booking(WireModel):
    """Booking (§3.1): a place reserved for a time, with every request made for it."""

    kind = "booking"
    blended = BLENDED

    id: Id36
    country_code: CountryCode
    party_id: PartyId
    request_id: Id36
    booking_option: BookingOption | None = None
    location_id: Id36
    booking_tokens: Many[BookingToken] = ()
    tariff_ids: Many[Id36] = ()
    period: Timeslot
    reservation_status: Annotated[str, OneOf(ReservationStatus)]
    canceled: Cancellation | None = None
    access_information: Many[AccessInformation] = ()
    authorization_reference: Id36
    booking_terms: BookingTerms
    booking_requests: Several[BookingRequestStatus]
    last_updated: Moment


class Calendar(WireModel):
    """Calendar (§3.3): when a place can be booked. timeslot_increment in minutes."""

    kind = "calendar"
    patchable = True

    id: Id36
    begin_from: Moment
    end_before: Moment
    timeslot_increment: Whole | None = None
    available_timeslots: Several[Timeslot]
    last_updated: Moment


class BookingLocation(WireModel):
    """BookingLocation (§3.2): what can be booked at a location, on which terms and when."""

    kind = "booking_location"
    keyed = {"calendars": "id"}
    blended = BLENDED

    country_code: CountryCode
    party_id: PartyId
    id: Id36
    location_id: Id36
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: Many[Id36] = ()
    booking_terms: BookingTerms | None = None
    calendars: Many[Calendar] = ()
    last_updated: Moment
