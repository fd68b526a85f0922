"""The keys that rows are encrypted with, by name: what they are is known to the settings alone."""

from django.db import models


class KeyInUse(models.Model):
    """A key that rows were written with when they were last counted. Without it they cannot be read."""

    name = models.CharField(max_length=8, primary_key=True, help_text="A part of the key's digest.")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
