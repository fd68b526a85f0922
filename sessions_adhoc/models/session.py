"""AdHocSession: one driver's wish to charge at one connector. It owns the money and the clock."""

import uuid
from datetime import datetime

from django.db import models
from django.utils.functional import cached_property
from django_fsm import FSMField, FSMModelMixin, TransitionNotAllowed, transition

from billing.models import PaymentAuthorization
from ocpi.models import Connector, Evse, Location, Token
from ocpi.versions import VERSIONS
from partners.ground.deadlines import due_index
from partners.models import Partner
from sessions_adhoc.models.client import ClientKey
from sessions_adhoc.states import BEFORE_START, TERMINAL, WITHOUT_CLOCK, State, choices

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
    "limit_wanted",
    "limit_refused_at",
    "has_additions",
    "amount",
    "retry_at",
    "ended_at",
    "occupies_id",
    "billed_by",
)
"""The columns that change in a session's life; the others were agreed when it began."""


class AdHocSession(FSMModelMixin, models.Model):
    """One ad-hoc session. Only `sessions_adhoc.engine.lifecycle` moves it, by the transitions below.

    `next_check_at` is the deadline column: a live state always has one, and the sweep brings back every row that is
    due, so that a lost task costs time and nothing else.
    """

    class BilledBy(models.TextChoices):
        CDR = "cdr", "the CDR"
        OWN = "own", "our own calculation"

    class Channel(models.TextChoices):
        QR = "qr", "QR code"
        WEB = "web", "Web link"
        TERMINAL = "terminal", "Payment terminal"
        CONTRACT = "contract", "Contract"

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
    contract_token = models.ForeignKey(
        Token,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="Of our contract with the driver: START_SESSION names it where the charge is named besides.",
    )
    authorization = models.OneToOneField(
        PaymentAuthorization, on_delete=models.PROTECT, related_name="ad_hoc_session", verbose_name="payment"
    )
    amount = models.PositiveIntegerField(
        "reserved amount", help_text="The most that the driver pays, in minor units; it may be raised while charging."
    )
    limit_wanted = models.PositiveIntegerField(
        null=True, blank=True, help_text="A higher limit that the driver has asked for, until the gateway has answered."
    )
    limit_refused_at = models.DateTimeField(
        null=True, blank=True, help_text="When the gateway refused to hold what the driver asked for last."
    )
    has_additions = models.BooleanField(
        default=False,
        db_default=False,
        help_text="The driver was asked for a further hold while charging: only then is there any to look for.",
    )
    waived = models.PositiveIntegerField(
        default=0,
        db_default=0,
        help_text="What staff gave back although the CDRs asked for it, in minor units: it is not owed again.",
    )
    currency = models.CharField(max_length=3)

    client = models.ForeignKey(ClientKey, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    idempotency_key = models.CharField(max_length=255, blank=True, default="")
    request_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    locale = models.CharField(
        "language", max_length=2, blank=True, default="", db_default="", help_text="In which the driver is spoken to."
    )
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

    offer = models.JSONField(
        default=dict,
        db_column="shown_tariff",
        help_text="What the driver was offered when the session was created: tariff, VAT, price plan, words, limit.",
    )
    offer_hash = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="SHA-256 of the offer's canonical JSON; empty for sessions that are older than it.",
    )

    billed_by = models.CharField(
        max_length=3,
        choices=BilledBy.choices,
        blank=True,
        default="",
        db_default="",
        help_text="What the driver's money was taken for; empty where staff decided, or nothing was taken.",
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
            due_index("sessions_due"),
            models.Index(fields=["state", "-created_at"]),
            models.Index(fields=["partner", "-created_at"]),
            models.Index(fields=["-created_at"]),
            models.Index(fields=["channel", "-created_at"], name="sessions_by_channel"),
            models.Index(fields=["evse"], condition=models.Q(ended_at__isnull=True), name="live_sessions_by_evse"),
        ]

    def __str__(self) -> str:
        return f"{str(self.id)[:8]} at {self.evse}"

    def enter(self, target: State, now: datetime, reason: str) -> None:
        """Take the transition that leads to `target`; `reason` is why, as a code.

        Raises:
            TransitionNotAllowed: none leads there from the session's state.
        """
        name = TRANSITIONS.get((State(self.state), target))
        if name is None:
            raise TransitionNotAllowed(f"an ad-hoc session cannot go from {self.state} to {target}")
        getattr(self, name)(now, reason)

    def _note_move(self, now: datetime, reason: str) -> None:
        """What every change of state does to the bookkeeping columns."""
        self.state_since, self.reason = now, reason

    def _charging_ended(self, now: datetime, reason: str) -> None:
        self._note_move(now, reason)
        self.charging_ended_at = self.charging_ended_at or now

    def _end(self, now: datetime, reason: str) -> None:
        self._note_move(now, reason)
        self.ended_at = now

    @transition(field=state, source=State.CREATED.value, target=State.AUTHORIZING.value)
    def start_authorizing(self, now: datetime, reason: str) -> None:
        """The driver's money is asked for."""
        self._note_move(now, reason)

    @transition(field=state, source=State.AUTHORIZING.value, target=State.AUTHORIZED.value)
    def mark_authorized(self, now: datetime, reason: str) -> None:
        """The money is reserved (rule 2)."""
        self.funds_reserved_at = now
        self._note_move(now, reason)

    @transition(field=state, source=State.AUTHORIZED.value, target=State.WAITING_FOR_CONNECTOR.value)
    def wait_for_connector(self, now: datetime, reason: str) -> None:
        """The cable is not plugged in yet."""
        self._note_move(now, reason)

    @transition(
        field=state, source=[State.AUTHORIZED.value, State.WAITING_FOR_CONNECTOR.value], target=State.STARTING.value
    )
    def start(self, now: datetime, reason: str) -> None:
        """A START_SESSION goes out."""
        self._note_move(now, reason)

    @transition(field=state, source=[State.STARTING.value, State.VALIDATING.value], target=State.STARTING.value)
    def start_again(self, now: datetime, reason: str) -> None:
        """Another START_SESSION goes out, in an attempt of its own."""
        self._note_move(now, reason)

    @transition(field=state, source=State.STARTING.value, target=State.VALIDATING.value)
    def start_validating(self, now: datetime, reason: str) -> None:
        """Its Session is there; energy has to show that it charges."""
        self._note_move(now, reason)

    @transition(field=state, source=State.ESCALATED.value, target=State.VALIDATING.value)
    def validate_again(self, now: datetime, reason: str) -> None:
        """A charge that was given up shows itself after all."""
        self._note_move(now, reason)

    @transition(field=state, source=State.VALIDATING.value, target=State.CHARGING.value)
    def mark_charging(self, now: datetime, reason: str) -> None:
        """Energy flows."""
        self._note_move(now, reason)

    @transition(field=state, source=State.CHARGING.value, target=State.STOPPING.value)
    def start_stopping(self, now: datetime, reason: str) -> None:
        """A STOP_SESSION goes out."""
        self._note_move(now, reason)

    @transition(field=state, source=State.STOPPING.value, target=State.CHARGING.value)
    def charge_on(self, now: datetime, reason: str) -> None:
        """The STOP had no effect."""
        self._note_move(now, reason)

    @transition(field=state, source=[State.CHARGING.value, State.STOPPING.value], target=State.AWAITING_CDR.value)
    def await_cdr(self, now: datetime, reason: str) -> None:
        """Charging has ended; what it costs is not known yet."""
        self._charging_ended(now, reason)

    @transition(field=state, source=State.ESCALATED.value, target=State.AWAITING_CDR.value)
    def await_cdr_again(self, now: datetime, reason: str) -> None:
        """A charge that was given up turns out to have ended."""
        self._charging_ended(now, reason)

    @transition(
        field=state,
        source=[State.STARTING.value, State.VALIDATING.value, State.AWAITING_CDR.value],
        target=State.ESCALATED.value,
    )
    def escalate(self, now: datetime, reason: str) -> None:
        """Staff have to look: what became of it is not known."""
        self._note_move(now, reason)

    @transition(field=state, source=[State.AWAITING_CDR.value, State.ESCALATED.value], target=State.SETTLED.value)
    def mark_settled(self, now: datetime, reason: str) -> None:
        """What it cost is paid, the rest released."""
        self._end(now, reason)

    @transition(
        field=state,
        source=[
            State.AUTHORIZING.value,
            State.AUTHORIZED.value,
            State.WAITING_FOR_CONNECTOR.value,
            State.STARTING.value,
            State.VALIDATING.value,
            State.ESCALATED.value,
        ],
        target=State.FAILED.value,
    )
    def mark_failed(self, now: datetime, reason: str) -> None:
        """It ends without a charge that the driver pays for."""
        self._end(now, reason)

    @transition(
        field=state,
        source=[state.value for state in State if state in BEFORE_START],
        target=State.CANCELLED.value,
    )
    def mark_cancelled(self, now: datetime, reason: str) -> None:
        """It ends before a START_SESSION went out."""
        self._end(now, reason)

    @property
    def told_token(self) -> Token:
        """The token that the CPO is told: the contract's, where a reference tells its charges apart (2.2 on)."""
        version = VERSIONS.get(self.partner.version)
        named = version is not None and version.commands_name_charges
        return self.contract_token if self.contract_token and named else self.token

    @cached_property
    def parties_with_its_ids(self) -> frozenset[tuple[str, str]]:
        """(country_code, party_id) of all parties of this partner that have a charger of the same ids."""
        location = self.evse.location
        found = Location.objects.filter(partner_id=self.partner_id, ocpi_key=location.ocpi_id.lower())
        of_these = found.filter(evses__uid_key=self.evse.uid.lower())
        return frozenset(of_these.values_list("country_code", "party_id"))

    @property
    def is_terminal(self) -> bool:
        return self.state in TERMINAL


TRANSITIONS: dict[tuple[State, State], str] = {
    (State(str(one.source)), State(str(one.target))): one.name
    for one in AdHocSession._meta.get_field("state").get_all_transitions(AdHocSession)
}
"""Which state may follow which, by the name of the transition."""
