"""Charging profiles and preferences (OCPI 2.2.1 §9.2.1.2, §14)."""

from django.db import models

from ocpi.models.outgoing import QueuedRequest
from ocpi.models.sessions import OcpiSession
from partners.ground.deadlines import due_index


class ProfileRequest(QueuedRequest):
    """One wish for how a running session is charged: request, response, asynchronous result."""

    class Kind(models.TextChoices):
        SET = "SET", "Set a charging profile"
        CLEAR = "CLEAR", "Clear the charging profile"
        GET = "GET", "Ask for the active profile"
        PREFERENCES = "PREFERENCES", "Tell the driver's preferences"

    session = models.ForeignKey(OcpiSession, on_delete=models.CASCADE, related_name="profile_requests")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    timeout = models.PositiveIntegerField(null=True, help_text="Seconds that the CPO asks us to wait for the result.")
    result = models.CharField(max_length=30, blank=True, default="", help_text="Empty for preferences.")
    result_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [due_index("profile_requests_due")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.result or self.response or self.get_state_display()}"


class ActiveProfile(models.Model):
    """What the charger will do from `start_at` on, as the CPO told last (§14.6.1 ActiveChargingProfile)."""

    session = models.OneToOneField(OcpiSession, on_delete=models.CASCADE, related_name="active_profile")
    version = models.CharField("OCPI version", max_length=10)
    start_at = models.DateTimeField()
    raw = models.JSONField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"from {self.start_at}"
