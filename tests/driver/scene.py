"""Chargers, tariffs and sessions as a driver meets them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from billing.models import PaymentAuthorization
from ocpi.models import Evse, Tariff
from partners.agreed.policies import effective_policy
from partners.models import Partner
from sessions_adhoc.models import AdHocSession, AttemptSession, ChargingAttempt, Sample
from sessions_adhoc.states import TERMINAL, WITHOUT_CLOCK, State
from tests.factories import (
    MOMENT,
    CommandFactory,
    ConnectorFactory,
    EvseFactory,
    LocationFactory,
    OcpiSessionFactory,
    PartnerFactory,
    TokenFactory,
    connector_data,
    evse_data,
    tariff_data,
)

EVSE_ID = "SK*ION*E100*1"
PAYMENT_OF = {
    State.CREATED: "created",
    State.AUTHORIZING: "reserving",
    State.SETTLED: "captured",
    State.FAILED: "released",
    State.CANCELLED: "released",
}
FLOWING = (State.CHARGING, State.STOPPING, State.AWAITING_CDR, State.SETTLED)


def make(factory: Any, **fields: Any) -> Any:
    """A row by its factory, whose types no checker sees through."""
    return factory.create(**fields)


def _ion() -> Partner:
    """SK*ION in production: whose EVSE IDs drivers type."""
    ours = {"country_code": "SK", "party_id": "ION", "environment": "production"}
    found: Partner = Partner.objects.filter(**ours).first() or make(PartnerFactory, **ours)
    return found


def station(status: str = "AVAILABLE", evse_id: str = EVSE_ID, connectors: int = 1, **kwargs: Any) -> Evse:
    """A charger at Aupark with one or more connectors and the tariff T-1 (if `add_tariff` makes it)."""
    partner = kwargs.pop("partner", None) or _ion()
    location = make(LocationFactory, partner=partner, name="Aupark P2", address="Einsteinova 18", city="Bratislava")
    uid = kwargs.pop("uid", evse_id.replace("*", "-"))
    raw = evse_data(uid, status=status, physical_reference="A12", floor_level="-2", **kwargs)
    raw.pop("connectors")
    evse: Evse = make(EvseFactory, location=location, uid=uid, evse_id=evse_id, status=status, raw=raw)
    make(ConnectorFactory, evse=evse, tariff_ids=["T-1"])
    if connectors > 1:
        socket = {"standard": "IEC_62196_T2", "power_type": "AC_3_PHASE"}
        make(
            ConnectorFactory,
            evse=evse,
            connector_id="2",
            max_kw=Decimal("22"),
            tariff_ids=["T-2"],
            raw=connector_data("2", format="SOCKET", **socket),
            **socket,
        )
    return evse


def beside(evse: Evse, evse_id: str, status: str = "AVAILABLE") -> Evse:
    """Another charger of the same station."""
    uid = evse_id.replace("*", "-")
    raw = evse_data(uid, status=status)
    raw.pop("connectors")
    other: Evse = make(EvseFactory, location=evse.location, uid=uid, evse_id=evse_id, status=status, raw=raw)
    make(ConnectorFactory, evse=other)
    return other


def add_tariff(evse: Evse, tariff_id: str = "T-1", **changes: Any) -> Tariff:
    raw = tariff_data(tariff_id, **changes)
    return Tariff.objects.create(
        partner=evse.partner,
        country_code="SK",
        party_id="ION",
        ocpi_id=tariff_id,
        ocpi_key=tariff_id.lower(),
        version="2.2.1",
        raw=raw,
        currency=raw["currency"],
        last_updated=MOMENT,
    )


def session_in(evse: Evse, state: State, *, payment: str = "", captured: int = 0, **fields: Any) -> AdHocSession:
    """A session that has come to `state`, with what belongs to it."""
    now = timezone.now()
    connector = evse.connectors.first()
    session = AdHocSession.objects.create(
        state=state.value,
        state_since=now,
        next_check_at=None if state in WITHOUT_CLOCK else now + timedelta(minutes=5),
        partner=evse.partner,
        evse=evse,
        connector=connector,
        connector_number=connector.connector_id if connector else "",
        is_dc=True,
        token=make(TokenFactory),
        authorization=authorization(payment or PAYMENT_OF.get(state, "reserved"), captured),
        amount=4000,
        currency="EUR",
        policy=effective_policy(evse.partner_id).values,
        ended_at=now if state in TERMINAL else None,
        **fields,
    )
    if state in FLOWING:
        charge(session, now)
    return session


def authorization(state: str, captured: int) -> PaymentAuthorization:
    count = PaymentAuthorization.objects.count()
    watched = state in ("reserving", "reserved", "capturing", "releasing")
    return PaymentAuthorization.objects.create(
        reference=f"scene-{count}",
        gateway="simulated",
        payment_method="pm_sim_ok",
        amount=4000,
        currency="EUR",
        state=state,
        capture_amount=captured or None,
        captured_amount=captured if state == "captured" else 0,
        next_check_at=timezone.now() + timedelta(days=1) if watched else None,
        gateway_reference="" if state in ("created", "reserving") else f"sim_{count}",
        expires_at=timezone.now() + timedelta(days=7),
    )


def charge(session: AdHocSession, now: datetime, kwh: str = "12.3456") -> Sample:
    """An attempt with a valid OCPI session and one reading of 40 s ago."""
    attempt = ChargingAttempt.objects.create(
        session=session,
        number=1,
        command=make(CommandFactory, partner=session.partner),
        created_at=now - timedelta(minutes=19),
        energy_at=now - timedelta(minutes=17),
        ended_at=now if session.is_terminal else None,
    )
    charged = make(
        OcpiSessionFactory,
        partner=session.partner,
        token_uid=session.token.uid,
        start_at=now - timedelta(minutes=18),
        kwh=Decimal(kwh),
    )
    AttemptSession.objects.create(attempt=attempt, ocpi_session=charged, validity="valid")
    return Sample.objects.create(
        attempt=attempt,
        ocpi_session=charged,
        at=now - timedelta(seconds=40),
        received_at=now,
        kwh=Decimal(kwh),
        kw=Decimal("48.25"),
        soc=Decimal("63"),
        source="push",
    )
