"""A row of each further module, so that every page has something to show."""

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from billing.models import PricePlan, Restore
from billing.payouts.importing import take
from billing.receipts.issuing import Draft, issue
from billing.receipts.lines import Line
from billing.restoring import findings
from ocpi.models import (
    Booking,
    BookingLocation,
    BookingRequest,
    ClientInfo,
    FinancialAdvice,
    OcpiSession,
    PartnerQuirk,
    ProfileRequest,
    PublishedEvseId,
    Refresh,
    Terminal,
    TerminalRequest,
    TokenPush,
)
from onboarding.documents.archive import archive
from onboarding.models import LinkEvent, PlannedChange, ScoreDay
from onboarding.portal.links import make_link
from partners import outbox
from partners.ground import secrets
from partners.models import Document, Partner, PartnerRole
from partners.outbox import Letter
from partners.paper.written import Written
from sessions_adhoc.models import ClientKey, ContractRecord, DisplaySecret, WebhookDelivery
from sessions_adhoc.webhooks import endpoints
from tests import factories


def add_finance(partner: Partner) -> None:
    """A receipt with its posting, a payout with a line that found no payment, and what a restore left."""
    line = Line("energy", "Energy", 301, "23", "5", "kWh", "0.6027")
    issue(Draft(str(uuid.uuid4()), partner.pk, "SK", "EUR", [line], {"session": "0a1b2c3d", "evse_id": "SK*ION*E1"}))
    restore = Restore.objects.create(since=timezone.now(), at=timezone.now() - timedelta(days=400))
    findings.keep(restore, findings.Finding("x", "partner", "They refuse our token.", "Register again.", partner))
    take("simulated", ["payout,id,kind,payment,gross,fee,currency", f"po_{partner.pk},txn_1,charge,pi_9,3.01,0.10,eur"])


def add_further_modules(partner: Partner, session: OcpiSession) -> None:
    """Token pushes, quirks, charging profiles, bookings, payments, parties behind a hub."""
    now = timezone.now()
    elsewhere = {"partner": partner, "location_id": "ELSEWHERE", "name": f"Summer {partner.pk}"}
    add_display(partner)
    PricePlan.objects.create(kind="retail", currency="EUR", per_kwh=Decimal("0.59"), **elsewhere)
    TokenPush.objects.create(token=factories.TokenFactory.create(), partner=partner, wanted=now, next_check_at=now)
    PartnerQuirk.objects.create(
        partner=partner, version="2.2.1", module="sessions", kind="case", count=3, first_seen=now, last_seen=now
    )
    PublishedEvseId.objects.create(key=f"{partner.country_code}{partner.party_id}E1", partner=partner)
    waiting = {"state": PartnerRole.State.PENDING, "source": "credentials"}
    PartnerRole.objects.create(partner=partner, country_code="CZ", party_id=partner.party_id, role="EMSP", **waiting)
    Refresh.objects.create(
        partner=partner,
        module="sessions",
        country_code=session.country_code,
        party_id=session.party_id,
        ocpi_id=session.ocpi_id,
        ocpi_key=session.ocpi_key,
        since=now,
        next_check_at=now,
    )
    ProfileRequest.objects.create(partner=partner, session=session, kind="SET", state="answered", response="ACCEPTED")
    mirrored: dict[str, Any] = {
        "partner": partner,
        "country_code": "SK",
        "party_id": "ION",
        "version": "2.3.0",
        "raw": {},
        "last_updated": now,
        "location_id": "LOC-1",
    }
    BookingLocation.objects.create(ocpi_id="BL-1", ocpi_key="bl-1", **mirrored)
    booking = Booking.objects.create(
        ocpi_id="B-1",
        ocpi_key="b-1",
        request_id="R-1",
        request_key="r-1",
        status="RESERVED",
        start_at=now,
        end_at=now,
        **mirrored,
    )
    BookingRequest.objects.create(
        partner=partner, kind="NEW", request_id="R-1", country_code="SK", party_id="ION", booking=booking
    )
    terminal = Terminal.objects.create(
        partner=partner, terminal_id="PT-1", terminal_key="pt-1", version="2.3.0", raw={}, last_updated=now
    )
    TerminalRequest.objects.create(partner=partner, terminal=terminal, state="unanswered", failure="Timed out.")
    FinancialAdvice.objects.create(partner=partner, authorization_reference=str(uuid.uuid4()), raw={}, last_updated=now)
    ClientInfo.objects.create(
        partner=partner,
        country_code="SK",
        party_id="CLI",
        role="CPO",
        status="CONNECTED",
        version="2.2.1",
        raw={},
        last_updated=now,
    )


def add_display(partner: Partner) -> None:
    """A secret of displays that was replaced, and a scan that was refused."""
    now, kept = timezone.now(), secrets.encrypt("a-Shared-Secret-1")
    why = "Too old: shown about 3600 s before. The link was kept, or the display's clock is behind."
    refusals = [{"at": now.isoformat(), "evse": f"SK*ION*E{partner.pk}*1", "why": why}]
    DisplaySecret.objects.create(
        partner=partner,
        secret=kept,
        old_secret=kept,
        old_until=now + timedelta(hours=20),
        valid_at=now - timedelta(hours=1),
        refused=1,
        refusals=refusals,
    )


def add_webhooks(client: ClientKey, partner: Partner) -> None:
    """A client's webhook, and an event that it does not take."""
    endpoint, _secret = endpoints.create(client, f"https://hooks.example/{partner.pk}")
    WebhookDelivery.objects.create(
        endpoint=endpoint,
        partner=partner,
        kind="session.charging",
        subject=f"session:{uuid.uuid4()}",
        body='{"type":"session.charging"}',
        answers=[{"at": timezone.now().isoformat(), "status": 500, "ms": 12, "text": "<b>Oops</b>"}],
        tries=1,
    )


def add_contract_charge(partner: Partner, session: OcpiSession) -> None:
    """A charge with a card of ours that is held."""
    ContractRecord.objects.create(
        kind="session",
        partner=partner,
        ocpi_session=session,
        token=factories.TokenFactory.create(type="RFID"),
        contract_id="SK-SFP-C1-1",
        doubts=[{"code": "token_not_valid", "text": "token <b>1</b> was blocked."}],
        state="held",
    )


def add_link_and_document(partner: Partner, user: User) -> None:
    """A link to the CPO's page, something done over it, an archived document."""
    link, _url = make_link(partner, given_to="Ana", days=1, by=user, reveals_token_b=True)
    LinkEvent.objects.create(link=link, kind=LinkEvent.Kind.WINDOW, text="Tuesday at 10:00", source_address="1.2.3.4")
    document = archive(partner, Document.Kind.DATA_SHEET, Written("data-sheet.pdf", b"%PDF-1.7"), by="jana")
    PlannedChange.objects.create(partner=partner, title="New address", text="Add it.", starts_at=timezone.now())
    figures = {field.name: 7 for field in ScoreDay._meta.fields if field.name not in ("id", "partner", "day")}
    ScoreDay.objects.create(partner=partner, day=timezone.now().date(), **figures)
    outbox.write(partner, Letter("Your data sheet", "Attached.", ["ana@ion.example"], document=document), user)
