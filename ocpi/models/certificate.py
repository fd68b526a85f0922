"""Certificates of the servers that we call."""

from django.db import models

from partners.ground.deadlines import due_index
from partners.models import Partner


class ServerCertificate(models.Model):
    """What one host of a partner showed when we last looked, which is once a day."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="certificates")
    host = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=443)
    issuer = models.CharField(max_length=255, blank=True, default="")
    not_after = models.DateTimeField("valid until", null=True, blank=True)
    problem = models.CharField(max_length=255, blank=True, default="", help_text="Why it is not accepted.")
    checked_at = models.DateTimeField(null=True, blank=True)
    next_check_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["not_after", "host"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "host", "port"], name="one_certificate_per_partner_and_host")
        ]
        indexes = [
            due_index("certificates_due"),
            models.Index(fields=["not_after"]),
        ]

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"
