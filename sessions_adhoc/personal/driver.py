"""One driver's data: found by session or address, told in full, and forgotten where nothing asks for it any more.

Who a driver is, the platform does not know: a charge has a place and a time, and the last digits of a card. What leads
from a charge to a person is the address for its receipt, and whatever the gateway knows.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from billing.models import GatewayEvent, PaymentAuthorization, Receipt
from ocpi.models import Command
from partners import history
from partners.ground import secrets
from partners.models import Mail
from sessions_adhoc.accounts.mailing import FORGOTTEN
from sessions_adhoc.belonging import cdrs_of
from sessions_adhoc.models import (
    AdHocSession,
    AttemptSession,
    ReceiptWish,
    Sample,
    TimelineEvent,
    WebhookDelivery,
)
from sessions_adhoc.money.paid import payments_of
from sessions_adhoc.states import TERMINAL
from sessions_adhoc.webhooks.events import subject_of

COMMAND = ("kind", "created_at", "state", "response", "result", "result_at")


class StillLive(Exception):
    """The charge goes on, or its money does: nothing of it can be forgotten yet. The text says so."""


def sessions_with_address(address: str) -> list[UUID]:
    """The charges whose receipts go to this address, while it is known, or whose payment was opened with it."""
    wanted = address.strip().casefold()
    opened = PaymentAuthorization.objects.filter(opening__email__iexact=address.strip())
    found = set(AdHocSession.objects.filter(authorization__in=opened).values_list("pk", flat=True))
    for wish in ReceiptWish.objects.only("session_id", "address").iterator():
        if _read(wish).casefold() == wanted:
            found.add(wish.session_id)
    return sorted(found)


def _read(wish: ReceiptWish) -> str:
    try:
        return secrets.decrypt(wish.address)
    except secrets.UnreadableSecret:
        return ""


def export(session_ids: Iterable[UUID]) -> list[dict[str, Any]]:
    """Everything that is kept of these charges, ready for JSON but for moments and decimals."""
    sessions = AdHocSession.objects.filter(pk__in=list(session_ids)).select_related("evse__location", "token")
    return [_told(session) for session in sessions.order_by("created_at")]


def _told(session: AdHocSession) -> dict[str, Any]:
    links = AttemptSession.objects.filter(attempt__session=session).select_related("ocpi_session")
    wish = ReceiptWish.objects.filter(session=session).first()
    payments = payments_of(session)
    mails = Mail.objects.filter(pk__in=wish.mails if wish else ())
    commands = Command.objects.filter(reference=str(session.pk))
    events = WebhookDelivery.objects.filter(subject=subject_of(session))
    return {
        "session": str(session.pk),
        "charger": str(session.evse),
        "place": session.evse.location.address,
        "began": session.created_at,
        "ended": session.ended_at,
        "state": session.state,
        "language": session.locale,
        "offer": session.offer,
        "token": session.token.uid,
        "address_for_receipt": _read(wish) if wish else None,
        "mails": list(mails.values("subject", "body", "to", "written_at")),
        "payments": [_payment(row) for row in payments],
        "receipts": list(Receipt.objects.filter(reference=str(session.pk)).values_list("contents", flat=True)),
        "meter_values": list(Sample.objects.filter(attempt__session=session).values("at", "kwh", "kw", "soc")),
        "timeline": list(TimelineEvent.objects.filter(session=session).values("at", "text").order_by("pk")),
        "commands": list(commands.order_by("pk").values(*COMMAND)),
        "events_for_clients": list(events.order_by("pk").values("kind", "body", "written_at", "taken_at")),
        "sessions_of_the_operator": [link.ocpi_session.raw for link in links],
        "cdrs_of_the_operator": [cdr.raw for cdr in cdrs_of(session)],
    }


def _payment(row: PaymentAuthorization) -> dict[str, Any]:
    kept = ("gateway", "gateway_reference", "payment_method", "card", "amount", "captured_amount", "refunded_amount")
    opening = {name: value for name, value in (row.opening or {}).items() if name != "return_url"}
    steps = row.events.values("at", "action", "to_state", "outcome", "message", "amount")
    told = GatewayEvent.objects.filter(payment=str(row.pk)).values("at", "kind", "body")
    return {
        **{name: getattr(row, name) for name in (*kept, "currency", "state")},
        "opened_with": opening,
        "steps": list(steps.order_by("pk")),
        "told_by_the_gateway": list(told.order_by("pk")),
    }


def erase(session_id: UUID, actor: str, reason: str) -> list[str]:
    """Forget what leads from a charge to its driver; return what was forgotten, in words. Twice is once.

    What is billed stays, by law: receipts, the ledger, CDRs, and the meter values that prove them (`personal.kinds`).

    Raises:
        StillLive: the charge has not ended, or its payment still moves.
        AdHocSession.DoesNotExist
    """
    with transaction.atomic():
        session = AdHocSession.objects.select_for_update(of=("self",)).get(pk=session_id)
        payments = payments_of(session)
        if session.state not in TERMINAL or not all(row.is_terminal for row in payments):
            raise StillLive(f"Session {session_id} is {session.state}: it can be erased when it, and its money, rests.")
        done = [*_erase_address(session), *(text for row in payments for text in _erase_payment(row))]
        with history.because(reason, by=actor):
            history.note(session, "Personal data erased", "; ".join(done) or "Nothing was left.", reason=reason)
    return done


def _erase_address(session: AdHocSession) -> list[str]:
    wish = ReceiptWish.objects.filter(session=session).first()
    if wish is None:
        return []
    mails = Mail.objects.filter(pk__in=wish.mails).update(to=FORGOTTEN)
    wish.delete()
    return [f"the address for receipts, in {mails} mails too"]


def _erase_payment(row: PaymentAuthorization) -> list[str]:
    opening = {name: value for name, value in (row.opening or {}).items() if name != "email"} or None
    if (opening, row.card, row.payment_method, row.action) == (row.opening, "", "", None):
        return []
    rows = PaymentAuthorization.objects.filter(pk=row.pk)
    rows.update(opening=opening, card="", payment_method="", action=None)
    return ["the card's digits and the payment method"]
