"""What CDRs ask for beyond what the driver paid: kept until somebody settles it or writes it off (rules 32, 33)."""

from django.db import models

from billing.models.authorization import PaymentAuthorization
from ocpi.models import Cdr
from partners.models import Partner


class OutstandingAmount(models.Model):
    """An amount of one CDR that was not captured, in minor units.

    A claim is what the CDR asks beyond the price that the driver was shown: it is between us and the CPO. A receivable
    is what a plausible CDR asks beyond the driver's reservation. Neither is ever collected by itself; what is left of a
    receivable the driver may pay (ADR 22).
    """

    class Kind(models.TextChoices):
        CLAIM = "claim", "Claim: beyond the price shown"
        RECEIVABLE = "receivable", "Receivable: beyond the reservation"

    class State(models.TextChoices):
        OPEN = "open", "Open"
        SETTLED = "settled", "Settled"
        COLLECTED = "collected", "Paid by the driver"
        WRITTEN_OFF = "written_off", "Written off"
        WITHDRAWN = "withdrawn", "Withdrawn by the CPO"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="outstanding_amounts")
    authorization = models.ForeignKey(
        PaymentAuthorization, on_delete=models.PROTECT, related_name="outstanding_amounts", verbose_name="payment"
    )
    cdr = models.ForeignKey(Cdr, on_delete=models.PROTECT, related_name="+", verbose_name="CDR")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    amount = models.BigIntegerField(help_text="Minor units.")
    collected = models.BigIntegerField(
        default=0, db_default=0, help_text="What the driver has paid of it by now, in minor units."
    )
    currency = models.CharField(max_length=3)
    state = models.CharField(max_length=11, choices=State.choices, default=State.OPEN)
    created_at = models.DateTimeField(help_text="The month that it is a line of is that of this moment, in UTC.")
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=150, blank=True, default="")
    note = models.TextField(blank=True, default="", help_text="Why it was closed.")

    class Meta:
        verbose_name = "claim or receivable"
        verbose_name_plural = "claims and receivables"
        ordering = ["-created_at", "-id"]
        permissions = [("settle_outstanding", "Can settle or write off claims and receivables")]
        constraints = [
            # What staff closed stays as it is; what a CDR asks beyond it is another row.
            models.UniqueConstraint(
                fields=["authorization", "cdr", "kind"],
                condition=~models.Q(state__in=["settled", "written_off"]),
                name="one_outstanding_amount_not_closed_per_cdr",
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="outstanding_amounts_are_positive"),
            models.CheckConstraint(
                condition=models.Q(state="open", closed_at__isnull=True)
                | (~models.Q(state="open") & models.Q(closed_at__isnull=False)),
                name="outstanding_amounts_close_once",
            ),
        ]
        indexes = [models.Index(fields=["partner", "state", "-created_at"], name="outstanding_by_partner")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, CDR {self.cdr.ocpi_id}"

    @property
    def left(self) -> int:
        """What is open of it, in minor units."""
        return max(0, self.amount - self.collected) if self.state == self.State.OPEN else 0
