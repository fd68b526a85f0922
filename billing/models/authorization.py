"""A reservation of a driver's money and what became of it."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django_fsm import FSMField, FSMModelMixin, transition

from partners.ground.deadlines import due_index


class State(models.TextChoices):
    """Where the money is."""

    CREATED = "created", "Created"
    RESERVING = "reserving", "Reserving"
    RESERVED = "reserved", "Reserved"
    CAPTURING = "capturing", "Capturing"
    CAPTURED = "captured", "Captured"
    REFUNDING = "refunding", "Refunding"
    RELEASING = "releasing", "Releasing"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    FAILED = "failed", "Failed"
    EXPIRED = "expired", "Expired"


# Nothing is held, and nothing is asked of the gateway unless staff want to give captured money back.
TERMINAL_STATES = (State.CAPTURED, State.RELEASED, State.DECLINED, State.FAILED, State.EXPIRED)
# The gateway holds money or owes us an answer about it, so somebody must look again at `next_check_at`.
WATCHED_STATES = (State.RESERVING, State.RESERVED, State.CAPTURING, State.RELEASING, State.REFUNDING)
TAKEN_STATES = (State.CAPTURED, State.REFUNDING)


class PaymentAuthorization(FSMModelMixin, models.Model):
    """Money of one driver reserved for one purpose: captured once, at most what was reserved, the rest
    released.

    Rule 24: the same reservation is never both captured and released in full. Changed by `billing.payments.services`
    only, which locks the row, checks the transition and writes a `PaymentEvent`.

    Amounts are integers in the currency's minor unit (4000 is 40.00 EUR).
    """

    State = State

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(
        max_length=64,
        unique=True,
        help_text="What is paid for: the ad-hoc session's id. One authorization each.",
    )
    gateway = models.CharField(max_length=32, help_text="Name of the payment gateway that holds the money.")
    payment_method = models.CharField(
        max_length=255, help_text="Opaque token from the terminal or the app; never a card number."
    )
    amount = models.BigIntegerField(help_text="To reserve, in minor units.")
    currency = models.CharField(max_length=3, help_text="ISO 4217.")
    capture_amount = models.BigIntegerField(
        null=True, blank=True, help_text="Asked to be captured, in minor units; empty until somebody asks."
    )
    captured_amount = models.BigIntegerField(default=0, help_text="Captured, in minor units.")
    refund_amount = models.BigIntegerField(
        null=True, blank=True, help_text="Being given back, in minor units; empty when nothing is."
    )
    refunded_amount = models.BigIntegerField(default=0, help_text="Given back of what was captured, in minor units.")

    state = FSMField(default=State.CREATED, choices=State.choices, protected=True, max_length=16)
    state_since = models.DateTimeField(default=timezone.now)
    next_check_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody must look again; empty when nothing is awaited."
    )
    leased_until = models.DateTimeField(
        null=True, blank=True, help_text="A worker is talking to the gateway until then at the latest."
    )
    called_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the gateway was last asked for what is under way; empty while it cannot have heard.",
    )
    attempts = models.PositiveIntegerField(default=0, help_text="Times the gateway was asked in this state.")
    intent_round = models.PositiveSmallIntegerField(
        default=1,
        help_text="Grows when the gateway refuses, and with each refund: asking anew is a new intent.",
    )

    gateway_reference = models.CharField(max_length=255, blank=True, help_text="The gateway's name for the charge.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the gateway lets go of the money.")
    expiry_warned_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    failure_message = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]
        permissions = [("move_money", "Can capture, release or give back money")]
        indexes = [
            due_index("billing_auth_due"),
            models.Index(fields=["gateway_reference"], name="billing_auth_gateway_ref"),
            models.Index(fields=["state", "-created_at"], name="billing_auth_by_state"),
            models.Index(fields=["-created_at"], name="billing_auth_created"),
            models.Index(fields=["gateway", "-created_at"], name="billing_auth_by_gateway"),
        ]
        constraints = [
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
                | (~Q(state__in=WATCHED_STATES) & Q(next_check_at__isnull=True)),
                name="billing_auth_watched_has_deadline",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} ({self.get_state_display()})"

    @property
    def is_terminal(self) -> bool:
        """Nothing is held, and nothing changes any more by itself."""
        return self.state in TERMINAL_STATES

    @property
    def kept_amount(self) -> int:
        """What the driver has paid in the end, in minor units: captured and not given back."""
        return self.captured_amount - self.refunded_amount

    @property
    def reserve_key(self) -> str:
        """The idempotency key of the reservation (rule 29)."""
        return f"{self.pk}:reserve"

    def key(self, intent: str) -> str:
        """The idempotency key of `capture`, `release` or `refund` (rule 29).

        It changes only after the gateway has definitely refused, or refunded: that intent is over, and its key
        would repeat its answer for ever. While an answer is in doubt the key stays.
        """
        return f"{self.pk}:{intent}" if self.intent_round == 1 else f"{self.pk}:{intent}:{self.intent_round}"

    def is_leased(self, now: datetime) -> bool:
        """A worker is talking to the gateway about this row."""
        return self.leased_until is not None and self.leased_until > now

    def _enter(self, now: datetime, check_at: datetime | None) -> None:
        """What every change of state does to the bookkeeping columns."""
        self.state_since = now
        self.attempts = 0
        # A worker in the middle of a call keeps its lease: the next call waits for its answer or its death.
        self.next_check_at = self.leased_until if check_at and self.leased_until and self.is_leased(now) else check_at

    def _end(self, now: datetime, code: str = "", message: str = "") -> None:
        self._enter(now, None)
        self.leased_until = self.called_at = None
        self.failure_code, self.failure_message = code, message[:500]

    @transition(field="state", source=State.CREATED, target=State.RESERVING)
    def start_reserving(self, now: datetime) -> None:
        """The gateway is asked to hold the money."""
        self._enter(now, now)

    @transition(field="state", source=[State.RESERVING, State.CAPTURING, State.RELEASING], target=State.RESERVED)
    def hold(self, now: datetime, code: str = "", message: str = "") -> None:
        """The gateway holds the money: from now on, or still, because it refused to capture or release."""
        self.expires_at = self.expires_at or now + DEFAULT_HOLD
        self._enter(now, None)
        self.called_at = None
        self.next_check_at = self.expiry_clock(now)
        self.failure_code, self.failure_message = code, message[:500]
        if code:
            self.intent_round += 1
            self.capture_amount = None

    @transition(field="state", source=State.RESERVED, target=State.CAPTURING)
    def start_capturing(self, now: datetime, amount: int) -> None:
        """The gateway is asked for a part of what it holds, or all of it."""
        self.capture_amount = amount
        self._enter(now, now)

    @transition(field="state", source=[State.RESERVING, State.RESERVED], target=State.RELEASING)
    def start_releasing(self, now: datetime) -> None:
        """The gateway is asked to let go of the money."""
        # Without the gateway's reference the question still open is what became of the reservation.
        if self.gateway_reference:
            self.called_at = None
        self._enter(now, now)

    @transition(field="state", source=State.CAPTURING, target=State.CAPTURED)
    def mark_captured(self, now: datetime, amount: int) -> None:
        """The driver has paid; what was held beyond that is free."""
        self.captured_amount = amount
        self._end(now)

    @transition(field="state", source=[State.CREATED, State.RESERVING, State.RELEASING], target=State.RELEASED)
    def mark_released(self, now: datetime) -> None:
        """Nothing is held any more, and nothing was paid."""
        # Why it had to be released, if the gateway refused to capture, is worth keeping.
        self._end(now, self.failure_code, self.failure_message)

    @transition(field="state", source=State.RESERVING, target=State.DECLINED)
    def mark_declined(self, now: datetime, code: str, message: str) -> None:
        """The bank says no."""
        self._end(now, code, message)

    @transition(field="state", source=State.RESERVING, target=State.FAILED)
    def mark_failed(self, now: datetime, code: str, message: str) -> None:
        """The gateway says no."""
        self._end(now, code, message)

    @transition(field="state", source=[State.RESERVING, State.RESERVED, State.CAPTURING], target=State.EXPIRED)
    def mark_expired(self, now: datetime, message: str) -> None:
        """The gateway let go of the money by itself."""
        self._end(now, "reservation_expired", message)

    @transition(field="state", source=State.CAPTURED, target=State.REFUNDING)
    def start_refunding(self, now: datetime, amount: int) -> None:
        """The gateway is asked to give back what the driver paid, or a part of it."""
        self.refund_amount, self.called_at = amount, None
        self._enter(now, now)

    @transition(field="state", source=State.REFUNDING, target=State.CAPTURED)
    def end_refunding(self, now: datetime, refunded: int, code: str = "", message: str = "") -> None:
        """The gateway gave `refunded` back, or refused: then it is 0, and `code` and `message` say why."""
        self.refunded_amount, self.refund_amount = self.refunded_amount + refunded, None
        self.intent_round += 1
        self._end(now, code, message)

    def warn_at(self) -> datetime:
        """When to warn that the reservation expires: a day before (rule 28), or halfway if it is short."""
        assert self.expires_at is not None
        return self.expires_at - min(EXPIRY_WARNING, (self.expires_at - self.state_since) / 2)

    def expiry_clock(self, now: datetime) -> datetime:
        """The next moment at which a held reservation needs somebody."""
        assert self.expires_at is not None
        return self.expires_at if self.expiry_warned_at or self.warn_at() <= now else self.warn_at()


# Cards hold a reservation for seven days (rule 28); assumed where a gateway does not say.
DEFAULT_HOLD = timedelta(days=7)
EXPIRY_WARNING = timedelta(days=1)
