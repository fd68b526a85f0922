"""Connection checks: a CPO's own server, looked at case by case, with the evidence."""

from django.conf import settings
from django.db import models

from partners.ground.deadlines import due_index
from partners.models import Partner


class ConnectionCheck(models.Model):
    """One check of one partner.

    A live run has a `next_check_at`: the moment of the next look, or, while a worker is at it, the end of that
    worker's lease. `notes` carries what one case found to the next, so that any worker can go on.
    """

    class State(models.TextChoices):
        DUE = "due", "Due"
        RUNNING = "running", "Running"
        FINISHED = "finished", "Finished"
        FAILED = "failed", "Did not come to an end"
        CANCELLED = "cancelled", "Called off"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="connection_checks")
    state = models.CharField(max_length=9, choices=State.choices, default=State.DUE)
    version = models.CharField("OCPI version", max_length=10)
    nightly = models.BooleanField(default=False, help_text="Begun by the platform itself; it mails what changed.")
    armed = models.BooleanField(default=False, help_text="With a real charge at the test charger.")
    location_id = models.CharField("test location", max_length=255, blank=True, default="")
    evse_uid = models.CharField("test EVSE", max_length=255, blank=True, default="")
    connector_id = models.CharField("test connector", max_length=255, blank=True, default="")
    sample_interval = models.PositiveIntegerField(default=60, help_text="Seconds between meter values, as agreed.")
    notes = models.JSONField(default=dict, blank=True)
    waiting_for = models.CharField(max_length=300, blank=True, default="", help_text="What the check waits for now.")
    stopping = models.BooleanField(default=False, help_text="Called off: only what must be tidied up is still done.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Of the case at hand; its worker died before.")
    next_check_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "connection check"
        ordering = ["-id"]
        permissions = [("run_connection_check", "Can run connection checks")]
        constraints = [
            models.UniqueConstraint(
                fields=["partner"],
                condition=models.Q(state__in=["due", "running"]),
                name="one_live_connection_check_per_partner",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["due", "running"], next_check_at__isnull=False)
                | models.Q(state__in=["finished", "failed", "cancelled"], next_check_at__isnull=True),
                name="live_connection_checks_have_a_clock",
            ),
            models.CheckConstraint(
                condition=models.Q(armed=False) | ~models.Q(evse_uid="") & ~models.Q(location_id=""),
                name="armed_connection_checks_name_a_charger",
            ),
        ]
        indexes = [
            due_index("connection_checks_due"),
            models.Index(fields=["partner", "-id"], name="connection_checks_of_partner"),
            models.Index(fields=["partner", "-id"], condition=models.Q(nightly=True), name="nightly_checks_of_partner"),
        ]

    def __str__(self) -> str:
        return f"Connection check {self.pk} of {self.partner}"

    @property
    def is_live(self) -> bool:
        return self.state in (self.State.DUE, self.State.RUNNING)


class ConnectionCheckCase(models.Model):
    """One case of a run: what was seen, and what that means."""

    class Verdict(models.TextChoices):
        PASSED = "pass", "Pass"
        WARNING = "warn", "Warning"
        FAILED = "fail", "Fail"
        NOT_APPLICABLE = "na", "Not applicable"

    run = models.ForeignKey(ConnectionCheck, on_delete=models.CASCADE, related_name="cases")
    position = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40)
    theme = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    section = models.CharField("specification", max_length=80, blank=True, default="")
    verdict = models.CharField(max_length=4, choices=Verdict.choices)
    seen = models.TextField(help_text="What was seen, in plain words.")
    change = models.TextField(blank=True, default="", help_text="What the CPO should change.")
    details = models.JSONField(default=list, blank=True, help_text="Per finding: object, path, text.")
    messages = models.JSONField(default=list, blank=True, help_text="The exchanges in the message log that prove it.")
    ended_at = models.DateTimeField()

    class Meta:
        verbose_name = "case of a connection check"
        verbose_name_plural = "cases of a connection check"
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "key"], name="one_verdict_per_case")]

    def __str__(self) -> str:
        return f"{self.title}: {self.get_verdict_display()}"
