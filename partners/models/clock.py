"""How a partner's clocks differ from ours (rule 31)."""

from django.db import models

from partners.models.partner import Partner


class PartnerClock(models.Model):
    """The newest measurement of one of a partner's clocks: its web server and its application may have two."""

    class Source(models.TextChoices):
        STAMPS = "stamps", "Stamps of its pushes"
        ENVELOPE = "envelope", "Timestamps of its answers"
        DATE = "date", "Date headers of its answers"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="clocks")
    source = models.CharField(max_length=10, choices=Source.choices)
    offset = models.FloatField("offset in seconds", help_text="Positive: ahead of ours.")
    measured_at = models.DateTimeField()
    message_id = models.BigIntegerField(null=True, blank=True, help_text="The exchange that shows it.")

    class Meta:
        ordering = ["partner", "source"]
        constraints = [models.UniqueConstraint(fields=["partner", "source"], name="one_clock_per_source")]

    def __str__(self) -> str:
        return f"{self.get_source_display()}: {self.offset:+.0f} s"
