"""Incident: something that a person has to know, with cause, evidence and what to do (rule 30)."""

from django.conf import settings
from django.db import models

from partners.models.partner import Partner


class Incident(models.Model):
    """One open row per cause (`key`), mailed once; closed by staff with a reason, or by the news it waited for."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="incidents")
    key = models.CharField(max_length=200, help_text="What it is about, so that one cause opens one incident.")
    symptom = models.CharField(max_length=200, help_text="In the words of the guide's section 8.")
    cause = models.TextField(help_text="The likely cause.")
    resolution = models.TextField(help_text="What to do.")
    reference = models.CharField(max_length=64, blank=True, default="", help_text="The ad-hoc session it concerns.")
    evidence = models.JSONField(default=list, blank=True, help_text="Messages and objects that prove it.")
    occurrences = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now_add=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    close_reason = models.TextField(blank=True, default="")

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "key"],
                condition=models.Q(closed_at__isnull=True),
                name="one_open_incident_per_cause",
            )
        ]
        indexes = [
            models.Index(fields=["opened_at"], condition=models.Q(closed_at__isnull=True), name="open_incidents"),
            models.Index(
                fields=["id"],
                condition=models.Q(mailed_at__isnull=True, closed_at__isnull=True),
                name="incidents_to_mail",
            ),
            models.Index(fields=["reference"]),
        ]

    def __str__(self) -> str:
        return self.symptom
