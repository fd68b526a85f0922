"""The history of a payment authorization."""

from typing import Any, NoReturn

from django.db import models

from billing.models.authorization import PaymentAuthorization
from billing.models.payment_states import State


class Action(models.TextChoices):
    """What a step of the history tells."""

    OPENED = "opened", "Opened"
    REQUESTED = "requested", "Requested"
    ASKED = "asked", "Gateway asked"
    ANSWERED = "answered", "Gateway answered"
    UNREACHABLE = "unreachable", "Gateway unreachable"
    LATE = "late", "Late answer ignored"
    EXPIRY_NEAR = "expiry_near", "Reservation expires soon"
    TOLD = "told", "Gateway sent an event"
    BOOKS_BEGIN = "books_begin", "The books begin"
    KEPT = "kept", "Kept for another try"
    TAKEN_OVER = "taken_over", "Taken over by another try"


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """History is written once."""

    def update(self, **_kwargs: Any) -> NoReturn:
        raise TypeError("payment history is append-only")

    def delete(self) -> NoReturn:
        raise TypeError("payment history is append-only")


class AppendOnly(models.Model):
    """A row that is written once. On PostgreSQL the table refuses changes too, whoever asks (rule 24)."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert; refuse to change what was written."""
        if not self._state.adding:
            raise TypeError("payment history is append-only")
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise TypeError("payment history is append-only")


class PaymentEvent(AppendOnly):
    """One step in the life of an authorization: asked for, asked of the gateway, answered. Append-only."""

    Action = Action

    id = models.BigAutoField(primary_key=True)
    authorization = models.ForeignKey(PaymentAuthorization, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField()
    action = models.CharField(max_length=16, choices=Action.choices)
    from_state = models.CharField(max_length=16, choices=State.choices, blank=True)
    to_state = models.CharField(max_length=16, choices=State.choices)
    key = models.CharField(max_length=80, blank=True, help_text="Idempotency key of the gateway call.")
    outcome = models.CharField(max_length=16, blank=True, help_text="What the gateway answered.")
    code = models.CharField(max_length=64, blank=True, help_text="The gateway's own code.")
    message = models.CharField(max_length=500, blank=True)
    amount = models.BigIntegerField(null=True, blank=True, help_text="In minor units, where one was involved.")
    # How the money stood after the step, in minor units; empty in steps that are older than the books.
    held_after = models.BigIntegerField(null=True, editable=False)
    captured_after = models.BigIntegerField(null=True, editable=False)
    refunded_after = models.BigIntegerField(null=True, editable=False)
    disputed_after = models.BigIntegerField(null=True, editable=False)
    lost_after = models.BigIntegerField(null=True, editable=False)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["authorization", "at"], name="billing_event_history")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.from_state or '-'} -> {self.to_state}"
