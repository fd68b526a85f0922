"""Payments add-on of OCPI 2.3.0 (mod_payments), with us as the Payment Terminal Provider."""

import uuid

from django.db import models

from ocpi.models.outgoing import QueuedRequest
from partners.ground.deadlines import due_index
from partners.models import Partner


class Terminal(models.Model):
    """A payment terminal of ours at a CPO. The CPO says which locations and EVSEs it serves."""

    class State(models.TextChoices):
        REQUESTED = "requested", "Activation requested"
        ACTIVE = "active", "Active"
        INACTIVE = "inactive", "Deactivated"

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="terminals")
    terminal_id = models.CharField("terminal ID", max_length=36)
    terminal_key = models.CharField(max_length=36, editable=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    version = models.CharField("OCPI version", max_length=10)
    raw = models.JSONField(help_text="The Terminal as OCPI has it.")
    location_ids = models.JSONField("location IDs", default=list)
    evse_uids = models.JSONField("EVSE UIDs", default=list)
    last_updated = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["partner", "terminal_key"], name="one_terminal_per_id")]

    def __str__(self) -> str:
        return self.terminal_id


class TerminalRequest(QueuedRequest):
    """Creating one of our terminals in the CPO's system. The terminal's id makes it repeatable."""

    repeatable = True

    terminal = models.ForeignKey(Terminal, on_delete=models.CASCADE, related_name="requests")

    class Meta:
        ordering = ["-created_at"]
        indexes = [due_index("terminal_requests_due")]

    def __str__(self) -> str:
        return f"POST {self.terminal}"


class FinancialAdvice(QueuedRequest):
    """What was really captured for a session that was paid at a terminal (§6.2 FinancialAdviceConfirmation).

    Its own id makes it repeatable. There is one per authorization: a correction updates it.
    """

    repeatable = True

    advice_id = models.UUIDField("ID", default=uuid.uuid4, unique=True)
    authorization_reference = models.CharField(max_length=36)
    raw = models.JSONField(help_text="The confirmation as OCPI has it.")
    last_updated = models.DateTimeField()

    class Meta:
        verbose_name = "financial advice confirmation"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["partner", "authorization_reference"], name="one_advice_per_authorization")
        ]
        indexes = [
            due_index("financial_advices_due"),
        ]

    def __str__(self) -> str:
        return self.authorization_reference
