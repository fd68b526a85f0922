"""A database that was put back to an earlier moment: since when facts are missing, and what people must decide."""

from django.db import models
from django.utils import timezone

from billing.models.authorization import PaymentAuthorization
from partners.models import Partner


class Restore(models.Model):
    """One restore: what happened between `since` and `at` is not in the books, and may be known everywhere else."""

    since = models.DateTimeField(unique=True, help_text="The moment to which the database was put back.")
    at = models.DateTimeField(help_text="When the comparison with everybody else began.")
    done_at = models.DateTimeField(null=True, blank=True, help_text="When it was last gone through to its end.")

    class Meta:
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"Restore to {timezone.localtime(self.since):%-d %b %Y, %H:%M}"


class RestoreFinding(models.Model):
    """Something that no machine can know after a restore. It stays on the list until somebody has decided."""

    class Kind(models.TextChoices):
        PAYMENT = "payment", "Payment"
        CHARGE = "charge", "Charge"
        PARTNER = "partner", "Connection"
        RECEIPTS = "receipts", "Receipts"
        ACCESS = "access", "Access"

    restore = models.ForeignKey(Restore, on_delete=models.PROTECT, related_name="findings")
    key = models.CharField(max_length=100, help_text="What it is about; told once, however often it is found.")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    authorization = models.ForeignKey(
        PaymentAuthorization, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="payment"
    )
    text = models.TextField(help_text="What was found.")
    advice = models.TextField(help_text="What to decide, and where.")
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    note = models.TextField(blank=True, default="", help_text="What was decided.")

    class Meta:
        verbose_name = "finding after a restore"
        verbose_name_plural = "findings after restores"
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["restore", "key"], name="billing_restore_finding_once")]
        indexes = [
            models.Index(
                fields=["-created_at"], condition=models.Q(decided_at__isnull=True), name="billing_restore_undecided"
            )
        ]

    def __str__(self) -> str:
        return self.text
