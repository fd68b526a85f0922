"""Charges that go on, each with its Session `W-{n}`: what the pushes of the case "a driver waits" are about."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import PaymentAuthorization
from ocpi import store
from ocpi.models import Command, Evse, Token
from partners.models import Partner
from rehearsal.bench import seed, wire
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample

REFERENCE = "00000000-0000-4000-8000-{:012d}"
"""As `push.lua` writes it."""


def make(partner: Partner, count: int) -> None:
    """Store them, linked, with one sample, in the state CHARGING; the engine has no reason to look for a day."""
    evse = Evse.objects.select_related("location").get(uid="L0-1")
    for number in range(count):
        stored = store.put_session(seed.party(partner), None, told(number), asked=timezone.now(), source="GET")
        link(partner, evse, stored.row, number)


def told(number: int) -> dict[str, Any]:
    """The Session as its CPO told it first."""
    own = {"authorization_reference": REFERENCE.format(number), "location_id": "L0", "evse_uid": "L0-1"}
    data = wire.session(f"W-{number}", 0, 0.4, **own)
    data["cdr_token"] = {**data["cdr_token"], "uid": f"W{number}"}
    return data


def link(partner: Partner, evse: Evse, told_by: Any, number: int) -> None:
    """The charge of a stored Session."""
    now = timezone.now()
    session = AdHocSession.objects.create(
        partner=partner,
        evse=evse,
        connector_number="1",
        state="charging",
        state_since=now,
        next_check_at=now + timedelta(days=1),
        token=Token.objects.create(**token_of(partner, number, now)),
        authorization=PaymentAuthorization.objects.create(reference=f"bench-{number}", amount=4000, currency="EUR"),
        amount=4000,
        currency="EUR",
        policy={"meter_interval": 60},
    )
    command = Command.objects.create(partner=partner, kind="START_SESSION", reference=str(session.pk), version="2.2.1")
    attempt = ChargingAttempt.objects.create(
        session=session,
        number=1,
        command=command,
        authorization_reference=REFERENCE.format(number),
        created_at=now,
        energy_at=now,
    )
    AttemptSession.objects.create(attempt=attempt, ocpi_session=told_by, validity="valid", status_told="ACTIVE")
    Sample.objects.create(
        attempt=attempt, ocpi_session=told_by, at=wire.START, received_at=now, kwh=Decimal("0.4"), source="GET"
    )


def token_of(partner: Partner, number: int, now: Any) -> dict[str, Any]:
    return {"partner": partner, "uid": f"W{number}", "contract_id": f"SK-SFP-W{number}", "last_updated": now}
