"""Who may use the driver's API: apps, web pages, payment terminals."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from partners.ground.deadlines import due_index

KEPT = timedelta(days=2)


def _forgotten_at() -> datetime:
    return timezone.now() + KEPT


class ClientKey(models.Model):
    """A key of an API client, kept as a SHA-256 digest (it is random: a slow hash would gain nothing)."""

    name = models.CharField(max_length=100, unique=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    last4 = models.CharField(max_length=4, editable=False)
    brings_holds = models.BooleanField(
        "brings payments",
        default=False,
        help_text="A payment terminal that reserves by itself: what it holds at the gateway may be captured by us.",
    )
    is_test = models.BooleanField(
        "for tests",
        default=False,
        db_default=False,
        help_text="Of an app that is being built: it sees the chargers of test partners, and no others.",
    )
    is_back_office = models.BooleanField(
        "is our back office",
        default=False,
        db_default=False,
        help_text="It keeps the tokens of our contracts, starts charges with them, and is handed what they come to.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RepeatableRequest(models.Model):
    """A POST about a session that came with an Idempotency-Key and was done: sent again, it does nothing more.

    `next_check_at`: when that is forgotten. A START is remembered by its session instead.
    """

    client = models.ForeignKey(ClientKey, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=255)
    digest = models.CharField(max_length=64, help_text="Of the path and the body.")
    next_check_at = models.DateTimeField(null=True, default=_forgotten_at)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="one_request_per_idempotency_key")]
        indexes = [due_index("repeatable_requests_due")]

    def __str__(self) -> str:
        return self.key
