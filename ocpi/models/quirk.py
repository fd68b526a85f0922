"""How a partner departs from the specification."""

from django.db import models

from partners.models import Partner


class PartnerQuirk(models.Model):
    """One kind of lenience that a partner's messages needed, and how many of them did."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="quirks")
    version = models.CharField("OCPI version", max_length=10, blank=True, default="")
    module = models.CharField(max_length=40, blank=True, default="")
    kind = models.CharField(max_length=40)
    count = models.PositiveBigIntegerField("messages", default=0)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()
    last_message_id = models.BigIntegerField(null=True, blank=True, help_text="The exchange in the message log.")
    example = models.CharField(max_length=500, blank=True, default="", help_text="From the last of them.")

    class Meta:
        ordering = ["partner", "-last_seen"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "version", "module", "kind"], name="one_quirk_per_kind")
        ]

    def __str__(self) -> str:
        return f"{self.kind} in {self.module or 'any module'}"
