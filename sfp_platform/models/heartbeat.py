"""Signs of life: whoever works for the platform says so every few seconds, and health asks how long ago it was."""

from django.db import models


class Heartbeat(models.Model):
    """One row for each thing that gives signs of life, written again and again.

    `seen_at` is the database's own clock, so that hosts whose clocks differ are alive all the same.
    """

    class What(models.TextChoices):
        BEAT = "beat", "Beat"
        WORKER = "worker", "Worker"
        QUEUE = "queue", "Queue"
        MAIL_SERVER = "mail server", "Mail server"

    what = models.CharField(max_length=11, choices=What.choices)
    name = models.CharField(max_length=255, help_text="A process as Celery calls it, or a queue.")
    serves = models.CharField(max_length=255, blank=True, default="", help_text="Queues, separated by commas.")
    fault = models.CharField(max_length=300, blank=True, default="", help_text="What was wrong at that moment.")
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["what", "name"], name="one_heartbeat")]

    def __str__(self) -> str:
        return f"{self.what} {self.name}"
