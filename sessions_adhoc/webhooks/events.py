"""Writing events, in the transaction of what they tell: kept together, or not at all."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from billing.models import Receipt
from sessions_adhoc.models import AdHocSession, WebhookDelivery
from sessions_adhoc.money.holds import Holds

TEST = "webhook.test"
RECEIPT = "session.receipt"
OWED = "session.owed"
OF_SESSION = "session."
"""Before the state that a session has entered."""


def body_of(kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """The JSON of an event: `type`, `timestamp` (when it happened), `data`."""
    told = {"type": kind, "timestamp": at.astimezone(UTC).isoformat(), "data": data}
    return json.dumps(told, separators=(",", ":"))


def subject_of(session: AdHocSession) -> str:
    """By which events of a session are kept in order."""
    return f"session:{session.pk}"


def about_session(
    session: AdHocSession, holds: Holds, endpoints: Iterable[int], came_from: str, now: datetime
) -> list[WebhookDelivery]:
    """Rows that tell its client that a session moved. The caller holds its lock, and writes them with what moved it."""
    data = {
        "id": str(session.pk),
        "state": session.state,
        "previous_state": came_from,
        "reason": session.reason,
        "finished": session.is_terminal,
        "evse": str(session.evse),
        "connector": session.connector_number,
        "money": {
            "currency": session.currency,
            "limit": session.amount,
            "captured": sum(row.captured_amount for row in holds.all),
            "refunded": sum(row.refunded_amount for row in holds.all),
        },
    }
    kind = f"{OF_SESSION}{session.state}"
    return deliveries(endpoints, session, kind, body_of(kind, now, data), now)


def about_receipts(
    session: AdHocSession, endpoints: Iterable[int], issued: Iterable[Receipt], now: datetime
) -> list[WebhookDelivery]:
    """Rows that tell of receipts and credit notes, for the transaction that issues them."""
    base, rows = settings.PUBLIC_BASE_URL.rstrip("/"), list[WebhookDelivery]()
    for one in issued:
        data = {
            "id": str(session.pk),
            "kind": one.kind,
            "number": one.number,
            "total": one.total,
            "currency": one.currency,
            "url": f"{base}{reverse('driver:receipt', args=[one.pk])}",
            "pdf_url": f"{base}{reverse('driver:receipt-pdf', args=[one.pk])}",
        }
        rows += deliveries(endpoints, session, RECEIPT, body_of(RECEIPT, now, data), now)
    return rows


def about_owed(session: AdHocSession, endpoints: Iterable[int], owed: int, now: datetime) -> list[WebhookDelivery]:
    """Rows that tell what is still open of a charge, in minor units: where that is another sum than was told last, so
    that it may be asked for after every news. The caller holds the session's lock."""
    if not (listening := list(endpoints)):
        return []
    told = WebhookDelivery.objects.filter(subject=subject_of(session), kind=OWED).order_by("-pk")
    last = told.values_list("body", flat=True).first()
    if owed == (json.loads(last)["data"]["amount"] if last else 0):
        return []
    data = {"id": str(session.pk), "amount": owed, "currency": session.currency}
    return deliveries(listening, session, OWED, body_of(OWED, now, data), now)


def deliveries(
    endpoints: Iterable[int], session: AdHocSession, kind: str, body: str, now: datetime
) -> list[WebhookDelivery]:
    """The rows of one event, for each endpoint."""
    return [
        WebhookDelivery(
            endpoint_id=endpoint,
            partner_id=session.partner_id,
            kind=kind,
            subject=subject_of(session),
            body=body,
            written_at=now,
            next_check_at=now,
        )
        for endpoint in endpoints
    ]
