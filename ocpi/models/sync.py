"""Pulls of a partner's objects."""

from django.db import models

from partners.ground.deadlines import due_index
from partners.models import Partner


class SyncRun(models.Model):
    """One pull of one module: what was read, stored and refused."""

    class State(models.TextChoices):
        DUE = "due", "Due"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="syncs")
    module = models.CharField(max_length=40)
    full = models.BooleanField(default=True)
    date_from = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DUE)
    next_check_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    pages = models.PositiveIntegerField(default=0)
    received = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list, blank=True, help_text="Per refused object: id and its faults.")
    error = models.TextField(blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        permissions = [("request_sync", "Can ask for a pull of a partner's objects")]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "module"],
                condition=models.Q(state__in=["due", "running"]),
                name="one_live_sync_per_module",
            )
        ]
        indexes = [
            due_index("syncs_due"),
            models.Index(fields=["partner", "module", "-id"]),
            models.Index(fields=["ended_at"], condition=models.Q(state="failed"), name="syncs_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.module}"
