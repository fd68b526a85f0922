"""Attempts: each START_SESSION and what became of it."""

import uuid

from django.db import models

from ocpi.models import Command, OcpiSession
from sessions_adhoc.models.session import AdHocSession


def new_reference() -> str:
    """Return an authorization reference: unguessable and at most 36 characters (OCPI 2.2.1 §13.3.5)."""
    return str(uuid.uuid4())


class ChargingAttempt(models.Model):
    """One START_SESSION. At most one per ad-hoc session is open (`ended_at` empty)."""

    session = models.ForeignKey(AdHocSession, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    authorization_reference = models.CharField(max_length=36, unique=True, default=new_reference)
    command = models.OneToOneField(Command, on_delete=models.PROTECT, related_name="attempt")
    stop_command = models.OneToOneField(Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField()
    connector_charging_at = models.DateTimeField(null=True, blank=True, help_text="First CHARGING in this attempt.")
    connector_fell_at = models.DateTimeField(
        null=True, blank=True, help_text="Back to AVAILABLE or BLOCKED since then; empty while it charges."
    )
    connector_contradicts_at = models.DateTimeField(
        null=True, blank=True, help_text="Neither charging nor free since then: it contradicts an ACTIVE Session."
    )
    energy_at = models.DateTimeField(null=True, blank=True, help_text="When energy was first observed.")
    pull_asked_at = models.DateTimeField(null=True, blank=True, help_text="GET /sessions wanted since then.")
    pull_answered_at = models.DateTimeField(null=True, blank=True, help_text="Start of the last GET that was answered.")
    pull_failures = models.PositiveSmallIntegerField(default=0)
    cdr_pulls = models.PositiveSmallIntegerField(default=0)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_kwh = models.DecimalField(
        "kWh at its end",
        max_digits=12,
        decimal_places=4,
        null=True,
        blank=True,
        help_text="What its Session said when we called it over: more than that, and it runs on.",
    )
    failure = models.CharField(max_length=40, blank=True, default="")
    verdict = models.TextField(blank=True, default="", help_text="What became of it, in words.")

    class Meta:
        ordering = ["session", "number"]
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="attempts_are_numbered"),
            models.UniqueConstraint(
                fields=["session"],
                condition=models.Q(ended_at__isnull=True),
                name="one_open_attempt_per_session",
            ),
        ]

    def __str__(self) -> str:
        return f"Attempt {self.number}"


class AttemptSession(models.Model):
    """An OCPI session that belongs to an attempt. One may be valid, any further one is not (rules 7, 10, 12)."""

    class Validity(models.TextChoices):
        VALID = "valid", "Valid"
        RENAMED = "renamed", "Same charge under another ID"
        LATE = "late", "Late"
        DUPLICATE = "duplicate", "Duplicate"
        ORPHAN = "orphan", "Orphan"

    attempt = models.ForeignKey(ChargingAttempt, on_delete=models.PROTECT, related_name="session_links")
    ocpi_session = models.OneToOneField(OcpiSession, on_delete=models.PROTECT, related_name="attempt_link")
    validity = models.CharField(max_length=10, choices=Validity.choices)
    stop_command = models.OneToOneField(Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    status_told = models.CharField(max_length=12, blank=True, default="", editable=False)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["attempt"], condition=models.Q(validity="valid"), name="one_valid_session_per_attempt"
            )
        ]

    def __str__(self) -> str:
        return f"{self.ocpi_session} ({self.get_validity_display()})"


class Sample(models.Model):
    """One meter reading (rules 21-23). Ignored ones are kept with the reason."""

    attempt = models.ForeignKey(ChargingAttempt, on_delete=models.PROTECT, related_name="samples")
    ocpi_session = models.ForeignKey(OcpiSession, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(help_text="As the CPO says.")
    received_at = models.DateTimeField()
    kwh = models.DecimalField("kWh", max_digits=12, decimal_places=4, null=True)
    kw = models.DecimalField("kW", max_digits=10, decimal_places=3, null=True)
    kw_derived = models.BooleanField("kW derived", default=False)
    soc = models.DecimalField("SoC %", max_digits=5, decimal_places=2, null=True)
    source = models.CharField(max_length=5)
    ignored = models.CharField(max_length=100, blank=True, default="", help_text="Why it changes nothing.")
    faults = models.CharField(
        max_length=20, blank=True, default="", help_text="What counts against the partner: energy, power, late."
    )
    message_id = models.BigIntegerField(null=True)

    class Meta:
        ordering = ["received_at", "id"]
        indexes = [models.Index(fields=["attempt", "-at"])]

    def __str__(self) -> str:
        return f"{self.kwh} kWh at {self.at:%H:%M:%S}"
