"""The timeline: everything that happened to an ad-hoc session, in order and in words."""

from django.db import models

from sessions_adhoc.models.session import AdHocSession


class TimelineEvent(models.Model):
    """One thing that happened: a change of state, news of the CPO, money, a person. Append-only.

    `state_from` and `state_to` are states of the session, and for kind CONNECTOR statuses of the EVSE.
    """

    class Kind(models.TextChoices):
        STATE = "state", "State"
        DRIVER = "driver", "Driver"
        STAFF = "staff", "Staff"
        PAYMENT = "payment", "Payment"
        COMMAND = "command", "Command"
        SESSION = "session", "Session"
        CONNECTOR = "connector", "Connector"
        CDR = "cdr", "CDR"
        PULL = "pull", "Pull"
        NOTE = "note", "Note"

    session = models.ForeignKey(AdHocSession, on_delete=models.PROTECT, related_name="timeline")
    at = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    text = models.TextField()
    state_from = models.CharField(max_length=24, blank=True, default="")
    state_to = models.CharField(max_length=24, blank=True, default="")
    actor = models.CharField(max_length=150, blank=True, default="")
    message_id = models.BigIntegerField(null=True, help_text="The exchange in the message log.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["session", "id"])]

    def __str__(self) -> str:
        return self.text
