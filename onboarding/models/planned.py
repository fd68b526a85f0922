"""What Smart Fuel Pass is going to change, told to CPOs on their pages before it happens."""

from django.db import models
from django.utils import timezone

from partners.models import Partner


class PlannedChangeQuerySet(models.QuerySet["PlannedChange"]):
    """What is told to whom."""

    def told_to(self, partner: Partner) -> "PlannedChangeQuerySet":
        """Those that concern the partner and are not over, the next one first."""
        now = timezone.now()
        concerned = models.Q(partner=partner) | models.Q(partner=None)
        ahead = models.Q(ends_at__gt=now) | models.Q(ends_at=None, starts_at__gt=now)
        return self.filter(concerned, ahead).order_by("starts_at", "pk")


class PlannedChange(models.Model):
    """One change: maintenance, another address, a new version. Shown until it is over."""

    partner = models.ForeignKey(
        Partner,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="planned_changes",
        help_text="Empty: told to all partners.",
    )
    title = models.CharField(max_length=120, help_text="For example: New outbound IP address")
    text = models.TextField(help_text="What changes, what they have to do, and by when.")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("to", null=True, blank=True, help_text="Empty: a moment, not a time.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PlannedChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-starts_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gt=models.F("starts_at")),
                name="planned_changes_end_after_they_begin",
                violation_error_message="It must end after it begins.",
            )
        ]
        indexes = [models.Index(fields=["starts_at"])]

    def __str__(self) -> str:
        return self.title
