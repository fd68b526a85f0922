"""What a gateway paid out, and what each payout is made of, as its own list tells."""

from django.db import models
from django.db.models import Q

from billing.models.authorization import PaymentAuthorization


class Payout(models.Model):
    """One transfer of the gateway to our bank. `amount` in minor units: what its lines come to without fees."""

    gateway = models.CharField(max_length=32)
    reference = models.CharField(max_length=255, help_text="The gateway's own.")
    amount = models.BigIntegerField(help_text="Minor units.")
    currency = models.CharField(max_length=3)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-imported_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["gateway", "reference"], name="billing_payout_once")]

    def __str__(self) -> str:
        return self.reference


class PayoutLine(models.Model):
    """One line: a charge, a refund, a dispute or something else, with the gateway's fee. Amounts in minor units."""

    class Kind(models.TextChoices):
        CHARGE = "charge", "Charge"
        REFUND = "refund", "Refund"
        DISPUTE = "dispute", "Dispute"
        OTHER = "other", "Other"

    class Match(models.TextChoices):
        MATCHED = "matched", "Matched"
        DIFFERS = "differs", "Amount differs"
        UNMATCHED = "unmatched", "No payment of ours"
        NONE = "none", "Of no payment"

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="lines")
    reference = models.CharField(max_length=255, help_text="The gateway's name of the line.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    about = models.CharField(max_length=255, blank=True, help_text="The gateway's name of the payment.")
    gross = models.BigIntegerField(help_text="Minor units; below zero for what is taken from us.")
    fee = models.BigIntegerField(default=0, help_text="Minor units, what the gateway keeps of it.")
    currency = models.CharField(max_length=3)
    authorization = models.ForeignKey(
        PaymentAuthorization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="payment",
    )
    match = models.CharField(max_length=9, choices=Match.choices)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["payout", "reference"], name="billing_payout_line_once")]
        indexes = [
            models.Index(
                fields=["-id"], condition=Q(match__in=["differs", "unmatched"]), name="billing_payout_unmatched"
            )
        ]

    def __str__(self) -> str:
        return self.reference
