"""What every request of ours that waits for a worker has: how far it got, and why not further."""

import uuid

from django.db import models

from partners.models import Partner


class Outgoing(models.Model):
    """A request that is written first and sent by a worker, by `ocpi.calls.outgoing` alone.

    `state` is moved by conditional updates only (`sending` is entered once per try), which is what keeps a request
    from being sent by two workers (rule 1).
    """

    class State(models.TextChoices):
        CREATED = "created", "Not sent yet"
        SENDING = "sending", "Being sent"
        ANSWERED = "answered", "Answered"
        UNANSWERED = "unanswered", "No readable answer: it may have arrived"
        UNDELIVERED = "undelivered", "It could not have arrived"

    repeatable = False

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    version = models.CharField("OCPI version", max_length=10, blank=True, default="")
    state = models.CharField(max_length=12, choices=State.choices, default=State.CREATED)
    request = models.JSONField(default=dict, help_text="The arguments, by canonical name.")
    tries = models.PositiveSmallIntegerField(default=0)
    response = models.CharField(max_length=30, blank=True, default="", help_text="What the partner answered.")
    failure = models.CharField(max_length=512, blank=True, default="", help_text="Why it was refused or not answered.")
    message_id = models.BigIntegerField(null=True, blank=True, help_text="The exchange in the message log.")
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


class QueuedRequest(Outgoing):
    """One with a clock of its own: `next_check_at` is when a worker is to take it, or the end of a worker's lease.

    `repeatable` ones are sent again until the partner has them: receiving them twice does no harm.
    """

    next_check_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
