"""Tokens of ours that CPOs see (OCPI 2.2.1 §12)."""

from django.db import models
from django.db.models.functions import Lower

from partners.models import Partner


class Token(models.Model):
    """A driver's right to charge. Each ad-hoc session has one of its own (rule 1)."""

    class Type(models.TextChoices):
        AD_HOC_USER = "AD_HOC_USER", "Ad-hoc user"
        APP_USER = "APP_USER", "App user"
        OTHER = "OTHER", "Other"
        RFID = "RFID", "RFID card"

    partner = models.ForeignKey(
        Partner,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="The only partner that may know it, as it was made for a charge there; empty: all of them.",
    )
    uid = models.CharField("UID", max_length=36)
    type = models.CharField(max_length=12, choices=Type.choices, default=Type.AD_HOC_USER)
    contract_id = models.CharField("contract ID", max_length=36)
    visual_number = models.CharField(max_length=64, blank=True, default="")
    issuer = models.CharField(max_length=64)
    valid = models.BooleanField(default=True)
    whitelist = models.CharField(max_length=15, default="NEVER")
    language = models.CharField(max_length=2, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    last_updated = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(Lower("uid"), "type", name="one_token_per_uid_and_type")]
        indexes = [
            models.Index(fields=["last_updated"]),
            # A CPO of 2.1.1 names the contract and nothing else (`auth_id`).
            models.Index(Lower("contract_id"), name="tokens_by_contract"),
            # The tokens that partners are told of: few beside those of ad-hoc sessions.
            models.Index(fields=["id"], condition=~models.Q(type="AD_HOC_USER"), name="long_lived_tokens"),
        ]

    def __str__(self) -> str:
        return self.uid
