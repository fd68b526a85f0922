"""A reservation of a driver's money and what became of it."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone
from django_fsm import FSMField, FSMModelMixin, transition

from billing.models.authorization_rules import CONSTRAINTS, INDEXES
from billing.models.payment_states import REFUSABLE, TERMINAL_STATES, DisputeState, Purpose, State


class PaymentAuthorization(FSMModelMixin, models.Model):
    """Money of one driver reserved for one purpose: captured once, at most what was reserved, the rest
    released.

    Rule 24: the same reservation is never both captured and released in full. Changed by `billing.payments.services`
    only, which locks the row, checks the transition and writes a `PaymentEvent`.

    Amounts are integers in the currency's minor unit (4000 is 40.00 EUR).
    """

    State = State
    Purpose = Purpose

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reference = models.CharField(
        max_length=64,
        unique=True,
        help_text="What is paid for: the ad-hoc session's id. A further payment of it has a number behind that.",
    )
    purpose = models.CharField(
        max_length=11, choices=Purpose.choices, default=Purpose.RESERVATION, db_default=Purpose.RESERVATION
    )
    main = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="further",
        help_text="The first payment of the same charge, where this is a further one.",
    )
    collects = models.ForeignKey(
        "billing.OutstandingAmount", on_delete=models.PROTECT, null=True, db_index=False, related_name="+"
    )
    """The receivable that the driver has paid with it, or a part of it."""
    handed_to = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where the money is that this one held: another try goes on with it.",
    )
    kept_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Its charge came to nothing: until then it stays held for another try, then it is released.",
    )
    gateway = models.CharField(max_length=32, help_text="Name of the payment gateway that holds the money.")
    payment_method = models.CharField(
        max_length=255,
        blank=True,
        help_text="Opaque token from the terminal or the app; never a card number. Empty: chosen at the gateway.",
    )
    opening = models.JSONField(
        null=True,
        blank=True,
        help_text="What the reservation is opened with besides: return_url, locale, description, email, metadata.",
    )
    adopted = models.BooleanField(
        default=False, db_default=False, help_text="A payment terminal held the money before: it is taken over."
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
    raise_amount = models.BigIntegerField(
        null=True, blank=True, help_text="To be held in all, in minor units; empty when nothing more is asked for."
    )
    most_capturable = models.BigIntegerField(
        null=True, blank=True, help_text="What the gateway would capture at most, where that is not the amount."
    )
    dispute = models.CharField(
        max_length=8, blank=True, choices=DisputeState.choices, default=DisputeState.NONE, db_default=DisputeState.NONE
    )
    disputed_amount = models.BigIntegerField(
        default=0, db_default=0, help_text="What the driver's bank disputes, or took back, in minor units."
    )

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

    spent_keys = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="Idempotency keys for which the gateway would only repeat that it failed itself.",
    )
    told_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway last told of something that was not looked into yet."
    )

    gateway_reference = models.CharField(max_length=255, blank=True, help_text="The gateway's name for the charge.")
    card = models.CharField(max_length=4, blank=True, default="", db_default="", help_text="Its last four digits.")
    action = models.BinaryField(
        null=True, editable=False, help_text="What the driver has to do before money is held. Encrypted."
    )
    action_until = models.DateTimeField(null=True, blank=True, help_text="Until when the driver can do it.")
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the gateway lets go of the money.")
    expiry_warned_at = models.DateTimeField(null=True, blank=True)
    failure_code = models.CharField(max_length=64, blank=True)
    failure_message = models.CharField(max_length=500, blank=True)
    refused_verb = models.CharField(
        max_length=7,
        blank=True,
        default="",
        db_default="",
        help_text="What the gateway refused to do with what it holds.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at"]
        permissions = [("move_money", "Can capture, release or give back money")]
        indexes = INDEXES
        constraints = CONSTRAINTS

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
    def refundable_amount(self) -> int:
        """What can be given back, in minor units: what the driver's bank took back, the driver has already."""
        lost = self.disputed_amount if self.dispute == DisputeState.LOST else 0
        return max(0, self.kept_amount - lost)

    @property
    def reserve_key(self) -> str:
        """The idempotency key of the reservation (rule 29)."""
        return f"{self.pk}:reserve"

    @property
    def was_reserved(self) -> bool:
        """The gateway held the money at some time."""
        return self.expires_at is not None and self.state != State.DECLINED

    @property
    def may_be_captured(self) -> int:
        """The most that a capture may take, in minor units: what is reserved, or less where the gateway says so."""
        return self.amount if self.most_capturable is None else min(self.amount, self.most_capturable)

    def key(self, intent: str) -> str:
        """The key of `capture`, `release`, `refund` or `raise` (rule 29).

        It changes only after the gateway has definitely refused, or refunded: that intent is over, and its key
        would repeat its answer for ever. While an answer is in doubt the key stays.
        """
        return f"{self.pk}:{intent}" if self.intent_round == 1 else f"{self.pk}:{intent}:{self.intent_round}"

    def await_driver(self, now: datetime, action: bytes | None, until: datetime | None, check_at: datetime) -> None:
        """Nothing is held until the driver acts; the gateway is asked from time to time whether that has happened."""
        self.action, self.action_until = action, until
        self.attempts, self.next_check_at = 0, check_at

    def is_leased(self, now: datetime) -> bool:
        """A worker is talking to the gateway about this row."""
        return self.leased_until is not None and self.leased_until > now

    def _enter(self, now: datetime, check_at: datetime | None) -> None:
        """What every change of state does to the bookkeeping columns."""
        self.state_since = now
        self.attempts = self.spent_keys = 0
        self.raise_amount = self.kept_until = None
        # A worker in the middle of a call keeps its lease: the next call waits for its answer or its death.
        self.next_check_at = check_at and (self._free_at(now) or check_at)

    def _free_at(self, now: datetime) -> datetime | None:
        """When the worker that asks the gateway has to be done; None where there is none."""
        return self.leased_until if self.is_leased(now) else None

    def _end(self, now: datetime, code: str = "", message: str = "") -> None:
        self._enter(now, None)
        self.leased_until = self.called_at = None
        self._forget_driver()
        self.failure_code, self.failure_message = code, message[:500]

    def _forget_driver(self) -> None:
        """What only opening and paying needed is not kept for longer."""
        self.action = self.action_until = None
        if self.opening and "email" in self.opening:
            self.opening = {name: value for name, value in self.opening.items() if name != "email"}

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
        self._forget_driver()
        self.failure_code, self.failure_message = code, message[:500]
        self.refused_verb = REFUSABLE.get(self.state, "") if code else ""
        if code:
            self.intent_round += 1
            self.capture_amount = None

    @transition(field="state", source=State.RESERVED, target=State.CAPTURING)
    def start_capturing(self, now: datetime, amount: int) -> None:
        """The gateway is asked for a part of what it holds, or all of it."""
        self.capture_amount, self.called_at = amount, None
        self._enter(now, now)

    @transition(field="state", source=[State.CREATED, State.RESERVING, State.RESERVED], target=State.RELEASING)
    def start_releasing(self, now: datetime) -> None:
        """The gateway is asked to let go of the money."""
        # Without the gateway's reference the question still open is what became of the reservation.
        if self.gateway_reference:
            self.called_at = None
        self._enter(now, now)
        self._forget_driver()

    @transition(field="state", source=[State.RESERVED, State.CAPTURING, State.RELEASING], target=State.CAPTURED)
    def mark_captured(self, now: datetime, amount: int) -> None:
        """The driver has paid, whoever took the money; what was held beyond that is free."""
        self.captured_amount = amount
        self._end(now)

    @transition(field="state", source=[State.CREATED, State.RESERVING, State.RELEASING], target=State.RELEASED)
    def mark_released(self, now: datetime) -> None:
        """Nothing is held any more, and nothing was paid."""
        # Why it had to be released, if the gateway refused to capture, is worth keeping.
        self._end(now, self.failure_code, self.failure_message)

    @transition(field="state", source=State.CREATED, target=State.HANDED_ON)
    def stand_for(self, now: datetime, heir: "PaymentAuthorization") -> None:
        """In the place of one whose money another try goes on with: here nothing is held."""
        self.handed_to = heir
        self._end(now)

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

    def start_raising(self, now: datetime, amount: int) -> None:
        """The gateway is asked to hold more. The money stays reserved meanwhile, and may be captured or released."""
        self.raise_amount, self.called_at = amount, None
        self.attempts, self.next_check_at = 0, self._free_at(now) or now

    def end_raising(self, now: datetime, *, done: bool) -> None:
        """The gateway holds more now, or what it held before."""
        if done and self.raise_amount is not None:
            self.amount, self.most_capturable = self.raise_amount, None
        self.intent_round += 1
        self.raise_amount = self.called_at = None
        self.attempts = self.spent_keys = 0
        self.next_check_at = self.expiry_clock(now)

    def warn_at(self) -> datetime:
        """When to warn that the reservation expires: a day before (rule 28), or halfway if it is short."""
        assert self.expires_at is not None
        return self.expires_at - min(EXPIRY_WARNING, (self.expires_at - self.state_since) / 2)

    def expiry_clock(self, now: datetime) -> datetime:
        """The next moment at which a held reservation needs somebody."""
        assert self.expires_at is not None
        end = self.expires_at if self.expiry_warned_at or self.warn_at() <= now else self.warn_at()
        return min(end, self.kept_until) if self.kept_until else end

    def keep(self, now: datetime, until: datetime | None) -> None:
        """Stay held for another try until then, or, None, for as long as whoever has it needs it."""
        self.kept_until = until
        if self.raise_amount is None:
            self.next_check_at = self._free_at(now) or self.expiry_clock(now)

    def was_kept_too_long(self, now: datetime) -> bool:
        """Nobody tried again in time."""
        return self.kept_until is not None and self.kept_until <= now


# Cards hold a reservation for seven days (rule 28); assumed where a gateway does not say.
DEFAULT_HOLD = timedelta(days=7)
EXPIRY_WARNING = timedelta(days=1)
