"""The message log: every OCPI exchange, in and out, also the refused and the unparsable."""

from typing import Any

from django.db import models

from partners.models import Partner


def ended_badly(http_status: int | None, ocpi_status: int | None, error: str = "") -> bool:
    """Whether an exchange that is over failed: no answer, a refusal, or something broke."""
    return bool(error) or http_status is None or http_status >= 400 or (ocpi_status or 0) >= 2000


class Message(models.Model):
    """One exchange. Written before the request is trusted, completed with the answer. Tokens are masked.

    What an index names stays as it was first written when an exchange ends well: PostgreSQL then completes the row in
    its place (a heap-only update), and touches no index twice. Hence `failed`, beside the statuses that say the same.
    """

    class Direction(models.TextChoices):
        INBOUND = "in", "From partner"
        OUTBOUND = "out", "To partner"

    at = models.DateTimeField()
    # Without a constraint: it would lock the partner's row for each message. What is written while its partner is being
    # deleted may name nobody.
    partner = models.ForeignKey(
        Partner,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    entrance = models.ForeignKey(
        Partner,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,
        help_text="Whose host was called without a token of that partner.",
    )
    direction = models.CharField(max_length=3, choices=Direction.choices)
    version = models.CharField("OCPI version", max_length=10, blank=True, default="")
    module = models.CharField(max_length=40, blank=True, default="")
    method = models.CharField(max_length=8)
    url = models.CharField("URL", max_length=2000)
    source_address = models.CharField(max_length=45, blank=True, default="")
    request_id = models.CharField("X-Request-ID", max_length=64, blank=True, default="")
    correlation_id = models.CharField("X-Correlation-ID", max_length=64, blank=True, default="")
    request_headers = models.JSONField(default=dict)
    request_body = models.TextField(blank=True, default="")
    response_headers = models.JSONField(default=dict)
    response_body = models.TextField(blank=True, default="")
    http_status = models.PositiveSmallIntegerField("HTTP", null=True, blank=True)
    ocpi_status = models.PositiveSmallIntegerField("OCPI", null=True, blank=True)
    duration_ms = models.PositiveIntegerField("ms", null=True, blank=True)
    error = models.TextField(blank=True, default="", help_text="Why there is no answer, or what broke in handling it.")
    leniences = models.JSONField(default=list, help_text="What we overlooked: kind, path, detail.")
    faults = models.JSONField(default=list, help_text="What is wrong with the object: path, message.")
    objects_touched = models.JSONField(default=list, help_text="For example session:SK*ION/S-1.")
    subject = models.CharField(max_length=64, blank=True, default="", help_text="The id that it is about.")
    failed = models.BooleanField(default=False, help_text="It ended badly; one that is still open has not ended.")

    class Meta:
        ordering = ["-id"]
        permissions = [("replay_message", "Can replay a message of a partner, or send a harmless one again")]
        # On PostgreSQL there are more, for messages with notes: migration 0003.
        indexes = [
            models.Index(fields=["at"]),
            models.Index(fields=["partner", "-id"]),
            models.Index(fields=["module", "-id"]),
            models.Index(
                fields=["correlation_id"], condition=~models.Q(correlation_id=""), name="messages_by_correlation"
            ),
            models.Index(fields=["request_id"], condition=~models.Q(request_id=""), name="messages_by_request"),
            models.Index(fields=["subject"], opclasses=["varchar_pattern_ops"], name="messages_by_subject"),
            models.Index(fields=["-id"], condition=models.Q(failed=True), name="messages_failed"),
            models.Index(fields=["partner", "-id"], condition=models.Q(failed=True), name="messages_failed_of_partner"),
            models.Index(fields=["partner", "-id"], condition=models.Q(direction="out"), name="messages_to_partner"),
            models.Index(
                fields=["entrance", "-id"], condition=models.Q(entrance__isnull=False), name="messages_at_entrance"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """The log writes its own statements; whatever else makes a row gets its `failed` here."""
        if self.duration_ms is not None or self.error:
            self.failed = ended_badly(self.http_status, self.ocpi_status, self.error)
        super().save(*args, **kwargs)

    @property
    def ok(self) -> bool:
        return not ended_badly(self.http_status, self.ocpi_status)
