"""Alerts: where people are told of incidents besides the mail to the CPO, and what became of each message."""

import uuid

from django.core.validators import EmailValidator
from django.db import models
from django.utils import timezone

from partners.ground.deadlines import due_index
from partners.models import Incident


class AlertChannel(models.Model):
    """One place that is told: an address, a webhook that is signed, or a URL that takes Slack's messages.

    The URL of a chat is a secret, and so is what webhooks are signed with: both are kept encrypted and never shown.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", "Mail"
        WEBHOOK = "webhook", "Signed webhook"
        CHAT = "chat", "Slack-compatible URL"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=7, choices=Kind.choices)
    mail_to = models.CharField(
        "address", max_length=254, blank=True, default="", validators=[EmailValidator()], help_text="Of a mail."
    )
    url = models.BinaryField("URL", blank=True, default=b"", editable=False, help_text="Encrypted.")
    host = models.CharField(max_length=255, blank=True, default="", editable=False, help_text="Of the URL.")
    secret = models.BinaryField(
        blank=True, default=b"", editable=False, help_text="Encrypted: what webhooks are signed with."
    )
    least_severity = models.PositiveSmallIntegerField(
        "from severity", choices=Incident.Severity.choices, default=Incident.Severity.PROBLEM
    )
    quiet_from = models.TimeField(
        null=True, blank=True, help_text="Quiet hours, in the platform's time zone: what is not urgent waits till then."
    )
    quiet_until = models.TimeField(null=True, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | models.Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="quiet_hours_begin_and_end",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One incident, told to one channel once. `next_check_at` is the next try; while one is made, the lease's end."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        GIVEN_UP = "given_up", "Given up"
        WITHDRAWN = "withdrawn", "Withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="Whoever gets it twice knows it by this.")
    channel = models.ForeignKey(AlertChannel, on_delete=models.CASCADE, related_name="alerts")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="alerts")
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    written_at = models.DateTimeField(default=timezone.now)
    next_check_at = models.DateTimeField("next try", null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-written_at"]
        constraints = [models.UniqueConstraint(fields=["channel", "incident"], name="incident_told_once_per_channel")]
        indexes = [
            due_index("alerts_due"),
            models.Index(fields=["state", "-written_at"]),
            models.Index(fields=["-written_at"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel}: {self.incident}"
