"""Fallback pulls: one per partner and module at a time, shared by all sessions that wait for it."""

from django.db import models

from partners.ground.deadlines import due_index
from partners.models import Partner


class FallbackPull(models.Model):
    """GET /sessions or GET /cdrs that some session of the partner waits for (G5.4).

    `next_check_at` is both the wish and the lease: due means that somebody waits; a worker that takes it pushes it
    ahead, so that a second one leaves the partner alone.
    """

    class Module(models.TextChoices):
        SESSIONS = "sessions", "Sessions"
        CDRS = "cdrs", "CDRs"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    module = models.CharField(max_length=8, choices=Module.choices)
    next_check_at = models.DateTimeField(null=True, blank=True)
    date_from = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["partner", "module"], name="one_fallback_pull_per_module")]
        indexes = [due_index("fallback_pulls_due")]

    def __str__(self) -> str:
        return f"{self.partner}: {self.module}"
