"""What stands on the receipt of a session: from its CDR, else from what was metered."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop

from billing.models import PaymentAuthorization
from billing.pricing import Cost, to_minor
from billing.receipts.issuing import Draft
from billing.receipts.lines import lines_of
from billing.stored import cdr_of
from billing.vat import rate_at
from ocpi.models import Cdr
from ocpi.versions import Invalid
from ocpi.versions.strings import ALPHA_2
from sessions_adhoc.driver.presenting import newest_sample
from sessions_adhoc.models import AdHocSession
from sessions_adhoc.money import estimating
from sessions_adhoc.money.auditing import is_own
from sessions_adhoc.money.eligibility import Bill

LESS = gettext_noop("The operator billed less")
MORE = gettext_noop("The operator billed more")
BEYOND_LIMIT = gettext_noop("Beyond your limit")
REFUNDED = gettext_noop("Given back")
LIMITS = {"min_price": gettext_noop("Minimum price"), "max_price": gettext_noop("Maximum price")}
PERCENT = CENT = Decimal("0.01")
"""A rate that a CDR's totals come to is the country's own if a cent of rounding lies between them."""


@dataclass(frozen=True)
class Sale:
    """One session as it is sold: its bill, the CDR that counts, if any, and its payments."""

    bill: Bill
    cdr: Cdr | None
    payments: list[PaymentAuthorization]

    @property
    def session(self) -> AdHocSession:
        return self.bill.session

    @property
    def paid_for(self) -> Cdr | None:
        """The CDR that the driver's money was taken for; None where it was for our own calculation."""
        return None if is_own(self.bill) else self.cdr


def draft_of(sale: Sale, total: int, given_back: int) -> Draft:
    """The receipt for `total`, in minor units, which the driver has paid."""
    session, country = sale.session, country_of(sale)
    cost = cost_of(sale)
    why = REFUNDED if given_back else _reason(cost, total, session)
    return Draft(
        reference=str(session.pk),
        partner_id=session.partner_id,
        country=country,
        currency=session.currency,
        lines=lines_of(cost, total, session.currency, rate_of(sale), why),
        facts=facts_of(sale),
        given_back=given_back,
    )


def cost_of(sale: Sale) -> Cost | None:
    """What the charge comes to by what the driver was offered: of the figures of the CDR that was paid for, else of the
    meter's."""
    if sale.paid_for:
        return sale.bill.shown.price_of(sale.paid_for)
    sample = newest_sample(sale.session)
    return estimating.cost_until(sale.session, sample, sale.bill.shown) if sample and sample.kwh else None


def _reason(cost: Cost | None, total: int, session: AdHocSession) -> str:
    """Why the driver paid something else than the price that was shown comes to."""
    if cost is None or cost.incl is None:
        return ""
    if total == session.amount and total < to_minor(cost.incl, session.currency):
        return BEYOND_LIMIT
    if cost.limited_by:
        return LIMITS[cost.limited_by]
    return MORE if total > to_minor(cost.incl, session.currency) else LESS


def country_of(sale: Sale) -> str:
    """The charger's country, alpha-2."""
    named = sale.bill.shown.country.strip().upper()
    return ALPHA_2.get(named, named)[:2]


def rate_of(sale: Sale) -> Decimal | None:
    """The rate of VAT of the whole that the driver pays, in percent: as the CDR's totals tell, else as was offered.

    At a price of our own what the CPO's CDR says of taxes is not ours.
    """
    cdr = None if sale.bill.shown.is_retail else sale.paid_for
    return _usual_rate(sale, sale.paid_for) if cdr is None else rate_of_cdr(sale, cdr)


def rate_of_cdr(sale: Sale, cdr: Cdr) -> Decimal | None:
    """The rate of VAT of a CDR, in percent, as its totals tell, else the charger's country's at that date."""
    usual = _usual_rate(sale, cdr)
    if not cdr.total_net or cdr.total_gross is None:
        return usual
    told = (cdr.total_gross / cdr.total_net - 1) * 100
    if usual is not None and abs(told - usual) <= 100 * CENT / abs(cdr.total_net):
        return usual
    return told.quantize(PERCENT) if 0 <= told <= 100 else usual


def _usual_rate(sale: Sale, cdr: Cdr | None) -> Decimal | None:
    shown = sale.bill.shown
    if shown.vat is not None:
        return shown.vat
    began = cdr.start_at if cdr else sale.session.created_at
    return rate_at(country_of(sale), began.astimezone(shown.zone).date())


def facts_of(sale: Sale) -> dict[str, Any]:
    """What stands on it besides lines and totals; times are local, with their offset."""
    session, cdr, zone = sale.session, sale.paid_for, sale.bill.shown.zone
    start, end, kwh = _measured(sale)
    place = session.evse.location
    return {
        "session": str(session.pk)[:8],
        "evse_id": str(session.evse),
        "address": [line for line in (place.name, place.address, place.city) if line],
        "operator": session.partner.name,
        "start": start.astimezone(zone).isoformat(timespec="seconds") if start else "",
        "end": end.astimezone(zone).isoformat(timespec="seconds") if end else "",
        "time_zone": str(zone),
        "kwh": "" if kwh is None else f"{kwh.normalize():f}",
        "payments": [_payment(row) for row in sale.payments if row.kept_amount],
        "cdr": cdr.ocpi_id if cdr else "",
        "cdr_key": cdr.pk if cdr else None,
        "signed_data": _signed(cdr) if cdr else None,
        "offer_hash": session.offer_hash,
    }


def _payment(row: PaymentAuthorization) -> dict[str, Any]:
    return {
        "gateway": row.gateway,
        "reference": row.gateway_reference,
        "last_four": row.card,
        "amount": row.kept_amount,
    }


def _measured(sale: Sale) -> tuple[datetime | None, datetime | None, Decimal | None]:
    """(from, to, kWh) by the CDR, else by our own moments and the last meter value."""
    if cdr := sale.paid_for:
        return cdr.start_at, cdr.end_at, cdr.total_energy
    sample, attempts = newest_sample(sale.session), sale.bill.attempts
    begun = attempts[-1].created_at if attempts else None
    return begun, sale.session.charging_ended_at or sale.session.ended_at, sample.kwh if sample else None


def _signed(cdr: Cdr) -> dict[str, Any] | None:
    """What the meter signed, as the CDR has it (OCPI 2.2.1 §10.4.7)."""
    try:
        found = cdr_of(cdr).signed_data
    except (Invalid, ValueError):
        return None
    if found is None:
        return None
    return {
        "encoding_method": found.encoding_method,
        "public_key": found.public_key or "",
        "url": found.url or "",
        "signed_values": [
            {"nature": row.nature, "plain_data": row.plain_data, "signed_data": row.signed_data}
            for row in found.signed_values
        ],
    }
