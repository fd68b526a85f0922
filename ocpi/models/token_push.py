"""What each partner knows of our tokens (OCPI 2.2.1 §12.1)."""

from django.db import models

from ocpi.models.token import Token
from partners.ground.deadlines import due_index
from partners.models import Partner


class TokenPush(models.Model):
    """One token at one partner: the state that the partner is to have, and the one that it has.

    A row with a `next_check_at` waits to be sent. While it is `held`, that moment is the end of somebody's lease.
    """

    token = models.ForeignKey(Token, on_delete=models.CASCADE, related_name="pushes")
    partner = models.ForeignKey(Partner, on_delete=models.CASCADE, related_name="token_pushes")
    wanted = models.DateTimeField(help_text="`last_updated` of the token that the partner is to have.")
    pushed = models.DateTimeField(null=True, blank=True, help_text="`last_updated` of the token that it has.")
    pushed_raw = models.JSONField(null=True, blank=True, help_text="The token as the partner took it.")
    pushed_at = models.DateTimeField(null=True, blank=True)
    version = models.CharField("OCPI version", max_length=10, blank=True, default="")
    next_check_at = models.DateTimeField(null=True, blank=True)
    held = models.BooleanField(default=False, editable=False)
    tries = models.PositiveIntegerField(default=0, help_text="Without success, since the last one.")
    error = models.TextField(blank=True, default="", help_text="Why the last try failed.")
    message_id = models.BigIntegerField(null=True, blank=True, help_text="The exchange in the message log.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "token pushes"
        ordering = ["-id"]
        permissions = [("push_token", "Can have a token pushed to a partner")]
        constraints = [models.UniqueConstraint(fields=["token", "partner"], name="one_push_per_token_and_partner")]
        indexes = [
            due_index("token_pushes_due", "partner"),
            models.Index(fields=["partner", "-id"]),
            models.Index(fields=["-id"], condition=~models.Q(error=""), name="token_pushes_failing"),
        ]

    def __str__(self) -> str:
        return f"{self.token} at {self.partner}"
