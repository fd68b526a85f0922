"""Tariffs (OCPI 2.2.1 §11)."""

from django.db import models

from ocpi.models.base import MirroredObject


class Tariff(MirroredObject):
    """A price list of a partner. Deleted ones are kept: open sessions and old CDRs still need them."""

    currency = models.CharField(max_length=3)
    deleted_at = models.DateTimeField(null=True, blank=True)
    missing_since = models.DateTimeField(null=True, blank=True, help_text="Absent from a full pull since then.")

    class Meta:
        ordering = ["ocpi_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "country_code", "party_id", "ocpi_key"], name="one_tariff_per_id"
            )
        ]
