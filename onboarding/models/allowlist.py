"""The copy of our allowlists at Cloudflare."""

from django.db import models

from partners.ground.deadlines import due_index


class AllowlistMirror(models.Model):
    """One IP list at Cloudflare that is kept in step with the partners' networks: how far that got.

    `next_check_at` is both the deadline of the next step and the lease of the worker that takes it.
    """

    class State(models.TextChoices):
        DUE = "due", "To be compared"
        SENDING = "sending", "Cloudflare is working"
        IN_STEP = "in_step", "In step"
        FAILED = "failed", "Failed, will be tried again"

    list_id = models.CharField("list ID", max_length=64, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.DUE)
    next_check_at = models.DateTimeField(null=True, blank=True)
    operation_id = models.CharField("operation ID", max_length=64, blank=True, default="")
    again = models.BooleanField(default=False, editable=False, help_text="Something changed during the last step.")
    tries = models.PositiveSmallIntegerField(default=0, help_text="Without success, since the last one.")
    error = models.TextField(blank=True, default="", help_text="Why the last try failed.")
    compared_at = models.DateTimeField(null=True, blank=True)
    in_step_at = models.DateTimeField(null=True, blank=True)
    missing = models.JSONField(default=list, blank=True, help_text="Ours, not there: network, partners.")
    surplus = models.JSONField(default=list, blank=True, help_text="Marked as ours there, but not ours: network, note.")
    strangers = models.JSONField(default=list, blank=True, help_text="Put there by others: network, note.")
    unlistable = models.JSONField(default=list, blank=True, help_text="Wider than Cloudflare takes: network, partners.")

    class Meta:
        verbose_name = "allowlist at Cloudflare"
        verbose_name_plural = "allowlist at Cloudflare"
        ordering = ["id"]
        indexes = [due_index("allowlist_mirrors_due")]

    def __str__(self) -> str:
        return f"List {self.list_id}"
