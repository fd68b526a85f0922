"""History: who changed or did what, when and why. Append-only; one table for changed rows and for buttons pressed."""

from typing import Any, ClassVar

from auditlog.models import AbstractLogEntry, LogEntryManager
from django.db import models

from partners.models.circumstances import circumstances, without_blanks
from partners.models.partner import Partner


class HistoryManager(LogEntryManager):
    """Adds what auditlog does not know: whose row it is, and why it was changed."""

    def log_create(self, instance: models.Model, force_log: bool = False, **values: Any) -> "HistoryEntry | None":
        """Write down a change of `instance`; None where nothing worth keeping changed."""
        changes = values.get("changes")
        if changes and values.get("action") == HistoryEntry.Action.CREATE:
            changes = without_blanks(changes)
        if not changes and not force_log:
            return None
        entry: HistoryEntry | None = super().log_create(
            instance, force_log, **{**circumstances(instance), **values, "changes": changes}
        )
        return entry

    def log_m2m_changes(
        self, changed_queryset: Any, instance: models.Model, operation: str, field_name: str, **values: Any
    ) -> "HistoryEntry | None":
        """Write down which rows were added to a relation of `instance`, or taken from it."""
        entry: HistoryEntry | None = super().log_m2m_changes(
            changed_queryset, instance, operation, field_name, **{**circumstances(instance), **values}
        )
        return entry


class HistoryEntry(AbstractLogEntry):
    """A change of one row (`changes`), or a button that was pressed on its page (`label`, `outcome`)."""

    class Result(models.TextChoices):
        NONE = "", "-"
        STARTED = "started", "Not finished"
        DONE = "done", "Done"
        REFUSED = "refused", "Refused"
        FAILED = "failed", "Failed"

    # Without a constraint: that a partner was deleted is written down after the partner is gone.
    partner = models.ForeignKey(
        Partner,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="history",
        db_index=False,
        db_constraint=False,
    )
    by = models.CharField(max_length=150, blank=True, default="", help_text="Who, where it was nobody of the staff.")
    label = models.CharField(max_length=100, blank=True, default="", help_text="The button that was pressed.")
    reason = models.TextField(blank=True, default="")
    result = models.CharField(max_length=8, choices=Result.choices, blank=True, default=Result.NONE)
    outcome = models.TextField(blank=True, default="", help_text="What staff were told. Never a secret.")

    objects = HistoryManager()
    # auditlog has no types: without this nobody could tell what `partner.history` is.
    _default_manager: ClassVar["models.Manager[HistoryEntry]"]

    class Meta(AbstractLogEntry.Meta):
        verbose_name = "history entry"
        verbose_name_plural = "history"
        ordering = ["-timestamp", "-id"]
        indexes = [
            models.Index(fields=["partner", "-timestamp", "-id"], name="history_of_partner"),
            models.Index(fields=["content_type", "object_pk", "-timestamp"], name="history_of_object"),
            models.Index(fields=["actor", "-timestamp"], name="history_of_person"),
        ]
