"""Tickets: who of staff looks after one thing that needs somebody, and what they said about it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from partners.models.partner import Partner


class Ticket(models.Model):
    """One thing that needs somebody: a row only once somebody has taken, put off or annotated it.

    `key` names it, as `kind:id`: `incident:12`, `partner:3`. What it needs now is not kept here: the queue looks at
    the state itself. `state_seen` is what it needed when it was acknowledged or put off; anything else is news.
    """

    key = models.CharField(max_length=80, unique=True)
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, null=True, blank=True, related_name="tickets")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="tickets"
    )
    taken_at = models.DateTimeField(null=True, blank=True)
    quiet_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Acknowledged or put off: until then it is in nobody's queue but the assignee's.",
    )
    state_seen = models.CharField(max_length=80, blank=True, default="")
    why = models.CharField("why it was put off", max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        permissions = [("work_queue", "Can take, acknowledge and put off what needs somebody, and write notes")]
        indexes = [
            models.Index(fields=["assignee"], condition=models.Q(assignee__isnull=False), name="tickets_taken"),
        ]

    def __str__(self) -> str:
        return self.key


class Note(models.Model):
    """What somebody of staff wrote about one thing. Append-only; ids in it become links where it is shown."""

    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notes_written")
    text = models.TextField(max_length=4000)
    at = models.DateTimeField(default=timezone.now)
    mentions = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="notes_naming", blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.text
