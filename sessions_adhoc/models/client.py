"""Who may use the driver's API: apps, web pages, payment terminals."""

from django.db import models


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
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
