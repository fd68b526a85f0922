"""News of contract charges: a row each, in the transaction that stores what it is of. Nothing is decided here."""

from datetime import datetime

from django.utils import timezone

from ocpi.models import Cdr, Evse, OcpiSession
from ocpi.receivers import SessionNews
from partners.agreed.policies import effective_policy
from sessions_adhoc.contracts import recognising
from sessions_adhoc.models import AdHocSession, ContractRecord
from sessions_adhoc.money.offering import freeze

Kind, State = ContractRecord.Kind, ContractRecord.State


def session_news(news: SessionNews, session: AdHocSession | None = None) -> None:
    """A Session that names a contract of ours, or was started with one: `session`."""
    row, now = news.session, timezone.now()
    over = row.status in recognising.OVER
    if not (news.created or over):
        return
    token = session.contract_token if session else recognising.token_of(row)
    if token is None or token.type == recognising.ONE_OFF:
        return
    record, created = ContractRecord.objects.get_or_create(
        ocpi_session=row,
        defaults={
            "kind": Kind.SESSION,
            "partner_id": row.partner_id,
            "token": token,
            "contract_id": token.contract_id,
            "session": session,
            "currency": row.currency,
            "offer": _offer_at(row.partner_id, row.location_id, row.evse_uid, row.connector_id),
            "state": State.DUE if over else State.OPEN,
            "next_check_at": now if over else None,
            "created_at": now,
        },
    )
    if over and not created:
        mine = ContractRecord.objects.filter(pk=record.pk, state=State.OPEN)
        mine.update(state=State.DUE, next_check_at=now)
    if over:
        wake_cdrs(row, now)


def wake_cdrs(row: OcpiSession, now: datetime) -> None:
    """CDRs that waited for their Session are looked at."""
    waiting = ContractRecord.objects.filter(partner_id=row.partner_id, state=State.DUE, kind=Kind.CDR)
    waiting.filter(cdr__session_key=row.ocpi_key).update(next_check_at=now)


def cdr_news(cdr: Cdr, session: AdHocSession | None = None) -> None:
    """A CDR that is about no ad-hoc driver's charge. Whoever's it is, it is written down: none is passed over."""
    now = timezone.now()
    token = session.contract_token if session else recognising.token_of(cdr)
    ContractRecord.objects.get_or_create(
        cdr=cdr,
        defaults={
            "kind": Kind.CREDIT if cdr.credit else Kind.CDR,
            "partner_id": cdr.partner_id,
            "token": token,
            "contract_id": token.contract_id if token else "",
            "session": session,
            "currency": cdr.currency,
            "state": State.DUE,
            "next_check_at": now,
            "created_at": now,
        },
    )
    waiting = ContractRecord.objects.filter(partner_id=cdr.partner_id, kind=Kind.CREDIT, state=State.DUE)
    waiting.filter(cdr__credit_reference_id__iexact=cdr.ocpi_id).update(next_check_at=now)


def _offer_at(partner_id: int, location_id: str, evse_uid: str, connector_id: str) -> dict[str, object]:
    """What is offered there now; nothing where we do not know the place."""
    evse = evse_at(partner_id, location_id, evse_uid)
    if evse is None:
        return {}
    connectors = list(evse.connectors.all())
    chosen = [one for one in connectors if one.connector_key == connector_id.lower()] or connectors
    policy = effective_policy(partner_id, location_id, evse.uid)
    return freeze(evse, chosen[0] if chosen else None, policy.values)


def offer_for(cdr: Cdr, row: OcpiSession | None) -> dict[str, object]:
    """What was frozen with a CDR's Session, else what is offered now where the CDR says that it was charged."""
    record = ContractRecord.objects.filter(ocpi_session=row).first() if row else None
    if record and record.offer:
        return dict(record.offer)
    return _offer_at(cdr.partner_id, cdr.location_id, cdr.evse_uid, "")


def evse_at(partner_id: int, location_id: str, evse_uid: str) -> Evse | None:
    """The EVSE that a Session or CDR names, if we know it."""
    named = Evse.objects.filter(location__partner_id=partner_id, location__ocpi_key=location_id.lower())
    return named.filter(uid_key=evse_uid.lower()).select_related("location__partner", "partner").first()
