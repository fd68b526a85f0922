"""Receipts and credit notes: numbered without a gap, fixed when they are issued."""

import uuid

from django.db import models
from django.db.models import Q

from billing.models.event import AppendOnly
from partners.models import Partner


class ReceiptSeries(models.Model):
    """The last number of a series in a year. Its row is locked by whoever takes the next one."""

    series = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["series", "year"], name="billing_one_series_per_year")]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}"


class Receipt(AppendOnly):
    """What a driver was told of a sale. A credit note has a total below zero and names what it corrects.

    Whoever has its id may see it: it cannot be guessed.
    """

    class Kind(models.TextChoices):
        RECEIPT = "receipt", "Receipt"
        CREDIT_NOTE = "credit_note", "Credit note"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=11, choices=Kind.choices)
    series = models.CharField(max_length=24)
    year = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    number = models.CharField(max_length=40, unique=True, help_text="As people read it: series, year, number.")
    corrects = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="credit_notes")
    reference = models.CharField(max_length=64, help_text="What was paid for: the ad-hoc session's id.")
    ordinal = models.PositiveSmallIntegerField(help_text="Which document of this sale it is.")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2, help_text="Of the charger, whose VAT it is.")
    total = models.BigIntegerField(help_text="Gross, in minor units; below zero for a credit note.")
    given_back = models.BigIntegerField(default=0, help_text="Of the refunds so far, what this document takes in.")
    currency = models.CharField(max_length=3)
    issued_at = models.DateTimeField()
    contents = models.JSONField(help_text="All that is on it.")

    class Meta:
        ordering = ["-issued_at", "-sequence"]
        constraints = [
            models.UniqueConstraint(fields=["series", "year", "sequence"], name="billing_receipt_numbers"),
            models.UniqueConstraint(fields=["reference", "ordinal"], name="billing_receipt_once"),
            models.CheckConstraint(
                condition=Q(kind="receipt", total__gt=0, corrects__isnull=True)
                | Q(kind="credit_note", total__lt=0, corrects__isnull=False),
                name="billing_receipt_or_credit_note",
            ),
        ]
        indexes = [
            models.Index(fields=["-issued_at"], name="billing_receipt_issued"),
            models.Index(fields=["partner", "-issued_at"], name="billing_receipt_by_partner"),
            models.Index(fields=["kind", "-issued_at"], name="billing_receipt_by_kind"),
        ]

    def __str__(self) -> str:
        return self.number
