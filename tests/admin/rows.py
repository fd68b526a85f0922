"""One row of everything that support can look at, belonging together."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.utils import timezone

from billing.models import GatewayEvent, OutstandingAmount, PaymentAuthorization
from billing.models.simulated import SimulatedCharge
from ocpi.models import Cdr, Command, Evse, HandshakeRun, HandshakeStep, Message, OcpiSession, SyncRun, Tariff
from onboarding.models import Alert, AlertChannel, AllowlistMirror, ConnectionCheck
from partners import tokens
from partners.agreed.policies import effective_policy
from partners.incidents import Report, open_incident
from partners.models import AllowedNetwork, Incident, IssuedToken, Partner, Policy, ReceivedToken, RemoteEndpoint
from sessions_adhoc.driver.clients import create_client_key
from sessions_adhoc.models import (
    AdHocSession,
    AttemptSession,
    ChargingAttempt,
    ClientKey,
    FallbackPull,
    Sample,
    TimelineEvent,
)
from tests import factories
from tests.admin.more_rows import (
    add_contract_charge,
    add_finance,
    add_further_modules,
    add_link_and_document,
    add_webhooks,
)


@dataclass(frozen=True)
class World:
    """A connected partner with a driver who charges at it."""

    partner: Partner
    evse: Evse
    session: AdHocSession
    attempt: ChargingAttempt
    ocpi_session: OcpiSession
    message: Message
    incident: Incident
    client: ClientKey
    issued: IssuedToken

    @property
    def command(self) -> Command:
        return self.attempt.command


def message(partner: Partner | None, **values: Any) -> Message:
    """A successful PUT of a Session by the partner."""
    given = {
        "at": timezone.now(),
        "direction": Message.Direction.INBOUND,
        "version": "2.2.1",
        "module": "sessions",
        "method": "PUT",
        "url": "/ocpi/emsp/2.2.1/sessions/SK/ION/S-1",
        "request_headers": {"Authorization": "Token …1234", "Content-Type": "application/json"},
        "request_body": '{"id": "S-1", "kwh": 1.5}',
        "response_headers": {"Content-Type": "application/json"},
        "response_body": '{"status_code": 1000}',
        "http_status": 200,
        "ocpi_status": 1000,
        "duration_ms": 12,
    }
    return Message.objects.create(partner=partner, **(given | values))


def ad_hoc_session(evse: Evse, state: str = "charging", **values: Any) -> AdHocSession:
    """A session with 40.00 EUR reserved."""
    now, session_id = timezone.now(), uuid.uuid4()
    payment = PaymentAuthorization.objects.create(
        reference=str(session_id),
        gateway="simulated",
        payment_method="pm_sim_ok",
        amount=4000,
        currency="EUR",
        state=PaymentAuthorization.State.RESERVED,
        next_check_at=now + timedelta(days=6),
        expires_at=now + timedelta(days=7),
    )
    policy = effective_policy(evse.partner_id)
    live = state not in ("escalated", "settled", "failed", "cancelled")
    given = {
        "state_since": now,
        "next_check_at": now + timedelta(minutes=1) if live else None,
        "connector": evse.connectors.first(),
        "connector_number": "1",
        "policy": policy.values,
        "policy_sources": policy.sources,
    }
    return AdHocSession.objects.create(
        id=session_id,
        state=state,
        partner=evse.partner,
        evse=evse,
        token=factories.TokenFactory.create(),
        authorization=payment,
        amount=4000,
        currency="EUR",
        **(given | values),
    )


def world() -> World:
    """One row of every registered model, for a partner of its own."""
    partner = factories.PartnerFactory.create()
    evse = factories.ConnectorFactory.create(evse__location__partner=partner).evse
    sent = message(
        partner, objects_touched=[f"evse:{partner.country_code}*{partner.party_id}/{evse.location.ocpi_id}/x"]
    )
    session = ad_hoc_session(evse)
    attempt = ChargingAttempt.objects.create(
        session=session,
        number=1,
        created_at=timezone.now(),
        command=factories.CommandFactory.create(partner=partner, reference=str(session.pk), message_id=sent.pk),
    )
    ocpi_session = factories.OcpiSessionFactory.create(partner=partner, token_uid=session.token.uid)
    AttemptSession.objects.create(attempt=attempt, ocpi_session=ocpi_session, validity="valid")
    add_news(attempt, ocpi_session, sent)
    report = Report(
        f"key-{session.pk}", "CDRs not received by SFP", "CDR not sent.", "Verify the URL.", str(session.pk)
    )
    incident = open_incident(partner.pk, report)
    add_partner_rows(partner)
    add_further_modules(partner, ocpi_session)
    add_finance(partner)
    add_contract_charge(partner, ocpi_session)
    add_link_and_document(partner, User.objects.create_user(f"user-{partner.code}"))
    client = create_client_key(f"client-{partner.code}")[0]
    add_webhooks(client, partner)
    channel = AlertChannel.objects.create(name=f"chat-{partner.code}", kind="chat", host="chat.example")
    Alert.objects.create(channel=channel, incident=incident, state="sent")
    Group.objects.create(name=f"group-{partner.code}")
    AllowedNetwork.objects.create(partner=partner, network="10.0.0.0/8", note="Ana confirmed it.")
    AllowlistMirror.objects.create(list_id=f"list-{partner.code}", state="in_step")
    AccessAttempt.objects.create(username=f"user-{partner.code}", ip_address="1.2.3.4", failures_since_start=1)
    return World(
        partner=partner,
        evse=evse,
        session=session,
        attempt=attempt,
        ocpi_session=ocpi_session,
        message=sent,
        incident=incident,
        client=client,
        issued=partner.issued_tokens.get(),
    )


def add_news(attempt: ChargingAttempt, ocpi_session: OcpiSession, sent: Message) -> None:
    """Two readings, a line of the timeline and a CDR."""
    session = attempt.session
    for kwh in ("1.5", "2.5"):
        now = timezone.now()
        Sample.objects.create(
            attempt=attempt,
            ocpi_session=ocpi_session,
            at=now,
            received_at=now,
            kwh=Decimal(kwh),
            kw=Decimal(50),
            source="push",
            message_id=sent.pk,
        )
    TimelineEvent.objects.create(session=session, at=session.created_at, kind="driver", text="A driver came.")
    moment, cdr_id = timezone.now(), f"CDR-{uuid.uuid4()}"
    Cdr.objects.create(
        partner=session.partner,
        country_code="SK",
        party_id="ION",
        ocpi_id=cdr_id,
        ocpi_key=cdr_id.lower(),
        version="2.2.1",
        uuid=uuid.uuid4(),
        session_id=ocpi_session.ocpi_id,
        session_key=ocpi_session.ocpi_key,
        token_uid=session.token.uid,
        start_at=moment,
        end_at=moment,
        currency="EUR",
        total_gross=Decimal("12.30"),
        total_energy=Decimal("20.5"),
        last_updated=moment,
        raw=factories.cdr_data(),
    )
    OutstandingAmount.objects.create(
        partner=session.partner,
        authorization=session.authorization,
        cdr=Cdr.objects.latest("pk"),
        kind=OutstandingAmount.Kind.CLAIM,
        amount=3698,
        currency="EUR",
        created_at=moment,
    )


def add_partner_rows(partner: Partner) -> None:
    """Credentials, endpoints, policy, jobs, tariff."""
    now = timezone.now()
    token, _ = tokens.issue(partner)
    tokens.activate(token)
    tokens.store_received(partner, str(uuid.uuid4()), ReceivedToken.Purpose.CONNECTION)
    RemoteEndpoint.objects.create(partner=partner, version="2.2.1", module="locations", url="https://cpo.example/l")
    Policy.objects.create(partner=partner, session_timeout=240)
    run = HandshakeRun.objects.create(
        partner=partner, state="failed", window_starts_at=now, window_ends_at=now, ended_at=now, cause="HTTP 401."
    )
    HandshakeStep.objects.create(run=run, step="versions", ok=False, ended_at=now, text="HTTP 401.", advice="Ask them.")
    ConnectionCheck.objects.create(partner=partner, version="2.2.1", state="finished", ended_at=now)
    SyncRun.objects.create(partner=partner, module="locations", state="succeeded", received=3, stored=2, refused=1)
    FallbackPull.objects.create(partner=partner, module="sessions")
    Tariff.objects.create(
        partner=partner,
        country_code="SK",
        party_id="ION",
        ocpi_id="T-1",
        ocpi_key="t-1",
        version="2.2.1",
        currency="EUR",
        last_updated=now,
        raw=factories.tariff_data(),
    )
    GatewayEvent.objects.create(gateway="stripe", event_id=f"evt_{partner.pk}", kind="x.y", at=now)
    SimulatedCharge.objects.create(
        id=f"charge-{partner.pk}",
        reference="r",
        payment_method="pm",
        amount=1,
        currency="EUR",
        expires_at=now,
        created_at=now,
    )
