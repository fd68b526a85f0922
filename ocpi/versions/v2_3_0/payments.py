"""Payments add-on (OCPI 2.3.0 Payments, mod_payments): payment terminals. An eMSP has no role in it."""

from typing import Annotated

from ocpi.versions.base import WireModel
from ocpi.versions.enums import CaptureStatus, InvoiceCreator, OneOf
from ocpi.versions.strings import Country, Text
from ocpi.versions.times import Moment
from ocpi.versions.types import CountryCode, Currency, Id36, Link, Many, PartyId, Several
from ocpi.versions.v2_2_1.common import GeoLocation
from ocpi.versions.v2_3_0.common import Price


class Terminal(WireModel):
    """Terminal (mod_payments §6.1): a payment terminal and the locations or EVSEs it serves."""

    kind = "terminal"

    terminal_id: Id36
    customer_reference: Id36 | None = None
    party_id: PartyId | None = None
    country_code: CountryCode | None = None
    address: Annotated[str, Text(45)] | None = None
    city: Annotated[str, Text(45)] | None = None
    postal_code: Annotated[str, Text(10)] | None = None
    state: Annotated[str, Text(20)] | None = None
    country: Annotated[str, Country()] | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: Link | None = None
    invoice_creator: Annotated[str, OneOf(InvoiceCreator)] | None = None
    reference: Id36 | None = None
    location_ids: Many[Id36] = ()
    evse_uids: Many[Id36] = ()
    last_updated: Moment


class FinancialAdviceConfirmation(WireModel):
    """FinancialAdviceConfirmation (mod_payments §6.2).

    What was really captured, and the lines for the receipt.
    """

    kind = "financial_advice_confirmation"

    id: Id36
    authorization_reference: Id36
    total_costs: Price
    currency: Currency
    eft_data: Several[Annotated[str, Text(255)]]
    capture_status_code: Annotated[str, OneOf(CaptureStatus)]
    capture_status_message: Annotated[str, Text(255)] | None = None
    last_updated: Moment
