"""Handing over to the back office: a number, a body that never changes, and an event for each of its endpoints, in one
transaction. What staff decide about held records ends here too."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from billing.pricing import to_minor
from ocpi.models import Cdr, OcpiSession
from sessions_adhoc.contracts import doubts
from sessions_adhoc.models import ClientKey, ContractNumber, ContractRecord, WebhookDelivery, WebhookEndpoint
from sessions_adhoc.webhooks import events

Kind, State = ContractRecord.Kind, ContractRecord.State
Records = QuerySet[ContractRecord]
OF_CONTRACT = "contract."
AMOUNTS = ("asked", "price", "pays", "claim", "offered")


class NotPossible(Exception):
    """The record is not held any more. The text says so to staff."""


def hand_over(record: ContractRecord, now: datetime) -> None:
    """Hand over a record, in the transaction that has it locked. Numbers are given in the order of the commits."""
    record.number = _next_number()
    record.state, record.next_check_at, record.handed_at = State.HANDED, None, now
    record.body = body_of(record)
    record.save()
    kind = f"{OF_CONTRACT}{record.kind}"
    told = events.body_of(kind, now, record.body)
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            endpoint_id=endpoint,
            partner_id=record.partner_id,
            message_id=message_id(record),
            kind=kind,
            subject=f"contract:{record.contract_id.upper()}",
            body=told,
            written_at=now,
            next_check_at=now,
        )
        for endpoint in endpoints_of_back_office()
    )


def message_id(record: ContractRecord) -> str:
    """The `webhook-id`: the record's own, so that API and webhook tell of the same thing by the same name."""
    return f"msg_{record.uuid.hex}"


def _next_number() -> int:
    row = lock_numbers()
    row.last += 1
    row.save(update_fields=["last"])
    return row.last


def lock_numbers() -> ContractNumber:
    """Hold the last number until the commit. Whoever decides about a record does, before it locks that: what is decided
    of another meanwhile, of the same Session or by a credit CDR, is seen."""
    ContractNumber.objects.get_or_create(pk=1)
    return ContractNumber.objects.select_for_update().get(pk=1)


def endpoints_of_back_office() -> Iterable[int]:
    office = WebhookEndpoint.objects.filter(client__is_back_office=True, client__revoked_at=None)
    return office.order_by("pk").values_list("pk", flat=True)


def body_of(record: ContractRecord) -> dict[str, Any]:
    """A record as it is handed over. Amounts are gross, in minor units of `currency`; null where they are not known."""
    token, row = record.token, record.cdr or record.ocpi_session
    assert row is not None
    return {
        "id": str(record.uuid),
        "number": record.number,
        "kind": record.kind,
        "contract_id": record.contract_id,
        "token": {"uid": token.uid, "type": token.type} if token else {"uid": row.token_uid, "type": ""},
        "operator": record.partner.name,
        "party": f"{row.country_code}*{row.party_id}",
        "charging_session": str(record.session_id) if record.session_id else None,
        "location_id": row.location_id,
        "evse_uid": row.evse_uid,
        "start": _iso(row.start_at),
        "end": _iso(row.end_at),
        "currency": row.currency,
        "doubts": record.doubts,
        "decided_by_staff": record.decided_by_id is not None,
        "note": record.note,
        **(_of_cdr(record, row) if isinstance(row, Cdr) else _of_session(row)),
    }


def _of_session(row: OcpiSession) -> dict[str, Any]:
    return {"session_id": row.ocpi_id, "status": row.status, "kwh": _plain(row.kwh)}


def _of_cdr(record: ContractRecord, cdr: Cdr) -> dict[str, Any]:
    amounts = {name: _minor(getattr(record, name), cdr.currency) for name in AMOUNTS}
    return {
        "cdr_id": cdr.ocpi_id,
        "session_id": cdr.session_id,
        "credits": cdr.credit_reference_id if cdr.credit else None,
        "kwh": _plain(cdr.total_energy),
        **amounts,
    }


def _minor(amount: Decimal | None, currency: str) -> int | None:
    return None if amount is None else to_minor(amount, currency)


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


def acknowledge(client: ClientKey, record: ContractRecord) -> ContractRecord:
    """The back office has it. Said again, nothing changes."""
    fresh = ContractRecord.objects.filter(pk=record.pk, acknowledged_at=None)
    fresh.update(acknowledged_at=timezone.now(), acknowledged_by=client)
    record.refresh_from_db()
    return record


def release(pk: int, user: Any, note: str) -> ContractRecord:
    """Staff hand over what is held, as it is. Raises NotPossible."""
    with transaction.atomic():
        record = _held(pk)
        record.decided_by, record.note = user, note[:500]
        hand_over(record, timezone.now())
        doubts.close_answered(record)
    return record


def refuse(pk: int, user: Any, note: str) -> ContractRecord:
    """Staff do not hand it over. Raises NotPossible."""
    with transaction.atomic():
        record = _held(pk)
        record.decided_by, record.note, record.state = user, note[:500], State.REFUSED
        record.save(update_fields=["decided_by", "note", "state"])
        doubts.close_answered(record)
    return record


def check_again(pk: int) -> ContractRecord:
    """Look at a held record once more: tokens, Sessions or tariffs came since. Raises NotPossible."""
    with transaction.atomic():
        record = _held(pk)
        record.state, record.next_check_at = State.DUE, timezone.now()
        record.save(update_fields=["state", "next_check_at"])
        doubts.close_answered(record)
    return record


def _held(pk: int) -> ContractRecord:
    lock_numbers()
    record = ContractRecord.objects.select_for_update().get(pk=pk)
    if record.state != State.HELD:
        raise NotPossible("It is not held any more: somebody decided about it.")
    return record
