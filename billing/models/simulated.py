"""The simulated gateway's own books: what an acquirer would know, apart from what we believe."""

from django.db import models
from django.db.models import F, Q


class ChargeStatus(models.TextChoices):
    """What the simulated acquirer has done with the driver's money."""

    PENDING = "pending", "Pending"
    RESERVED = "reserved", "Reserved"
    CAPTURED = "captured", "Captured"
    RELEASED = "released", "Released"
    DECLINED = "declined", "Declined"
    EXPIRED = "expired", "Expired"


class SimulatedCharge(models.Model):
    """One reservation in the simulated acquirer's books. Amounts in minor units."""

    Status = ChargeStatus

    id = models.CharField(primary_key=True, max_length=40)
    reference = models.CharField(max_length=64, db_index=True)
    payment_method = models.CharField(max_length=255)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    captured_amount = models.BigIntegerField(default=0)
    released_amount = models.BigIntegerField(default=0)
    refunded_amount = models.BigIntegerField(default=0)
    status = models.CharField(max_length=16, choices=ChargeStatus.choices, default=ChargeStatus.PENDING)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["-created_at"], name="billing_sim_created"),
            models.Index(fields=["status", "-created_at"], name="billing_sim_by_status"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(captured_amount__gte=0, released_amount__gte=0)
                & Q(captured_amount__lte=F("amount") - F("released_amount")),
                name="billing_sim_never_more_than_reserved",
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0, refunded_amount__lte=F("captured_amount")),
                name="billing_sim_never_gives_back_more",
            ),
        ]

    def __str__(self) -> str:
        return self.id

    @property
    def held_amount(self) -> int:
        """What the acquirer still keeps from the driver, neither captured nor given back."""
        return self.amount - self.captured_amount - self.released_amount if self.status == "reserved" else 0


class SimulatedOperation(models.Model):
    """One request to the simulated acquirer, remembered by its idempotency key."""

    key = models.CharField(primary_key=True, max_length=80)
    verb = models.CharField(max_length=16)
    payload = models.JSONField(help_text="The request, to refuse the same key with another one.")
    charge = models.ForeignKey(SimulatedCharge, null=True, on_delete=models.PROTECT, related_name="operations")
    outcome = models.CharField(max_length=16)
    code = models.CharField(max_length=64, blank=True)
    message = models.CharField(max_length=500, blank=True)
    calls = models.PositiveIntegerField(default=0, help_text="Times that this key was sent.")
    ready_at = models.DateTimeField(null=True, blank=True, help_text="When a pending request will be done.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "key"]

    def __str__(self) -> str:
        return f"{self.verb} {self.key}"
