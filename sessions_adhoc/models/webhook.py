"""Webhooks: where a client of the driver's API is told, and what it is told."""

import uuid

from django.db import models
from django.utils import timezone

from partners.ground.deadlines import due_index
from partners.models import Partner
from sessions_adhoc.models.client import ClientKey

LONGEST_URL = 500


def new_message_id() -> str:
    """The `webhook-id` of an event: the same for each delivery of it (Standard Webhooks)."""
    return f"msg_{uuid.uuid4().hex}"


class WebhookEndpoint(models.Model):
    """An address of a client's, and the secret that it shares with us. `retry_at`: while it does not answer, when
    one event is tried on behalf of all."""

    class State(models.TextChoices):
        ON = "on", "On"
        PAUSED = "paused", "Paused by itself"
        OFF = "off", "Turned off"

    client = models.ForeignKey(ClientKey, on_delete=models.PROTECT, related_name="webhooks")
    url = models.URLField("URL", max_length=LONGEST_URL, help_text="https, at a public address.")
    state = models.CharField(max_length=6, choices=State.choices, default=State.ON)
    state_since = models.DateTimeField(default=timezone.now)
    why = models.CharField(max_length=300, blank=True, default="", help_text="Why it is paused, or turned off.")
    secret = models.BinaryField(editable=False)
    old_secret = models.BinaryField(null=True, blank=True, editable=False)
    old_until = models.DateTimeField(
        "old secret until", null=True, blank=True, help_text="Until then events are signed with the old secret too."
    )
    failures = models.PositiveIntegerField(default=0, help_text="Deliveries in a row that were not taken.")
    failing_since = models.DateTimeField(null=True, blank=True)
    retry_at = models.DateTimeField(null=True, blank=True)
    last_taken_at = models.DateTimeField("last taken", null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["client__name", "id"]
        verbose_name = "webhook"
        permissions = [("operate_webhook", "Can test webhooks, turn them on and off, and send events again")]
        constraints = [models.UniqueConstraint(fields=["client", "url"], name="one_webhook_per_client_and_url")]

    def __str__(self) -> str:
        return f"{self.client}: {self.url}"


class WebhookDelivery(models.Model):
    """One event on its way to one endpoint, written in the transaction of what it tells.

    Events with the same `subject` are delivered one after the other, in the order of their ids: the next one waits
    until the one before is taken, or staff leave it out. A row that waits without a `next_check_at` waits for the one
    before it; with `held` the moment is the end of a worker's lease.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        TAKEN = "taken", "Taken"
        GIVEN_UP = "given_up", "Not taken"
        LEFT_OUT = "left_out", "Left out"

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    message_id = models.CharField("webhook-id", max_length=64, default=new_message_id)
    kind = models.CharField("event", max_length=40)
    subject = models.CharField(max_length=80, help_text="What it is about: events of one subject stay in order.")
    body = models.TextField(help_text="As it is sent.")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    next_check_at = models.DateTimeField("next try", null=True, blank=True, default=timezone.now)
    held = models.BooleanField(default=False, editable=False)
    tries = models.PositiveIntegerField(default=0, help_text="Since it was sent, or sent again by staff.")
    answers = models.JSONField(default=list, help_text="What the newest tries were answered with.")
    written_at = models.DateTimeField(default=timezone.now)
    taken_at = models.DateTimeField("taken", null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        verbose_name = "webhook delivery"
        verbose_name_plural = "webhook deliveries"
        indexes = [
            due_index("webhook_deliveries_due", "endpoint"),
            models.Index(
                fields=["endpoint", "subject", "id"],
                condition=models.Q(state__in=["waiting", "given_up"]),
                name="webhook_deliveries_open",
            ),
            models.Index(fields=["endpoint", "written_at"], name="webhook_deliveries_by_time"),
            models.Index(fields=["subject", "-id"], name="webhook_deliveries_by_subject"),
            models.Index(fields=["message_id"], name="webhook_deliveries_by_id"),
            models.Index(fields=["-id"], condition=models.Q(state="given_up"), name="webhook_deliveries_failed"),
            models.Index(
                fields=["written_at"],
                condition=models.Q(state__in=["taken", "left_out"]),
                name="webhook_deliveries_over",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.message_id})"
