"""Commands that we send (OCPI 2.2.1 §13)."""

from datetime import datetime, timedelta

from django.db import models

from ocpi.models.outgoing import Outgoing


class Command(Outgoing):
    """One command: request, immediate response, asynchronous result. `state` says how far the request got."""

    class Kind(models.TextChoices):
        START_SESSION = "START_SESSION"
        STOP_SESSION = "STOP_SESSION"
        RESERVE_NOW = "RESERVE_NOW"
        CANCEL_RESERVATION = "CANCEL_RESERVATION"
        UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    reference = models.CharField(max_length=64, blank=True, default="", help_text="The ad-hoc session it serves.")
    response = models.CharField("CommandResponse", max_length=30, blank=True, default="")
    response_text = models.CharField(max_length=512, blank=True, default="")
    timeout = models.PositiveIntegerField(null=True, help_text="Seconds that the CPO asks us to wait for the result.")
    result = models.CharField("CommandResult", max_length=30, blank=True, default="")
    result_text = models.CharField(max_length=512, blank=True, default="")
    is_test = models.BooleanField(
        "test", default=False, help_text="Sent by a connection check: nobody is to be alarmed by what comes of it."
    )
    result_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        permissions = [("send_command", "Can send commands to chargers")]
        indexes = [
            models.Index(fields=["reference"]),
            models.Index(fields=["partner", "-created_at"]),
            models.Index(fields=["-created_at"]),
            # What `commands_tick` looks for every few seconds.
            models.Index(
                fields=["state", "created_at"],
                condition=models.Q(state__in=["created", "sending", "undelivered"]),
                name="commands_unsettled",
            ),
            # Few beside those that start, stop and are answered.
            models.Index(
                fields=["kind", "-created_at"],
                condition=~models.Q(kind__in=["START_SESSION", "STOP_SESSION"]),
                name="commands_of_rare_kinds",
            ),
            models.Index(fields=["-created_at"], condition=models.Q(state="unanswered"), name="commands_unanswered"),
            models.Index(fields=["-created_at"], condition=models.Q(is_test=True), name="commands_of_tests"),
        ]

    @property
    def turned_away(self) -> bool:
        """They said that we call too often, and for how many seconds we are to wait: what `timeout` says then."""
        return self.state == self.State.UNDELIVERED and self.timeout is not None

    def is_put_off(self, now: datetime) -> bool:
        """Whether that time is not over yet."""
        return bool(self.turned_away and self.sent_at and now < self.sent_at + timedelta(seconds=self.timeout or 0))

    def __str__(self) -> str:
        return f"{self.kind} {self.response or self.get_state_display()}"
