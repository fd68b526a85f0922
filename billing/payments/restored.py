"""Payments after the database was put back to an earlier moment.

What is here may be older than what the gateway did since: nothing is taken for not asked, and no key of a request that
rests is used again. What the gateway holds for us and we do not know is taken into the books.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from billing.gateways import Standing
from billing.models import PaymentAuthorization, PaymentEvent
from billing.models.payment_states import ASKED_ABOUT_STATES, WATCHED_STATES, State
from billing.payments.driving import drive
from billing.payments.history import Action, write
from billing.payments.services import further_reference, request_release

IN_DOUBT = "The database was put back: it may have been asked before."
FOUND = "The database was put back: the gateway knows this payment, we did not."
FORGOTTEN_ROUNDS = 100
"""More intents than one payment can have had in the time that was forgotten."""
MOST_STEPS = 6
KEPT_FOR = timedelta(hours=24)
A_MONTH = timedelta(days=30)


def in_doubt(gateway: str) -> QuerySet[PaymentAuthorization]:
    """Payments at this gateway of which the gateway may have done more than we know, by state alone."""
    return PaymentAuthorization.objects.filter(gateway=gateway, state__in=WATCHED_STATES)


def doubt(payment_id: UUID, reference: str = "") -> None:
    """Have the payment looked into, and everything that is under way looked up before it is asked.

    `reference`: the gateway's name for it, where only the gateway knows it.
    """
    with transaction.atomic():
        row, now = PaymentAuthorization.objects.select_for_update().get(pk=payment_id), timezone.now()
        before = row.state
        if reference and not row.gateway_reference:
            row.gateway_reference = reference
            if row.state == State.CREATED:
                row.start_reserving(now)
        if row.state not in ASKED_ABOUT_STATES:
            return
        if row.state in (State.RESERVED, State.CAPTURED) and row.raise_amount is None:
            row.intent_round += FORGOTTEN_ROUNDS
        else:
            row.called_at = row.called_at or now
        if row.kept_until is not None:
            # Another try may have taken it over since: it is not let go of before somebody has looked.
            row.keep(now, now + KEPT_FOR)
        row.told_at = now
        if not row.is_leased(now):
            row.next_check_at = now
        write(row, Action.TOLD, at=now, came_from=before, message=IN_DOUBT)


@dataclass(frozen=True)
class Asked:
    """A payment, how it was, and how it is now that the gateway was asked. `silent`: it did not answer."""

    before: PaymentAuthorization
    row: PaymentAuthorization
    silent: bool


def ask(payment_id: UUID, reference: str = "") -> Asked:
    """Ask the gateway about a payment now. Safe at any time, any number of times."""
    before = PaymentAuthorization.objects.get(pk=payment_id)
    doubt(payment_id, reference)
    for _ in range(MOST_STEPS):
        drive(payment_id)
        row = PaymentAuthorization.objects.get(pk=payment_id)
        if row.next_check_at is None or row.next_check_at > timezone.now():
            break
    return Asked(before, row, _is_silent(row))


def _is_silent(row: PaymentAuthorization) -> bool:
    last = PaymentEvent.objects.filter(authorization=row).order_by("-pk").values_list("action", flat=True).first()
    return last == Action.UNREACHABLE


def recover(gateway: str, found: Standing) -> Asked:
    """Take into the books what the gateway has for us and we do not know, under the id that it was opened with.

    One that holds nothing is let go of, and not asked to hold anything: whoever opened it is forgotten, and would be
    able to pay it still.
    """
    row = _known_again(gateway, found)
    if found.held or found.captured:
        return ask(row.pk)
    request_release(row.pk, reason="nobody knows any more what it was opened for")
    return ask(row.pk)


def _known_again(gateway: str, found: Standing) -> PaymentAuthorization:
    now = timezone.now()
    with transaction.atomic():
        reference, main = _place_for(found.about, found.payment)
        row = PaymentAuthorization(
            pk=UUID(found.payment),
            reference=reference,
            main=main,
            purpose=_purpose_of(found.about) if main else PaymentAuthorization.Purpose.RESERVATION,
            gateway=gateway,
            gateway_reference=found.reference,
            amount=max(found.amount, found.held, found.captured, 1),
            currency=found.currency,
            opening={"metadata": dict(found.about)} if found.about else None,
        )
        write(row, Action.OPENED, at=now, came_from="", amount=row.amount, message=FOUND)
        row = PaymentAuthorization.objects.select_for_update().get(pk=row.pk)
        row.start_reserving(now)
        row.called_at = now
        write(row, Action.REQUESTED, at=now, came_from=State.CREATED, message=FOUND)
    return row


def _purpose_of(about: Mapping[str, str]) -> str:
    """What a further payment is for, as it was opened (`OpenRequest.metadata`)."""
    purposes = PaymentAuthorization.Purpose
    return about["purpose"] if about.get("purpose") in purposes.values else purposes.RESERVATION


def _place_for(about: Mapping[str, str], payment: str) -> tuple[str, PaymentAuthorization | None]:
    """(what it is for, the first payment of that): a session that is forgotten too, or one that has a payment."""
    wanted = about.get("session", "")[:40] or payment
    first = PaymentAuthorization.objects.filter(reference=wanted).first()
    if first is None:
        return wanted, None
    return further_reference(wanted), first


def captured_in_doubt(gateway: str, since: datetime, moved: set[str] | None) -> QuerySet[PaymentAuthorization]:
    """Captured payments of which something may have been given back or disputed that we do not know.

    `moved`: the gateway's references of those that did; None where it cannot say, and all of a month are asked about.
    """
    rows = PaymentAuthorization.objects.filter(gateway=gateway, state=State.CAPTURED)
    lately = Q(created_at__gte=since - A_MONTH)
    if moved is None:
        return rows.filter(lately)
    return rows.filter(lately & Q(updated_at__gte=since) | Q(gateway_reference__in=moved))
