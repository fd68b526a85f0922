"""What gateways tell by themselves: kept as it came, before anything is done about it."""

from django.db import models
from django.utils import timezone

from billing.models.event import AppendOnly
from partners.ground.deadlines import due_index


class GatewayEvent(AppendOnly):
    """One event of a gateway, its signature checked, however often it was delivered. Append-only.

    It decides nothing: it has the payment that it is about looked into (`billing.events.inbox`).
    """

    id = models.BigAutoField(primary_key=True)
    gateway = models.CharField(max_length=32)
    event_id = models.CharField(max_length=255, help_text="The gateway's own.")
    kind = models.CharField(max_length=64, help_text="In the gateway's words.")
    at = models.DateTimeField(help_text="When it happened, by the gateway's clock.")
    received_at = models.DateTimeField(default=timezone.now)
    payment = models.CharField(
        max_length=36, blank=True, help_text="Our payment's id, where the gateway gives back what it was opened with."
    )
    about = models.JSONField(default=list, help_text="The gateway's names of what it may be about.")
    body = models.JSONField(default=dict, help_text="What is kept of it: no secrets, nothing of who the driver is.")

    class Meta:
        ordering = ["-received_at", "-id"]
        indexes = [models.Index(fields=["-received_at"], name="billing_told_received")]
        constraints = [models.UniqueConstraint(fields=["gateway", "event_id"], name="billing_told_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class WaitingEvent(models.Model):
    """An event that nobody has looked into yet; gone when somebody has."""

    event = models.OneToOneField(GatewayEvent, primary_key=True, on_delete=models.PROTECT, related_name="waiting")
    next_check_at = models.DateTimeField(null=True, default=timezone.now)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [due_index("billing_waiting_due")]

    def __str__(self) -> str:
        return str(self.event_id)
