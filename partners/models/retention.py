"""How far the forgetting of personal data got."""

from django.db import models

from partners.ground.deadlines import due_index
from partners.ground.personal import kinds


class Retention(models.Model):
    """The clock of one kind of personal data. `next_check_at` is its deadline and, while it is seen to, the lease."""

    name = models.CharField(max_length=40, unique=True)
    next_check_at = models.DateTimeField(null=True, blank=True)
    cleaned_at = models.DateTimeField(null=True, blank=True, help_text="When it was last looked through.")
    forgotten = models.PositiveBigIntegerField(default=0, help_text="Rows forgotten so far.")

    class Meta:
        verbose_name = "kind of personal data"
        verbose_name_plural = "kinds of personal data"
        ordering = ["name"]
        indexes = [due_index("retentions_due")]

    def __str__(self) -> str:
        kind = kinds.get(self.name)
        return kind.title if kind else self.name
