"""Filters of the admin's lists that people saved for themselves."""

from django.conf import settings
from django.db import models


class SavedFilter(models.Model):
    """One person's filter of one list."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_filters")
    model = models.CharField(max_length=80, help_text="Whose list: app.model.")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, help_text="As in the list's address.")

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "model", "name"], name="one_saved_filter_per_name")]

    def __str__(self) -> str:
        return self.name
