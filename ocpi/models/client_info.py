"""Parties behind a hub (OCPI 2.2.1 §15)."""

from django.db import models

from partners.models import Partner


class ClientInfo(models.Model):
    """A party that a hub connects us to. The hub may speak for it, and nobody else on its word.

    The URL names no role, the object does: a party may be there once per role.
    """

    class Status(models.TextChoices):
        CONNECTED = "CONNECTED", "Connected"
        OFFLINE = "OFFLINE", "Offline"
        PLANNED = "PLANNED", "Planned"
        SUSPENDED = "SUSPENDED", "Suspended"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="clients", help_text="The hub.")
    country_code = models.CharField(max_length=2)
    party_id = models.CharField("party ID", max_length=3)
    role = models.CharField(max_length=10)
    status = models.CharField(max_length=20, help_text="As the hub says; see Status for what is usual.")
    version = models.CharField("OCPI version", max_length=10)
    raw = models.JSONField()
    last_updated = models.DateTimeField()
    arrived_at = models.DateTimeField(
        null=True, editable=False, help_text="When we were told that; what a GET brought, when it was asked for."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = "client of a hub"
        verbose_name_plural = "clients of hubs"
        ordering = ["country_code", "party_id", "role"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "role"], name="one_client_info_per_party_and_role"
            )
        ]

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id} {self.role}"
