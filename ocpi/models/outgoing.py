"""What every request of ours that waits for a worker has: how far it got, and why not further."""

import uuid

from django.db import models

from partners.models import Partner


class Outgoing(models.Model):
    """A request that is written first and sent by a worker.

    `state` is moved by conditional updates only. `repeatable` requests are sent again until the partner has them:
    receiving them twice does no harm.
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
    next_check_at = models.DateTimeField(null=True, blank=True)
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
