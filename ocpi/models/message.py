"""The message log: every OCPI exchange, in and out, also the refused and the unparsable."""

from django.db import models

from partners.models import Partner


class Message(models.Model):
    """One exchange. Written before the request is trusted, completed with the answer. Tokens are masked."""

    class Direction(models.TextChoices):
        INBOUND = "in", "From partner"
        OUTBOUND = "out", "To partner"

    at = models.DateTimeField()
    partner = models.ForeignKey(Partner, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
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

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["at"]),
            models.Index(fields=["partner", "-id"]),
            models.Index(fields=["correlation_id"]),
            models.Index(fields=["partner", "-id"], condition=models.Q(direction="out"), name="messages_to_partner"),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.url}"

    @property
    def ok(self) -> bool:
        return self.http_status is not None and self.http_status < 400 and (self.ocpi_status or 1000) < 2000
