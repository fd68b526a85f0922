"""Objects that have to be read anew, because a message about them came out of order."""

from django.db import models

from partners.ground.deadlines import due_index
from partners.models import Partner


class Refresh(models.Model):
    """One object of a partner whose copy may lack something: a PATCH came after a newer one.

    The row is gone once the object was read. While it is `held`, `next_check_at` is the end of somebody's lease; empty,
    it was given up.
    """

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="+")
    module = models.CharField(max_length=40)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField("party ID", max_length=3)
    ocpi_id = models.CharField("ID", max_length=255)
    ocpi_key = models.CharField(max_length=255, editable=False)
    since = models.DateTimeField(help_text="`last_updated` of our copy: a list is asked for from then on.")
    next_check_at = models.DateTimeField(null=True, blank=True)
    held = models.BooleanField(default=False, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True, default="", help_text="Why the last try failed.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "refreshes"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "module", "country_code", "party_id", "ocpi_key"], name="one_refresh_per_object"
            )
        ]
        indexes = [due_index("refreshes_due", "partner")]

    def __str__(self) -> str:
        return f"{self.module} {self.ocpi_id}"
