"""Mail: a message on its way out, or what became of it."""

import uuid
from email.utils import make_msgid

from django.conf import settings
from django.db import models
from django.utils import timezone

from partners.ground.deadlines import due_index
from partners.models.document import Document
from partners.models.incident import Incident
from partners.models.partner import Partner


def new_message_id() -> str:
    """A Message-ID of our domain: a mail that is sent twice arrives twice under the same one."""
    return make_msgid(uuid.uuid4().hex, domain=settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">"))


class Mail(models.Model):
    """Written in the transaction that causes it, sent by a worker afterwards (`partners.outbox`).

    `next_check_at` is the moment of the next try, and while a worker sends it the end of its lease.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        GIVEN_UP = "given_up", "Given up"
        WITHDRAWN = "withdrawn", "Withdrawn"

    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="mails")
    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, null=True, blank=True, related_name="mails")
    document = models.ForeignKey(
        Document, on_delete=models.PROTECT, null=True, blank=True, related_name="mails", help_text="Attached."
    )
    message_id = models.CharField("Message-ID", max_length=255, unique=True, default=new_message_id)
    subject = models.CharField(max_length=300)
    body = models.TextField()
    html = models.TextField("HTML", blank=True, default="")
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list, blank=True)
    reply_to = models.JSONField(default=list, blank=True)
    calendar = models.TextField(
        blank=True, default="", db_default="", help_text="An invitation (iCalendar) that is attached."
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True)
    written_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    next_check_at = models.DateTimeField("next try", null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField("sent", null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ["-id"]
        verbose_name_plural = "mails"
        permissions = [("send_mail", "Can send mails again")]
        indexes = [
            due_index("mails_due"),
            models.Index(fields=["state", "written_at"]),
            models.Index(fields=["to"], name="mails_by_address"),
        ]

    def __str__(self) -> str:
        return self.subject

    def addresses(self) -> str:
        """Who gets it, in one line."""
        return ", ".join([*self.to, *self.cc])
