"""Onboarding: the stages of the guide's section 7, what was overruled, tested, confirmed and signed.

One integration is one `Onboarding` with up to two connections: a partner row per environment, each with its own
endpoint code, tokens, objects and messages. It begins at the first row (usually test); `production` names the second,
made in stage 4. A CPO without a test system has one row, in production, which then stands for both.

Off-boarding ends an `Onboarding` for good, with all that was said and signed in it. A CPO that comes back gets a new
one.
"""

from django.conf import settings
from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from onboarding.guide import GO_LIVE_ACTIONS, STAGES, TESTS, TITLES, Side, Stage, Verified, verify
from partners.models.partner import Partner

SIDES = [(Side.SFP.value, "Smart Fuel Pass"), (Side.CPO.value, "CPO")]
STAGE_NAMES = [(stage.key.value, f"{stage.number} {stage.title}".strip()) for stage in STAGES]
NOT_ENDED = ~models.Q(stage=Stage.OFF_BOARDED.value)
BEFORE_OFF_BOARDING = [stage.value for stage in Stage if stage != Stage.OFF_BOARDED]


class Onboarding(FSMModelMixin, models.Model):
    """Where an integration stands. `onboarding.stages.moving` is the only one who moves it, under the row's lock."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="onboardings")
    production = models.ForeignKey(
        Partner,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="tested_as",
        help_text="The connection in production, where it is another one than the tested one.",
    )
    stage = FSMField(default=Stage.PRE_INTEGRATION.value, choices=STAGE_NAMES, protected=True)
    stage_since = models.DateTimeField()
    setup_told_at = models.DateTimeField(
        null=True, blank=True, help_text="When the CPO was told that its endpoint is ready (guide 7.2)."
    )
    window_agreed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the integration window was agreed last: what the CPO suggests later is new.",
    )
    endpoint_checked_at = models.DateTimeField(null=True, blank=True, help_text="When we last called our own endpoint.")
    endpoint_answers = models.BooleanField(default=False, help_text="Whether it answered as it should.")
    endpoint_text = models.CharField(max_length=300, blank=True, default="", help_text="What it answered.")
    evidence_from = models.DateTimeField(help_text="Older traffic proves nothing: it was before this integration.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner"], condition=NOT_ENDED, name="one_onboarding_at_a_time_per_partner"
            ),
            models.UniqueConstraint(
                fields=["production"], condition=NOT_ENDED, name="one_onboarding_at_a_time_per_production"
            ),
        ]
        indexes = [models.Index(fields=["stage", "stage_since"])]

    def __str__(self) -> str:
        return f"Onboarding of {self.partner.name}"

    @transition(field=stage, source=Stage.PRE_INTEGRATION.value, target=Stage.INFRASTRUCTURE.value)
    def finish_preparing(self) -> None:
        """All that the guide's section 3 asks for is there and a window is agreed."""

    @transition(field=stage, source=Stage.INFRASTRUCTURE.value, target=Stage.HANDSHAKE.value)
    def finish_provisioning(self) -> None:
        """Our endpoint answers and the CPO knows its data."""

    @transition(field=stage, source=Stage.HANDSHAKE.value, target=Stage.TESTING.value)
    def finish_registering(self) -> None:
        """Both sides hold each other's tokens, and theirs was seen to work."""

    @transition(field=stage, source=Stage.TESTING.value, target=Stage.GO_LIVE.value)
    def finish_testing(self) -> None:
        """The seven functional tests are passed."""

    @transition(field=stage, source=Stage.GO_LIVE.value, target=Stage.LIVE.value)
    def sign_off(self) -> None:
        """Both sides confirmed that the integration is live."""

    @transition(field=stage, source=BEFORE_OFF_BOARDING, target=Stage.OFF_BOARDED.value)
    def off_boarded(self) -> None:
        """The integration was ended; its data is kept."""


class StageChange(models.Model):
    """One move from stage to stage. Append-only."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="changes")
    stage_from = models.CharField(max_length=20, choices=STAGE_NAMES)
    stage_to = models.CharField(max_length=20, choices=STAGE_NAMES)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    note = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        """The move; the stage alone where something was only remarked."""
        if self.stage_from == self.stage_to:
            return str(self.get_stage_to_display())
        return f"{self.get_stage_from_display()} → {self.get_stage_to_display()}"


class StageOverride(models.Model):
    """Staff went on without a condition. Append-only: it is shown for ever, with what was missing then."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="overrides")
    condition = models.CharField(max_length=40)
    stage = models.CharField(max_length=20, choices=STAGE_NAMES)
    missing = models.TextField(help_text="What was missing when it was overruled.")
    reason = models.TextField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["onboarding", "condition"], name="condition_overruled_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title}: {self.reason}"

    @property
    def title(self) -> str:
        """The condition as people read it."""
        return TITLES.get(self.condition, self.condition)


class FunctionalTest(models.Model):
    """One of the seven tests of guide 7.4. `seen_at` is set by evidence, the verdicts by people of either side."""

    class Verdict(models.TextChoices):
        NONE = "", "None yet"
        PASSED = "passed", "Passed"
        FAILED = "failed", "Failed"

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="tests")
    key = models.CharField(max_length=20, choices=[(test.key, test.title) for test in TESTS])
    seen_at = models.DateTimeField(null=True, blank=True)
    sfp_verdict = models.CharField(max_length=6, choices=Verdict.choices, blank=True, default="")
    sfp_by = models.CharField(max_length=150, blank=True, default="")
    sfp_at = models.DateTimeField(null=True, blank=True)
    cpo_verdict = models.CharField(max_length=6, choices=Verdict.choices, blank=True, default="")
    cpo_by = models.CharField(max_length=150, blank=True, default="")
    cpo_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True, default="", help_text="Why it failed, or what the verdict rests on.")

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["onboarding", "key"], name="one_row_per_functional_test")]

    def __str__(self) -> str:
        return f"{self.get_key_display()}: {self.state.value}"

    @property
    def state(self) -> Verified:
        """Waiting, seen, passed by one side, passed, failed."""
        return verify(self.key, seen=bool(self.seen_at), sfp=self.sfp_verdict, cpo=self.cpo_verdict)


class Evidence(models.Model):
    """A row of the platform that shows a test working: found by itself, linked for people."""

    test = models.ForeignKey(FunctionalTest, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=30, help_text="What it shows, for example started or result.")
    label = models.CharField(max_length=300)
    model = models.CharField(max_length=60, help_text="app.model of the row.")
    object_pk = models.CharField(max_length=40)
    at = models.DateTimeField(help_text="When it happened.")

    class Meta:
        verbose_name_plural = "evidence"
        ordering = ["at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["test", "kind", "model", "object_pk"], name="evidence_listed_once"),
        ]

    def __str__(self) -> str:
        return self.label


class GoLiveAction(models.Model):
    """One side did its part of one of the four actions of guide 7.5."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="go_live_actions")
    action = models.CharField(max_length=20, choices=[(action.key, action.title) for action in GO_LIVE_ACTIONS])
    side = models.CharField(max_length=3, choices=SIDES)
    name = models.CharField(max_length=150, help_text="Who said so.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    note = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["onboarding", "action", "side"], name="go_live_action_done_once_per_side"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} ({self.get_side_display()})"


class SignOff(models.Model):
    """One party's signature under the integration. Never changed."""

    onboarding = models.ForeignKey(Onboarding, on_delete=models.CASCADE, related_name="sign_offs")
    side = models.CharField(max_length=3, choices=SIDES)
    name = models.CharField(max_length=100)
    role = models.CharField(max_length=100)
    signed_on = models.DateField(help_text="The date on the form.")
    signed_at = models.DateTimeField(help_text="When the form was sent.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    source_address = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["signed_at"]
        constraints = [models.UniqueConstraint(fields=["onboarding", "side"], name="each_side_signs_once")]

    def __str__(self) -> str:
        return f"{self.get_side_display()}: {self.name}, {self.role}, {self.signed_on}"
