"""How well a partner did, by day: the figures that the monthly scorecard adds up."""

from django.db import models

from partners.models import Partner


class ScoreDay(models.Model):
    """One partner's figures of one day, in UTC. Written once, when the day is over; sums, so that days add up."""

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="score_days")
    day = models.DateField()
    calls = models.PositiveIntegerField(help_text="Ours to the partner.")
    calls_failed = models.PositiveIntegerField()
    answered = models.PositiveIntegerField(help_text="Calls whose duration is known.")
    answered_ms = models.PositiveBigIntegerField("time of answers", help_text="Sum, in milliseconds.")
    slowest_ms = models.PositiveIntegerField("slowest answer")
    pushes = models.PositiveIntegerField(help_text="Theirs to us.")
    pushes_refused = models.PositiveIntegerField()
    refused_in_lists = models.PositiveIntegerField(help_text="Objects of their lists that could not be stored.")
    charges = models.PositiveIntegerField(help_text="Ended with energy, so that a CDR is due.")
    starts = models.PositiveIntegerField(help_text="START_SESSION commands.")
    starts_refused = models.PositiveIntegerField(help_text="Those that the partner refused or failed to carry out.")
    samples = models.PositiveIntegerField(help_text="Meter values.")
    gaps = models.PositiveIntegerField(help_text="Meter values that came later than agreed after the one before.")
    cdrs = models.PositiveIntegerField()
    cdr_delay_s = models.PositiveBigIntegerField(help_text="From the end of charging to the CDR: sum, in seconds.")
    cdr_slowest_s = models.PositiveIntegerField()
    claims = models.PositiveIntegerField(help_text="CDRs that asked for more than the price shown.")

    class Meta:
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["partner", "day"], name="one_score_per_day")]

    def __str__(self) -> str:
        return f"{self.partner.label}, {self.day:%-d %b %Y}"
