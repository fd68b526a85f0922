"""What the database itself holds of a payment authorization (rule 24), and by what it finds one."""

from django.db import models
from django.db.models import F, Q

from billing.models.payment_states import TAKEN_STATES, WATCHED_STATES, State
from partners.ground.deadlines import due_index

CONSTRAINTS: list[models.BaseConstraint] = [
    models.CheckConstraint(condition=Q(amount__gt=0), name="billing_auth_amount_positive"),
    models.CheckConstraint(
        condition=Q(captured_amount__gte=0, captured_amount__lte=F("amount")),
        name="billing_auth_captured_within_amount",
    ),
    models.CheckConstraint(
        condition=Q(state__in=TAKEN_STATES, captured_amount__gt=0)
        | (~Q(state__in=TAKEN_STATES) & Q(captured_amount=0)),
        name="billing_auth_captured_only_when_captured",
    ),
    models.CheckConstraint(
        condition=Q(capture_amount__isnull=True) | Q(capture_amount__gt=0, capture_amount__lte=F("amount")),
        name="billing_auth_capture_within_amount",
    ),
    models.CheckConstraint(
        condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("captured_amount")),
        name="billing_auth_refunded_within_captured",
    ),
    models.CheckConstraint(
        condition=Q(state=State.REFUNDING, refund_amount__isnull=False, refund_amount__gt=0)
        & Q(refund_amount__lte=F("captured_amount") - F("refunded_amount"))
        | (~Q(state=State.REFUNDING) & Q(refund_amount__isnull=True)),
        name="billing_auth_refund_within_captured",
    ),
    models.CheckConstraint(
        condition=Q(state__in=WATCHED_STATES, next_check_at__isnull=False)
        | (~Q(state__in=WATCHED_STATES) & Q(next_check_at__isnull=True))
        | Q(state=State.CAPTURED),
        name="billing_auth_watched_has_deadline",
    ),
    models.CheckConstraint(
        condition=Q(raise_amount__isnull=True)
        | Q(state=State.RESERVED, raise_amount__gt=F("amount"), raise_amount__isnull=False),
        name="billing_auth_raised_while_reserved",
    ),
    models.CheckConstraint(
        condition=Q(kept_until__isnull=True) | Q(state=State.RESERVED), name="billing_auth_kept_while_reserved"
    ),
    models.CheckConstraint(
        condition=Q(handed_to__isnull=True) | Q(state=State.HANDED_ON), name="billing_auth_handed_on_to_another"
    ),
    models.UniqueConstraint(
        fields=["gateway", "gateway_reference"], condition=Q(adopted=True), name="billing_auth_adopted_once"
    ),
]

INDEXES: list[models.Index] = [
    due_index("billing_auth_due"),
    models.Index(fields=["gateway_reference"], name="billing_auth_gateway_ref"),
    models.Index(fields=["state", "-created_at"], name="billing_auth_by_state"),
    models.Index(fields=["-created_at"], name="billing_auth_created"),
    models.Index(fields=["card", "-created_at"], condition=~models.Q(card=""), name="billing_auth_by_card"),
    models.Index(fields=["gateway", "-created_at"], name="billing_auth_by_gateway"),
    models.Index(fields=["dispute", "-created_at"], condition=~models.Q(dispute=""), name="billing_auth_disputed"),
]
