"""Registering, rotating and unregistering as a job with steps (guide 7.3.1; OCPI 2.2.1 §7.1)."""

from django.conf import settings
from django.db import models
from django_fsm import FSMField, FSMModelMixin, transition

from partners.ground.deadlines import due_index
from partners.models import IssuedToken, Partner


class HandshakeRun(FSMModelMixin, models.Model):
    """One registration, rotation or unregistration that we began, at once or in the agreed window.

    A live run has a `next_check_at`, which is also the lease of the worker that advances it.
    """

    class Kind(models.TextChoices):
        REGISTER = "register", "Registration"
        ROTATE = "rotate", "Rotation"
        UNREGISTER = "unregister", "Unregistration"

    class State(models.TextChoices):
        SCHEDULED = "scheduled", "Scheduled"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Step(models.TextChoices):
        VERSIONS = "versions", "Read their versions"
        DETAILS = "details", "Read the version's details"
        MODULES = "modules", "Check the modules"
        CREDENTIALS = "credentials", "Exchange credentials"
        FINISH = "finish", "Confirm the connection"
        LEAVE = "leave", "Unregister"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="handshakes")
    kind = models.CharField(max_length=10, choices=Kind.choices, default=Kind.REGISTER)
    state = FSMField(default=State.SCHEDULED, choices=State.choices, protected=True)
    step = models.CharField(max_length=12, choices=Step.choices, default=Step.VERSIONS)
    window_starts_at = models.DateTimeField()
    window_ends_at = models.DateTimeField(help_text="No new try is made after this.")
    next_check_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    version = models.CharField("OCPI version", max_length=10, blank=True, default="")
    details_url = models.CharField(max_length=500, blank=True, default="")
    endpoints = models.JSONField(default=list, blank=True)
    issued_token = models.ForeignKey(IssuedToken, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    credentials_sent_at = models.DateTimeField(null=True, blank=True)
    cause = models.TextField(blank=True, default="", help_text="Why it failed, in plain words.")
    advice = models.TextField(blank=True, default="", help_text="What to do about it.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(state__in=["scheduled", "running"]),
                name="one_live_handshake_per_partner",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["scheduled", "running"], next_check_at__isnull=False)
                | models.Q(state__in=["succeeded", "failed", "cancelled"], next_check_at__isnull=True),
                name="live_handshakes_have_a_clock",
            ),
        ]
        indexes = [due_index("handshakes_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} with {self.partner}"

    @transition(field=state, source=State.SCHEDULED, target=State.RUNNING)
    def begin(self) -> None:
        """The window opened."""

    @transition(field=state, source=State.RUNNING, target=State.SUCCEEDED)
    def succeed(self) -> None:
        """Both sides hold each other's tokens."""

    @transition(field=state, source=[State.SCHEDULED, State.RUNNING], target=State.FAILED)
    def fail(self) -> None:
        """The window closed, or trying again cannot help."""

    @transition(field=state, source=[State.SCHEDULED, State.RUNNING], target=State.CANCELLED)
    def cancel(self) -> None:
        """Staff called it off."""


class HandshakeStep(models.Model):
    """One try of one step, with what came of it."""

    run = models.ForeignKey(HandshakeRun, on_delete=models.CASCADE, related_name="steps")
    step = models.CharField(max_length=12, choices=HandshakeRun.Step.choices)
    started_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ok = models.BooleanField(null=True, blank=True, help_text="Empty while it runs, or when its worker died.")
    text = models.TextField(blank=True, default="")
    advice = models.TextField(blank=True, default="")
    message_id = models.BigIntegerField(null=True, blank=True, help_text="The exchange in the message log.")

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_step_display()}: {self.text}"
