"""How much was exchanged with each partner, per hour: so that no page has to count the message log."""

from django.db import models
from django.db.models import Q

from ocpi.models.message import Message
from partners.models import Partner


class TrafficHour(models.Model):
    """The messages of one hour in one direction; without a partner those that nobody could be recognised in."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    hour = models.DateTimeField(help_text="Its beginning.")
    direction = models.CharField(max_length=3, choices=Message.Direction.choices)
    total = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    answered = models.PositiveIntegerField(help_text="Those whose duration is known.")
    duration_ms = models.PositiveBigIntegerField(help_text="Sum of those durations.")
    slowest_ms = models.PositiveIntegerField()

    class Meta:
        ordering = ["hour"]
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "partner", "direction"], condition=Q(partner__isnull=False), name="one_traffic_hour"
            ),
            models.UniqueConstraint(
                fields=["hour", "direction"], condition=Q(partner__isnull=True), name="one_traffic_hour_of_strangers"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.total} at {self.hour:%H:%M}"
