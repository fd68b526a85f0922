"""AdHocSession: one driver's wish to charge at one connector. It owns the money and the clock."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django_fsm import GET_STATE, FSMField, FSMModelMixin, transition

from billing.models import PaymentAuthorization
from ocpi.models import Connector, Evse, Token
from partners.models import Partner
from sessions_adhoc.models.client import ClientKey
from sessions_adhoc.states import FOLLOWERS, TERMINAL, WITHOUT_CLOCK, State, choices

MOVING = (
    "state",
    "state_since",
    "next_check_at",
    "reason",
    "funds_reserved_at",
    "stop_requested_at",
    "cancel_requested_at",
    "charging_ended_at",
    "limit_told_at",
    "limit_stop_at",
    "retry_at",
    "ended_at",
    "occupies_id",
)
"""The columns that change in a session's life; the others were agreed when it began."""


class AdHocSession(FSMModelMixin, models.Model):
    """One ad-hoc session. Only `sessions_adhoc.lifecycle` moves it.

    `next_check_at` is the deadline column: a live state always has one, and the sweep brings back every row that is
    due, so that a lost task costs time and nothing else.
    """

    class Channel(models.TextChoices):
        QR = "qr", "QR code"
        WEB = "web", "Web link"
        TERMINAL = "terminal", "Payment terminal"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = FSMField(default=State.CREATED.value, choices=choices(), protected=True)
    state_since = models.DateTimeField()
    next_check_at = models.DateTimeField(null=True, blank=True)

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="ad_hoc_sessions")
    evse = models.ForeignKey(Evse, on_delete=models.PROTECT, related_name="ad_hoc_sessions", verbose_name="EVSE")
    occupies = models.OneToOneField(
        Evse,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="occupied_by",
        help_text="While it may charge there: nobody else can (rule 36).",
    )
    connector = models.ForeignKey(Connector, on_delete=models.SET_NULL, null=True, related_name="+")
    connector_number = models.CharField("connector ID", max_length=255, blank=True, default="")
    is_dc = models.BooleanField("DC", default=False)
    channel = models.CharField(max_length=8, choices=Channel.choices, default=Channel.QR)

    token = models.OneToOneField(Token, on_delete=models.PROTECT, related_name="ad_hoc_session")
    authorization = models.OneToOneField(
        PaymentAuthorization, on_delete=models.PROTECT, related_name="ad_hoc_session", verbose_name="payment"
    )
    amount = models.PositiveIntegerField("reserved amount", help_text="Minor units.")
    currency = models.CharField(max_length=3)

    client = models.ForeignKey(ClientKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    idempotency_key = models.CharField(max_length=255, blank=True, default="")
    request_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    previous = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The try before this one.",
    )

    policy = models.JSONField(default=dict, help_text="The values agreed when the session was created.")
    policy_sources = models.JSONField(default=dict, help_text="Per value: EVSE, location, partner, platform, default.")

    shown_tariff = models.JSONField(
        default=dict,
        help_text="What the driver was shown when the session was created: tariff, its version, VAT, time zone.",
    )

    funds_reserved_at = models.DateTimeField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    charging_ended_at = models.DateTimeField(null=True, blank=True)
    limit_told_at = models.DateTimeField(
        null=True, blank=True, help_text="When 90 % of the reservation was used (rule 33)."
    )
    limit_stop_at = models.DateTimeField(
        null=True, blank=True, help_text="When we last asked for the end because the reservation is nearly used up."
    )
    retry_at = models.DateTimeField(null=True, blank=True, help_text="When the next attempt is due.")
    reason = models.CharField(max_length=40, blank=True, default="", help_text="Why it ended or is escalated.")
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "ad-hoc session"
        ordering = ["-created_at"]
        permissions = [("operate_session", "Can check and stop ad-hoc sessions")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=sorted(WITHOUT_CLOCK), next_check_at__isnull=True)
                | models.Q(state__in=sorted(set(State) - TERMINAL), next_check_at__isnull=False)
                | models.Q(state=State.ESCALATED.value),
                name="live_sessions_have_a_clock",
            ),
            models.UniqueConstraint(
                fields=["client", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="one_session_per_idempotency_key",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_check_at"], condition=models.Q(next_check_at__isnull=False), name="sessions_due"
            ),
            models.Index(fields=["state", "-created_at"]),
            models.Index(fields=["partner", "-created_at"]),
            models.Index(fields=["-created_at"]),
            models.Index(fields=["channel", "-created_at"], name="sessions_by_channel"),
            models.Index(fields=["evse"], condition=models.Q(ended_at__isnull=True), name="live_sessions_by_evse"),
        ]

    def __str__(self) -> str:
        return f"{str(self.id)[:8]} at {self.evse}"

    @transition(
        field=state,
        source="*",
        target=GET_STATE(lambda self, target: target, states=[s.value for s in State]),
    )
    def move(self, target: str) -> str:
        """Enter `target`. Raises `ValidationError` when the table of states does not allow it."""
        if State(target) not in FOLLOWERS[State(self.state)]:
            raise ValidationError(f"an ad-hoc session cannot go from {self.state} to {target}")
        return target

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL
