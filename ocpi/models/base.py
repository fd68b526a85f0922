"""What every mirrored object has: whose it is, what was received, and when the partner last changed it."""

from django.db import models

from partners.models import Partner


class MirroredObject(models.Model):
    """A copy of an object that a partner owns.

    `raw` is the wire JSON as last merged, in the shape of `version`; the columns beside it are exactly those that
    we filter, join or decide on. Ids are kept as received and compared by `ocpi_key`, their lower case
    (OCPI 2.2.1 §16.1 CiString).
    """

    # No index of its own: the partner comes first in others of each table, and every one more slows each push.
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+", db_index=False)
    country_code = models.CharField(max_length=2)
    party_id = models.CharField("party ID", max_length=3)
    ocpi_id = models.CharField("ID", max_length=255)
    ocpi_key = models.CharField(max_length=255, editable=False)
    version = models.CharField("OCPI version", max_length=10)
    raw = models.JSONField()
    last_updated = models.DateTimeField(help_text="As the partner says.")
    arrived_at = models.DateTimeField(
        null=True, editable=False, help_text="When we were told that; what a GET brought, when it was asked for."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.ocpi_id
