"""Watches: what is looked at again and again, and until when it was."""

from django.db import models

from partners.ground.deadlines import due_index


class Watch(models.Model):
    """The clock of one detector. `next_check_at` is its deadline and, while somebody looks, the lease."""

    name = models.CharField(max_length=40, unique=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True, help_text="What happened until then was looked at.")

    class Meta:
        verbose_name_plural = "watches"
        ordering = ["name"]
        indexes = [due_index("watches_due")]

    def __str__(self) -> str:
        return self.name
